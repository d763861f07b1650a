"""The short check for CI: ratios to a bare limit or to Supervisor 4.3.0 in the same run, with generous bounds.

A time says more about the machine than about us; a ratio of two things measured in turns does not.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks import fleet, listener, output
from benchmarks.figures import ANCESTOR, LIMIT, WARDEN, Figures, Work, as_text, number
from benchmarks.sides import daemons

COUNT = 100
FLOOD_BYTES = output.GIB // 4
EVENTS = 3000

AT_MOST: dict[tuple[Work, str], float] = {
    (fleet.starts(COUNT), LIMIT): 6.0,
    (fleet.stops(COUNT), LIMIT): 60.0,
    (fleet.FIRST, ANCESTOR): 0.8,
    (fleet.respawn(COUNT, "median"), ANCESTOR): 0.1,
    (fleet.status(COUNT), ANCESTOR): 0.9,
    (fleet.quiet_memory(COUNT), ANCESTOR): 1.3,
    (fleet.asked_memory(COUNT), ANCESTOR): 2.5,
}
AT_LEAST: dict[tuple[Work, str], float] = {
    (output.flood_rate("rotating"), LIMIT): 0.4,
    (fleet.one_state(COUNT), ANCESTOR): 0.8,
    (fleet.all_info(COUNT), ANCESTOR): 2.0,
    (listener.EVENTS, ANCESTOR): 1.2,
}
"""Warden's median divided by the other's: the good state is two to ten times better than these bounds."""
NOTHING = (fleet.wakeups(COUNT), listener.LOST, output.flood_lost("rotating"))
"""What must be zero on any machine."""


def check(warden: Path) -> int:
    """Measure, print each ratio with its bound; return 1 if one is broken."""
    figures = Figures()
    both = daemons(warden)
    for side in both:
        fleet.limit(figures, COUNT)
        fleet.measure(side, figures, COUNT, kills=5 if side.name == ANCESTOR else 20, idle=3)
    output.limit(figures, "rotating", FLOOD_BYTES)
    output.flood(both[0], figures, "rotating", FLOOD_BYTES)
    for side in both:
        listener.measure(side, figures, EVENTS)
    broken = [work for work in NOTHING if statistics.median(figures.values[work][WARDEN]) != 0]
    for work in broken:
        print(f"NOT ZERO  {work.title}: {number(figures.median(work, WARDEN))} {work.unit}")
    for bounds, sign in ((AT_MOST, 1), (AT_LEAST, -1)):
        for (work, other), bound in bounds.items():
            ratio = figures.ratio(work, WARDEN, other) or 0.0
            good = ratio * sign <= bound * sign
            relation = "<=" if sign > 0 else ">="
            print(f"{'good  ' if good else 'BROKEN'}  {work.title}: {number(ratio)} x {other} ({relation} {bound})")
            if not good:
                broken.append(work)
    print(f"\n{as_text(figures)}")
    return 1 if broken else 0
