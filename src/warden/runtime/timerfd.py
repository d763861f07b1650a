"""A timer of Linux on the wall clock: it rings when its moment comes, and when somebody sets the clock.

Imported when the first moment is set.  ``os`` has these calls only since Python 3.13.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from warden.runtime import libc

_TIMESPECS = struct.Struct("@4l")  # struct itimerspec: interval and moment, in seconds and nanoseconds
_ABSTIME, _CANCEL_ON_SET = 1, 2  # linux/timerfd.h


class TimerFd:
    """One timer; ``ring`` is called on the loop, and then the timer is to be set again.

    Raises:
        OSError: the system has no such timers, or gives us none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._fd = libc.call("timerfd_create", time.CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
        self._loop = loop
        self._ring = ring
        loop.add_reader(self._fd, self._on_ready)

    def set(self, moment: float | None) -> None:
        """Ring at ``moment``, in seconds since the epoch; None = never."""
        seconds, rest = divmod(moment or 0.0, 1)
        times = _TIMESPECS.pack(0, 0, int(seconds), int(rest * 1e9))
        libc.call("timerfd_settime", self._fd, _ABSTIME | _CANCEL_ON_SET if moment else 0, times, None)

    def close(self) -> None:
        """Ring no more."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _on_ready(self) -> None:
        with suppress(OSError):  # ECANCELED: the clock was set; EAGAIN: the timer was set again meanwhile
            os.read(self._fd, 8)
        self._ring()
