"""The clock for listeners: which ticks come when, and that nothing wakes up for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from warden.daemon.ticks import Ticks
from warden.events.bus import Bus
from warden.events.types import Event, Tick5Event, Tick60Event, Tick3600Event, TickEvent


class FakeLoop(asyncio.AbstractEventLoop):
    """Keeps the one timer and the wall clock; the test lets time pass."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.timers: list[asyncio.TimerHandle] = []
        self.woken = 0

    def call_later(self, delay: float, callback: Callable[..., object], *args: object, context: object = None):  # type: ignore[no-untyped-def]
        assert delay > 0, "a busy loop"
        timer = asyncio.TimerHandle(self.now + delay, callback, args, self)
        self.timers.append(timer)
        return timer

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, timer: asyncio.TimerHandle) -> None:
        if timer in self.timers:
            self.timers.remove(timer)

    def until(self, moment: float) -> None:
        while due := [timer for timer in self.timers if timer.when() <= moment]:
            assert len(self.timers) == 1
            self.timers.clear()
            self.now = due[0].when()
            self.woken += 1
            due[0]._run()
        self.now = moment


class Clock:
    def __init__(self, now: float) -> None:
        self.loop = FakeLoop(now)
        self.bus = Bus(lambda *_: None, lambda: self.ticks.adjust())
        self.ticks = Ticks(self.loop, self.bus, lambda: self.loop.now)
        self.heard: list[Event] = []

    def want(self, kind: type[Event]) -> None:
        self.bus.subscribe(kind, self.heard.append)


def test_nobody_listens_and_nothing_wakes_up() -> None:
    clock = Clock(1000.0)
    clock.want(Tick5Event)
    clock.bus.unsubscribe(Tick5Event, clock.heard.append)

    assert clock.loop.timers == []


def test_a_tick_names_the_multiple_of_its_period_that_has_passed() -> None:
    clock = Clock(1003.9)
    clock.want(Tick5Event)

    clock.loop.until(1016)

    assert clock.heard == [Tick5Event(1005), Tick5Event(1010), Tick5Event(1015)]


def test_the_period_that_goes_on_is_not_announced() -> None:
    clock = Clock(1005.5)
    clock.want(Tick5Event)

    clock.loop.until(1009.9)

    assert clock.heard == []


def test_ticks_of_one_moment_come_in_order_of_their_periods() -> None:
    clock = Clock(7199.0)
    clock.want(TickEvent)

    clock.loop.until(7200.5)

    assert clock.heard == [Tick5Event(7200), Tick60Event(7200), Tick3600Event(7200)]


@pytest.mark.parametrize(("kind", "wakes"), [(Tick3600Event, 2), (Tick60Event, 120), (Tick5Event, 1440)])
def test_only_what_is_wanted_costs_wake_ups(kind: type[TickEvent], wakes: int) -> None:
    clock = Clock(1.0)
    clock.want(kind)

    clock.loop.until(7201.0)

    assert (clock.loop.woken, len(clock.heard)) == (wakes, wakes)


def test_what_passes_while_the_machine_sleeps_is_skipped() -> None:
    clock = Clock(1001.0)
    clock.want(Tick5Event)
    clock.loop.until(1006.0)

    clock.loop.now = 5000.0  # suspended
    (timer,) = clock.loop.timers
    clock.loop.timers.clear()
    timer._run()

    assert clock.heard == [Tick5Event(1005), Tick5Event(5000)]


def test_a_clock_that_is_set_back_costs_at_most_one_period() -> None:
    clock = Clock(9001.0)
    clock.want(Tick60Event)

    clock.loop.now -= 3600
    (timer,) = clock.loop.timers
    clock.loop.timers.clear()
    timer._run()
    clock.loop.until(5461.0)

    assert clock.heard == [Tick60Event(5400), Tick60Event(5460)]


def test_a_later_subscription_leaves_the_others_their_rhythm() -> None:
    clock = Clock(58.0)
    clock.want(Tick60Event)
    clock.loop.now = 60.0005  # the boundary has passed, its timer has not fired yet
    clock.want(Tick5Event)

    clock.loop.until(61.0)

    assert clock.heard == [Tick60Event(60)]


def test_closing_disarms() -> None:
    clock = Clock(1.0)
    clock.want(TickEvent)

    clock.ticks.close()
    clock.ticks.close()

    assert clock.loop.timers == []
