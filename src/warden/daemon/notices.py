"""What a program says over its notify socket: what the words of sd_notify(3) mean, and whom we believe."""

from __future__ import annotations

import os

from warden.process import health
from warden.process.health import Finding
from warden.runtime import proc
from warden.runtime.mailbox import Sender

_MICROSECONDS = 1_000_000
_MOST_DIGITS = 20  # of a number of 64 bits
_ROOT = 0

_MEANINGS: dict[tuple[str, str], Finding] = {
    ("READY", "1"): health.Ready(),
    ("RELOADING", "1"): health.NotReady("reloading"),
    ("STOPPING", "1"): health.NotReady("stopping"),
    ("WATCHDOG", "1"): health.Beat(),
    ("WATCHDOG", "trigger"): health.Tripped(),
}


def parse(message: str) -> list[tuple[str, str]]:
    """Return the assignments of a message, in their order; what is none is left out."""
    lines = (line.partition("=") for line in message.split("\n"))
    return [(name.strip(), value) for name, equals, value in lines if equals]


def finding(name: str, value: str) -> Finding | None:
    """Return what an assignment says about readiness and health, None if it says nothing of the kind."""
    match name:
        case "STATUS":
            return health.Said(value)
        case "WATCHDOG_USEC" if (seconds := _seconds(value)) is not None:
            return health.Beat(seconds)
        case "EXTEND_TIMEOUT_USEC" if (seconds := _seconds(value)) is not None:
            return health.Extended(seconds)
        case _:
            return _MEANINGS.get((name, value))


def _seconds(microseconds: str) -> float | None:
    if not (microseconds.isascii() and microseconds.isdecimal()) or len(microseconds) > _MOST_DIGITS:
        return None
    return int(microseconds) / _MICROSECONDS


def may_speak(sender: Sender, uid: int | None, root: int) -> bool:
    """Whether a message may come from the program: anybody can find its socket and send one.

    We believe root, our own user, the user ``uid`` that the program was started
    as, and whoever stands in the tree under the process ``root``: a program may
    have become somebody else by itself.
    """
    if sender.uid in (_ROOT, os.geteuid(), uid):
        return True
    pid = sender.pid
    while pid > 1 and pid != root:
        found = proc.stat(pid)
        pid = found.parent if found is not None else 0
    return pid == root
