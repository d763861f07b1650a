"""What a fleet of programs costs: to start, to keep alive, to ask about, to stop, and in memory."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import LIMIT, Figures, Work
from benchmarks.sides import Ini, Side, bare_programs
from benchmarks.stage import Births, Stage, cost_so_far, kill, memory, stage
from benchmarks.wire import Client, connect, question

SETTLE = 7.0
"""Seconds between the start of the last program and the look at an idle supervisor; Warden saves its state after 5."""
SECOND_LIFE = 1.5
"""Seconds a program lives before it is killed: some supervisors punish shorter lives with a pause of a second."""
KILLING = 40.0
"""Seconds after which no more programs are killed: some supervisors wait for seconds before each new start."""
ASKING = 2.0
"""Seconds for which one question is asked again and again."""

FIRST = Work("exec of the supervisor to its first program's", "ms", at_most=300)
RESPAWN_BOUNDS = {"median": 3.0, "worst": 10.0}
_STOP = {100: 100.0, 500: 300.0, 2000: 1200.0}
_ALL_INFO = {100: 1000.0, 500: 200.0, 2000: 50.0}
_STATUS = {100: 70.0, 500: 90.0, 2000: 180.0}
_MEMORY = {100: 45.0, 500: 50.0, 2000: 70.0}


def starts(count: int) -> Work:
    return Work(f"{count:,} programs exec'd after the first", "ms", times_limit=2.5)


def respawn(count: int, which: str) -> Work:
    return Work(f"death to exec of the successor, {count:,} programs, {which}", "ms", at_most=RESPAWN_BOUNDS[which])


def stops(count: int) -> Work:
    return Work(f"stop of {count:,} programs that obey at once", "ms", at_most=_STOP.get(count))


def wakeups(count: int) -> Work:
    return Work(f"idle with {count:,} programs: wake-ups", "1/s", at_most=0)


def idle_cpu(count: int) -> Work:
    return Work(f"idle with {count:,} programs: CPU", "% of a core", at_most=0)


def all_info(count: int) -> Work:
    return Work(f"getAllProcessInfo, {count:,} processes", "1/s", at_least=_ALL_INFO.get(count))


def one_state(count: int) -> Work:
    return Work(f"getState, {count:,} configured", "1/s", at_least=2000)


def status(count: int) -> Work:
    return Work(f"supervisorctl status, {count:,} processes", "ms", at_most=_STATUS.get(count))


def quiet_memory(count: int) -> Work:
    return Work(f"memory, nobody has talked to it, its largest process, {count:,} programs", "MiB RSS", at_most=25)


def quiet_memory_of_all(count: int) -> Work:
    return Work(f"memory, nobody has talked to it, all its processes, {count:,} programs", "MiB PSS")


def asked_memory(count: int) -> Work:
    return Work(f"memory after requests, {count:,} programs", "MiB PSS", at_most=_MEMORY.get(count))


def limit(figures: Figures, count: int) -> None:
    """Measure what nobody can beat: a loop that spawns, a loop that kills and waits, an interpreter that starts."""
    with stage() as here, bare_programs(here, count) as (_began, pids):
        moments = [here.births.next()[0] for _ in range(count)]
        figures.add(starts(count), LIMIT, (moments[-1] - moments[0]) * 1000)
        asked = time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)
        figures.add(stops(count), LIMIT, (time.monotonic() - asked) * 1000)
        pids.clear()


def born(here: Stage, count: int) -> tuple[list[float], list[int]]:
    """Wait for ``count`` programs; return the moments and the pids."""
    news = [here.births.next() for _ in range(count)]
    return [moment for moment, _ in news], [pid for _, pid in news]


def start(here: Stage, side: Side, figures: Figures, count: int) -> list[int]:
    """Start one fleet and return the programs' pids."""
    side.start(here, count)
    moments, pids = born(here, count)
    figures.add(FIRST, side.name, (moments[0] - here.started) * 1000)
    figures.add(starts(count), side.name, (moments[-1] - moments[0]) * 1000)
    return pids


