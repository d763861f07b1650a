"""Class names, wire names, hierarchy and payloads are Supervisor's."""

from __future__ import annotations

import pytest

from warden.events import types, vitals
from warden.events.types import Event, name_of, register
from warden.words import ExitStatus, Phase

STATE = {"processname": "p", "groupname": "g"}
OUTPUT = {"processname": "p", "groupname": "g", "pid": 7}

# wire name, class, wire name of the nearest ancestor that has one
HIERARCHY = [
    ("EVENT", "Event", None),
    ("PROCESS_STATE", "ProcessStateEvent", "EVENT"),
    ("PROCESS_STATE_STARTING", "ProcessStateStartingEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_RUNNING", "ProcessStateRunningEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_BACKOFF", "ProcessStateBackoffEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_STOPPING", "ProcessStateStoppingEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_STOPPED", "ProcessStateStoppedEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_EXITED", "ProcessStateExitedEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_FATAL", "ProcessStateFatalEvent", "PROCESS_STATE"),
    ("PROCESS_STATE_UNKNOWN", "ProcessStateUnknownEvent", "PROCESS_STATE"),
    ("PROCESS_LOG", "ProcessLogEvent", "EVENT"),
    ("PROCESS_LOG_STDOUT", "ProcessLogStdoutEvent", "PROCESS_LOG"),
    ("PROCESS_LOG_STDERR", "ProcessLogStderrEvent", "PROCESS_LOG"),
    ("PROCESS_COMMUNICATION", "ProcessCommunicationEvent", "EVENT"),
    ("PROCESS_COMMUNICATION_STDOUT", "ProcessCommunicationStdoutEvent", "PROCESS_COMMUNICATION"),
    ("PROCESS_COMMUNICATION_STDERR", "ProcessCommunicationStderrEvent", "PROCESS_COMMUNICATION"),
    ("REMOTE_COMMUNICATION", "RemoteCommunicationEvent", "EVENT"),
    ("SUPERVISOR_STATE_CHANGE", "SupervisorStateChangeEvent", "EVENT"),
    ("SUPERVISOR_STATE_CHANGE_RUNNING", "SupervisorRunningEvent", "SUPERVISOR_STATE_CHANGE"),
    ("SUPERVISOR_STATE_CHANGE_STOPPING", "SupervisorStoppingEvent", "SUPERVISOR_STATE_CHANGE"),
    ("TICK", "TickEvent", "EVENT"),
    ("TICK_5", "Tick5Event", "TICK"),
    ("TICK_60", "Tick60Event", "TICK"),
    ("TICK_3600", "Tick3600Event", "TICK"),
    ("PROCESS_VITALS", "ProcessVitalsEvent", "EVENT"),
    ("PROCESS_VITALS_READY", "ProcessReadyEvent", "PROCESS_VITALS"),
    ("PROCESS_VITALS_NOT_READY", "ProcessNotReadyEvent", "PROCESS_VITALS"),
    ("PROCESS_VITALS_HEALTHY", "ProcessHealthyEvent", "PROCESS_VITALS"),
    ("PROCESS_VITALS_UNHEALTHY", "ProcessUnhealthyEvent", "PROCESS_VITALS"),
    ("PROCESS_GROUP", "ProcessGroupEvent", "EVENT"),
    ("PROCESS_GROUP_ADDED", "ProcessGroupAddedEvent", "PROCESS_GROUP"),
    ("PROCESS_GROUP_REMOVED", "ProcessGroupRemovedEvent", "PROCESS_GROUP"),
]


@pytest.mark.parametrize(("wire", "cls", "parent"), HIERARCHY)
def test_every_type_has_its_name_and_place(wire: str, cls: str, parent: str | None) -> None:
    kind = types.NAMES[wire]

    assert kind.__name__ == cls
    assert name_of(kind) == wire
    assert next((name_of(k) for k in kind.__mro__[1:] if name_of(k)), None) == parent


def test_there_are_no_other_types() -> None:
    assert sorted(types.NAMES) == sorted(wire for wire, _, _ in HIERARCHY)


def state(kind: type[types.ProcessStateEvent], from_state: Phase, **facts: object) -> types.ProcessStateEvent:
    return kind(processname="p", groupname="g", from_state=from_state, **facts)  # type: ignore[arg-type]


PAYLOADS = [
    (state(types.ProcessStateStartingEvent, Phase.STOPPED), "from_state:STOPPED tries:0"),
    (state(types.ProcessStateBackoffEvent, Phase.STARTING, tries=2), "from_state:STARTING tries:2"),
    (state(types.ProcessStateRunningEvent, Phase.STARTING, pid=7), "from_state:STARTING pid:7"),
    (state(types.ProcessStateStoppingEvent, Phase.RUNNING, pid=7), "from_state:RUNNING pid:7"),
    (state(types.ProcessStateStoppedEvent, Phase.BACKOFF), "from_state:BACKOFF pid:0"),
    (state(types.ProcessStateExitedEvent, Phase.RUNNING, pid=7), "from_state:RUNNING expected:1 pid:7"),
    (
        state(types.ProcessStateExitedEvent, Phase.RUNNING, pid=7, expected=False),
        "from_state:RUNNING expected:0 pid:7",
    ),
    (state(types.ProcessStateFatalEvent, Phase.BACKOFF), "from_state:BACKOFF"),
    (state(types.ProcessStateUnknownEvent, Phase.STOPPING), "from_state:STOPPING"),
]


