"""When the programs end the daemon, and with which exit status: the contract of a container; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from warden.config.model import Policy
from warden.process.machine import TOO_QUICK
from warden.process.step import State
from warden.words import ExitStatus, Phase

FAILED_START = 1
SIGNAL_BASE = 128  # a death by signal as shells tell it


class Fate(NamedTuple):
    """What became of one process.

    ``last_exit`` is the end of its last child, ``starts`` if it starts by itself,
    ``due`` if a moment of its schedule is still to come, ``in_vain`` if it waits
    for another one that has ended for good.
    """

    state: State
    policy: Policy
    last_exit: ExitStatus | None
    starts: bool
    started: bool  # ever
    due: bool = False
    in_vain: bool = False


def is_final(fate: Fate) -> bool:
    """Tell whether a process has ended, or has not come up, and nothing will start it again by itself."""
    state = fate.state
    at_end = state.phase in (Phase.EXITED, Phase.FATAL)
    return at_end and state.deadline is None and not state.waiting and not fate.due


def exit_status(fate: Fate) -> int:
    """Return the exit status with which the daemon passes on the end of a process that is final."""
    if fate.state.phase is Phase.FATAL:
        told = _number(fate.last_exit) if fate.state.spawn_error == TOO_QUICK else 0
        return told or FAILED_START  # to exit with 0 before startsecs is a failure, too
    return _number(fate.last_exit)


def when_all_finished(fates: Iterable[Fate]) -> int | None:
    """Return the exit status once all have finished, None before.

    It is that of the first that failed, in the order of ``fates``.  What never
    started and does not start by itself does not count; what somebody has
    stopped has not finished: it may be started again.  Who waits in vain will
    never start, which is a failure if nothing else is.
    """
    status, in_vain = 0, False
    for fate in fates:
        if is_final(fate):
            status = status or _failure(fate)
        elif fate.in_vain:
            in_vain = True
        elif fate.starts or fate.started or fate.due:
            return None
    return status or (FAILED_START if in_vain else 0)


def _failure(fate: Fate) -> int:
    end = fate.last_exit
    expected = fate.state.phase is Phase.EXITED and end is not None and end.number in fate.policy.exitcodes
    return 0 if expected else exit_status(fate)


def _number(end: ExitStatus | None) -> int:
    if end is None:
        return 0
    return end.code if end.code is not None else SIGNAL_BASE + (end.signum or 0)
