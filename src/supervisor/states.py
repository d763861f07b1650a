"""Numbers and names of states; old import path, the code lives in ``warden.words``."""

from __future__ import annotations

from warden.events.listener import ListenerState
from warden.words import Mood, Phase


class ProcessStates:
    """Plain integers, because old plugins put them into XML-RPC answers."""

    STOPPED = int(Phase.STOPPED)
    STARTING = int(Phase.STARTING)
    RUNNING = int(Phase.RUNNING)
    BACKOFF = int(Phase.BACKOFF)
    STOPPING = int(Phase.STOPPING)
    EXITED = int(Phase.EXITED)
    FATAL = int(Phase.FATAL)
    UNKNOWN = int(Phase.UNKNOWN)


class SupervisorStates:
    """States of the daemon itself."""

    FATAL = int(Mood.FATAL)
    RUNNING = int(Mood.RUNNING)
    RESTARTING = int(Mood.RESTARTING)
    SHUTDOWN = int(Mood.SHUTDOWN)


class EventListenerStates:
    """Where the conversation with a listener is."""

    READY = int(ListenerState.READY)
    BUSY = int(ListenerState.BUSY)
    ACKNOWLEDGED = int(ListenerState.ACKNOWLEDGED)
    UNKNOWN = int(ListenerState.UNKNOWN)


STOPPED_STATES = (ProcessStates.STOPPED, ProcessStates.EXITED, ProcessStates.FATAL, ProcessStates.UNKNOWN)
RUNNING_STATES = (ProcessStates.RUNNING, ProcessStates.BACKOFF, ProcessStates.STARTING)
SIGNALLABLE_STATES = (ProcessStates.RUNNING, ProcessStates.STARTING, ProcessStates.STOPPING)

_process_states_by_code = {int(phase): phase.name for phase in Phase}
_supervisor_states_by_code = {int(mood): mood.name for mood in Mood}
_eventlistener_states_by_code = {int(state): state.name for state in ListenerState}


def getProcessStateDescription(code: int) -> str | None:
    """Return the state's name, or None for a number nobody knows."""
    return _process_states_by_code.get(code)


def getSupervisorStateDescription(code: int) -> str | None:
    """Return the state's name, or None for a number nobody knows."""
    return _supervisor_states_by_code.get(code)


def getEventListenerStateDescription(code: int) -> str | None:
    """Return the state's name, or None for a number nobody knows."""
    return _eventlistener_states_by_code.get(code)
