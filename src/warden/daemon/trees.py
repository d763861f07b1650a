"""Ends what the children of programs with `kill_tree` leave behind, and says whom that took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial

from warden.daemon.records import Process
from warden.process.errands import MOST_PATIENCE
from warden.runtime.census import Pinned
from warden.runtime.felling import Felled, Feller
from warden.runtime.limits import group_path
from warden.runtime.remnants import Traces, below
from warden.words import counted

_LOOK_SECONDS = 0.005  # the longest that a look at the descendants of one child keeps the loop to itself
_MOST_NAMES = 10


class Trees:
    """The trees that end with their children; ``remark`` is told what people should know of that."""

    def __init__(self, loop: asyncio.AbstractEventLoop, remark: Callable[[Process, str], None]) -> None:
        self._loop = loop
        self._remark = remark
        self._feller = Feller()
        self._tasks: set[asyncio.Task[str]] = set()

    def fell(self, process: Process, pid: int, deadline: float, done: Callable[[str], None]) -> None:
        """Begin to end what the child with that pid has left, and the hooks of its process; 0 = there was no child.

        Until ``deadline`` (monotonic) they are asked to end.  ``done`` hears what went wrong, "" if nothing did.
        """
        group = process.config.limits.cgroup
        traces = Traces(
            mark=process.mark,
            pid=pid,
            ended_at=self._loop.time() - (time.time() - process.stopped),
            seen=process.seen,
            cgroup=None if group is None else group_path(group, process.namespec),
        )
        self._begin(traces, deadline, partial(self._remark, process), done)

    def fell_left(self, mark: int, pid: int, say: Callable[[str], None], done: Callable[[], None]) -> None:
        """Begin to end what a child of an earlier daemon has left; ``pid`` is 0 unless it has ended just now.

        ``say`` is told what people should know of that.
        """

        def tell(failure: str) -> None:
            if failure:
                say(failure)
            done()

        now = self._loop.time()
        self._begin(Traces(mark=mark, pid=pid, ended_at=now), now + MOST_PATIENCE, say, tell)

    def _begin(self, traces: Traces, deadline: float, say: Callable[[str], None], done: Callable[[str], None]) -> None:
        task = self._loop.create_task(self._fell(traces, deadline, say))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, done))

    def _ended(self, done: Callable[[str], None], task: asyncio.Task[str]) -> None:
        """Tell how it went, whatever went wrong: a process must not wait for ever."""
        self._tasks.discard(task)
        if not task.cancelled():
            error = task.exception()
            done(task.result() if error is None else f"cannot look for what it has left: {error!r}")

    def look_below(self, process: Process) -> None:
        """Note who is below the child of a process, which is going to be signalled: later nobody can tell."""
        process.seen = tuple(dict.fromkeys((*process.seen, *below(process.state.pid, _LOOK_SECONDS))))

    async def _fell(self, traces: Traces, deadline: float, say: Callable[[str], None]) -> str:
        while (felled := await self._feller.fell(traces, deadline - self._loop.time())).stuck:
            _report(felled, say)
            say(f"waiting for {_names(felled.stuck)} to die, which it had left")
        _report(felled, say)
        return f"the system does not let us end {_names(felled.refused)}" if felled.refused else ""

    def close(self) -> None:
        """End nobody any more; somebody else does."""
        self._feller.close()
        for task in self._tasks:
            task.cancel()


def _report(felled: Felled, say: Callable[[str], None]) -> None:
    for verb, those in (("ended", felled.ended), ("killed", felled.killed)):
        if those:
            say(f"{verb} {counted(len(those), 'process', 'processes')} that it had left: {_names(those)}")


def _names(those: tuple[Pinned, ...]) -> str:
    names: Iterable[str] = map(str, those[:_MOST_NAMES])
    more = len(those) - _MOST_NAMES
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
