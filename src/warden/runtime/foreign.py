"""Processes that are nobody's children of ours: when they end, how as far as the kernel tells, and what they have open.

Everything goes through process descriptors (Linux 5.6), which never mean another
process than the one they were opened for.  How a process ended that somebody
else reaps is known since Linux 6.15.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import select
import signal
import struct
from collections.abc import Callable

from warden.runtime import proc
from warden.runtime.polling import readable
from warden.runtime.reaper import decode
from warden.words import ExitStatus

_INFO_BYTES = 64  # struct pidfd_info in its first version, linux/pidfd.h
_GET_INFO = 3 << 30 | _INFO_BYTES << 16 | 0xFF << 8 | 11  # _IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)
_INFO_EXIT = 1 << 3
_MASK = struct.Struct("=Q")
_EXIT_CODE = struct.Struct("=i")
_EXIT_CODE_AT = 60
_GETFD = 438  # pidfd_getfd, the same number on all machines that Python runs on
_UNREAPED_SECONDS = 1.0  # that are waited for somebody to reap a process of which we may not know more before


def open_process(pid: int, start: int | None = None) -> int | None:
    """Return a descriptor of a living process; None if there is none, or not that which was started then.

    ``start`` is in clock ticks since boot, as ``proc.stat`` tells it.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    found = proc.stat(pid)  # of the process that the descriptor holds, or of none
    if found is None or found.state == "Z" or (start is not None and found.start != start):
        os.close(pidfd)
        return None
    return pidfd


def copy_descriptor(pidfd: int, number: int) -> int:
    """Return a duplicate of a descriptor that another process has open; not inheritable.

    Raises:
        OSError: EPERM without the right to trace that process, ENOSYS before Linux 5.6, EBADF.
    """
    from warden.runtime import libc  # and with it ctypes, only for this

    return libc.call("syscall", _GETFD, pidfd, number, 0)


def exit_status(pidfd: int) -> ExitStatus | None:
    """Return how a process has ended, with nothing in it if the kernel cannot tell; None before it was reaped."""
    info = bytearray(_INFO_BYTES)
    _MASK.pack_into(info, 0, _INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _GET_INFO, info)
    except OSError:  # before 6.13 nothing is told, before 6.15 nothing about who has been reaped
        return ExitStatus()
    if _MASK.unpack_from(info)[0] & _INFO_EXIT:
        return decode(_EXIT_CODE.unpack_from(info, _EXIT_CODE_AT)[0])
    return None


def tells_exit_status() -> bool:
    """Whether this kernel tells how processes end that somebody else reaps."""
    major, minor = (int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
    return (major, minor) >= (6, 15)


def has_ended(pidfd: int) -> bool:
    """Tell whether a process has ended."""
    return readable(pidfd, 0)


def send(pidfd: int, signum: int) -> None:
    """Signal a process; one that is gone is not an error.

    Raises:
        OSError: the operating system refuses.
    """
    try:
        signal.pidfd_send_signal(pidfd, signum)
    except ProcessLookupError:
        return


class Watch:
    """Tells when processes end.

    The kernel speaks twice: when a process has ended, and when its parent has
    reaped it.  In between /proc tells how, to those who have the right to know;
    afterwards the descriptor does.  A parent that never reaps is not waited for.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._watched: dict[int, tuple[int, Callable[[ExitStatus], None]]] = {}
        self._unreaped: dict[int, asyncio.TimerHandle] = {}
        loop.add_reader(self._epoll.fileno(), self._look)

    def add(self, pidfd: int, pid: int, on_end: Callable[[ExitStatus], None]) -> None:
        """Call ``on_end``, once, when the process has ended."""
        self._watched[pidfd] = pid, on_end
        self._epoll.register(pidfd, select.EPOLLIN | select.EPOLLET)  # an edge for each of the two

    def close(self) -> None:
        """Tell nothing any more; the descriptors are their owners'."""
        for timer in self._unreaped.values():
            timer.cancel()
        self._watched.clear()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _look(self) -> None:
        for pidfd, _events in self._epoll.poll(0):
            pid, _on_end = self._watched[pidfd]
            code = proc.exit_code(pid) if exit_status(pidfd) is None else None
            status = exit_status(pidfd) if code is None else decode(code)  # again: it may have been reaped meanwhile
            if status is not None:
                self._end(pidfd, status)
            elif pidfd not in self._unreaped:
                self._unreaped[pidfd] = self._loop.call_later(_UNREAPED_SECONDS, self._end, pidfd, ExitStatus())

    def _end(self, pidfd: int, status: ExitStatus) -> None:
        timer = self._unreaped.pop(pidfd, None)
        if timer is not None:
            timer.cancel()
        _pid, on_end = self._watched.pop(pidfd)
        self._epoll.unregister(pidfd)
        on_end(status)
