"""TICK events: the clock for listeners, silent while nobody listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from warden.events import types
from warden.events.bus import Bus

_LATE = 0.001  # seconds after the boundary, since a timer may fire a little early


class Ticks:
    """Publishes TICK_5, TICK_60 and TICK_3600, in this order, when a period since the epoch begins.

    What passes while the machine sleeps is skipped, not made up for.  The timer
    is armed only while somebody subscribes to a tick, so that a daemon nobody
    listens to never wakes up.  ``clock`` gives seconds since the epoch.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, bus: Bus, clock: Callable[[], float] = time.time) -> None:
        self._loop = loop
        self._bus = bus
        self._clock = clock
        self._latest: dict[type[types.TickEvent], int] = {}  # the period that each wanted event is in
        self._timer: asyncio.TimerHandle | None = None

    def adjust(self) -> None:
        """Follow the subscriptions; call it when they change.  The period that goes on is not announced."""
        now = int(self._clock())
        wanted = [kind for kind in types.TICKS if self._bus.wanted(kind)]
        if wanted != list(self._latest):
            self._latest = {kind: self._latest.get(kind, now // kind.period) for kind in wanted}
            self._arm()

    def close(self) -> None:
        """Disarm the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        if self._latest:
            # The wall clock may be set at any time, so no wait is longer than the shortest period.
            period = min(kind.period for kind in self._latest)
            wait = 0.0 if self._begun() else period - self._clock() % period
            self._timer = self._loop.call_later(wait + _LATE, self._fire)

    def _begun(self) -> list[tuple[type[types.TickEvent], int]]:
        now = int(self._clock())
        return [(kind, now // kind.period) for kind, latest in self._latest.items() if now // kind.period != latest]

    def _fire(self) -> None:
        begun = self._begun()
        self._latest.update(begun)
        self._arm()
        for kind, number in begun:
            self._bus.publish(kind(number * kind.period))
