"""A queue of processes that are to start, which never keeps the loop from its other work for long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from warden.daemon.records import Process

_SLICE_SECONDS = 0.005  # the longest that a queue keeps the loop to itself


class Queue:
    """Calls ``act`` with each process and its cause, in order, as soon as it can, but not while it is ``crowded``.

    Call ``more`` when that may be over.  ``on_empty`` is called when all had their turn.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        act: Callable[[Process, str], None],
        crowded: Callable[[], bool],
        on_empty: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._act = act
        self._crowded = crowded
        self._on_empty = on_empty
        self._waiting: deque[tuple[Process, str]] = deque()
        self._next: asyncio.Handle | None = None

    def add(self, processes: Iterable[Process], cause: str) -> None:
        """Put processes at the end; ``cause`` says who wants them to start, and why."""
        idle = not self._waiting
        self._waiting.extend((process, cause) for process in processes)
        if idle:
            self._slice()

    def more(self) -> None:
        """Go on if there is anything to do."""
        if self._waiting and self._next is None:
            self._next = self._loop.call_soon(self._slice)

    def clear(self) -> None:
        """Forget those whose turn has not come."""
        self._waiting.clear()

    def _slice(self) -> None:
        self._next = None
        end = self._loop.time() + _SLICE_SECONDS
        while self._waiting and not self._crowded():
            self._act(*self._waiting.popleft())
            if self._loop.time() >= end:
                self.more()
                break
        if not self._waiting:
            self._on_empty()
