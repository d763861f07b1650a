"""What is under way right now, in memory that outlives this process: a chunk of output, a step, rows of numbers.

What is read from a pipe is nowhere else until it is written to its log.  So it is
read into memory that the keeper holds too; whoever comes after us finds it there
and can tell how far it got.
"""

from __future__ import annotations

import array
import fcntl
import mmap
import os
import struct
import termios
import time
from typing import NamedTuple

from warden.runtime.cells import CELLS_BYTES, Cells

CHUNK_BYTES = 256 * 1024  # the most that is read, and handed on, at once
_HEAD = struct.Struct("<QQQQQ")  # number, owner, bytes, inode of the log, its size before; number 0 = empty
_NUMBER = struct.Struct("<Q")
_STEP_AT = _HEAD.size
_LETTER_AT = _STEP_AT + _NUMBER.size
_CHUNK_AT = 64
_CELLS_AT = _CHUNK_AT + CHUNK_BYTES
_ALL_BYTES = _CELLS_AT + CELLS_BYTES
# Not in any text: where these bytes still stand nothing was read.
_MARK = bytes.fromhex("fffec1f5ff00fec0fff8fffb00fff9c1")


class InFlight(NamedTuple):
    """A chunk that somebody read and did not say to have dealt with.

    ``number`` is the chunk's own, ``owner`` who was to get it, ``inode`` and
    ``size`` the log file before it was written (0: unknown).
    """

    number: int
    owner: int
    data: bytes
    inode: int
    size: int


class Slot:
    """Reads chunks; between ``read`` and ``done`` the chunk can be recovered.

    ``step`` is the number of the latest step that is complete.  ``letter`` is 1
    more than the number of the event that is being sent, 0 while none is.
    ``cells`` are for whoever has more to remember that changes often.
    """

    def __init__(self, fd: int | None = None) -> None:
        """Use the memory ``fd``, or new memory."""
        self.fd = os.memfd_create("slot") if fd is None else fd
        os.ftruncate(self.fd, _ALL_BYTES)
        self._map = mmap.mmap(self.fd, _ALL_BYTES)
        self._chunk = memoryview(self._map)[_CHUNK_AT:_CELLS_AT]
        self.cells = Cells(self._map, _CELLS_AT)
        self._size = array.array("i", [0])
        self.number: int = _HEAD.unpack_from(self._map)[0]  # of the latest chunk; no other has the same, ever

    def read(self, fd: int, owner: int, inode: int, size: int) -> bytes:
        """Read a chunk from a pipe as ``os.read`` does; call ``done`` when it is where it belongs."""
        fcntl.ioctl(fd, termios.FIONREAD, self._size)
        expected = min(self._size[0], CHUNK_BYTES) or 1  # exactly so much, or the end
        mark = min(expected, len(_MARK))
        self._chunk[expected - mark : expected] = _MARK[:mark]
        self.number = time.monotonic_ns()
        _HEAD.pack_into(self._map, 0, 0, owner, expected, inode, size)
        _NUMBER.pack_into(self._map, 0, self.number)  # the announcement is complete only now
        got = 0
        try:
            got = os.readv(fd, [self._chunk[:expected]])
        finally:
            if got == 0:
                self.done()
        return bytes(self._chunk[:got])

    def done(self) -> None:
        """Forget the chunk."""
        _NUMBER.pack_into(self._map, 0, 0)

    def left(self) -> InFlight | None:
        """Return the chunk that another process read and did not finish with."""
        number, owner, size, inode, log_size = _HEAD.unpack_from(self._map)
        if number == 0:
            return None
        data = bytes(self._chunk[:size])
        if data.endswith(_MARK[: min(size, len(_MARK))]):
            return None  # announced, and not read: it is in the pipe still
        return InFlight(number, owner, data, inode, log_size)

    @property
    def step(self) -> int:
        """The latest step that is complete."""
        return int(_NUMBER.unpack_from(self._map, _STEP_AT)[0])

    @step.setter
    def step(self, number: int) -> None:
        _NUMBER.pack_into(self._map, _STEP_AT, number)

    @property
    def letter(self) -> int:
        """What is being sent."""
        return int(_NUMBER.unpack_from(self._map, _LETTER_AT)[0])

    @letter.setter
    def letter(self, number: int) -> None:
        _NUMBER.pack_into(self._map, _LETTER_AT, number)

    def close(self) -> None:
        """Let go of the memory; the keeper has it still."""
        self._chunk.release()
        self._map.close()
        os.close(self.fd)


class PlainReader:
    """Reads chunks where nobody could come after us."""

    number = 0
    step = 0
    letter = 0
    cells = None

    def read(self, fd: int, _owner: int, _inode: int, _size: int) -> bytes:
        """Read a chunk."""
        return os.read(fd, CHUNK_BYTES)

    def done(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