def measure(side: Side, figures: Figures, count: int, *, kills: int, idle: float) -> None:
    """Lead one fleet through its life.  Without ``kills`` and ``idle`` these two are left out."""
    with stage() as here:
        pids = start(here, side, figures, count)
        time.sleep(SETTLE)
        own = [pid for pid in here.members() if pid not in set(pids)]  # the supervisor with all its helpers
        if idle:
            watch_idle(own, figures, side.name, count, idle)
        if isinstance(side, Ini):
            figures.add(quiet_memory(count), side.name, max(memory([pid])[0] for pid in own))
            figures.add(quiet_memory_of_all(count), side.name, memory(own)[1])
        else:
            figures.add(asked_memory(count), side.name, memory(own)[1])
        if kills:
            times = respawn_times(here.births, pids, kills)
            figures.add(respawn(count, "median"), side.name, statistics.median(times))
            figures.add(respawn(count, "worst"), side.name, max(times))
        if isinstance(side, Ini):
            talk(here, side, figures, count)


def watch_idle(pids: list[int], figures: Figures, side: str, count: int, seconds: float) -> None:
    """Count what the supervisor does in a time in which nothing happens."""
    before, cpu_before = cost_so_far(pids)
    time.sleep(seconds)
    after, cpu_after = cost_so_far(pids)
    figures.add(wakeups(count), side, (after - before) / seconds)
    figures.add(idle_cpu(count), side, 100 * (cpu_after - cpu_before) / seconds)


class Victims:
    """The programs of a fleet that are killed one after the other, each in its second life at the earliest.

    ``times`` are milliseconds from before the kill to the first act of the successor.
    """

    def __init__(self, births: Births, pids: list[int]) -> None:
        self.times: list[float] = []
        self._births = births
        self._pids = pids
        self._ages = dict.fromkeys(pids, 0.0)

    def kill_next(self) -> None:
        """Kill one and wait for its successor."""
        turn = len(self.times) % len(self._pids)
        pid = self._pids[turn]
        time.sleep(max(0.0, self._ages[pid] + SECOND_LIFE - time.monotonic()))
        killed = time.monotonic()
        kill(pid)
        moment, successor = self._births.next()
        self.times.append((moment - killed) * 1000)
        self._pids[turn] = successor
        self._ages[successor] = moment


def respawn_times(births: Births, pids: list[int], kills: int) -> list[float]:
    """Kill so many of these programs, or as many as there is time for; return milliseconds."""
    victims = Victims(births, pids)
    give_up = time.monotonic() + KILLING
    while len(victims.times) < kills and (not victims.times or time.monotonic() < give_up):
        victims.kill_next()
    return victims.times


def talk(here: Stage, side: Ini, figures: Figures, count: int) -> None:
    """Ask the daemon, look at its memory, stop everything."""
    client = connect(here)
    figures.add(one_state(count), side.name, rate(client, "getState"))
    figures.add(all_info(count), side.name, rate(client, "getAllProcessInfo"))
    figures.add(status(count), side.name, status_time(here, side))
    figures.add(asked_memory(count), side.name, memory(here.daemon())[1])
    asked = time.monotonic()
    client.call("stopAllProcesses")
    figures.add(stops(count), side.name, (time.monotonic() - asked) * 1000)
    client.close()


def rate(client: Client, method: str, *params: object, seconds: float = ASKING) -> float:
    """Ask on one connection, one question after the other; return answers per second."""
    whole = question(method, params)
    client.ask(whole)  # what is done once is not measured
    began, asked = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        client.ask(whole)
        asked += 1
    return asked / (time.monotonic() - began)


def elapsed(act: Callable[[], object]) -> float:
    """Return the milliseconds that ``act`` takes."""
    began = time.monotonic()
    act()
    return (time.monotonic() - began) * 1000


def status_time(here: Stage, side: Ini, runs: int = 7) -> float:
    """Return the median of the whole process ``supervisorctl status``, warm, without its first run."""
    command: list[str | Path] = [side.bin / "supervisorctl", "-c", here.home / "conf", "status"]

    def act() -> None:  # without a timeout, with which the wait would be a look every 50 ms
        subprocess.run(command, stdout=subprocess.DEVNULL, env=here.environment, check=True)

    return statistics.median([elapsed(act) for _ in range(runs + 1)][1:])
