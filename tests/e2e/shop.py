"""The stack of ``examples/``, run from a copy on ports that are free here."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.daemon import ALARM, Daemon, environment
from harness.sides import ROOT, Side
from harness.waiting import until

COMMANDS = {"redis": "redis-server", "nginx": "nginx", "flask": "gunicorn"}
PATH = os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/usr/local/sbin"))


class Shop:
    """A copy of the examples with some of its programs; nothing but numbers of ports is changed in it."""

    def __init__(self, side: Side, folder: Path, programs: Iterable[str]) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.programs = folder / "conf.d"
        self._ports = free_block_of_ports()
        _copy_examples(folder, set(programs))
        block = f"{self._ports}"
        replace(folder / "supervisord.conf", {'"6379"': f'"{block}5"', '"800"': f'"{block}"', '"8090"': f'"{block}7"'})
        replace(
            folder / "nginx" / "nginx.conf",
            {"127.0.0.1:8080": f"127.0.0.1:{block}6", "127.0.0.1:800": f"127.0.0.1:{block}"},
        )
        self.daemon = Daemon(side, folder, (folder / "supervisord.conf").read_text(), server="")
        self._opened = False

    def open(self, path: str = PATH) -> None:
        """Start the daemon; ``path`` is where it looks for the programs."""
        self._opened = True
        self.daemon.start(environment(PATH=path))

    def close(self) -> None:
        """End everything, whatever happened."""
        if self._opened:
            self.daemon.close()

    def flask_port(self, number: int) -> int:
        """Return the port of the Flask process of that number."""
        return self._ports * 10 + number

    @property
    def redis_port(self) -> int:
        """The port of redis."""
        return self._ports * 10 + 5

    @property
    def nginx_port(self) -> int:
        """The port of nginx."""
        return self._ports * 10 + 6

    def wait_running(self, *processes: str, times: int = 1) -> None:
        """Return when each process has entered RUNNING that many times."""
        for process in processes:
            self.daemon.wait_line(f"success: {process} entered RUNNING state", times)

    def said(self, *words: str) -> list[str]:
        """Run a supervisorctl action that must succeed; return the lines that it printed."""
        ran = self.daemon.ctl(*words)
        assert (ran.rc, ran.stderr) == (0, ""), (words, ran)
        return ran.stdout.splitlines()

    def pid_of(self, process: str) -> int:
        """Return the pid of a running process."""
        return int(self.said("pid", process)[0])

    def shut_down(self) -> None:
        """Ask for a shutdown and see that nothing is left of it: process, socket, pid file, port."""
        assert self.said("shutdown") == ["Shut down"]
        assert self.daemon.wait_end() == 0
        assert leftovers(self.daemon) == set()
        assert not list(self.run.glob("supervisor*.sock")) + list(self.run.glob("*.pid"))
        assert not [port for port in range(self.flask_port(0), self.flask_port(10)) if _is_open(port)]


def leftovers(daemon: Daemon) -> set[int]:
    """Return the pids of the daemon and of everything that it started and that still lives."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listing.stdout.splitlines())
    return {int(pid) for pid, session, state in rows if session == str(daemon.popen.pid) and not state.startswith("Z")}


def need(programs: Mapping[str, str], path: str = PATH) -> None:
    """Skip the test, with the reason, unless the commands of the programs are installed; fail it in CI."""
    absent = [command for command in programs.values() if shutil.which(command, path=path) is None]
    if absent and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(absent)}; CI must run this test")
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")


def replace(path: Path, changes: Mapping[str, str]) -> None:
    """Replace texts in a file; each must be there."""
    text = path.read_text()
    for old, new in changes.items():
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


def fetch(port: int, path: str = "/") -> str:
    """Return the body of a page on this machine, as soon as somebody answers on the port."""
    until(lambda: _is_open(port), lambda: f"port {port} opens")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=ALARM) as answer:
        return str(answer.read().decode())


def ask_redis(port: int, command: str) -> str:
    """Send one inline command to redis, as soon as it listens, and return the first line of its answer."""
    until(lambda: _is_open(port), lambda: f"port {port} opens")
    with socket.create_connection(("127.0.0.1", port), timeout=ALARM) as connection:
        connection.sendall(command.encode() + b"\r\n")
        with connection.makefile() as answer:
            return answer.readline().strip()


def free_block_of_ports() -> int:
    """Return N such that the ports N0 to N9 are free; they lie below those that the system gives out itself."""
    for block in random.Random().sample(range(1100, 3200), 200):
        with ExitStack() as sockets:
            try:
                for last in range(10):
                    sockets.enter_context(socket.socket()).bind(("127.0.0.1", block * 10 + last))
            except OSError:
                continue
            return block
    raise AssertionError("no ten free ports in a row")


def _copy_examples(folder: Path, programs: set[str]) -> None:
    def unwanted(directory: str, names: list[str]) -> set[str]:
        if Path(directory).name == "conf.d":
            return set(names) - {f"{program}.conf" for program in programs}
        return {"run", "__pycache__"}.intersection(names)

    shutil.copytree(ROOT / "examples", folder, ignore=unwanted)
    (folder / "run" / "tmp").mkdir(parents=True)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
