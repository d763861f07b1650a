"""Programs that show what happened to them, for daemons that are killed or replaced."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.sides import Side
from harness.waiting import until

linux_only = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs process descriptors")

COUNTER = """\
import os, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
number = 0
while True:
    signal.pause()
    for fd in map(int, sys.argv[1:] or "1"):
        try:
            os.write(fd, b"%d:%d\\n" % (fd, number))
        except OSError:
            pass
    number += 1
"""
LISTENER = """\
import sys
while True:
    sys.stdout.write("READY\\n")
    sys.stdout.flush()
    header = dict(pair.split(":") for pair in sys.stdin.readline().split())
    payload = sys.stdin.read(int(header["len"]))
    sys.stderr.write(header["eventname"] + " " + payload + "\\n")
    sys.stderr.flush()
    sys.stdout.write("RESULT 2\\nOK")
    sys.stdout.flush()
"""
ECHO = """\
import sys
for line in sys.stdin:
    print("got", line, end="", flush=True)
"""
GREETER = """\
import socket
listener = socket.socket(fileno=0)
while True:
    guest, _address = listener.accept()
    guest.sendall(b"hello")
    guest.close()
"""


def script(home: Path, name: str, text: str) -> str:
    """Write a program and return the command that runs it."""
    home.mkdir(exist_ok=True)
    (home / name).write_text(text)
    return f"{sys.executable} -S {home / name}"


def brain_of(daemon: Daemon) -> int:
    """Return the pid of the process that runs the daemon's code."""
    keeper = int(daemon.ctl("pid").stdout)
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
    [brain] = [int(pid) for pid, parent, name in rows if int(parent) == keeper and name == "warden-brain"]
    return brain


def kill_both(daemon: Daemon) -> None:
    """End keeper and brain as the OOM killer does: neither finds the time to notice that the other one is gone.

    The keeper is halted and not the brain: the kernel sends SIGHUP to who is halted when its parent dies.
    """
    brain = brain_of(daemon)
    daemon.popen.send_signal(signal.SIGSTOP)
    os.kill(brain, signal.SIGKILL)
    daemon.popen.kill()
    daemon.popen.wait(40)
    until(lambda: not alive(brain), lambda: f"the brain {brain} is dead")


def alive(pid: int) -> bool:
    """Tell whether a process lives; one that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def numbers(home: Path, log: str, channel: int = 1) -> list[int]:
    """Return the numbers of one channel of a COUNTER in a log and its rotated files, the oldest first."""
    text = until(lambda: _text(home, log), lambda: f"{log} was not rotated while it was read")
    whole = text[: text.rfind("\n") + 1]
    return [int(line[2:]) for line in whole.splitlines() if line.startswith(f"{channel}:")]


def _text(home: Path, log: str) -> str | None:
    """Return what a log and its rotated files hold, None if one of them was renamed meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        before = _files(home, log)
        text = "".join(path.read_text() for path, _inode in before)
        if before == _files(home, log):
            return text or "\n"
    return None


def _files(home: Path, log: str) -> list[tuple[Path, int]]:
    rotated = sorted(home.glob(f"{log}.*"), key=lambda path: -int(path.suffix[1:]))
    return [(path, path.stat().st_ino) for path in (*rotated, home / log)]


def counted(home: Path, log: str, channel: int = 1) -> int:
    """Return how many lines a COUNTER has written; none is missing and none is there twice."""
    found = numbers(home, log, channel)
    assert found == list(range(len(found))), f"{log}: lines are missing or doubled"
    return len(found)


class Successor(Daemon):
    """A daemon in a directory where another one was before."""

    def __init__(self, side: Side, before: Daemon, *options: str) -> None:
        text = before.conf.read_text()
        super().__init__(side, before.home, text, server="", options=options)
