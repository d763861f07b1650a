"""Measures Warden, Supervisor 4.3.0 and other supervisors side by side in one run, next to the bare limit.

    .venv/bin/python -m benchmarks                    everything, in at most 25 minutes
    .venv/bin/python -m benchmarks fleet --programs 100 --repetitions 1
    .venv/bin/python -m benchmarks --quick            half a minute; fails if a ratio has become much worse

The sides take turns, so that a change of the machine's mood meets all of them.  Peers that are not installed are
left out (Debian: runit, s6, daemontools; ``scripts/peers`` installs circus and PM2).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import duel, fleet, growth, listener, output, quick, survival, web
from benchmarks.figures import ANCESTOR, LIMIT, Figures, as_data, as_text
from benchmarks.plot import as_svg
from benchmarks.sides import ROOT, Side, daemons, peers
from benchmarks.stage import NoNews

RESULTS = ROOT / "benchmarks" / "results"
FLOOD_BYTES = 2 * output.GIB


@contextmanager
def reported(what: str) -> Iterator[None]:
    """Say what goes on; a side that fails costs its own figures only."""
    began = time.monotonic()
    try:
        yield
    except (NoNews, OSError, subprocess.SubprocessError) as error:
        print(f"{what}: not measured: {error!r}", file=sys.stderr, flush=True)
    else:
        print(f"{what}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def run_fleets(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """Start, keep alive, ask, stop."""
    sides: list[Side] = [*daemons(options.warden), *peers()]
    for side in [side for side in sides if side.missing()]:
        print(f"{side.name}: left out, {side.missing()} is missing", file=sys.stderr)
        sides.remove(side)
    bare = [fleet.elapsed(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""])) for _ in range(7)]
    for count in options.programs:
        figures.add(fleet.status(count), LIMIT, statistics.median(bare))
        with reported(f"{turn + 1}. {count} programs, {LIMIT}"):
            fleet.limit(figures, count)
        for side in (side for side in sides if count <= side.most):
            once = turn == 0
            kills = options.kills if once else 0
            with reported(f"{turn + 1}. {count} programs, {side.name}"):
                fleet.measure(side, figures, count, kills=kills, idle=options.idle if once else 0)


def run_duels(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """Warden against those who react in milliseconds, too."""
    rivals = [side for side in peers() if side.name in duel.RIVALS and not side.missing()]
    for count in options.programs:
        able = [side for side in rivals if side.most >= count]
        if able and options.kills:
            with reported(f"{turn + 1}. deaths in turns, {count} programs"):
                duel.measure([daemons(options.warden)[0], *able], figures, count, options.kills)


def run_output(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """Floods and chatter."""
    for kind in ("plain", "rotating"):
        with reported(f"{turn + 1}. flood, {kind}, {LIMIT}"):
            output.limit(figures, kind, FLOOD_BYTES)
        for side in daemons(options.warden):
            with reported(f"{turn + 1}. flood, {kind}, {side.name}"):
                output.flood(side, figures, kind, FLOOD_BYTES)
    for side in daemons(options.warden):
        with reported(f"{turn + 1}. chatter, {side.name}"):
            output.chatter(side, figures, options.idle)


def run_events(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """Events to one listener and to ten."""
    for side in daemons(options.warden):
        with reported(f"{turn + 1}. events, {side.name}"):
            listener.measure(side, figures, 20_000)
            listener.measure(side, figures, 2_000, listeners=10)


def run_growth(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """Few programs and many; one turn has many values already."""
    if turn > 0:
        return
    few, many = 10, max(options.programs)
    for side in daemons(options.warden):
        with reported(f"growth, respawn, {side.name}"):
            growth.measure_respawn(side, figures, (few, many), kills=10 if side.name == ANCESTOR else 30)
        for count in (few, many):
            with reported(f"growth, {count} programs, {side.name}"):
                growth.measure(side, figures, count)
        with reported(f"growth, {side.name}"):
            growth.compare(figures, side, few, many)


def run_web(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """The page and the interfaces behind it."""
    warden, ancestor = daemons(options.warden)
    for count in web.SIZES:
        for side in (warden, ancestor):
            with reported(f"{turn + 1}. web, lists of {count}, {side.name}"):
                web.measure_lists(side, figures, count)
    with reported(f"{turn + 1}. web, pages, {warden.name}"):
        web.measure_pages(warden, figures)


def run_survival(options: argparse.Namespace, figures: Figures, turn: int) -> None:
    """The keeper: what it gives and what it costs."""
    if turn > 0:
        return
    for count in options.programs[:2]:
        with reported(f"survival, {count} programs"):
            survival.measure(daemons(options.warden)[0], figures, count, min(options.kills, survival.MOST_KILLS))


WORKS: dict[str, Callable[[argparse.Namespace, Figures, int], None]] = {
    "fleet": run_fleets,
    "duels": run_duels,
    "output": run_output,
    "events": run_events,
    "growth": run_growth,
    "web": run_web,
    "survival": run_survival,
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("works", nargs="*", metavar="work", help=f"what to measure: {', '.join(WORKS)} (all)")
    parser.add_argument("--programs", type=int, nargs="+", default=[100, 500, 2000], help="sizes of the fleet")
    parser.add_argument("--kills", type=int, default=60, help="kills for the respawn time (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=3, help="turns of every side (%(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=25, help="a later turn begins only if it may end before (%(default)s)"
    )
    parser.add_argument("--idle", type=float, default=10, help="seconds of idleness and of chatter (%(default)s)")
    parser.add_argument("--warden", type=Path, default=Path(sys.executable).parent, help="folder of Warden's commands")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for latest.json and latest.svg")
    parser.add_argument("--quick", action="store_true", help="only the short check of ratios")
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    return options


def run(options: argparse.Namespace, figures: Figures) -> None:
    """Take turns until all are taken, or the next one would end too late; the first is always whole."""
    end = time.monotonic() + 60 * options.minutes
    took: dict[str, float] = {}
    for turn in range(options.repetitions):
        for work in options.works or WORKS:
            began = time.monotonic()
            if turn > 0 and began + took[work] > end:
                print(f"{turn + 1}. {work}: left out, there is no time", file=sys.stderr)
                continue
            WORKS[work](options, figures, turn)
            took[work] = time.monotonic() - began


def main() -> int:
    """Measure, print the table, write JSON and plot; return the exit status."""
    options = arguments()
    for side in daemons(options.warden):
        if side.missing():
            raise SystemExit(f"{side.name} is not installed: {side.missing()} is missing; run scripts/environment")
    if options.quick:
        return quick.check(options.warden)
    figures = Figures()
    run(options, figures)
    print(as_text(figures))
    machine = {"system": platform.platform(), "python": platform.python_version(), "processors": os.cpu_count()}
    options.results.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine, "load": os.getloadavg(), "figures": as_data(figures)}
    (options.results / "latest.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.results / "latest.svg").write_text(as_svg(figures))
    print(f"\nAll figures: {options.results}/latest.json, latest.svg", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
