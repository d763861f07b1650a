"""Measures Warden and Supervisor 4.3.0 side by side in one run, next to the bare limit of the machine.

    .venv/bin/python benchmarks/run.py                  the whole run: about two minutes
    .venv/bin/python benchmarks/run.py --programs 50    a quick look

What is measured:

respawn   from the kill of a program to the first act of its successor
start     from the exec of the daemon to the first act of the first and of the last program
idle      voluntary context switches (wake-ups) and CPU time of the daemon while nothing happens

The programs are shell scripts that write their pid into a fifo as their first act; the moment is taken (monotonic
clock) when that line is read here, so every figure includes the start of one shell. The bare limit is a posix_spawn
loop over the same script. The sides take turns, so that a change of the machine's mood meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALARM = 120.0
"""Seconds without news after which the run is given up."""
SETTLE = 3.0
"""Seconds between the start of the last program and the look at an idle daemon."""

PROGRAM = """\
#!/bin/sh
echo "$$" >"$BIRTHS"
read forever
"""

CONFIG = """\
[unix_http_server]
file={home}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
logfile={home}/log
pidfile={home}/pid
childlogdir={home}
minfds={minfds}
[program:p]
command=/bin/sh {home}/program
process_name=%(program_name)s_%(process_num)04d
numprocs={count}
autorestart=true
startsecs=0
redirect_stderr=true
stdout_logfile=NONE
"""


@dataclass(slots=True)
class Figures:
    """What was measured of one side; times in milliseconds, lists in the order of the repetitions."""

    respawn_ms: list[float] = field(default_factory=list)
    first_start_ms: list[float] = field(default_factory=list)
    last_start_ms: list[float] = field(default_factory=list)
    wakeups: list[int] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


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

    def next(self) -> tuple[float, int]:
        """Return (moment on the monotonic clock, pid) of the next program that begins."""
        try:
            return self._heard.get(timeout=ALARM)
        except queue.Empty:
            raise SystemExit(f"no program began within {ALARM:.0f} seconds; see {self.path.parent}") from None


class Stage:
    """One running daemon (or bare loop) with its programs, in a folder and a session of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.births = Births(home / "births")
        (home / "program").write_text(PROGRAM)
        self.environment = {"PATH": os.defpath, "BIRTHS": str(self.births.path)}
        self.started = 0.0
        self.daemon: subprocess.Popen[bytes] | None = None

    def start_daemon(self, command: Path, count: int) -> None:
        """Start supervisord with ``count`` programs."""
        config = self.home / "conf"
        config.write_text(CONFIG.format(home=self.home, count=count, minfds=1024 + 4 * count))
        with (self.home / "out").open("wb") as output:
            self.started = time.monotonic()
            self.daemon = subprocess.Popen(
                [command, "-n", "-c", config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )

    def close(self) -> None:
        """Kill everything that was started here."""
        if self.daemon is not None:
            while left := list(session_members(self.daemon.pid)):
                for pid in left:
                    kill(pid)
                self.daemon.poll()
            self.daemon.wait()
        self.births.close()


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a stage in a temporary folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
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


def session_members(session: int) -> Iterator[int]:
    """Find the live processes of a session."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, member_of = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if int(member_of) == session and state not in "ZX":
            yield int(stat.parent.name)


@contextmanager
def bare_programs(here: Stage, count: int) -> Iterator[float]:
    """Spawn the programs in a plain loop; give the moment at which the loop began."""
    silent, never_written = os.pipe()  # what the programs read from
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, silent, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    command = ["/bin/sh", str(here.home / "program")]
    pids: list[int] = []
    try:
        began = time.monotonic()
        pids.extend(
            os.posix_spawn(command[0], command, here.environment, file_actions=actions, setpgroup=0)
            for _ in range(count)
        )
        yield began
    finally:
        for pid in pids:
            kill(pid)
            os.waitpid(pid, 0)
        for descriptor in (silent, never_written, null):
            os.close(descriptor)


def cost_so_far(pid: int) -> tuple[int, float]:
    """Return the wake-ups and the CPU milliseconds of a process since it began, all its threads together."""
    wakeups = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        wakeups += int(lines["voluntary_ctxt_switches"])
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return wakeups, (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure_respawn(sides: dict[str, Path], figures: dict[str, Figures], kills: int) -> None:
    """Kill one program of every daemon in turn; both daemons live all the time."""
    with ExitStack() as stages:
        here = {name: stages.enter_context(stage()) for name in sides}
        pids = {}
        for name, command in sides.items():
            here[name].start_daemon(command, 1)
            pids[name] = here[name].births.next()[1]
        limit = stages.enter_context(stage())
        for _ in range(kills):
            for name in sides:
                killed = time.monotonic()
                os.kill(pids[name], signal.SIGKILL)
                born, pids[name] = here[name].births.next()
                figures[name].respawn_ms.append((born - killed) * 1000)
            with bare_programs(limit, 1) as began:
                figures["bare limit"].respawn_ms.append((limit.births.next()[0] - began) * 1000)


def measure_start(here: Stage, began: float, count: int, of: Figures) -> None:
    """Wait for every program and note when the first and the last began."""
    moments = [here.births.next()[0] for _ in range(count)]
    of.first_start_ms.append((moments[0] - began) * 1000)
    of.last_start_ms.append((moments[-1] - began) * 1000)


def measure_fleet(sides: dict[str, Path], figures: dict[str, Figures], count: int, seconds: float) -> None:
    """Start many programs, bare and under every daemon; then watch each daemon do nothing."""
    with stage() as here, bare_programs(here, count) as began:
        measure_start(here, began, count, figures["bare limit"])
    for name, command in sides.items():
        with stage() as here:
            here.start_daemon(command, count)
            measure_start(here, here.started, count, figures[name])
            if seconds:
                measure_idle(here, seconds, figures[name])


def measure_idle(here: Stage, seconds: float, of: Figures) -> None:
    """Count what the daemon does in a time in which nothing happens."""
    assert here.daemon is not None
    time.sleep(SETTLE)
    wakeups, cpu = cost_so_far(here.daemon.pid)
    time.sleep(seconds)
    wakeups_after, cpu_after = cost_so_far(here.daemon.pid)
    of.wakeups.append(wakeups_after - wakeups)
    of.cpu_ms.append(cpu_after - cpu)


def table(figures: dict[str, Figures], options: argparse.Namespace) -> str:
    """Lay the medians out, one row per work, one column per side."""

    def spread(values: list[float]) -> str:
        return f"{statistics.median(values):,.1f} ({min(values):,.1f} - {max(values):,.1f})" if values else "-"

    rows: list[tuple[str, Callable[[Figures], list[float]]]] = [
        (f"respawn of a killed program, ms, {options.kills} times", lambda side: side.respawn_ms),
        (f"exec of the daemon to first of {options.programs} programs, ms", lambda side: side.first_start_ms),
        (f"exec of the daemon to last of {options.programs} programs, ms", lambda side: side.last_start_ms),
        (
            f"wake-ups in {options.idle:g} s with {options.programs} idle programs",
            lambda side: [*map(float, side.wakeups)],
        ),
        (f"CPU time in {options.idle:g} s, ms", lambda side: side.cpu_ms),
    ]
    lines = [["median (least - most)", *figures]]
    lines += [[title, *(spread(values(side)) for side in figures.values())] for title, values in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", type=int, default=500, help="programs in the fleet (%(default)s)")
    parser.add_argument("--kills", type=int, default=30, help="kills for the respawn time (%(default)s)")
    parser.add_argument("--starts", type=int, default=3, help="starts of the fleet (%(default)s)")
    parser.add_argument("--idle", type=float, default=10, help="seconds of idleness (%(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "results" / "latest.json")
    return parser.parse_args()


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = arguments()
    sides = {
        "Warden": Path(sys.executable).parent / "supervisord",
        "Supervisor 4.3.0": ROOT / ".venv-supervisor" / "bin" / "supervisord",
    }
    for name, command in sides.items():
        if not command.exists():
            raise SystemExit(f"{name} is not installed: {command} is missing; run scripts/environment")
    figures = {name: Figures() for name in (*sides, "bare limit")}
    measure_respawn(sides, figures, options.kills)
    for repetition in range(options.starts):
        measure_fleet(sides, figures, options.programs, 0 if repetition else options.idle)
    print(table(figures, options))
    machine = {"system": platform.platform(), "python": platform.python_version(), "processors": os.cpu_count()}
    work = {name: getattr(options, name) for name in ("programs", "kills", "starts", "idle")}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    sides_found = {name: asdict(side) for name, side in figures.items()}
    options.json.write_text(json.dumps({"machine": machine, "work": work, "sides": sides_found}, indent=2) + "\n")
    print(f"\nAll figures: {options.json}")


if __name__ == "__main__":
    main()
