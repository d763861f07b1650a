"""A daemon with programs that keep count, whose brain is killed: what to start, and how to judge it afterwards."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from e2e import counting
from harness.daemon import Daemon
from harness.waiting import until

COUNTING = f"{sys.executable} -S {Path(counting.__file__).resolve()}"
_pause = threading.Event()  # never set


def program(name: str, role: str, *words: object, kind: str = "program", **options: object) -> str:
    """Return the section of a program that plays a role of ``counting``."""
    rows = {"command": " ".join(map(str, (COUNTING, role, name, *words))), "directory": "%(here)s", **options}
    return "\n".join([f"[{kind}:{name}]", *(f"{key} = {value}" for key, value in rows.items()), ""])


def children(pid: int) -> list[int]:
    """Return the pids of the children of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def brain(daemon: Daemon) -> int:
    """Return the pid of the brain, as soon as there is one."""

    def find() -> int:
        for pid in children(daemon.popen.pid):
            with contextlib.suppress(OSError):
                comm = Path(f"/proc/{pid}/comm").read_text().strip()
                if comm == "warden-brain" or b"WARDEN_BRAIN=" in Path(f"/proc/{pid}/environ").read_bytes():
                    return pid
        return 0

    return until(find, lambda: "there is a brain")


def kill_brain(daemon: Daemon) -> int:
    """Kill the brain and return what its pid was, when it is gone."""
    pid = brain(daemon)
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in children(daemon.popen.pid), lambda: f"the keeper has buried brain {pid}")
    return pid


def pass_seconds(seconds: float) -> None:
    """Let a moment come that nothing announces: tests of what happens at any moment choose it themselves."""
    _pause.wait(seconds)


def answer(daemon: Daemon, method: str, *arguments: Any) -> dict[str, Any] | None:
    """Call a method; None if the brain ended before it answered."""
    try:
        return daemon.rpc(method, *arguments)
    except (OSError, http.client.HTTPException):
        return None


def seconds_to_answer(daemon: Daemon) -> float:
    """Return after how long the daemon answers a question."""
    begin = time.monotonic()
    until(lambda: answer(daemon, "supervisor.getState"), lambda: "an answer:\n" + "\n".join(daemon.lines[-30:]))
    return time.monotonic() - begin


def logged(daemon: Daemon, name: str) -> bytes:
    """Return what a log and its rotated files hold, oldest first."""
    parts = sorted(daemon.home.glob(f"{name}.*"), key=lambda path: -int(path.suffix[1:]))
    return b"".join(path.read_bytes() for path in [*parts, daemon.home / name])


def numbers(daemon: Daemon, name: str) -> list[int]:
    """Return the numbers in a file of one number per line."""
    path = daemon.home / name
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def events(daemon: Daemon, name: str) -> list[list[str]]:
    """Return what a listener has noted: serial, poolserial, name and payload of each event."""
    path = daemon.home / f"{name}.events"
    return [row.split(" ", 3) for row in path.read_text().splitlines()] if path.exists() else []


def first_difference(got: bytes, wanted: bytes) -> str:
    """Return '' if they are the same, else where they part."""
    if got == wanted:
        return ""
    at = next((i for i, pair in enumerate(zip(got, wanted, strict=False)) if pair[0] != pair[1]), len(wanted))
    near = slice(max(0, at - 80), at + 80)
    return f"{len(got)} bytes instead of {len(wanted)}; at {at}: {got[near]!r}, not {wanted[near]!r}"


def expected(name: str, total: int, parity: int | None = None) -> bytes:
    """Return the lines 1 to ``total``, or those of them that are odd (1) or even (0)."""
    chosen = (number for number in range(1, total + 1) if parity in (None, number % 2))
    return b"".join(counting.line(name, number) for number in chosen)


def is_in_state(pid: int, state: str) -> bool:
    """Tell whether a process is in that state (a letter, as ps shows it)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == state
