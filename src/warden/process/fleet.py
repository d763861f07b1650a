"""Order across processes: who starts first, who stops last."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from warden.config.model import GroupConfig, ProcessConfig


class Member(NamedTuple):
    """One process and the group it belongs to."""

    group: GroupConfig
    process: ProcessConfig


def start_order(groups: Iterable[GroupConfig]) -> list[Member]:
    """Return all processes in the order in which they start: ascending by priority, groups before processes.

    ``groups`` come in their order of creation, which decides between equal
    priorities; within a group the configuration's order does.
    """
    return [
        Member(group, process)
        for group in sorted(groups, key=lambda group: group.priority)
        for process in sorted(group.processes, key=lambda process: process.priority)
    ]


def stop_order(groups: Iterable[GroupConfig]) -> list[Member]:
    """Return all processes in the order in which they stop: the reverse of ``start_order``."""
    return start_order(groups)[::-1]


def rank(group: GroupConfig, process: ProcessConfig) -> tuple[int, int]:
    """Return what decides the order; those of equal rank are stopped together, higher ranks before lower ones."""
    return group.priority, process.priority


class ShutdownPlan:
    """Stops one group at a time; who gets the next orders follows from who has ended.

    ``alive`` are the processes that have not ended (their phase is not one of
    STOPPED_PHASES), in stop order.  A group without any is not even looked at,
    and the end of a process costs the same however many are configured.

    The orders of ``begin`` and ``ended`` are for the caller to carry out in
    this order; for each member that means: give up waiting for another try, and
    stop what runs.  Nothing may start any more.
    """

    def __init__(self, alive: Iterable[Member]) -> None:
        self._groups = {
            name: {member.process.name: member for member in members}
            for name, members in groupby(alive, key=lambda member: member.group.name)
        }

    def begin(self) -> list[Member]:
        """Return the orders for the first group; none if all have ended already."""
        return self._orders()

    def ended(self, group: str, process: str) -> list[Member]:
        """Note that a process has ended, and return the orders for the next group if it was the last of its own.

        A process that ends while another group's turn is on, or for the second
        time, gives no orders.
        """
        waiting = self._groups.get(group, {})
        if waiting.pop(process, None) is None or waiting:
            return []
        had_its_turn = next(iter(self._groups)) == group
        del self._groups[group]
        return self._orders() if had_its_turn else []

    def waiting(self) -> list[Member]:
        """Return everything that has not ended, in stop order; the shutdown is complete when this is empty."""
        return [member for members in self._groups.values() for member in members.values()]

    @property
    def complete(self) -> bool:
        """Whether everything has ended."""
        return not self._groups

    def _orders(self) -> list[Member]:
        return list(next(iter(self._groups.values()), {}).values())
