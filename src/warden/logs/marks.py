"""Remembers which position of a log was reached when, so that "since ten minutes ago" is a position."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left

LOOK_SECONDS = 1.0  # how often a position is noted while a log is written
_MOST = 256  # marks of one log; of more every second one is forgotten
_NO_TIMES, _NO_OFFSETS = array("d"), array("q")  # of all that were never written: nobody changes them


class Marks:
    """Positions of the present file of one log by time (seconds since the epoch), about one for each second of writing.

    ``note`` is called before a write, so what stands from a mark on was written
    at its time or later.
    """

    __slots__ = ("_file", "_offsets", "_older", "_times")

    def __init__(self) -> None:
        self._file: tuple[int, int] | None = None
        self._times, self._offsets = _NO_TIMES, _NO_OFFSETS
        self._older = 0.0  # no byte before the first mark is younger than this

    def begin(self, now: float, status: os.stat_result) -> None:
        """Go on in the file with this status, which may be the one we know."""
        file, size = (status.st_dev, status.st_ino), status.st_size
        if file != self._file or size < self._offsets[-1]:
            self._file, self._older = file, status.st_mtime
            self._times, self._offsets = array("d", (now,)), array("q", (size,))
        else:
            self.note(now, size)

    def note(self, now: float, size: int) -> None:
        """The file has ``size`` bytes now, and something is about to be written."""
        if now <= self._times[-1] or size < self._offsets[-1]:  # a clock that was set back, a file that was emptied
            return
        if size == self._offsets[-1]:
            self._times[-1] = now
            return
        self._times.append(now)
        self._offsets.append(size)
        if len(self._times) > _MOST:
            self._thin_out()

    def offset_since(self, when: float, size: int) -> int | None:
        """Return where in the ``size`` bytes those written since ``when`` begin; None if nobody knows any more.

        The answer may be too early by an eighth of the time that has passed.
        """
        if not self._times:
            return None
        if when < self._times[0]:
            return self._offsets[0] if self._older < when or not self._offsets[0] else None
        found = bisect_left(self._times, when)
        if found == len(self._times):
            return self._offsets[-1] if when < self._times[-1] + LOOK_SECONDS else size
        thinned = found and (self._times[found] - self._times[found - 1]) * 8 <= self._times[-1] - when
        return self._offsets[found - 1 if thinned else found]

    def _thin_out(self) -> None:
        """Keep so many marks that the distance between two stays below a twelfth of their age."""
        last = self._times[-1]
        kept = [len(self._times) - 1]
        for index in range(len(self._times) - 2, -1, -1):
            newer = self._times[kept[-1]]
            if index == 0 or (newer - self._times[index - 1]) * 12 > last - newer:
                kept.append(index)
        kept.reverse()
        self._times = array("d", (self._times[index] for index in kept))
        self._offsets = array("q", (self._offsets[index] for index in kept))


NO_MARKS = Marks()
"""Of all logs that have no file: nothing is ever noted here."""
