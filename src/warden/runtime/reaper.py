"""Collects dead children and tells whoever spawned them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from warden.words import ExitStatus


def decode(wait_status: int) -> ExitStatus:
    """Decode the number that ``wait`` gives."""
    code = os.waitstatus_to_exitcode(wait_status)
    if code >= 0:
        return ExitStatus(code=code)
    return ExitStatus(signum=-code, core_dumped=os.WCOREDUMP(wait_status))


class Reaper:
    """Maps SIGCHLD to one callback per child.

    Register a pid in the same loop step that spawned it, with no await between:
    then the exit cannot be seen before the owner is known.  ``on_stranger`` is
    told of children nobody registered: as pid 1 we adopt every orphan.
    """

    def __init__(self, on_stranger: Callable[[int, ExitStatus], None]) -> None:
        self._on_stranger = on_stranger
        self._owners: dict[int, Callable[[ExitStatus], None]] = {}

    def attach(self, loop: asyncio.AbstractEventLoop, on_signal: Callable[[], None] = lambda: None) -> None:
        """Call ``on_signal`` and reap on every SIGCHLD from now on; reap what died before."""

        def ring() -> None:
            on_signal()
            self.reap()

        loop.add_signal_handler(signal.SIGCHLD, ring)
        loop.call_soon(self.reap)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening to SIGCHLD."""
        loop.remove_signal_handler(signal.SIGCHLD)

    def register(self, pid: int, on_exit: Callable[[ExitStatus], None]) -> None:
        """Tell ``on_exit`` how the child ended, once."""
        self._owners[pid] = on_exit

    def reap(self) -> None:
        """Collect every child that is dead right now.

        One SIGCHLD may stand for many exits, so this drains until the kernel
        says there is nothing left.
        """
        while True:
            try:
                pid, status, _usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:  # no children at all
                return
            if pid == 0:  # children, but none of them dead
                return
            on_exit = self._owners.pop(pid, None)
            if on_exit is None:
                self._on_stranger(pid, decode(status))
            else:
                on_exit(decode(status))
