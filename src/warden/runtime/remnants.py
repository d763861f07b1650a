"""Finds the remnants of a child: whoever it has started, and they in turn, and who lives on when it has ended.

Nobody can be asked for the parents of an orphan.  So a child bears a mark in its
environment, which all that it starts inherit; beside that count its process
group, its control group if it has one, those that were seen below it before it
ended, and the descendants of all these.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from warden.frozen import frozen
from warden.runtime import census
from warden.runtime.census import Pinned
from warden.runtime.tree import tree

MARK = "SUPERVISOR_TREE"  # the variable: marks, the outermost first, since a supervised program may be a supervisord


@frozen(kw_only=True)
class Traces:
    """By what the remnants of a child are known.

    ``mark`` is the number that it bore (``courier.new_life``), ``pid`` its pid; 0 = none.  ``ended_at``
    is in seconds of the monotonic clock, ``seen`` holds pids and starts (see
    ``census``), ``cgroup`` is a directory that is the child's alone.
    """

    mark: int
    pid: int
    ended_at: float
    seen: tuple[tuple[int, float], ...] = ()
    cgroup: str | None = None


def bearing(mark: int, inherited: str) -> str:
    """Return the variable's value for who bears ``mark``; ``inherited`` is that of the daemon itself, "" if none."""
    return f"{inherited}:{mark}" if inherited else str(mark)


def below(pid: int, seconds: float) -> tuple[tuple[int, float], ...]:
    """Return the descendants of a process as ``Traces.seen`` wants them, as many as can be found in that time.

    It is the time of the processor that counts: on a busy machine a small tree is found, too.
    """
    end = time.thread_time() + seconds
    found = []
    for descendant in tree(pid):
        start = census.start(descendant) if descendant != pid else None
        if start is not None:
            found.append((descendant, start))
        if time.thread_time() > end:
            break
    return tuple(found)


def find(searched: Sequence[Traces], greet: Callable[[Pinned], object] = lambda _one: None) -> list[list[Pinned]]:
    """Return the remnants of each of those.  Looks at all processes, once: not for the loop.

    ``greet`` is called for those who are known by a trace as soon as they are seen.
    """
    search = _Search(searched)
    never = {1, os.getpid(), os.getppid()}  # whatever they seem to be
    everybody = {}
    for one in census.everybody():
        if one.pid not in never:
            everybody[one.pid] = one
            if search.knows(one):
                greet(one)
    return [list(_with_descendants(pids, everybody)) for pids in search.found]


class _Search:
    """The traces of several children by what they say; ``found`` are the pids that belong to each."""

    def __init__(self, searched: Sequence[Traces]) -> None:
        self.found: list[set[int]] = [set() for _traces in searched]
        self._since = min((traces.mark for traces in searched), default=0) / 1e9  # a mark tells when it was made
        self._marks = {str(traces.mark): place for place, traces in enumerate(searched) if traces.mark}
        self._groups = {traces.pid: (place, traces.ended_at) for place, traces in enumerate(searched) if traces.pid}
        self._seen = {kin: place for place, traces in enumerate(searched) for kin in traces.seen}
        self._members = {
            pid: place for place, traces in enumerate(searched) if traces.cgroup for pid in _in_cgroup(traces.cgroup)
        }

    def knows(self, one: Pinned) -> bool:
        """Find out to whom one belongs."""
        places = {
            place for place in (self._seen.get((one.pid, one.start)), self._members.get(one.pid)) if place is not None
        }
        group = self._groups.get(one.group)
        if group is not None and census.was_born_until(one, group[1]):  # else its number has found another user
            places.add(group[0])
        bears = census.variable(one, MARK) if census.may_be_born_since(one, self._since) else None
        places.update(self._marks[mark] for mark in (bears or "").split(":") if mark in self._marks)
        for place in places:
            self.found[place].add(one.pid)
        return bool(places)


def _with_descendants(pids: Iterable[int], everybody: Mapping[int, Pinned]) -> Iterator[Pinned]:
    children = defaultdict(list)
    for one in everybody.values():
        children[one.parent].append(one.pid)
    order = dict.fromkeys(pids)
    ahead = list(order)
    for pid in ahead:  # grows while we go through it
        fresh = [child for child in children[pid] if child not in order]
        order.update(dict.fromkeys(fresh))
        ahead += fresh
    return (everybody[pid] for pid in order if pid in everybody)


def _in_cgroup(path: str) -> Iterator[int]:
    """Find all processes in a control group and in those below it."""
    for directory, _names, _files in os.walk(path):
        with suppress(OSError), open(f"{directory}/cgroup.procs", encoding="ascii") as file:
            yield from map(int, file.read().split())
