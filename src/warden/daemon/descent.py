"""A shutdown under way: one group after the other, and a line in the log for those who keep it waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from warden.logs.mainlog import MainLog
from warden.process.fleet import Member, ShutdownPlan

_REPORT_SECONDS = 3.0  # how often those are named that are waited for


class Descent:
    """Tells processes to stop, by ``order``, as the plan says; calls ``done`` once when all of ``alive`` have ended."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: MainLog,
        alive: Iterable[Member],
        order: Callable[[Member], None],
        done: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._log = log
        self._plan = ShutdownPlan(alive)
        self._order = order
        self._done: Callable[[], None] | None = done
        self._report: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Tell the first ones."""
        self._go_on(self._plan.begin())
        self._report_unstopped()

    def ended(self, group: str, process: str) -> None:
        """Hear that a process has ended, and tell the next ones."""
        self._go_on(self._plan.ended(group, process))

    def _go_on(self, members: Iterable[Member]) -> None:
        for member in members:
            self._order(member)
        if self._plan.complete and self._done is not None:
            done, self._done = self._done, None
            if self._report is not None:
                self._report.cancel()
            done()

    def _report_unstopped(self) -> None:
        if not self._plan.complete:
            names = [member.process.name for member in reversed(self._plan.waiting())]
            self._log.info(f"waiting for {', '.join(names)} to die")
            self._report = self._loop.call_later(_REPORT_SECONDS, self._report_unstopped)
