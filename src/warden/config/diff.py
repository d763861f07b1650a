"""Two lists of groups to what an update would do; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from warden.config.model import GroupConfig, ProcessConfig


class Changes(NamedTuple):
    """Names of groups: ``added`` and ``changed`` by priority and name, ``removed`` in order of activation."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def diff(active: Sequence[GroupConfig], new: Sequence[GroupConfig]) -> Changes:
    """Compare what runs, in order of activation, with what was read.

    Groups are equal when all their values are.
    """
    running = {group.name: group for group in active}
    wanted = {group.name: group for group in new}
    return Changes(
        added=_in_order(group for name, group in wanted.items() if name not in running),
        changed=_in_order(group for name, group in wanted.items() if name in running and running[name] != group),
        removed=tuple(name for name in running if name not in wanted),
    )


def member_changes(
    active: GroupConfig, new: GroupConfig, program: str
) -> tuple[tuple[ProcessConfig, ...], tuple[ProcessConfig, ...]]:
    """Return the processes of ``program`` that a group gets and those that it loses; what stays may differ."""
    here, there = ({process.name for process in group.processes} for group in (active, new))
    return (
        tuple(process for process in new.processes if process.program == program and process.name not in here),
        tuple(process for process in active.processes if process.program == program and process.name not in there),
    )


def _in_order(groups: Iterable[GroupConfig]) -> tuple[str, ...]:
    return tuple(group.name for group in sorted(groups, key=lambda group: (group.priority, group.name)))
