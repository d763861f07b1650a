"""Events for code inside the daemon; old import path, the code lives in ``warden.events``."""

from __future__ import annotations

from collections.abc import Callable

from supervisor.states import getProcessStateDescription
from warden.daemon.facade.events import DESK
from warden.events import types
from warden.events.types import (
    Event,
    ProcessCommunicationEvent,
    ProcessCommunicationStderrEvent,
    ProcessCommunicationStdoutEvent,
    ProcessGroupAddedEvent,
    ProcessGroupEvent,
    ProcessGroupRemovedEvent,
    ProcessLogEvent,
    ProcessLogStderrEvent,
    ProcessLogStdoutEvent,
    ProcessStateBackoffEvent,
    ProcessStateEvent,
    ProcessStateExitedEvent,
    ProcessStateFatalEvent,
    ProcessStateRunningEvent,
    ProcessStateStartingEvent,
    ProcessStateStartingOrBackoffEvent,
    ProcessStateStoppedEvent,
    ProcessStateStoppingEvent,
    ProcessStateUnknownEvent,
    RemoteCommunicationEvent,
    SupervisorRunningEvent,
    SupervisorStateChangeEvent,
    SupervisorStoppingEvent,
    Tick5Event,
    Tick60Event,
    Tick3600Event,
    TickEvent,
)
from warden.events.vitals import ProcessVitalsEvent
from warden.logs.capture import BEGIN, END

__all__ = [
    "Event",
    "ProcessCommunicationEvent",
    "ProcessCommunicationStderrEvent",
    "ProcessCommunicationStdoutEvent",
    "ProcessGroupAddedEvent",
    "ProcessGroupEvent",
    "ProcessGroupRemovedEvent",
    "ProcessLogEvent",
    "ProcessLogStderrEvent",
    "ProcessLogStdoutEvent",
    "ProcessStateBackoffEvent",
    "ProcessStateEvent",
    "ProcessStateExitedEvent",
    "ProcessStateFatalEvent",
    "ProcessStateRunningEvent",
    "ProcessStateStartingEvent",
    "ProcessStateStartingOrBackoffEvent",
    "ProcessStateStoppedEvent",
    "ProcessStateStoppingEvent",
    "ProcessStateUnknownEvent",
    "RemoteCommunicationEvent",
    "SupervisorRunningEvent",
    "SupervisorStateChangeEvent",
    "SupervisorStoppingEvent",
    "Tick5Event",
    "Tick60Event",
    "Tick3600Event",
    "TickEvent",
    "getProcessStateDescription",
]

Callback = Callable[..., object]

callbacks = DESK.callbacks
TICK_EVENTS = list(types.TICKS)


class EventTypes:
    """One attribute per wire name: the event's class."""


for _name, _kind in types.NAMES.items():
    if not issubclass(_kind, ProcessVitalsEvent):  # not of old
        setattr(EventTypes, _name, _kind)
for _name, _token in (("BEGIN_TOKEN", BEGIN), ("END_TOKEN", END)):  # programs that send messages look for them here
    setattr(ProcessCommunicationEvent, _name, _token)


def subscribe(type: type[Event], callback: Callback) -> None:
    """Call ``callback`` with every event of this type."""
    DESK.subscribe(type, callback)


def unsubscribe(type: type[Event], callback: Callback) -> None:
    """Undo ``subscribe``."""
    DESK.unsubscribe(type, callback)


def notify(event: Event) -> None:
    """Publish an event."""
    DESK.notify(event)


def clear() -> None:
    """Undo all subscriptions."""
    DESK.clear()


def register(name: str, event: type[Event]) -> None:
    """Let listeners subscribe to a plugin's own event under ``name``."""
    types.register(name, event)
    setattr(EventTypes, name, event)


def getEventNameByType(requested: type[Event]) -> str | None:
    """Return the wire name of exactly this type, or None."""
    return types.name_of(requested)
