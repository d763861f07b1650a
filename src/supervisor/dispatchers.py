"""What result handlers need; old import path, the code lives in ``warden.events.pool``."""

from __future__ import annotations

from supervisor.states import EventListenerStates, getEventListenerStateDescription
from warden.daemon.facade.refusal import refused
from warden.events.effects import RejectEvent, Verdict, default_verdict
from warden.events.types import Event
from warden.logs.ansi import AnsiStripper

__all__ = ["EventListenerStates", "RejectEvent", "getEventListenerStateDescription"]

_INSIDE = "the daemon reads and writes the pipes of processes by itself"
PDispatcher = refused("supervisor.dispatchers.PDispatcher", _INSIDE)
POutputDispatcher = refused("supervisor.dispatchers.POutputDispatcher", _INSIDE)
PInputDispatcher = refused("supervisor.dispatchers.PInputDispatcher", _INSIDE)
PEventListenerDispatcher = refused("supervisor.dispatchers.PEventListenerDispatcher", _INSIDE)


def default_handler(event: Event, response: bytes) -> None:  # noqa: ARG001 - the shape of every handler
    """Take ``OK``; raise RejectEvent for anything else."""
    if default_verdict(response) is not Verdict.PROCESSED:
        raise RejectEvent(response)


def stripEscapes(s: bytes) -> bytes:
    """Remove ANSI escape sequences."""
    stripper = AnsiStripper()
    return stripper.feed(s) + stripper.close()
