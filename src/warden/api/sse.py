"""Server-sent events: their form, what a stream is to who sends it, and a doorbell that rings once for many presses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE = b": keep-alive\n\n"
RETRY_MS = 1000

Wake = Callable[[], None]


class TooSlow(Exception):
    """The reader is so far behind that what it misses is no longer kept: drop it."""


class Stream(Protocol):
    """Events for one reader, produced when it is ready for more; ``wake`` is called when there may be some."""

    def read(self) -> bytes:
        """Return the next encoded events, empty if there are none now.

        Raises:
            TooSlow: what comes next is gone already.
        """
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


def event(name: str, id_: str, data: str) -> bytes:
    """Encode one event; ``data`` is JSON on one line."""
    return f"id: {id_}\nevent: {name}\ndata: {data}\n\n".encode()


class Doorbell:
    """Calls ``ring`` on the loop some time after the first of any number of presses.

    ``delay`` collects what happens together; ``pause`` is the least time from
    one ring to the next.  Without a press there is no timer.
    """

    def __init__(self, ring: Callable[[], None], *, delay: float, pause: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._delay = delay
        self._pause = pause
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def press(self) -> None:
        """Ask for a ring."""
        if self._timer is None:
            when = max(self._loop.time() + self._delay, self._last + self._pause)
            self._timer = self._loop.call_at(when, self._fire)

    def again(self) -> None:
        """Ring once more as soon as the loop has had its turn: the last ring left something to do."""
        self.close()
        self._timer = self._loop.call_at(self._loop.time(), self._ring_again)

    def close(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._last = self._loop.time()
        self._ring()

    def _ring_again(self) -> None:
        self._timer = None
        self._ring()
