"""Collects dead children and tells whoever spawned them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from warden.runtime import signals
from warden.words import ExitStatus

_SLICE_SECONDS = 0.002  # the longest that many exits keep the loop to themselves


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
        self._next: asyncio.Handle | None = None  # set while there may be dead children left

    def attach(self, loop: asyncio.AbstractEventLoop, on_signal: Callable[[], None] = lambda: None) -> None:
        """Call ``on_signal`` and reap on every SIGCHLD from now on; reap what died before."""

        def ring() -> None:
            on_signal()
            self._reap_soon(loop)

        signals.on_signal(loop, signal.SIGCHLD, ring)
        self._reap_soon(loop)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening to SIGCHLD."""
        if self._next is not None:
            self._next.cancel()
        loop.remove_signal_handler(signal.SIGCHLD)

    def register(self, pid: int, on_exit: Callable[[ExitStatus], None]) -> None:
        """Tell ``on_exit`` how the child ended, once."""
        self._owners[pid] = on_exit

    def _reap_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._next is None:
            self._next = loop.call_soon(self._reap, loop)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        """Collect the children that are dead right now, or as many of them as there is time for.

        One SIGCHLD may stand for many exits, so this goes on until the kernel says
        there is nothing left.  Owners may start children again that die at once:
        everybody else on the loop must have a turn in between.
        """
        self._next = None
        end = loop.time() + _SLICE_SECONDS
        more = True
        try:
            while more and loop.time() < end:
                more = self._collect()
        finally:
            if more:  # also when an owner failed: the others wait for their exits
                self._reap_soon(loop)

    def _collect(self) -> bool:
        """Collect one dead child and tell its owner; return whether there was one."""
        try:
            pid, status, _usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:  # no children at all
            return False
        if pid == 0:  # children, but none of them dead
            return False
        on_exit = self._owners.pop(pid, None)
        if on_exit is None:
            self._on_stranger(pid, decode(status))
        else:
            on_exit(decode(status))
        return True
