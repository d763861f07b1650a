"""Starts processes when their schedules say so: carries out what ``process.schedules`` decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from warden.config.model import Schedule
from warden.daemon.persistence import Persistence
from warden.daemon.records import Process
from warden.logs.mainlog import MainLog
from warden.process.schedules import begins_anew, due
from warden.process.step import Event
from warden.runtime.wallclock import WallClock

_LATE_SECONDS = 60.0  # from here on the cause says when a run was due


class Schedules:
    """Knows the next moment (``Process.due``) of those that have a schedule; the others cost nothing.

    A moment that has come is dealt with once: the one after it takes its place
    in the same note as what follows from it.  ``on_change`` is called for a process
    of which only the next moment has changed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        feed: Callable[[Process, Event], None],
        on_change: Callable[[Process], None],
        persistence: Persistence,
        log: MainLog,
    ) -> None:
        self._loop = loop
        self._feed = feed
        self._on_change = on_change
        self._persistence = persistence
        self._log = log
        self._clock: WallClock[Process] | None = None
        self._scheduled: set[Process] = set()
        self._begun = False

    def begin(self) -> None:
        """Nothing was started before; from now on what is due is."""
        self._begun = True
        for process in self._scheduled:
            self._set_alarm(process)

    def follow(self, process: Process) -> None:
        """Look after a process that is new, or may have been enabled or disabled."""
        schedule = process.config.schedule
        if schedule is None:
            return
        self._scheduled.add(process)
        moment = 0.0 if process.disabled else process.due or self._first_moment(process, schedule)
        changed = moment != process.due
        self._appoint(process, schedule, moment)
        if changed:
            self._on_change(process)

    def leave(self, process: Process) -> None:
        """Look after a process no more, or after the same one with another configuration."""
        if process in self._scheduled:
            self._scheduled.discard(process)
            process.due = 0.0
            self._persistence.appoint(process.namespec, 0.0)
            self._set_alarm(process)

    def close(self) -> None:
        """Start nothing any more; what was due next is remembered."""
        self._begun = False
        if self._clock is not None:
            self._clock.close()
            self._clock = None

    def _first_moment(self, process: Process, schedule: Schedule) -> float:
        """Return the moment that came while no daemon ran, if that is to be made up for, else the one to come."""
        known = self._persistence.due(process.namespec) if schedule.catch_up else 0.0
        now = time.time()
        return known if 0.0 < known <= now else _next_moment(schedule, now)

    def _appoint(self, process: Process, schedule: Schedule, moment: float) -> None:
        process.due = moment
        if schedule.catch_up:
            self._persistence.appoint(process.namespec, moment)
        self._set_alarm(process)

    def _set_alarm(self, process: Process) -> None:
        if not self._begun:
            return
        if self._clock is None:
            self._clock = WallClock(self._loop, self._on_due, self._on_step)
        self._clock.set(process, process.due or None)

    def _on_due(self, process: Process) -> None:
        schedule, moment = process.config.schedule, process.due
        assert schedule is not None  # else it has no alarm
        now = max(time.time(), moment)  # this moment must not come again, whatever is done to the clock meanwhile
        cause = f"schedule {schedule}"
        if now - moment > _LATE_SECONDS:
            cause += f", due since {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(moment))}"
        events = due(process.state, schedule.overlap, cause)
        self._appoint(process, schedule, _next_moment(schedule, now))
        for event in events:
            self._feed(process, event)
        if not events:
            self._log.info(f"skipped: {process.name!r} ({cause}: its last run is not over)")
            self._on_change(process)

    def _on_step(self, seconds: float) -> None:
        if begins_anew(seconds):
            self._log.warn(f"the clock was set back by {-seconds:.0f} s: schedules begin anew")
            for process in tuple(self._scheduled):
                self.leave(process)
                self.follow(process)


def _next_moment(schedule: Schedule, now: float) -> float:
    """Return when it comes after ``now``, in seconds since the epoch; 0 = within no time that matters."""
    from random import uniform  # 0.2 MiB, only for programs with a schedule

    from warden.config.cron import next_moment  # with the library; see config.schedule_options

    moment = next_moment(schedule.rules, schedule.timezone, now)
    return 0.0 if moment is None else moment + uniform(0.0, schedule.jitter)
