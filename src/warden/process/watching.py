"""What becomes of a process when files that it watches change: when, why, and what is done; pure.

All times are seconds on one monotonic clock.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from warden.process.step import State
from warden.words import Phase, WatchAction

PATIENCE = 10  # debounces: for how long files that never rest are waited for

Stamp = tuple[int, int, int]  # which file it is, its size, when it was written (ns)
Look = Mapping[str, Stamp]  # by path: what there was when somebody looked


class Reaction(enum.Enum):
    """What is done with a process."""

    NOTHING = enum.auto()
    RELOAD = enum.auto()
    RESTART = enum.auto()


def due(first: float, last: float, debounce: float) -> float:
    """Return when to look what has changed, after signs of a change from ``first`` to ``last``: when it is quiet."""
    return min(last + debounce, first + PATIENCE * debounce)


def changed(before: Look, now: Look) -> list[str]:
    """Return the paths that came, went or were written, sorted."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def cause(paths: Sequence[str], base: str) -> str:
    """Say which files have changed: the first by its name below the directory ``base``, and how many more."""
    first = paths[0].removeprefix(base.rstrip("/") + "/")
    return f"changed: {first}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def reaction(action: WatchAction, state: State, *, disabled: bool, since: float | None) -> Reaction:
    """Decide what is done with a process of which files have changed, the last one at ``since`` (None: nobody knows).

    Who runs is told; who started after the change knows already.  Who failed or
    ended by itself starts again, unless it is ``disabled``.  Who was stopped stays so.
    """
    match state.phase:
        case Phase.RUNNING | Phase.STARTING:
            if since is not None and state.started_at is not None and state.started_at > since:
                return Reaction.NOTHING
            reload = action is WatchAction.RELOAD and state.phase is Phase.RUNNING
            return Reaction.RELOAD if reload else Reaction.RESTART
        case Phase.BACKOFF:
            return Reaction.RESTART
        case Phase.EXITED | Phase.FATAL:
            return Reaction.NOTHING if disabled else Reaction.RESTART
        case _:
            return Reaction.NOTHING
