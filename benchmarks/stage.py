"""One measured supervisor with all that belongs to it: a folder, the programs' voice, the end of everything."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ALARM = 120.0
"""Seconds without news after which a side is given up."""

BRAIN = "warden-brain"
"""What the part of Warden that its keeper watches over is called in process lists."""

PROGRAM = """\
#!/bin/sh
echo "$$" >"$BENCH_BIRTHS"
read forever <>"$BENCH_SILENCE"
"""
"""What is supervised: its first act is to write its pid; then it waits and obeys SIGTERM at once."""


class NoNews(Exception):
    """What was waited for has not happened within ALARM."""


class Births:
    """The fifo through which programs say that they have begun to run.

    A thread of its own takes the moments, so that a busy spawn loop does not falsify them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._fifo = os.open(path, os.O_RDWR)  # not O_RDONLY: there is always a writer, so never an end
        self._heard: queue.SimpleQueue[tuple[float, int]] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        text = b""
        while not text.startswith(b"close"):
            text += os.read(self._fifo, 65536)
            now = time.monotonic()
            *lines, text = text.split(b"\n")
            for line in lines:
                self._heard.put((now, int(line)))

    def close(self) -> None:
        """End the listener; every program must have been killed before."""
        os.write(self._fifo, b"close")
        self._listener.join()
        os.close(self._fifo)

    def waiting(self) -> int:
        """Return how many programs have begun that nobody has asked for."""
        return self._heard.qsize()

    def next(self) -> tuple[float, int]:
        """Return (moment on the monotonic clock, pid) of the next program that begins.  Raises: NoNews."""
        try:
            return self._heard.get(timeout=ALARM)
        except queue.Empty:
            raise NoNews(f"no program began within {ALARM:.0f} seconds") from None


class Stage:
    """A folder, the births of the programs that run here, and the supervisor that was started last."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.births = Births(home / "births")
        self.program = home / "program"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        os.mkfifo(home / "silence")
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "BENCH_BIRTHS": str(self.births.path),
            "BENCH_SILENCE": str(home / "silence"),
        }
        self.started = 0.0
        self.supervisor: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start the supervisor; ``started`` is the moment before its exec."""
        with (self.home / "out").open("ab") as output:
            self.started = time.monotonic()
            self.supervisor = subprocess.Popen(
                command,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment | dict(environment or {}),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The supervisor's pid."""
        assert self.supervisor is not None
        return self.supervisor.pid

    def members(self) -> list[int]:
        """Find every live process that was started here, however deep: all carry our name in their environment."""
        mark = f"BENCH_BIRTHS={self.births.path}\0".encode()
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if mark in _content(path)]

    def daemon(self) -> list[int]:
        """Find the processes that a daemon consists of: the one that was started, and the brain that it keeps."""
        brain = f"{BRAIN}\n".encode()
        return [pid for pid in self.members() if pid == self.pid or _content(Path(f"/proc/{pid}/comm")) == brain]

    def close(self) -> None:
        """Kill everything that was started here."""
        give_up = time.monotonic() + ALARM
        while (left := self.members()) and time.monotonic() < give_up:
            for pid in left:
                kill(pid)
        if self.supervisor is not None:
            self.supervisor.kill()
            self.supervisor.wait()
        self.births.close()


def _content(path: Path) -> bytes:
    """Read a file of a process; empty if that has ended, or is none of our business."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a stage in a temporary folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        here = Stage(Path(folder))
        try:
            yield here
        finally:
            here.close()


def kill(pid: int) -> None:
    """Send SIGKILL to a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(fact: Callable[[], object], what: str, pause: float = 0.01) -> None:
    """Look until ``fact()`` is true.  Raises: NoNews."""
    give_up = time.monotonic() + ALARM
    while not fact():
        if time.monotonic() > give_up:
            raise NoNews(f"{what}: not within {ALARM:.0f} seconds")
        time.sleep(pause)


def cost_so_far(pids: Sequence[int]) -> tuple[int, float]:
    """Return the wake-ups and the CPU seconds of some processes since they began, all threads together."""
    wakeups, ticks = 0, 0
    for pid in pids:
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            lines = dict(line.split(b":", 1) for line in _content(status).splitlines())
            wakeups += int(lines.get(b"voluntary_ctxt_switches", 0))  # none: that thread has just ended
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return wakeups, ticks / os.sysconf("SC_CLK_TCK")


def memory(pids: Sequence[int]) -> tuple[float, float]:
    """Return the RSS and the PSS in MiB of some processes."""
    rss = pss = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        values = {line.split(":")[0]: int(line.split()[1]) for line in rollup[1:]}
        rss, pss = rss + values["Rss"], pss + values["Pss"]
    return rss / 1024, pss / 1024
