"""The pipes of a child that is about to be born: its three descriptors, and our ends.

Standard library only: the keeper imports this.
"""

from __future__ import annotations

import os

STDIN, STDOUT, STDERR = "stdin", "stdout", "stderr"


class Wiring:
    """``ours`` are our ends by name: stdin (if that is a pipe), stdout, stderr (if it is not stdout's)."""

    __slots__ = ("_theirs", "ours", "stderr", "stdin", "stdout")

    def __init__(self, stdin: int | None, *, stderr_too: bool) -> None:
        """Open the pipes; ``stdin`` is what the child gets there instead of one.

        Raises:
            OSError: there are no more descriptors; nothing is left open.
        """
        self.ours: dict[str, int] = {}
        self._theirs: list[int] = []
        try:
            self.stdin = self._pipe(STDIN, child_reads=True) if stdin is None else stdin
            self.stdout = self.stderr = self._pipe(STDOUT, child_reads=False)
            if stderr_too:
                self.stderr = self._pipe(STDERR, child_reads=False)
        except OSError:
            self.close()
            raise

    def _pipe(self, name: str, *, child_reads: bool) -> int:
        reader, writer = os.pipe()
        self.ours[name], theirs = (writer, reader) if child_reads else (reader, writer)
        self._theirs.append(theirs)
        return theirs

    def close_theirs(self) -> None:
        """Close the child's ends, which it has by now, or will not need."""
        theirs, self._theirs = self._theirs, []
        for fd in theirs:
            os.close(fd)

    def close(self) -> None:
        """Close everything: there will be no child."""
        self.close_theirs()
        for fd in self.ours.values():
            os.close(fd)
        self.ours.clear()
