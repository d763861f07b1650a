"""The short check for CI: ratios to a bare limit or to Supervisor 4.3.0 in the same run, with generous bounds.

A time says more about the machine than about us; a ratio of two things measured in turns does not.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks import fleet, listener, output
from benchmarks.figures import ANCESTOR, LIMIT, WARDEN, Figures, Work, as_text, number
from benchmarks.sides import daemons
from benchmarks.stage import stage

COUNT = 100
FLOOD_BYTES = output.GIB // 4
EVENTS = 10_000

AT_MOST: dict[tuple[Work, str], float] = {
    (fleet.starts(COUNT), LIMIT): 8.0,
    (fleet.starts(COUNT), ANCESTOR): 0.7,
    (fleet.stops(COUNT), LIMIT): 40.0,
    (fleet.FIRST, ANCESTOR): 0.6,
    (fleet.respawn(COUNT, "median"), ANCESTOR): 0.05,
    (fleet.status(COUNT), ANCESTOR): 0.9,
    (fleet.quiet_memory(COUNT), ANCESTOR): 1.15,
    (fleet.asked_memory(COUNT), ANCESTOR): 2.8,  # keeper and brain; 2.1 to 2.3 is seen
    (listener.COST, ANCESTOR): 3.5,  # 0.9 to 2.7 is seen: each event stands in the record until it is dealt with
}
AT_LEAST: dict[tuple[Work, str], float] = {
    (output.flood_rate("rotating"), LIMIT): 0.25,
    (fleet.one_state(COUNT), ANCESTOR): 0.5,
    (fleet.all_info(COUNT), ANCESTOR): 6.0,
}
"""Bounds of Warden's median divided by the other's, wide enough for a machine that does other things meanwhile."""
NOTHING = (fleet.wakeups(COUNT), listener.LOST, output.flood_lost("rotating"))
"""What must be zero for Warden on any machine."""


ATTEMPTS = 3
"""A slower Warden breaks a bound each time, a machine that does other things meanwhile only now and then."""


def check(warden: Path) -> int:
    """Measure, print each ratio with its bound; return 1 if one is broken in every attempt."""
    broken = judge(measure(warden))
    for attempt in range(2, ATTEMPTS + 1):
        if broken:
            print(f"\nAttempt {attempt} of {ATTEMPTS}, because of: {', '.join(sorted(broken))}")
            broken &= judge(measure(warden))
    if broken:
        print(f"\nBROKEN in every attempt: {', '.join(sorted(broken))}")
    return 1 if broken else 0


def measure(warden: Path) -> Figures:
    """Measure Warden, Supervisor and the bare limit once."""
    figures = Figures()
    both = daemons(warden)
    for _ in range(3):
        fleet.limit(figures, COUNT)
        with stage() as here:
            fleet.start(here, both[0], figures, COUNT)
    for side in both:
        fleet.measure(side, figures, COUNT, kills=3 if side.name == ANCESTOR else 20, idle=2)
    output.limit(figures, "rotating", FLOOD_BYTES)
    output.flood(both[0], figures, "rotating", FLOOD_BYTES)
    for side in both:
        listener.measure(side, figures, EVENTS)
    return figures


def judge(figures: Figures) -> set[str]:
    """Print each ratio with its bound, and the table; return what is broken."""
    broken = set()
    for work in NOTHING:
        if statistics.median(figures.values[work][WARDEN]) != 0:
            print(f"NOT ZERO  {work.title}: {number(figures.median(work, WARDEN))} {work.unit}")
            broken.add(work.title)
    for bounds, sign in ((AT_MOST, 1), (AT_LEAST, -1)):
        for (work, other), bound in bounds.items():
            ratio = figures.ratio(work, WARDEN, other) or 0.0
            good = ratio * sign <= bound * sign
            relation = "<=" if sign > 0 else ">="
            line = f"{work.title}: {number(ratio)} x {other} ({relation} {bound})"
            print(f"{'good  ' if good else 'BROKEN'}  {line}")
            if not good:
                broken.add(f"{work.title} to {other}")
    print(f"\n{as_text(figures)}")
    return broken
