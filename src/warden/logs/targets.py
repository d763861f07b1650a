"""Opens what a log is written to, so that writing can never block: files, fifos, terminals, our own descriptors."""

from __future__ import annotations

import contextlib
import os
import re
import select
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from warden.frozen import frozen

Put = Callable[[int, bytes | bytearray], int]

_OWN_DESCRIPTOR = re.compile(r"/dev/(?:std(?P<name>out|err)|fd/(?P<number>\d+))|/proc/self/fd/(?P<proc>\d+)")
_SAFE_BYTES = select.PIPE_BUF  # a pipe that select calls writable takes this much without blocking


class Waiting(Protocol):
    """Something that has data it could not write yet.

    ``on_change``, if set, is called when it is worth trying again, but not right
    there, and before the descriptor is closed, whatever the reason.
    """

    on_change: Callable[[], None] | None

    @property
    def blocked(self) -> bool:
        """Whether the data waits only for ``fileno()`` to become writable, or, if that is -1, for ``on_change``."""
        ...

    def fileno(self) -> int:
        """Return the descriptor to watch at this moment."""
        ...

    def flush(self) -> bool:
        """Try again; return whether nothing waits any more."""
        ...


@frozen(kw_only=True)
class Target:
    """An open log.

    ``put(fd, data)`` writes what fits and returns how much, or raises OSError;
    BlockingIOError when nothing fits now.  ``mode`` are the permission bits.
    ``regular``: a file of its own, that can be rotated and cleared.  ``endless``:
    takes everything and never grows (``/dev/null``).
    """

    fd: int
    put: Put
    size: int = 0
    mode: int = 0o666
    inode: int = 0
    regular: bool = False
    endless: bool = False


def open_target(path: str, mode: int = 0o666, *, whole_lines: bool = False) -> Target:
    """Open ``path`` for appending; it is created with ``mode`` less the umask.

    With ``whole_lines`` only complete lines are written into a descriptor of our
    own at a time, so that those of several writers to one pipe do not mix.

    Raises:
        OSError: it cannot be opened; ENXIO for a fifo that nobody reads yet.
    """
    if own := _OWN_DESCRIPTOR.fullmatch(path):
        target = _open_own(int(own["number"] or own["proc"] or {"out": 1, "err": 2}[own["name"]]))
        return replace(target, put=partial(_put_lines, target.put)) if whole_lines else target
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY, mode)
    status = os.fstat(fd)
    regular = stat.S_ISREG(status.st_mode)
    endless = stat.S_ISCHR(status.st_mode) and _is_seekable(fd)
    return Target(
        fd=fd,
        put=os.write,
        size=status.st_size if regular else 0,
        mode=status.st_mode & 0o777 if regular else mode,
        inode=status.st_ino,
        regular=regular,
        endless=endless,
    )


def _open_own(number: int) -> Target:
    """Write where our descriptor ``number`` leads, without changing it for those who share it.

    A second opening of a pipe or terminal can be non-blocking for us alone.  A
    file is not opened again: two positions in it would overwrite each other.
    Where a second opening is refused (sockets, another user's terminal), each
    write looks first whether there is room.
    """
    if stat.S_ISREG(os.fstat(number).st_mode):
        return Target(fd=os.dup(number), put=os.write)
    try:
        fd = os.open(f"/dev/fd/{number}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return Target(fd=os.dup(number), put=_put_if_ready)
    shared = os.get_blocking(fd)  # where opening means duplicating (macOS, BSD)
    return Target(fd=fd, put=_put_if_ready if shared else os.write, endless=_is_seekable(fd))


def _put_if_ready(fd: int, data: bytes | bytearray) -> int:
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    if not poll.poll(0):
        raise BlockingIOError
    return os.write(fd, data[:_SAFE_BYTES])


def _put_lines(put: Put, fd: int, data: bytes | bytearray) -> int:
    """Write as many lines as a pipe takes whole or not at all; a longer line in pieces."""
    end = len(data) if len(data) <= select.PIPE_BUF else data.rfind(b"\n", 0, select.PIPE_BUF) + 1
    return put(fd, data[: end or select.PIPE_BUF])


def _is_seekable(fd: int) -> bool:
    try:
        os.lseek(fd, 0, os.SEEK_CUR)
    except OSError:
        return False
    return not os.isatty(fd)


def close_quietly(fd: int) -> None:
    """Close ``fd``; network file systems report old troubles here, which nobody could act upon any more."""
    with contextlib.suppress(OSError):
        os.close(fd)


def has_the_name(path: str, fd: int) -> bool:
    """Tell whether the open file ``fd`` is the one that has the name ``path`` now."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(fd))
    except OSError:
        return False


def is_gone(fd: int) -> bool:
    """Tell whether the open file ``fd`` has no name any more."""
    try:
        return os.fstat(fd).st_nlink == 0
    except OSError:  # a network file system lost it
        return True


def is_at(path: str, status: os.stat_result) -> bool:
    """Tell whether the file with that ``status`` has the name ``path`` now."""
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:
        return False
