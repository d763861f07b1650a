"""Says what happened: the activity log's lines and the events of a change of phase."""

from __future__ import annotations

from warden.daemon.records import Process
from warden.events.bus import Bus
from warden.logs.mainlog import MainLog
from warden.process.machine import Announce


class Announcer:
    """Turns the core's announcements into log lines and events."""

    def __init__(self, bus: Bus, log: MainLog) -> None:
        self._bus = bus
        self._log = log

    def announce(self, process: Process, change: Announce, *, going_down: bool) -> None:
        """Log and publish one change of phase."""
        self._say(process, change, going_down=going_down)
