"""Looks in the output of a child for the line that says that it is ready."""

from __future__ import annotations

import re
from collections.abc import Callable

from warden.runtime.patterns import TooLong, is_found
from warden.words import Channel

_LINE_BYTES = 64 * 1024  # the longest line in which the pattern is looked for
MOST_TOO_LONG = 100  # lines for which the search may be given up; then it is for the whole child


class Tap:
    """Hears what one child writes, until a line has the pattern in it.

    ``on_trouble`` is told why no such line may ever be noticed: once when the
    search in a line was given up, and once when all is.
    """

    def __init__(self, pattern: str, on_found: Callable[[], None], on_trouble: Callable[[str], None]) -> None:
        self._pattern = re.compile(pattern.encode())
        self._on_found = on_found
        self._on_trouble = on_trouble
        self._rests = dict.fromkeys(Channel, b"")
        self._too_long = 0
        self._done = False

    def __call__(self, channel: Channel, data: bytes) -> None:
        """Hear what was written to a channel."""
        if self._done:
            return
        *lines, rest = (self._rests[channel] + data).split(b"\n")
        self._rests[channel] = rest[-_LINE_BYTES:]
        for line in lines:
            if self._fits(line):
                self._done = True
                self._on_found()
            if self._done:
                return

    def _fits(self, line: bytes) -> bool:
        try:
            return is_found(self._pattern, line)
        except TooLong:
            self._too_long += 1
        what = f"the pattern of its ready=log: takes too long in a line of {len(line)} bytes"
        if self._too_long == 1:
            self._on_trouble(f"{what}: it counts as one without it")
        elif self._too_long == MOST_TOO_LONG:
            self._done = True
            self._on_trouble(f"{what}, as in {MOST_TOO_LONG - 1} before: it is not looked for any more")
        return False
