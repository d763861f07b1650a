"""Processes and groups as plugins see them; old import path, the code lives in ``warden.daemon.facade.fleet``."""

from __future__ import annotations

from supervisor.options import BadCommand, ProcessException
from supervisor.states import (
    STOPPED_STATES,
    EventListenerStates,
    ProcessStates,
    SupervisorStates,
    getProcessStateDescription,
)
from warden.daemon.facade.fleet import GroupView as ProcessGroupBase
from warden.daemon.facade.fleet import ProcessView as Subprocess

__all__ = [
    "STOPPED_STATES",
    "BadCommand",
    "EventListenerPool",
    "EventListenerStates",
    "FastCGIProcessGroup",
    "FastCGISubprocess",
    "ProcessException",
    "ProcessGroup",
    "ProcessGroupBase",
    "ProcessStates",
    "Subprocess",
    "SupervisorStates",
    "getProcessStateDescription",
]

ProcessGroup = EventListenerPool = FastCGIProcessGroup = ProcessGroupBase
FastCGISubprocess = Subprocess
