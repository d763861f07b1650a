"""Decides when a log file is looked at: is it still there, is it due for rotation, when was which position reached."""

from __future__ import annotations

import os
from collections.abc import Callable

from warden.logs.marks import LOOK_SECONDS, Marks
from warden.logs.rotation import Calendar
from warden.words import Period


class Upkeep:
    """The looks at one log file: once a second while it is written, and at the end of a period.

    ``clock`` is monotonic and on it a look is due when it is later than
    ``look_at``; ``wall`` gives seconds since the epoch.
    """

    def __init__(
        self, period: Period, marks: Marks | None, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.look_at = float("inf")
        self._clock = clock
        self._wall = wall
        self._calendar = Calendar(period)
        self._marks = marks

    def begin(self, status: os.stat_result) -> None:
        """A file with this status was opened."""
        now = self._wall()
        if self._marks is not None:
            self._marks.begin(now, status)
        self._calendar.begin(now, status)
        self.look_again()

    def look_again(self) -> None:
        """Plan the next look."""
        rest = self._calendar.due_at - self._wall()
        self.look_at = self._clock() + min(LOOK_SECONDS, max(0.0, rest))

    def never(self) -> None:
        """Plan none: it is no regular file."""
        self.look_at = float("inf")

    def is_due(self, size: int) -> bool:
        """Tell whether the file with its ``size`` bytes is of a period that has ended."""
        return self._calendar.is_due(self._wall(), size)

    def note(self, size: int) -> None:
        """The file has ``size`` bytes now, and something is about to be written."""
        if self._marks is not None:
            self._marks.note(self._wall(), size)
