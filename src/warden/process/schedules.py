"""What follows when the clock wants a process to run; pure."""

from __future__ import annotations

from warden.process.step import AgainRequested, Event, RestartRequested, ScheduleDue, State
from warden.words import STARTABLE_PHASES, Overlap, Phase

LARGEST_REPETITION = 3 * 3600.0  # seconds


def due(state: State, overlap: Overlap, cause: str) -> tuple[Event, ...]:
    """Return what happens to a process when a moment of its schedule has come.

    A start that waits, for other processes or for another try, is a run that goes
    on: it serves this moment, too.  One that has no child yet is not replaced.
    """
    if state.waiting:
        return ()
    if state.phase in STARTABLE_PHASES:
        return (ScheduleDue(cause),)
    match overlap:
        case Overlap.SKIP:
            return ()
        case Overlap.QUEUE:
            return (AgainRequested(cause),)
        case Overlap.REPLACE if state.phase is Phase.STARTING and not state.pid:
            return ()
        case Overlap.REPLACE:
            return AgainRequested(cause), RestartRequested(f"{cause} replaces the last run")


def begins_anew(stepped: float) -> bool:
    """Tell whether schedules look at the clock afresh after it was set forward by ``stepped`` seconds.

    Else the next moment of each stays what it was: set forward, a clock makes it
    come; set back, it shows again what was dealt with already.  Cron draws the line
    at the same place.
    """
    return stepped < -LARGEST_REPETITION
