"""TICK events: the clock for listeners, silent while nobody listens."""

from __future__ import annotations

import asyncio
import time

from warden.events import types
from warden.events.bus import Bus


class Ticks:
    """Publishes TICK_5, TICK_60 and TICK_3600 at multiples of their period since the epoch.

    A timer is armed only while somebody subscribes to its event, so that a
    daemon nobody listens to never wakes up.
    """

    _PERIODS = ((5, types.Tick5Event), (60, types.Tick60Event), (3600, types.Tick3600Event))

    def __init__(self, loop: asyncio.AbstractEventLoop, bus: Bus) -> None:
        self._loop = loop
        self._bus = bus
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def adjust(self) -> None:
        """Arm the timers that are wanted and disarm the others; call it when subscriptions change."""
        for period, event in self._PERIODS:
            armed = period in self._timers
            wanted = self._bus.wanted(event)
            if wanted and not armed:
                self._arm(period, event, int(time.time()) // period)
            elif armed and not wanted:
                self._timers.pop(period).cancel()

    def close(self) -> None:
        """Disarm all."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _arm(self, period: int, event: type[types.TickEvent], last: int) -> None:
        delay = (last + 1) * period - time.time()
        # Timers may fire a little early on some clocks, and the wall clock may be set at any time: never wait
        # longer than a period, and look at the clock again when it fires.
        delay = min(max(delay, 0.0) + 0.001, period)
        self._timers[period] = self._loop.call_later(delay, self._fire, period, event, last)

    def _fire(self, period: int, event: type[types.TickEvent], last: int) -> None:
        now = int(time.time()) // period
        if now != last:
            self._bus.publish(event(now * period))
        self._arm(period, event, now)
