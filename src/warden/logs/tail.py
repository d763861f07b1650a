"""Reads logs: ranges and tails with the offset rules of the RPC API, and a follower for live views."""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from warden.errors import BadArguments, Failed, NoFile
from warden.frozen import frozen
from warden.logs.turnover import COMPRESSED, files_of, status_of

MAX_READ_BYTES = 64 * 1024 * 1024  # above the default rotation size, so that a whole log fits
FOLLOW_FROM_BYTES = 1024
FOLLOW_CHUNK_BYTES = 1024 * 1024
TRUNCATED = b"==> File truncated <==\n"
_ATTEMPTS = 5  # to open a file before it is renamed
_DIGITS = 21  # more than any number of 64 bits has


def read(path: str, offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset``, at most MAX_READ_BYTES.

    Length 0 means to the end.  A negative offset, with length 0 only, means the
    last bytes.  What is no regular file counts as empty.

    Raises:
        BadArguments: a length beside a negative offset, or a negative length.
        NoFile: there is no such file.
        Failed: the operating system refused.
    """
    if length < 0 or (offset < 0 and length != 0):
        raise BadArguments
    try:
        with _opened(path) as (fd, size):
            start = max(0, size + offset) if offset < 0 else offset
            wanted = size - start if length == 0 else min(length, size - start)
            return os.pread(fd, min(wanted, MAX_READ_BYTES), start) if wanted > 0 else b""
    except (FileNotFoundError, NotADirectoryError):
        raise NoFile(path) from None
    except OSError as error:
        raise Failed from error


def tail(path: str, offset: int, length: int) -> tuple[bytes, int, bool]:
    """Return (data, size of the file, whether bytes after ``offset`` were left out).

    ``data`` goes from ``offset`` to the end if that is at most ``length`` bytes,
    else it is the last ``length`` bytes (never more than MAX_READ_BYTES).
    Never raises: a missing file is empty, for an unreadable one the size is
    ``offset``.
    """
    try:
        with _opened(path) as (fd, size):
            overflow = size > offset + length
            wanted = min(length, size - max(offset, 0), MAX_READ_BYTES)
            return (os.pread(fd, wanted, size - wanted) if wanted > 0 else b""), size, overflow
    except (FileNotFoundError, NotADirectoryError):
        return b"", 0, False
    except OSError:
        return b"", offset, False


def size(path: str) -> int:
    """Return the size of a log in bytes, 0 if there is no such regular file."""
    status = status_of(path)
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else 0


@contextmanager
def _opened(path: str) -> Iterator[tuple[int, int]]:
    """Open ``path`` without ever waiting (it may be a fifo); give descriptor and size."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        status = os.fstat(fd)
        yield fd, status.st_size if stat.S_ISREG(status.st_mode) else 0
    finally:
        os.close(fd)


class Turn(enum.Enum):
    """How a piece of a log follows the one before it."""

    NONE = ""  # where that one ended
    ROTATED = "rotated"  # in a new file; the old one was read to its end
    REMOVED = "removed"  # in a new file; the old one was thrown away
    TRUNCATED = "truncated"  # in the same file, which was emptied


@frozen
class Piece:
    """Bytes of a log from position ``offset`` of its present file; may be empty after a turn."""

    turn: Turn
    offset: int
    data: bytes


class Place(NamedTuple):
    """A position in one file of a log, by which it is found also when that file was rotated."""

    inode: int
    offset: int

    @classmethod
    def read(cls, text: str | None) -> Place | None:
        """Read ``INODE:OFFSET``; None for anything else."""
        inode, _, offset = (text or "").partition(":")
        if not all(part.isdecimal() and part.isascii() and len(part) < _DIGITS for part in (inode, offset)):
            return None
        return cls(int(inode), int(offset))

    def __str__(self) -> str:
        return f"{self.inode}:{self.offset}"


class Follower:
    """Reads a log as it grows, from position ``start`` (None: from its last 1024 bytes).

    A ``Place`` whose file is gone means the beginning of the present one: all
    that is there was written later.  Goes on with the next file after a rotation or clearing, when the old one is
    read to its end, and through several rotations at once.  Never raises: a file
    that cannot be read just gives nothing.
    """

    def __init__(self, path: str, start: int | Place | None = None, *, chunk_bytes: int = FOLLOW_CHUNK_BYTES) -> None:
        self._path = path
        self._chunk_bytes = chunk_bytes
        self._fd = -1
        self._position = 0
        if isinstance(start, Place):
            self._find(start)
        elif self._open(path):
            end = os.fstat(self._fd).st_size
            self._position = max(0, end - FOLLOW_FROM_BYTES) if start is None else start

    @property
    def place(self) -> Place:
        """Up to where the log was read; of no file if there is none yet."""
        return Place(0 if self._fd < 0 else os.fstat(self._fd).st_ino, self._position)

    def read(self) -> bytes:
        """Return what is new, at most about a megabyte: call again until there is nothing."""
        while (piece := self.piece()) is not None:
            if data := (TRUNCATED if piece.turn is Turn.TRUNCATED else b"") + piece.data:
                return data
        return b""

    def piece(self) -> Piece | None:
        """Return what is new and where it stands, at most ``chunk_bytes``; None when there is nothing."""
        if self._fd < 0:
            self._open(self._path)
        if self._fd < 0:
            return None
        turn = Turn.NONE
        if os.fstat(self._fd).st_size < self._position:
            self._position, turn = 0, Turn.TRUNCATED
        data = self._more()
        if not data and turn is Turn.NONE:
            turn = self._open_next()
            if turn is Turn.NONE:
                return None
            data = self._more()
        return Piece(turn, self._position - len(data), data)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _more(self) -> bytes:
        try:
            data = os.pread(self._fd, self._chunk_bytes, self._position)
        except OSError:
            return b""
        self._position += len(data)
        return data

    def _open(self, path: str, expected: os.stat_result | None = None) -> bool:
        """Go on at the beginning of ``path``, if it is a regular file that can be read, and the one we expect."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return False
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or not os.path.samestat(status, expected or status):
            os.close(fd)
            return False
        self.close()
        self._fd, self._position = fd, 0
        return True

    def _find(self, place: Place) -> None:
        """Go on at a place, in a rotated file if it is there by now."""
        for name, status in files_of(self._path):
            if status.st_ino == place.inode and self._open(name, status):
                self._position = place.offset
                return
        self._open(self._path)

    def _open_next(self) -> Turn:
        """Move to the file that follows the open one: the next newer rotated file, or the log itself."""
        ours = os.fstat(self._fd)
        for _ in range(_ATTEMPTS):
            newer: tuple[str, os.stat_result] | None = None
            for name, status in files_of(self._path):
                if os.path.samestat(status, ours) or _is_packed(ours, status):
                    break
                if not name.endswith(COMPRESSED):  # what is compressed by now is not followed
                    newer = name, status
            else:
                return Turn.REMOVED if self._open(self._path) else Turn.NONE
            if newer is None:
                return Turn.NONE
            if self._open(*newer):
                return Turn.ROTATED
        return Turn.NONE


def _is_packed(plain: os.stat_result, packed: os.stat_result) -> bool:
    """Tell whether a file that is gone was compressed to another: that has its time (see ``logs.rotation``)."""
    return plain.st_nlink == 0 and packed.st_mtime_ns == plain.st_mtime_ns
