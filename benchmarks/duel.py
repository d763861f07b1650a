"""The reaction to a death, side against side: all fleets live at the same time, and lose a program in turns.

Between two fleets that are measured one after the other the machine may have become faster or slower.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.figures import Figures, Work
from benchmarks.fleet import RESPAWN_BOUNDS, SETTLE, Victims, born
from benchmarks.sides import Side
from benchmarks.stage import stage

RIVALS = ("runit", "daemontools")
"""Who reacts in milliseconds, too, and can be installed everywhere."""


def respawn(count: int, which: str) -> Work:
    title = f"death to exec of the successor, in turns with the others, {count:,} programs, {which}"
    return Work(title, "ms", at_most=RESPAWN_BOUNDS[which])


def times_in_turns(fleets: Sequence[tuple[Side, int]], kills: int) -> list[list[float]]:
    """Start fleets of so many programs each, and kill as many of each; return milliseconds for each fleet."""
    with ExitStack() as stages:
        victims = []
        for side, count in fleets:
            here = stages.enter_context(stage())
            side.start(here, count)
            victims.append(Victims(here.births, born(here, count)[1]))
        time.sleep(SETTLE)
        for _ in range(kills):
            for each in victims:
                each.kill_next()
        return [each.times for each in victims]


def measure(sides: Sequence[Side], figures: Figures, count: int, kills: int) -> None:
    """Let fleets of ``count`` programs lose some."""
    for side, times in zip(sides, times_in_turns([(side, count) for side in sides], kills), strict=True):
        figures.add(respawn(count, "median"), side.name, statistics.median(times))
        figures.add(respawn(count, "worst"), side.name, max(times))
