"""The last changes of phase of one process."""

from __future__ import annotations

from collections.abc import Iterable

from warden.rpc.insight import Transition
from warden.words import Phase

REMEMBERED = 50  # changes


class History(list[Transition]):
    """The oldest one goes for each that is one too many.

    A list, since each process has one and most have little to tell: an empty deque is five times as large.
    """

    __slots__ = ()

    def last_change(self, *phases: Phase) -> Transition | None:
        """Return the latest change, to one of ``phases`` if some are given; remarks, which stand here too, are none."""
        changes = (step for step in reversed(self) if step.is_change)
        return next((step for step in changes if not phases or step.phase in phases), None)

    def append(self, step: Transition) -> None:
        """Remember one more change."""
        super().append(step)
        del self[:-REMEMBERED]

    def extend(self, steps: Iterable[Transition]) -> None:
        """Remember several more."""
        super().extend(steps)
        del self[:-REMEMBERED]
