"""The kernel's news about directories: inotify(7), a thin layer over three calls of the C library.

Not a library's on Linux: those with an observer keep a failed watch below the first
directory and an overflow of the queue to themselves, and one polls 20 times a
second; the thin ones start ``ldconfig`` in a process of its own when imported.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from warden.runtime import libc

CLOSE_WRITE, ATTRIB = 0x8, 0x4
MOVED_FROM, MOVED_TO = 0x40, 0x80
CREATE, DELETE = 0x100, 0x200
DELETE_SELF, MOVE_SELF = 0x400, 0x800
UNMOUNT, OVERFLOW, IGNORED = 0x2000, 0x4000, 0x8000
ONLY_DIRECTORIES, ADD_TO_MASK, IS_DIRECTORY = 0x0100_0000, 0x2000_0000, 0x4000_0000

NAMES = MOVED_FROM | MOVED_TO | CREATE | DELETE  # entries come and go
CONTENTS = NAMES | CLOSE_WRITE | ATTRIB
_ALWAYS = DELETE_SELF | MOVE_SELF | ONLY_DIRECTORIES | ADD_TO_MASK
_HEADER = struct.Struct("iIII")
_READ_BYTES = 256 * 1024


class News(NamedTuple):
    """Something happened to the directory ``number``, or to its entry ``name``; -1 = to the queue as a whole."""

    number: int
    mask: int
    name: str


class Inotify:
    """One queue of news; ``hear`` gets them on the loop.

    Raises:
        OSError: EMFILE, the user has no more of them (fs.inotify.max_user_instances), or ENOSYS.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, hear: Callable[[list[News]], None]) -> None:
        self._fd = libc.call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        self._loop = loop
        self._hear = hear
        loop.add_reader(self._fd, self._read)

    def add(self, directory: str, mask: int) -> int:
        """Hear of a directory, also what ``mask`` asks for if it was known before; return its number.

        Raises:
            OSError: ENOSPC, the user has no more of them (fs.inotify.max_user_watches); ENOENT, ENOTDIR, EACCES.
        """
        return libc.call("inotify_add_watch", self._fd, os.fsencode(directory), mask | _ALWAYS)

    def remove(self, number: int) -> None:
        """Hear of a directory no more; it may be gone already."""
        with suppress(OSError):
            libc.call("inotify_rm_watch", self._fd, number)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        news, at = [], 0
        while at < len(data):
            number, mask, _cookie, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            news.append(News(number, mask, os.fsdecode(data[at : at + length].rstrip(b"\0"))))
            at += length
        self._hear(news)

    def close(self) -> None:
        """Hear of nothing more."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
