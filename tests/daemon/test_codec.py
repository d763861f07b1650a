"""What is written into the record is read back as it was, whatever it is, or refused."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.stage import alone, program
from warden.config.model import ChannelConfig, GroupConfig
from warden.config.values import AUTO
from warden.daemon.codec import Undecodable, decode, encode
from warden.daemon.notes import EFFECTS, Facts
from warden.daemon.output import Held
from warden.events.letters import Standing
from warden.process.health import Vitals
from warden.process.step import State
from warden.rpc.insight import Transition
from warden.words import Autorestart, ExitStatus, Phase

NOTED: list[type[Any]] = [Facts, State, Vitals, Held, Standing, Transition, *EFFECTS.values()]


def register(kind: Any) -> None:
    """Let Hypothesis choose every field of a type, also those that have a default."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        for hint in hints.values():
            for part in (hint, *getattr(hint, "__args__", ())):
                register(part)
        st.register_type_strategy(
            kind, st.builds(kind, **{one.name: st.from_type(hints[one.name]) for one in fields(kind)})
        )


st.register_type_strategy(float, st.floats(allow_nan=False))
for noted in NOTED:
    register(noted)


def there_and_back(value: object) -> object:
    return decode(type(value), json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("kind", NOTED, ids=lambda kind: kind.__name__)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_fact_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))

    assert there_and_back(value) == value


@pytest.mark.parametrize("logfile", [None, "/var/log/x", AUTO])
def test_a_configuration_comes_back_as_it_was(logfile: Any) -> None:
    channel = ChannelConfig(logfile=logfile, capture_maxbytes=7)
    group = alone(program("x", stdout=channel, autorestart=Autorestart.ALWAYS, environment=(("A", "\u00e9\udc80"),)))

    assert there_and_back(group) == group


def test_defaults_take_no_room() -> None:
    assert encode(Facts()) == {}


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        (State, {"a_field_of_tomorrow": 1}, "not a State: .*a_field_of_tomorrow"),
        (State, {"phase": 999}, "not a State: 999 is not a valid Phase"),
        (State, 7, "not a State"),
        (State, None, "not a State"),
        (Facts, {"state": {"streak": {"moments": 5}}}, "not a Facts"),
        (Facts, {"paths": [["stdout"]]}, "not a Facts"),
        (Standing, {}, "not a Standing"),
        (Held, {"file": "x"}, "not a Held"),
        (GroupConfig, {"processes": [{"program": "x"}]}, "not a GroupConfig"),
    ],
)
def test_what_another_version_wrote_is_refused(kind: type[Any], data: object, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        decode(kind, data)


def test_a_version_with_a_field_more_reads_what_one_without_has_written() -> None:
    assert decode(State, {"phase": Phase.RUNNING.value, "pid": 7}) == State(phase=Phase.RUNNING, pid=7)


def test_an_exit_status_of_a_version_that_told_less_is_read() -> None:
    assert decode(ExitStatus, [3]) == ExitStatus(code=3)