@pytest.mark.parametrize(("event", "rest"), PAYLOADS)
def test_state_payload(event: types.ProcessStateEvent, rest: str) -> None:
    assert event.payload() == f"processname:p groupname:g {rest}"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (
            types.ProcessLogStdoutEvent(**OUTPUT, data=b"a\n"),  # type: ignore[arg-type]
            "processname:p groupname:g pid:7 channel:stdout\na\n",
        ),
        (
            types.ProcessLogStderrEvent(**OUTPUT, data=b""),  # type: ignore[arg-type]
            "processname:p groupname:g pid:7 channel:stderr\n",
        ),
        (
            types.ProcessCommunicationStdoutEvent(**OUTPUT, data="é".encode()),  # type: ignore[arg-type]
            "processname:p groupname:g pid:7\né",
        ),
        (
            types.ProcessCommunicationStderrEvent(**OUTPUT, data=b"x"),  # type: ignore[arg-type]
            "processname:p groupname:g pid:7\nx",
        ),
        (types.RemoteCommunicationEvent("a:b", "some\ndata"), "type:a:b\nsome\ndata"),
        (types.SupervisorRunningEvent(), ""),
        (types.SupervisorStoppingEvent(), ""),
        (types.Tick5Event(1795219185), "when:1795219185"),
        (types.Tick60Event(60), "when:60"),
        (types.Tick3600Event(3600), "when:3600"),
        (types.ProcessGroupAddedEvent("g"), "groupname:g\n"),
        (types.ProcessGroupRemovedEvent("g"), "groupname:g\n"),
    ],
)
def test_payload(event: Event, payload: str) -> None:
    assert event.payload() == payload
    assert event.body() == payload.encode()


@pytest.mark.parametrize("kind", [types.ProcessLogStdoutEvent, types.ProcessCommunicationStdoutEvent])
def test_bytes_that_are_not_text_reach_the_wire_as_they_are(kind: type[types.ProcessLogStdoutEvent]) -> None:
    event = kind(processname="p", groupname="g", pid=7, data=b"\xff\n")

    assert event.body().endswith(b"\n\xff\n")
    assert event.payload().endswith("\nUndecodable: b'\\xff\\n'")


def test_text_that_cannot_be_encoded_never_fails() -> None:
    assert types.RemoteCommunicationEvent("t", "\ud800").body() == b"type:t\n\\ud800"


def test_state_events_carry_facts_that_old_parsers_do_not_see() -> None:
    facts = {"exitstatus": ExitStatus(signum=9), "killing": True, "cause": "stop"}

    event = state(types.ProcessStateStoppedEvent, Phase.STOPPING, pid=7, **facts)

    assert event.payload() == "processname:p groupname:g from_state:STOPPING pid:7"
    assert (event.exitstatus, event.killing, event.cause) == tuple(facts.values())
    assert event.facts() == "signal:SIGKILL requested:1 cause:stop"


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        (None, "requested:0"),
        (ExitStatus(code=3), "exitcode:3 requested:0"),
        (ExitStatus(signum=40), "signal:40 requested:0"),
    ],
)
def test_facts_are_words_that_a_header_parser_can_split(status: ExitStatus | None, facts: str) -> None:
    event = state(types.ProcessStateExitedEvent, Phase.RUNNING, exitstatus=status)

    assert event.facts() == facts
    assert all(len(word.split(":")) == 2 for word in facts.split())


def test_other_events_have_no_facts() -> None:
    assert types.Tick5Event(5).facts() == ""


def test_every_phase_has_its_event() -> None:
    for phase, kind in types.STATE_EVENTS.items():
        assert name_of(kind) == f"PROCESS_STATE_{phase.name}"
    assert set(types.STATE_EVENTS) == set(Phase)


def test_ticks_know_their_period_and_channels_their_name() -> None:
    assert [name_of(kind) for kind in types.TICKS] == [f"TICK_{kind.period}" for kind in types.TICKS]
    assert types.ProcessCommunicationStderrEvent.channel == "stderr"


def test_starting_and_backoff_share_a_class_without_a_name() -> None:
    common = types.ProcessStateStartingOrBackoffEvent

    assert name_of(common) is None
    assert issubclass(types.ProcessStateStartingEvent, common)
    assert issubclass(types.ProcessStateBackoffEvent, common)


def test_a_plugin_can_register_a_type_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "NAMES", dict(types.NAMES))
    monkeypatch.setattr(types, "_NAME_OF", dict(types._NAME_OF))

    class Weather(Event):
        def __init__(self, rain: bool) -> None:
            self.rain = rain

    register("WEATHER", Weather)

    assert types.NAMES["WEATHER"] is Weather
    assert name_of(Weather) == "WEATHER"
    assert (Weather(True).rain, Weather(True).payload()) == (True, "")


def test_the_payload_about_vitals_names_the_process_and_says_why() -> None:
    event = vitals.ProcessUnhealthyEvent(processname="p", groupname="g", pid=7, reason="HTTP status 503")

    assert event.payload() == "processname:p groupname:g pid:7\nHTTP status 503"
