"""Looks after logs that cannot take their data at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from warden.logs.targets import Waiting

_RETRY_SECONDS = 1.0


class Flusher:
    """Tries again until a sink has written what waits.

    A sink that is ``blocked`` (a full pipe, a slow terminal) is tried when its
    descriptor is writable; one in trouble (a full disk) every second.  Logs are
    opened before there is a loop: until ``attach`` those that wait are only noted.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._noted: list[Waiting] = []

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after them."""
        self._loop = loop
        noted, self._noted = self._noted, []
        for sink in noted:
            self.wait(sink)

    def wait(self, sink: Waiting, on_done: Callable[[], None] | None = None) -> None:
        """Call ``sink.flush`` until it returns True, then ``on_done``."""
        if self._loop is None:
            self._noted.append(sink)
        elif sink.blocked and sink.fileno() >= 0:
            fd = sink.fileno()
            self._loop.add_writer(fd, self._write, fd, sink, on_done)
        else:
            self._loop.call_later(_RETRY_SECONDS, self._retry, sink, on_done)

    def _write(self, fd: int, sink: Waiting, on_done: Callable[[], None] | None) -> None:
        assert self._loop is not None
        self._loop.remove_writer(fd)
        self._retry(sink, on_done)

    def _retry(self, sink: Waiting, on_done: Callable[[], None] | None) -> None:
        if not sink.flush():
            self.wait(sink, on_done)
        elif on_done is not None:
            on_done()
