"""Ends children that run though nobody wants them."""

from __future__ import annotations

import os
import signal

from warden.logs.mainlog import MainLog
from warden.runtime.parent import FoundChild, Parent
from warden.runtime.spawn import send_signal
from warden.words import ExitStatus


def put_down(parent: Parent, log: MainLog, child: FoundChild) -> None:
    """Kill a child that nobody has asked for, and bury it when it has ended, or now if it has."""
    if child.status is None:
        log.warn(f"killing {child.tag['name']} (pid {child.pid}), which nobody asked for")
        send_signal(child.pid, signal.SIGKILL, to_group=child.tag["stop"][-1])
    parent.adopt(child, _Stray(parent, child.life))
    if child.status is not None:
        parent.bury(child.life)
    for fd in child.ends:  # last: the parent looks at them
        os.close(fd)


class _Stray:
    def __init__(self, parent: Parent, life: int) -> None:
        self._parent = parent
        self._life = life

    def born(self, pid: int) -> None:
        """Nothing to do."""

    def refused(self, error: OSError) -> None:
        """Nothing to do."""

    def ended(self, _status: ExitStatus, _at: float) -> None:
        """Bury it."""
        self._parent.bury(self._life)
