"""Alarms at moments of the wall clock: each once, in their order, whatever is done to the clock."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import pytest

from warden.runtime import wallclock
from warden.runtime.wallclock import LoopTimer, WallClock

ALARM_SECONDS = 60  # an alarm, not a measurement


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(ALARM_SECONDS):
            await scenario()

    asyncio.run(run())


def ignore_steps(_seconds: float) -> None:
    """Nothing is done about steps of the clock."""


@pytest.fixture(params=["timerfd", "loop"])
def any_timer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of timers keep the same promises."""
    if request.param == "loop":
        monkeypatch.setattr(wallclock, "_make_timer", LoopTimer)
    elif not sys.platform.startswith("linux"):
        pytest.skip("timerfd is Linux's")


@pytest.mark.usefixtures("any_timer")
def test_keys_ring_when_their_moments_come_in_the_order_of_these() -> None:
    async def scenario() -> None:
        rang: list[tuple[str, float]] = []
        done = asyncio.Event()

        def ring(key: str) -> None:
            rang.append((key, time.time()))
            if key == "last":
                done.set()

        clock: WallClock[str] = WallClock(asyncio.get_running_loop(), ring, ignore_steps)
        now = time.time()
        moments = {"last": now + 0.3, "gone": now + 0.1, "second": now + 0.2, "moved": now + 0.05, "past": now - 5}
        for key, moment in moments.items():
            clock.set(key, moment)
        moments["moved"] = now + 0.25
        clock.set("moved", moments["moved"])
        clock.set("gone", None)
        await done.wait()
        clock.close()

        assert [key for key, _ in rang] == ["past", "second", "moved", "last"]
        assert all(moments[key] <= at for key, at in rang), "never too early"

    play(scenario)


@pytest.mark.usefixtures("any_timer")
def test_a_key_that_rang_may_be_set_again_at_once() -> None:
    async def scenario() -> None:
        rings: list[float] = []
        done = asyncio.Event()

        def ring(key: str) -> None:
            rings.append(time.time())
            if len(rings) == 5:
                done.set()
            else:
                clock.set(key, rings[0] + len(rings) * 0.05)

        clock: WallClock[str] = WallClock(asyncio.get_running_loop(), ring, ignore_steps)
        clock.set("k", time.time())
        await done.wait()
        clock.close()

        assert all(at >= rings[0] + number * 0.05 for number, at in enumerate(rings))

    play(scenario)


class SetClock:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def test_a_clock_that_is_set_forward_makes_due_what_it_passed_over_and_one_set_back_nothing() -> None:
    async def scenario() -> None:
        rang: list[str] = []
        steps: list[float] = []
        hand = SetClock()
        clock: WallClock[str] = WallClock(asyncio.get_running_loop(), rang.append, steps.append, now=hand)
        clock.set("in an hour", hand() + 3600)
        clock.set("in a day", hand() + 86400)

        hand.ahead = 7200.0
        clock.look()
        hand.ahead = 3500.0
        clock.look()
        clock.look()
        clock.close()

        assert rang == ["in an hour"]
        assert [round(step) for step in steps] == [7200, -3700, 0]

    play(scenario)


def test_a_key_that_fails_does_not_cost_the_others_their_alarms() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        failed: list[object] = []
        rang = asyncio.Event()
        loop.set_exception_handler(lambda _loop, context: failed.append(context["exception"]))

        def ring(key: str) -> None:
            if key == "bad":
                raise ValueError(key)
            rang.set()

        clock: WallClock[str] = WallClock(loop, ring, ignore_steps)
        clock.set("bad", 1.0)
        clock.set("good", 2.0)
        await rang.wait()
        clock.close()

        assert [str(error) for error in failed] == ["bad"]

    play(scenario)


def test_many_that_are_due_at_once_leave_the_loop_time_for_others() -> None:
    async def scenario() -> None:
        rang: list[int] = []
        clock: WallClock[int] = WallClock(asyncio.get_running_loop(), rang.append, ignore_steps)
        for number in range(3):
            clock.set(number, 1.0)
        seen = []
        while len(rang) < 3:
            seen.append(len(rang))
            await asyncio.sleep(0)
        clock.close()

        assert seen == [0, 1, 2]

    play(scenario)


def test_without_moments_there_is_no_timer_and_after_the_end_nobody_rings() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        rang: list[str] = []
        made: list[LoopTimer] = []

        def make(*arguments: object) -> LoopTimer:
            made.append(LoopTimer(*arguments))  # type: ignore[arg-type]
            return made[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wallclock, "_make_timer", make)
            clock: WallClock[str] = WallClock(loop, rang.append, ignore_steps)
            clock.set("k", None)
            assert made == []
            clock.set("k", 1.0)
            clock.close()
            await asyncio.sleep(0)

        assert rang == []

    play(scenario)


def test_a_system_without_such_timers_has_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        rang = asyncio.Event()
        clock: WallClock[str] = WallClock(asyncio.get_running_loop(), lambda _key: rang.set(), ignore_steps)
        clock.set("k", time.time() + 0.05)
        assert isinstance(clock._timer, LoopTimer)
        await rang.wait()
        clock.close()

    from warden.runtime import libc

    def refuse(*_arguments: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(libc, "call", refuse)
    play(scenario)
