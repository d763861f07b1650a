"""Alarms at moments of the wall clock, which people and programs may set."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Timer(Protocol):
    """Rings once at a moment of the wall clock; it may ring too early."""

    def set(self, moment: float | None) -> None:
        """Ring at ``moment``, in seconds since the epoch, and not before set anew; None = never."""
        ...

    def close(self) -> None:
        """Ring no more."""
        ...


class WallClock(Generic[Key]):
    """Calls ``on_due(key)`` when the moment of a key comes, each in a turn of the loop of its own.

    One timer for all of them, and none without any.  ``on_step`` hears by how many
    seconds the clock was set forward; negative = back.  ``now`` tells the wall clock.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_due: Callable[[Key], None],
        on_step: Callable[[float], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._loop = loop
        self._on_due = on_due
        self._on_step = on_step
        self._now = now
        self._moments: dict[Key, float] = {}
        self._order: list[tuple[float, int, Key]] = []  # a heap; what is not in ``_moments`` any more is passed over
        self._number = itertools.count()
        self._timer: Timer | None = None
        self._ahead = now() - loop.time()  # of the monotonic clock
        self._next: asyncio.Handle | None = None

    def set(self, key: Key, moment: float | None) -> None:
        """Set, move or (with None) take away the moment of ``key``, in seconds since the epoch."""
        if moment is None:
            self._moments.pop(key, None)
        else:
            self._moments[key] = moment
            heapq.heappush(self._order, (moment, next(self._number), key))
        self._arm()

    def look(self) -> None:
        """Look at the clock: it may have been set, and somebody's moment may have come."""
        self._next = None
        now = self._now()
        ahead = now - self._loop.time()
        stepped, self._ahead = ahead - self._ahead, ahead
        try:
            self._on_step(stepped)
            first = self._first()
            if first is not None and first[0] <= now:
                _, _, key = heapq.heappop(self._order)
                del self._moments[key]
                self._on_due(key)
        finally:  # whatever becomes of one key, the others are not forgotten
            self._arm()

    def close(self) -> None:
        """Call nobody any more."""
        self._moments.clear()
        self._order.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _first(self) -> tuple[float, int, Key] | None:
        while self._order and self._moments.get(self._order[0][2]) != self._order[0][0]:
            heapq.heappop(self._order)
        return self._order[0] if self._order else None

    def _arm(self) -> None:
        first = self._first()
        if self._next is not None:
            return
        if first is not None and first[0] <= self._now():
            self._next = self._loop.call_soon(self.look)
        elif first is not None or self._timer is not None:
            if self._timer is None:
                self._timer = _make_timer(self._loop, self.look)
            self._timer.set(None if first is None else first[0])


def _make_timer(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Timer:
    try:
        from warden.runtime.timerfd import TimerFd  # ctypes: 1.3 ms and 0.3 MiB, only for schedules

        return TimerFd(loop, ring)
    except (AttributeError, OSError):  # AttributeError: the C library of another system
        return LoopTimer(loop, ring)


class LoopTimer:
    """The timer of systems that have no better one: it does not notice that the clock is set before it rings."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self, moment: float | None) -> None:
        """Ring at ``moment``, as far away as it is by the present clock."""
        if self._handle is not None:
            self._handle.cancel()
        wait = None if moment is None else max(0.0, moment - time.time())
        self._handle = None if wait is None else self._loop.call_later(wait, self._ring)

    def close(self) -> None:
        """Ring no more."""
        self.set(None)
