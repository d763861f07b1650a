"""What an update would do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from warden.config.diff import Changes, diff
from warden.config.model import ChannelConfig, FcgiSocketConfig, GroupConfig, Kind, PoolConfig, ProcessConfig
from warden.config.values import AUTO

PROCESS = ProcessConfig(name="p", command="c")
GROUP = GroupConfig(name="g", processes=(PROCESS,), pool=PoolConfig(events=("TICK",)))
SOCKET = FcgiSocketConfig(program="f", url="unix:///x", path="/x")


def group(name: str, priority: int = 999) -> GroupConfig:
    return GroupConfig(name=name, priority=priority)


def test_equal_groups_do_not_change() -> None:
    assert diff([GROUP], [replace(GROUP)]) == Changes((), (), ())


def test_groups_come_by_priority_and_name_or_as_they_were_activated() -> None:
    changes = diff(
        [group("z"), group("c2", 2), group("c1", 2), group("y")],
        [group("a2", 2), group("a1", 2), group("a0", 3), group("c1", 1), group("c2", 1)],
    )

    assert changes == Changes(added=("a1", "a2", "a0"), changed=("c1", "c2"), removed=("z", "y"))


@pytest.mark.parametrize(
    "new",
    [
        replace(GROUP, priority=1),
        replace(GROUP, kind=Kind.PROGRAM),
        replace(GROUP, processes=()),
        replace(GROUP, pool=PoolConfig(events=("TICK",), buffer_size=2)),
        replace(GROUP, processes=(replace(PROCESS, environment=(("A", "1"),)),)),
        replace(GROUP, processes=(replace(PROCESS, stdout=ChannelConfig(logfile="/x")),)),
        replace(GROUP, processes=(replace(PROCESS, socket=SOCKET),)),
    ],
)
def test_any_value_makes_a_difference_in_both_directions(new: GroupConfig) -> None:
    assert diff([GROUP], [new]).changed == ("g",)
    assert diff([new], [GROUP]).changed == ("g",)


def test_auto_equals_auto_only() -> None:
    assert ChannelConfig(logfile=AUTO) == ChannelConfig()
    assert ChannelConfig(logfile=None) != ChannelConfig()
