"""One timer per name, on a clock that the test owns."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from warden.runtime.deadlines import Deadlines


class FakeTimer:
    def __init__(self, when: float, callback: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._when, self.callback, self.args, self._cancelled = when, callback, args, False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def __lt__(self, other: FakeTimer) -> bool:
        return self._when < other._when


class FakeLoop:
    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[FakeTimer] = []

    def call_at(self, when: float, callback: Callable[..., None], *args: Any) -> FakeTimer:
        timer = FakeTimer(when, callback, args)
        heapq.heappush(self.timers, timer)
        return timer

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self.timers and self.timers[0].when() <= end:
            timer = heapq.heappop(self.timers)
            self.now = max(self.now, timer.when())
            if not timer.cancelled():
                timer.callback(*timer.args)
        self.now = end


def make() -> tuple[FakeLoop, Deadlines[str], list[tuple[float, str]]]:
    loop = FakeLoop()
    fired: list[tuple[float, str]] = []
    deadlines: Deadlines[str] = Deadlines(loop, lambda name: fired.append((loop.now, name)))  # type: ignore[arg-type]
    return loop, deadlines, fired


def test_each_name_fires_once_at_its_moment() -> None:
    loop, deadlines, fired = make()
    deadlines.set("b", 2.0)
    deadlines.set("a", 1.0)

    loop.advance(10)

    assert fired == [(1.0, "a"), (2.0, "b")]


def test_a_new_deadline_replaces_the_old_one() -> None:
    loop, deadlines, fired = make()
    deadlines.set("a", 1.0)
    deadlines.set("a", 3.0)

    loop.advance(10)

    assert fired == [(3.0, "a")]


def test_the_same_deadline_again_costs_no_timer() -> None:
    loop, deadlines, _ = make()
    deadlines.set("a", 1.0)
    deadlines.set("a", 1.0)

    assert len(loop.timers) == 1


def test_none_disarms() -> None:
    loop, deadlines, fired = make()
    deadlines.set("a", 1.0)
    deadlines.set("a", None)
    deadlines.set("never set", None)

    loop.advance(10)

    assert fired == []


def test_clear_disarms_all() -> None:
    loop, deadlines, fired = make()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    deadlines.clear()

    loop.advance(10)

    assert fired == []


def test_a_name_may_be_set_again_while_it_fires() -> None:
    loop = FakeLoop()
    fired: list[float] = []

    def on_due(name: str) -> None:
        fired.append(loop.now)
        if len(fired) < 3:
            deadlines.set(name, loop.now + 1)

    deadlines: Deadlines[str] = Deadlines(loop, on_due)  # type: ignore[arg-type]
    deadlines.set("a", 1.0)
    loop.advance(10)

    assert fired == [1.0, 2.0, 3.0]
