"""Looks after logs that cannot take their data at once, and does beside the loop what takes them long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from warden.logs.family import Then, at_once, unknown_error
from warden.logs.targets import Waiting
from warden.runtime.threads import in_thread

_RETRY_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0  # a file system that hangs does not keep the daemon


class Flusher:
    """Tries again until a sink has written what waits.

    A sink that is ``blocked`` (a full pipe, a slow terminal) is tried when its
    descriptor is writable, or when it says so (at the end of a rotation); one in
    trouble (a full disk) every second.  Logs are opened before there is a loop:
    until ``attach`` those that wait are only noted.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._noted: list[Waiting] = []
        self._known: set[Waiting] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after them."""
        self._loop = loop
        noted, self._noted = self._noted, []
        for sink in noted:
            self.wait(sink)

    def wait(self, sink: Waiting, on_turn: Callable[[], None] = lambda: None) -> None:
        """Call ``sink.flush`` until it returns True, and ``on_turn`` after each attempt; once for each sink."""
        if self._loop is None:
            self._noted.append(sink)
        elif sink not in self._known:
            self._known.add(sink)
            self._plan(self._loop, sink, on_turn)

    def _plan(self, loop: asyncio.AbstractEventLoop, sink: Waiting, on_turn: Callable[[], None]) -> None:
        def again() -> None:
            stop()
            sink.on_change = None
            self._try(loop, sink, on_turn)

        def change() -> None:  # the loop must not watch whatever gets the number of a descriptor next
            stop()
            sink.on_change = None
            loop.call_soon(self._try, loop, sink, on_turn)

        fd = sink.fileno() if sink.blocked else -1
        if fd >= 0:
            loop.add_writer(fd, again)
            stop: Callable[[], object] = partial(loop.remove_writer, fd)
        else:
            stop = loop.call_later(_RETRY_SECONDS, again).cancel
        sink.on_change = change

    def _try(self, loop: asyncio.AbstractEventLoop, sink: Waiting, on_turn: Callable[[], None]) -> None:
        if sink.flush():
            self._known.discard(sink)
        else:
            self._plan(loop, sink, on_turn)
        on_turn()

    def beside(self, work: Callable[[], None], then: Then) -> None:
        """Do ``work`` in a thread and call ``then`` with its error, if any; before there is a loop, at once."""
        if self._loop is None:
            at_once(work, then)
            return
        task = self._loop.create_task(_do(work, then))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what is done beside the loop."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE_SECONDS)


async def _do(work: Callable[[], None], then: Then) -> None:
    outcome: OSError | None = unknown_error()
    try:
        await in_thread(work)
        outcome = None
    except OSError as error:
        outcome = error
    finally:
        then(outcome)
