"""An update on trial: when it must be taken back; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from warden.words import Phase


class Trial(NamedTuple):
    """``seconds`` is how long there is to confirm it, ``deadline`` the moment at which that time is over."""

    seconds: float
    deadline: float


def objection(trial: Trial, now: float, members: Iterable[tuple[str, Phase]]) -> str:
    """Return why the update must be taken back now, empty if nothing speaks against it so far.

    ``members`` are the namespecs and phases of all processes that it touched.
    """
    for namespec, phase in members:
        if phase is Phase.FATAL:
            return f"{namespec} is FATAL"
    return f"nobody has confirmed it within {trial.seconds:g} s" if now >= trial.deadline else ""
