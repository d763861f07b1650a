"""The supervisors that are compared, and how each is told to run a number of programs."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.stage import Stage, kill

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-peers"  # where scripts/peers puts what no package of the system provides

DAEMON = """\
[unix_http_server]
file={home}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{home}/sock
[supervisord]
logfile={home}/log
pidfile={home}/pid
childlogdir={home}
minfds={minfds}
"""
PROGRAMS = """\
[program:p]
command=/bin/sh {home}/program
process_name=%(program_name)s_%(process_num)04d
numprocs={count}
autorestart=true
startsecs=0
stdout_logfile=NONE
redirect_stderr=true
"""


class Side(Protocol):
    """One way to run programs."""

    @property
    def name(self) -> str:
        """What it is called in the table."""
        ...

    @property
    def most(self) -> int:
        """How many programs it can, or can in a bearable time."""
        ...

    def missing(self) -> str:
        """Say what is not installed; empty if all is there."""
        ...

    def start(self, here: Stage, count: int) -> None:
        """Begin to run ``count`` programs."""
        ...


@dataclass(frozen=True)
class Ini:
    """A daemon with Supervisor's configuration and Supervisor's RPC: Warden, or the ancestor."""

    name: str
    bin: Path
    most: int = 2000

    def missing(self) -> str:
        return "" if (self.bin / "supervisord").exists() else f"{self.bin}/supervisord"

    def start(self, here: Stage, count: int) -> None:
        self.start_with(here, PROGRAMS.format(home=here.home, count=count), count)

    def start_with(self, here: Stage, sections: str, count: int = 100, options: str = "") -> None:
        """Start the daemon with program sections, and ``options`` of its own, for ``count`` processes."""
        configuration = here.home / "conf"
        configuration.write_text(DAEMON.format(home=here.home, minfds=1024 + 4 * count) + options + sections)
        here.run([self.bin / "supervisord", "-n", "-s", "-c", configuration])


@dataclass(frozen=True)
class Scanned:
    """A supervisor of the daemontools family: it scans a folder of services."""

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    most: int = 1000

    def missing(self) -> str:
        return "" if shutil.which(self.program) else self.program

    def start(self, here: Stage, count: int) -> None:
        scan = here.home / "scan"
        for number in range(count):
            service = scan / f"p_{number:04}"
            service.mkdir(parents=True)
            shutil.copy(here.program, service / "run")
        here.run([self.program, *self.arguments, scan])


@dataclass(frozen=True)
class Circus:
    """Circus: one watcher with many processes."""

    name: str = "circus"
    most: int = 100

    @property
    def _program(self) -> Path:
        return PEERS / "circus" / "bin" / "circusd"

    def missing(self) -> str:
        return "" if self._program.exists() else str(self._program)

    def start(self, here: Stage, count: int) -> None:
        (here.home / "circus.ini").write_text(
            f"[circus]\nendpoint=ipc://{here.home}/c1\npubsub_endpoint=ipc://{here.home}/c2\n"
            f"[watcher:p]\ncmd=/bin/sh {here.program}\nnumprocesses={count}\ncopy_env=True\nmax_retry=-1\n"
        )
        here.run([self._program, here.home / "circus.ini"])


@dataclass(frozen=True)
class Pm2:
    """PM2 in the foreground; many instances of one script."""

    name: str = "PM2"
    most: int = 100

    @property
    def _program(self) -> Path:
        return PEERS / "pm2" / "node_modules" / ".bin" / "pm2-runtime"

    def missing(self) -> str:
        return "" if self._program.exists() and shutil.which("node") else str(self._program)

    def start(self, here: Stage, count: int) -> None:
        app = {"script": str(here.program), "interpreter": "/bin/sh", "cwd": str(here.home)}
        logs = {"out_file": "/dev/null", "error_file": "/dev/null"}
        names = [f"p_{number:04}" for number in range(count)]
        # PM2 removes its pid files in the end, whatever they are: /dev/null would be gone.
        apps = [{"name": name, "pid_file": str(here.home / f"{name}.pid"), **app, **logs} for name in names]
        (here.home / "apps.json").write_text(json.dumps({"apps": apps}))
        here.run([self._program, "start", here.home / "apps.json"], {"PM2_HOME": str(here.home / "pm2")})


@contextmanager
def bare_programs(here: Stage, count: int) -> Iterator[tuple[float, list[int]]]:
    """Spawn the programs in a plain loop, which is the limit; give the moment at which it began, and the pids."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (0, 1, 2)]
    command = ["/bin/sh", str(here.program)]
    pids: list[int] = []
    try:
        began = time.monotonic()
        pids.extend(
            os.posix_spawn(command[0], command, here.environment, file_actions=actions, setpgroup=0)
            for _ in range(count)
        )
        yield began, pids
    finally:
        for pid in pids:
            kill(pid)
            os.waitpid(pid, 0)
        os.close(null)


def daemons(warden: Path) -> tuple[Ini, Ini]:
    """Return Warden, whose commands are in the folder ``warden``, and Supervisor 4.3.0."""
    return Ini("Warden", warden), Ini("Supervisor 4.3.0", ROOT / ".venv-supervisor" / "bin")


def peers() -> Sequence[Side]:
    """Return everybody else."""
    return (
        Scanned("runit", "runsvdir", ("-P",)),
        Scanned("daemontools", "svscan"),
        Scanned("s6", "s6-svscan", ("-c", "4000"), most=2000),
        Circus(),
        Pm2(),
    )
