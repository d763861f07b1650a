"""Looks for a pattern in a line, and gives up when that takes too long, as some patterns do."""

from __future__ import annotations

import re
import signal

LIMIT_SECONDS = 0.005  # of CPU time for one line; the kernel may take another 4 ms to notice

_armed = False  # for the handler, which is the process's as the timer is


class TooLong(Exception):
    """Nobody knows whether the pattern is there."""


def is_found(pattern: re.Pattern[bytes], line: bytes) -> bool:
    """Return whether the pattern is in the line; only in the main thread.

    ``re`` looks at signals now and then while it searches, so a timer can end it.

    Raises:
        TooLong: it took longer than LIMIT_SECONDS.
    """
    global _armed
    if signal.getsignal(signal.SIGVTALRM) is not _on_timer:
        signal.signal(signal.SIGVTALRM, _on_timer)
    try:
        _armed = True
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECONDS)
        found = pattern.search(line) is not None
        _armed = False
    finally:
        _armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return found


def _on_timer(_signum: int, _frame: object) -> None:
    """End a search; a timer that rings when it is over, on its way through another thread, ends nothing."""
    if _armed:
        raise TooLong
