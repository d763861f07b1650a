"""One timer per name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """Calls ``on_due(key)`` when a key's deadline passes.

    Deadlines are absolute times on the loop's monotonic clock, in seconds.
    Setting one replaces the old one, so a timer of an earlier life can never
    fire into a later one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_due: Callable[[Key], None]) -> None:
        self._loop = loop
        self._on_due = on_due
        self._due: dict[Key, asyncio.TimerHandle] = {}

    def set(self, key: Key, deadline: float | None) -> None:
        """Arm, move or (with None) disarm the timer of ``key``."""
        old = self._due.get(key)
        if old is not None:
            if deadline is not None and not old.cancelled() and old.when() == deadline:
                return
            old.cancel()
            del self._due[key]
        if deadline is not None:
            self._due[key] = self._loop.call_at(deadline, self._fire, key)

    def clear(self) -> None:
        """Disarm all timers."""
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()

    def _fire(self, key: Key) -> None:
        del self._due[key]
        self._on_due(key)
