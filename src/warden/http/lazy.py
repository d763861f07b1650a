"""Rooms of the server that are imported when somebody asks for them first: who never does must not pay for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from warden.runtime.threads import in_thread

Room = TypeVar("Room")
Make = Callable[[], Room]


class Lazy(Generic[Room]):
    """``load`` imports what takes its time, in a thread, and returns what makes the room, on the loop."""

    def __init__(self, load: Callable[[], Make[Room]]) -> None:
        self._load = load
        self._room: Room | None = None
        self._loading = asyncio.Lock()

    async def get(self) -> Room:
        """Return the room; those who come while it is made wait for it.

        Raises:
            OSError, ImportError: it cannot be loaded now; the next one tries again.
        """
        if self._room is None:
            async with self._loading:
                if self._room is None:
                    self._room = (await in_thread(self._load))()
        return self._room
