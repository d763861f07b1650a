"""Whether the cost of one thing grows with the number of programs that have nothing to do with it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence

from benchmarks.duel import times_in_turns
from benchmarks.figures import Figures, Work
from benchmarks.fleet import born, rate
from benchmarks.sides import PROGRAMS, Ini
from benchmarks.stage import stage
from benchmarks.wire import connect

_ECHO = """\
[program:echo]
command=/bin/sh -c "exec cat <>{home}/words"
stdout_logfile={home}/echo.log
startsecs=0
"""
KINDS = {"respawn": "ms", "one log line": "ms", "one RPC for one process": "ms"}


def cost(kind: str, count: int) -> Work:
    return Work(f"{kind}, {count:,} programs", KINDS[kind])


def grows(kind: str) -> Work:
    return Work(f"{kind}: grows by", "x", at_most=1.3)


def measure_respawn(side: Ini, figures: Figures, counts: Sequence[int], kills: int) -> None:
    """Measure the reaction to a death, in fleets of different sizes that lose a program in turns."""
    for count, times in zip(counts, times_in_turns([(side, count) for count in counts], kills), strict=True):
        figures.add(cost("respawn", count), side.name, times)


def measure(side: Ini, figures: Figures, count: int, turns: int = 100) -> None:
    """Measure the other two with ``count`` programs."""
    with stage() as here:
        words = here.home / "words"
        os.mkfifo(words)
        sections = PROGRAMS.format(home=here.home, count=count) + _ECHO.format(home=here.home)
        side.start_with(here, sections, count)
        born(here, count)
        client = connect(here)
        time.sleep(2)
        voice = os.open(words, os.O_RDWR)
        log = os.open(here.home / "echo.log", os.O_RDONLY)
        times = []
        for _ in range(turns):
            time.sleep(0.03)
            before = os.fstat(log).st_size
            written = time.monotonic()
            os.write(voice, b"a line\n")
            while os.fstat(log).st_size == before:
                time.sleep(0)
            times.append((time.monotonic() - written) * 1000)
        os.close(voice)
        os.close(log)
        figures.add(cost("one log line", count), side.name, times)
        asked = [1000 / rate(client, "getProcessInfo", "p:p_0003", seconds=0.5) for _ in range(3)]
        figures.add(cost("one RPC for one process", count), side.name, asked)
        client.close()


def compare(figures: Figures, side: Ini, few: int, many: int) -> None:
    """Add the ratios of the medians."""
    for kind in KINDS:
        medians = [statistics.median(figures.values[cost(kind, count)][side.name]) for count in (few, many)]
        figures.add(grows(kind), side.name, medians[1] / medians[0])
