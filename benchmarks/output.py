"""What the output of programs costs: a flood from one, and a little from many."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.figures import LIMIT, Figures, Work
from benchmarks.sides import Ini
from benchmarks.stage import Stage, cost_so_far, stage, wait_until
from benchmarks.wire import Client, connect, question

GIB = 1024**3
CHUNK_BYTES = 64 * 1024
SETTLE = 10.0
"""Seconds within which all that was written must be in the files."""
CHATTERERS, LINES_PER_SECOND = 100, 50

CHATTY = Work(f"{CHATTERERS} programs x {LINES_PER_SECOND} lines/s", "% of a core", at_most=5)
LATENCY = {"median": None, "worst": 10.0}

_FLOOD = """\
[program:flood]
command=dd if=/dev/zero bs={chunk} count={chunks}
autostart=false
autorestart=false
startsecs=0
stderr_logfile=NONE
stdout_logfile={home}/flood.log
stdout_logfile_maxbytes={maxbytes}
stdout_logfile_backups=1000
"""
_CHATTER = """\
[program:p]
command={python} -I -S {home}/chatter
process_name=%(program_name)s_%(process_num)04d
numprocs={count}
startsecs=0
redirect_stderr=true
stdout_logfile={home}/%(program_name)s_%(process_num)04d.log
"""
_CHATTERER = """\
import os, time
at = time.monotonic()
while True:
    os.write(1, b"one line of output, as programs write them when something has happened\\n")
    at += 1 / {rate}
    time.sleep(max(0, at - time.monotonic()))
"""


def flood_rate(kind: str) -> Work:
    return Work(f"one program writes as fast as it can, {kind}", "MB/s", times_limit=1.0)


def flood_cost(kind: str) -> Work:
    return Work(f"one program writes as fast as it can, {kind}: the supervisor's CPU", "s/GiB", at_most=0.8)


def flood_lost(kind: str) -> Work:
    return Work(f"one program writes as fast as it can, {kind}: lost", "bytes", at_most=0)


def flood_answer(kind: str, which: str) -> Work:
    return Work(f"one program writes as fast as it can, {kind}: an RPC meanwhile, {which}", "ms", LATENCY[which])


def warm_up(folder: Path, total: int) -> None:
    """Let the system have so much memory at hand for files: on a virtual machine the host charges for its first use."""
    file = folder / "warm"
    subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=1M", f"count={total >> 20}", "status=none"], check=True)
    file.unlink()


def limit(figures: Figures, kind: str, total: int) -> None:
    """Let ``cat`` do it: from a pipe into a file."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        dd = ["dd", "if=/dev/zero", f"bs={CHUNK_BYTES}", f"count={total // CHUNK_BYTES}"]
        warm_up(Path(folder), total)
        began = time.monotonic()
        with (Path(folder) / "log").open("wb") as log:
            writer = subprocess.Popen(dd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            reader = subprocess.Popen(["cat"], stdin=writer.stdout, stdout=log)
            assert writer.stdout is not None
            writer.stdout.close()
            reader.wait(timeout=600)
            writer.wait(timeout=600)
        figures.add(flood_rate(kind), LIMIT, total / (time.monotonic() - began) / 1e6)


def flood(side: Ini, figures: Figures, kind: str, total: int) -> None:
    """Let one program write ``total`` bytes; ask for the daemon's state all the while."""
    with stage() as here:
        maxbytes = 50 * 1024 * 1024 if kind == "rotating" else 0
        chunks = total // CHUNK_BYTES
        side.start_with(here, _FLOOD.format(home=here.home, chunk=CHUNK_BYTES, chunks=chunks, maxbytes=maxbytes))
        client = connect(here)
        warm_up(here.home, total)
        with Asking(here) as asking:
            _, cpu_before = cost_so_far(here.daemon())
            began = time.monotonic()
            client.call("startProcess", "flood", False)
            wait_until(lambda: b"EXITED" in client.call("getProcessInfo", "flood"), "the end of the flood", pause=0.05)
            seconds = time.monotonic() - began
            _, cpu_after = cost_so_far(here.daemon())
        written = kept(here.home, total)
        figures.add(flood_rate(kind), side.name, total / seconds / 1e6)
        figures.add(flood_cost(kind), side.name, (cpu_after - cpu_before) / (total / GIB))
        figures.add(flood_lost(kind), side.name, total - written)
        figures.add(flood_answer(kind, "median"), side.name, statistics.median(asking.times))
        figures.add(flood_answer(kind, "worst"), side.name, max(asking.times))
        client.close()


def kept(home: Path, total: int) -> int:
    """Return the bytes in the log and its rotated files; what is renamed meanwhile is looked at again."""
    give_up = time.monotonic() + SETTLE
    while True:
        try:
            written = sum(log.stat().st_size for log in home.glob("flood.log*"))
        except FileNotFoundError:
            written = 0
        if written == total or time.monotonic() > give_up:
            return written
        time.sleep(0.05)


class Asking:
    """Asks for the state of the daemon every few milliseconds, in a thread; ``times`` are milliseconds."""

    def __init__(self, here: Stage) -> None:
        self.times: list[float] = []
        self._client = Client(here.home / "sock")
        self._client.call("getState")  # the first answer comes after the import of the server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()

    def _ask(self) -> None:
        whole = question("getState")
        while not self._over.wait(0.02):
            asked = time.monotonic()
            self._client.ask(whole)
            self.times.append((time.monotonic() - asked) * 1000)


def chatter(side: Ini, figures: Figures, seconds: float) -> None:
    """Let many programs speak now and then."""
    with stage() as here:
        (here.home / "chatter").write_text(_CHATTERER.format(rate=LINES_PER_SECOND))
        sections = _CHATTER.format(python=sys.executable, home=here.home, count=CHATTERERS)
        side.start_with(here, sections)
        log = here.home / f"p_{CHATTERERS - 1:04}.log"
        wait_until(lambda: log.exists() and log.stat().st_size, "the last program's first line")
        time.sleep(2)
        _, before = cost_so_far(here.daemon())
        time.sleep(seconds)
        _, after = cost_so_far(here.daemon())
        figures.add(CHATTY, side.name, 100 * (after - before) / seconds)
