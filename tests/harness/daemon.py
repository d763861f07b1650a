"""A real supervisord in the foreground, with the facts about it that tests wait for and compare."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import rpc
from harness.sides import WARDEN, Side
from harness.waiting import until

ALARM = 60.0  # seconds after which a test gives up on a program; never a measurement

SERVER = """\
[unix_http_server]
file = %(here)s/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%(here)s/s
[supervisord]
logfile = %(here)s/main.log
pidfile = %(here)s/pid
childlogdir = %(here)s
loglevel = info
"""

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]{4}) (?P<message>.*)")


def environment(**more: str) -> dict[str, str]:
    """Return the small, fixed environment in which both sides run."""
    measuring = {name: value for name, value in os.environ.items() if name.startswith(("COV_", "COVERAGE_"))}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8", "TZ": "UTC", **measuring, **more}


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    stdout: str
    stderr: str
    rc: int


def run(command: Sequence[str], cwd: Path, *, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Ran:
    """Run one command to its end, in the fixed environment and without a terminal."""
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin.encode()}
    done = subprocess.run(
        command, cwd=cwd, env=env or environment(), capture_output=True, timeout=ALARM, check=False, **given
    )
    return Ran(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode)


def entries(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Read activity log lines as (level, message); further lines of a message are part of it."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if match := _LINE.match(line):
            found.append((match["level"], match["message"]))
        elif found:
            level, message = found.pop()
            found.append((level, f"{message}\n{line}"))
    return found


def with_keeper(config: str, wanted: str | None) -> str:
    """Return the configuration, with the keeper ``off`` if that is wanted: WARDEN_TEST_KEEPER says so for all tests."""
    return config.replace("[supervisord]\n", "[supervisord]\nkeeper = false\n", 1) if wanted == "off" else config


class Daemon:
    """One supervisord of one side, living in its own directory.

    The configuration stands in ``<home>/conf``, the socket is ``<home>/s``.  Use
    it as a context manager: leaving ends the daemon and everything it started.
    """

    def __init__(self, side: Side, home: Path, config: str, *, server: str = SERVER, options: Sequence[str] = ()):
        self.side = side
        self.home = home
        self.socket = home / "s"
        self.port: int | None = None
        home.mkdir(exist_ok=True)
        self.conf = home / "conf"
        self._server = with_keeper(server, os.environ.get("WARDEN_TEST_KEEPER")) if side is WARDEN else server
        self.conf.write_text(self._server + config)
        self._options = tuple(options)
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, env: Mapping[str, str] | None = None) -> None:
        """Start it, also once more after its end, and return when it says that it has started."""
        self._lines, self._ended = [], False
        with (self.home / "stderr").open("ab") as errors:
            self.popen = subprocess.Popen(
                [self.side.command("supervisord"), "-n", "-c", str(self.conf), *self._options],
                cwd=self.home,
                env=env or environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self.wait_line("supervisord started with pid")
        except BaseException:
            self.close()
            raise

    def _listen(self) -> None:
        assert self.popen.stdout is not None
        rest = b""
        poller = select.poll()
        poller.register(self.popen.stdout, select.POLLIN)
        with self.popen.stdout as output:
            while not self._ended:
                poller.poll()
                with self._changed:  # reading and storing are one step, see _all_read
                    data = os.read(output.fileno(), 65536)
                    *lines, rest = (rest + data).split(b"\n")
                    self._lines += [line.decode(errors="replace") for line in lines]
                    self._ended = not data
                    self._changed.notify_all()

    def _all_read(self) -> bool:
        """Tell whether all that the daemon has written up to now is in ``_lines``; needs the lock."""
        if self._ended or self.popen.stdout is None:
            return True
        waiting = array("i", [0])
        fcntl.ioctl(self.popen.stdout.fileno(), termios.FIONREAD, waiting)
        return waiting[0] == 0

    def rewrite(self, config: str) -> None:
        """Give it another configuration, which it reads when it is told to."""
        self.conf.write_text(self._server + config)

    # --- facts

    @property
    def lines(self) -> list[str]:
        """What it has written to its stdout so far: the activity log."""
        with self._changed:
            self._changed.wait_for(self._all_read, ALARM)
            return list(self._lines)

    def log(self) -> list[tuple[str, str]]:
        """Return the activity log as (level, message); see ``entries``."""
        return entries(self.lines)

    def wait_line(self, pattern: str, count: int = 1) -> None:
        """Return when the activity log has ``count`` lines in which the pattern is found."""
        wanted = re.compile(pattern)

        def seen() -> bool:
            return self._ended or sum(1 for line in self._lines if wanted.search(line)) >= count

        with self._changed:
            self._changed.wait_for(seen, ALARM)
            found = sum(1 for line in self._lines if wanted.search(line))
            errors = (self.home / "stderr").read_text(errors="replace")
            story = "\n".join([*self._lines, errors])
        assert found >= count, f"{self.side.name}: no line {pattern!r} ({found} of {count}) in:\n{story}"

    def wait_state(self, namespec: str, state: str) -> None:
        """Return when the process is in the state of that name."""
        seen: list[str] = []

        def there() -> bool:
            now = self.info(namespec)["statename"]
            if now not in seen[-1:]:
                seen.append(now)
            return bool(now == state)

        until(there, lambda: f"{self.side.name}: {namespec} is {state}, seen: {seen}, log:\n" + "\n".join(self.lines))

    def info(self, namespec: str) -> dict[str, Any]:
        """Return getProcessInfo's struct."""
        answer = self.rpc("supervisor.getProcessInfo", namespec)
        assert "value" in answer, answer
        return dict(answer["value"])

    def pids(self) -> dict[str, int]:
        """Return the pid of every process that has a child, by namespec."""
        rows = self.rpc("supervisor.getAllProcessInfo")["value"]
        return {f"{row['group']}:{row['name']}": row["pid"] for row in rows if row["pid"]}

    def read(self, name: str) -> str:
        """Return the text of a file in its directory."""
        return (self.home / name).read_bytes().decode(errors="replace")

    # --- talking to it

    def rpc(self, method: str, *arguments: Any) -> dict[str, Any]:
        """Call an XML-RPC method over the unix socket; see ``harness.rpc.call``."""
        return rpc.call(self.socket, method, *arguments)

    def ctl(self, *words: str, stdin: str | None = None) -> Ran:
        """Run this side's supervisorctl with the daemon's own configuration file."""
        return run([self.side.command("supervisorctl"), "-c", str(self.conf), *words], self.home, stdin=stdin)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to the daemon itself."""
        self.popen.send_signal(signum)

    def wait_end(self) -> int:
        """Return its exit status once it has ended and everything it wrote has been read."""
        status = self.popen.wait(ALARM)
        self._listener.join(ALARM)
        return status

    def close(self) -> None:
        """End it, by request if it listens, else by force together with all that it started."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(ALARM / 2)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for pid in _session(self.popen.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._listener.join(ALARM / 2)


def _session(leader: int) -> Iterator[int]:
    """Find what is left of the session that a daemon led."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,sess="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, session = line.split()
        if session == str(leader):
            yield int(pid)
