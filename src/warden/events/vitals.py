"""The events about readiness and health; Supervisor has none of them, so only programs that ask for it cause any."""

from __future__ import annotations

from warden.events.types import Event, register
from warden.frozen import frozen


@frozen(kw_only=True)
class ProcessVitalsEvent(Event):
    """A process became ready or healthy, or no longer is; ``reason`` says why, in words."""

    processname: str
    groupname: str
    pid: int
    reason: str = ""

    def payload(self) -> str:
        """Name the process and its child; the reason is the second line."""
        return f"processname:{self.processname} groupname:{self.groupname} pid:{self.pid}\n{self.reason}"


class ProcessReadyEvent(ProcessVitalsEvent):
    """It can do its work."""

    __slots__ = ()


class ProcessNotReadyEvent(ProcessVitalsEvent):
    """It was ready and says that it no longer is."""

    __slots__ = ()


class ProcessHealthyEvent(ProcessVitalsEvent):
    """Its health is good, for the first time or again."""

    __slots__ = ()


class ProcessUnhealthyEvent(ProcessVitalsEvent):
    """Its health is bad."""

    __slots__ = ()


register("PROCESS_VITALS", ProcessVitalsEvent)
register("PROCESS_VITALS_READY", ProcessReadyEvent)
register("PROCESS_VITALS_NOT_READY", ProcessNotReadyEvent)
register("PROCESS_VITALS_HEALTHY", ProcessHealthyEvent)
register("PROCESS_VITALS_UNHEALTHY", ProcessUnhealthyEvent)
