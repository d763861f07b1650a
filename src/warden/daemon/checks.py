"""Runs the commands of probes, as children of the parent of the programs: whoever comes after us ends them."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from warden.runtime.courier import new_life
from warden.runtime.parent import Parent
from warden.runtime.roster import KILLED_AT_ONCE
from warden.runtime.spawn import SpawnPlan, send_signal
from warden.runtime.tree import tree
from warden.words import ExitStatus


async def run_check(parent: Parent, name: str, plan: SpawnPlan) -> ExitStatus:
    """Run a command to its end, without output; who is cancelled kills its process group and all its descendants.

    ``name`` is told if somebody after us has to end it.

    Raises:
        OSError: it cannot be started.
    """
    check = _Check(parent)
    tag = {"name": name, "ends": [], "stop": KILLED_AT_ONCE}
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        parent.spawn(check.life, tag, plan.but(stdin=nothing, stdout=nothing, stderr=nothing), (), check)
    finally:
        os.close(nothing)
    try:
        return await check.answer
    except asyncio.CancelledError:
        check.kill()
        raise


class _Check:
    """The owner of one command."""

    def __init__(self, parent: Parent) -> None:
        self.life = new_life()
        self.answer: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        self._parent = parent
        self._pid = 0

    def born(self, pid: int) -> None:
        """Hear that it exists."""
        self._pid = pid
        if self.answer.cancelled():
            self.kill()

    def refused(self, error: OSError) -> None:
        """Hear that it does not."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def ended(self, status: ExitStatus, _at: float) -> None:
        """Hear how it ended."""
        self._pid = 0
        if not self.answer.done():
            self.answer.set_result(status)
        self._parent.bury(self.life)

    def kill(self) -> None:
        """End it, and all that it has started, also what has a session of its own; later if it is still to be born."""
        for descendant in reversed(list(tree(self._pid))) if self._pid else ():
            with suppress(OSError):
                send_signal(descendant, signal.SIGKILL, to_group=descendant == self._pid)
