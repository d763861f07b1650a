"""Replaces processes that use more memory than their ``memory_limit``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from warden.daemon.records import Process
from warden.process.step import Event, RestartRequested
from warden.runtime.threads import in_thread
from warden.runtime.tree import resident_bytes

INTERVAL_SECONDS = 5.0
_MB = 1024 * 1024


class MemoryGuard:
    """Measures the trees of the processes that have a limit, every few seconds while one of them has a child.

    The kernel tells nobody that a tree has grown, so somebody has to look; where
    no program has a limit nobody does.
    """

    def __init__(self, feed: Callable[[Process, Event], None], *, interval: float = INTERVAL_SECONDS) -> None:
        self._feed = feed
        self._interval = interval
        self._guarded: set[Process] = set()
        self._task: asyncio.Task[None] | None = None

    def follow(self, process: Process) -> None:
        """Guard a process that has a child and a limit."""
        if process.state.pid and process.config.policy.memory_limit:
            self._guarded.add(process)
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._measure_on())
        elif self._guarded:
            self._guarded.discard(process)

    def leave(self, process: Process) -> None:
        """Forget a process."""
        self._guarded.discard(process)

    def close(self) -> None:
        """Measure no more."""
        self._guarded.clear()
        if self._task is not None:
            self._task.cancel()

    async def _measure_on(self) -> None:
        while self._guarded:
            await asyncio.sleep(self._interval)
            pids = [(process, process.state.pid) for process in self._guarded if process.state.pid]
            used = await in_thread(partial(_measure, [pid for _, pid in pids]))
            for (process, pid), size in zip(pids, used, strict=True):
                self._judge(process, pid, size)
        self._task = None

    def _judge(self, process: Process, pid: int, used: int) -> None:
        limit = process.config.policy.memory_limit
        if process.state.pid == pid and 0 < limit < used:
            cause = f"uses {used / _MB:.0f} MB of memory, more than its memory_limit of {limit / _MB:.0f} MB"
            self._feed(process, RestartRequested(cause))


def _measure(pids: list[int]) -> list[int]:
    return [resident_bytes(pid) for pid in pids]
