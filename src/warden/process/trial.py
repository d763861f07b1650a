"""An update on trial: when it must be taken back; pure."""

from __future__ import annotations

from collections.abc import Iterable

from warden.config.model import GroupConfig
from warden.frozen import frozen
from warden.words import Phase


@frozen(kw_only=True)
class Trial:
    """An update that may be taken back, and all that is needed for it; remembered for the next brain.

    ``touched`` are the groups that it has added or changed, ``groups`` the
    configurations that it replaced, ``running`` the namespecs of what of those
    ran.  ``seconds`` is how long there is to confirm it, ``deadline`` the moment
    at which that time is over, None while the update is still being made.  ``why``
    is why it is being taken back, "" if it is not.
    """

    seconds: float
    touched: tuple[str, ...] = ()
    groups: tuple[GroupConfig, ...] = ()
    running: tuple[str, ...] = ()
    deadline: float | None = None
    why: str = ""


def objection(trial: Trial, now: float, members: Iterable[tuple[str, Phase]]) -> str:
    """Return why the update must be taken back now, empty if nothing speaks against it so far.

    ``members`` are the namespecs and phases of all processes that it touched.
    """
    for namespec, phase in members:
        if phase is Phase.FATAL:
            return f"{namespec} is FATAL"
    overdue = trial.deadline is not None and now >= trial.deadline
    return f"nobody has confirmed it within {trial.seconds:g} s" if overdue else ""
