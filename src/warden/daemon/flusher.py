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
        self._known: set[Waiting] = set()

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
        fd = sink.fileno()
        if not sink.blocked or fd < 0:
            loop.call_later(_RETRY_SECONDS, self._try, loop, sink, on_turn)
            return

        def stop() -> None:
            loop.remove_writer(fd)
            sink.on_close = None

        def write() -> None:
            stop()
            self._try(loop, sink, on_turn)

        def close() -> None:  # else the loop would watch whatever gets the descriptor's number next
            stop()
            loop.call_later(_RETRY_SECONDS, self._try, loop, sink, on_turn)

        loop.add_writer(fd, write)
        sink.on_close = close

    def _try(self, loop: asyncio.AbstractEventLoop, sink: Waiting, on_turn: Callable[[], None]) -> None:
        if sink.flush():
            self._known.discard(sink)
        else:
            self._plan(loop, sink, on_turn)
        on_turn()
