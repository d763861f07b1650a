"""What the keeper gives, and what it costs: the gap when the brain is killed, and the same work without a keeper."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from benchmarks.figures import Figures, Work
from benchmarks.fleet import born, respawn_times
from benchmarks.sides import PROGRAMS, Ini
from benchmarks.stage import Stage, kill, memory, stage, wait_until
from benchmarks.wire import Client, connect

ALONE = "Warden without a keeper"
MOST_KILLS = 15  # in a row: from 20 on the keeper takes the brain for sick, and lets it rest before the next try
PAUSE = 0.2  # seconds between the answer of a new brain and its end
_TALKER = """\
[program:talker]
command=/bin/sh -c 'echo $$ >>{home}/talkers; i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; done'
stdout_logfile={home}/talker.log
stdout_logfile_maxbytes=0
"""


def spawns(count: int) -> Work:
    return Work(f"{count:,} programs exec'd after the first, with and without a keeper", "ms")


def respawn(count: int, which: str) -> Work:
    return Work(f"death to exec of the successor, {count:,} programs, with and without a keeper, {which}", "ms")


def keeper_memory(count: int) -> Work:
    return Work(f"memory of the keeper alone, {count:,} programs", "MiB PSS")


def gap(count: int, which: str) -> Work:
    return Work(f"brain killed to the answer of the next one, {count:,} programs, {which}", "ms", at_most=1000)


LOST = Work("lines lost or doubled while brains were killed", "", at_most=0)
RESTARTED = Work("programs started again while brains were killed", "", at_most=0)


def measure(side: Ini, figures: Figures, count: int, kills: int) -> None:
    """Do the same with a keeper and without, then kill brains."""
    alone = replace(side, name=ALONE)
    for which, options in ((side, ""), (alone, "keeper=false\n")):
        with stage() as here:
            which.start_with(
                here, PROGRAMS.format(home=here.home, count=count) + _TALKER.format(home=here.home), count, options
            )
            moments, pids = born(here, count)
            figures.add(spawns(count), which.name, (moments[-1] - moments[0]) * 1000)
            times = list(respawn_times(here.births, list(pids), kills))
            figures.add(respawn(count, "median"), which.name, statistics.median(times))
            figures.add(respawn(count, "worst"), which.name, max(times))
            if which is side:
                figures.add(keeper_memory(count), side.name, memory([here.pid])[1])
                lose_brains(here, side, figures, count, kills)


def lose_brains(here: Stage, side: Ini, figures: Figures, count: int, kills: int) -> None:
    """Kill one brain after the other and ask the next; look what became of the programs and their output."""
    client = connect(here)
    gaps = []
    for _ in range(kills):
        brain = next(pid for pid in here.daemon() if pid != here.pid)
        client.close()
        killed = time.monotonic()
        kill(brain)
        _ask(client)
        gaps.append((time.monotonic() - killed) * 1000)
        time.sleep(PAUSE)
    figures.add(gap(count, "median"), side.name, statistics.median(gaps))
    figures.add(gap(count, "worst"), side.name, max(gaps))
    talkers = (here.home / "talkers").read_text().split()
    figures.add(RESTARTED, side.name, here.births.waiting() + len(talkers) - 1)  # the first talker was to start
    figures.add(LOST, side.name, _gaps_in(here))
    client.close()


def _ask(client: Client) -> None:
    def answered() -> bool:
        try:
            client.call("getState")
        except ConnectionError:  # it had been accepted by the brain that was killed
            client.close()
            return False
        return True

    wait_until(answered, "an answer", pause=0.001)


def _gaps_in(here: Stage) -> int:
    """Count the lines of the talker that are missing or out of order."""
    said = (here.home / "talker.log").read_text().split("\n")[:-1]
    return sum(1 for number, line in enumerate(said, start=1) if line != str(number))
