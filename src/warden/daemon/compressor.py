"""Compresses rotated logs beside the loop, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from warden.logs.rotation import compress, next_to_compress, replace_plain, temporary_name
from warden.runtime.threads import in_thread


class Compressor:
    """Compresses what ``ask`` is told of; ``report`` hears of what goes wrong.

    A failure, or the end of the daemon, leaves the file as it is: the next
    rotation of that log tries again.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._waiting: dict[str, int] = {}  # how many rotated files each log has at most
        self._task: asyncio.Task[None] | None = None

    def ask(self, backups: int, path: str) -> None:
        """Compress the rotated files of ``path`` soon; before there is a loop, with the next rotation."""
        self._waiting[path] = backups
        if self._task is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._task = loop.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                path = next(iter(self._waiting))
                await self._compress_all(path, self._waiting.pop(path))
        finally:
            self._task = None

    async def _compress_all(self, path: str, backups: int) -> None:
        while (source := next_to_compress(path, backups)) is not None:
            try:
                await in_thread(partial(_compress_one, source, path, backups))
            except FileNotFoundError:  # rotated further in this moment
                continue
            except OSError as error:
                self._report(f"cannot compress log {source}: {error.strerror}")
                return


def _compress_one(source: str, path: str, backups: int) -> None:
    temporary = temporary_name(path)
    replace_plain(path, backups, compress(source, temporary), temporary)
