"""Appends to what is open and keeps what that does not take: never raises, never blocks, loses nothing it can keep.

``Appender.write`` is the hottest path of the daemon: one system call for each chunk.
"""

from __future__ import annotations

import errno
import os
import sys
from abc import abstractmethod
from collections.abc import Callable

from warden.logs.family import NOBODY, Member
from warden.logs.targets import Put, Waiting
from warden.logs.troubles import Troubles
from warden.logs.upkeep import Upkeep

BUFFER_BYTES = 1024 * 1024
NO_LIMIT = sys.maxsize


class Appender(Member):
    """Writes to ``_fd``; where that leads, and when to something else, is the business of a subclass.

    What cannot be written waits, up to ``buffer_bytes``, and is tried again with
    each ``write`` and ``flush``; of more than that the oldest bytes are lost.
    ``report(text)`` is called once when a trouble begins and once when it is over.

    ``on_write()`` is called after each write.  ``on_wait(sink)`` is called when
    data begins to wait, or should; the owner then sees to it that ``flush`` is
    called until it returns True: when ``fileno()`` is writable if ``blocked``,
    else after about a second, and whenever ``on_change`` is called.  To lose
    nothing, it reads nothing more from the program while ``blocked``: that is what
    the program would feel if it wrote there itself.
    """

    def __init__(
        self,
        path: str,
        report: Callable[[str], None],
        on_wait: Callable[[Waiting], None] | None,
        buffer_bytes: int,
        clock: Callable[[], float],
        upkeep: Upkeep,
    ) -> None:
        self.path = path
        self.on_write: Callable[[], None] | None = None
        self.on_wait = on_wait
        self.on_change: Callable[[], None] | None = None
        self.shared = False  # other sinks write to this path too
        self._troubles = Troubles(path, report)
        self._buffer_bytes = buffer_bytes
        self._clock = clock
        self._upkeep = upkeep
        self._family = NOBODY
        self._waiting = bytearray()
        self._blocked = False
        self._announced = False  # on_wait was called
        self._closed = False
        self._fd = -1
        self._put: Put = os.write
        self._size = 0
        self._limit = NO_LIMIT  # the size at which something is to be done

    @abstractmethod
    def _open(self) -> None:
        """Go on in what has the name now; raises OSError."""

    @abstractmethod
    def _drop(self) -> None:
        """Write nothing before the path could be opened again."""

    @abstractmethod
    def _look(self) -> bool:
        """Look after the file once in a while, before a write; return whether that has to wait for the next file."""

    @abstractmethod
    def _turn(self) -> None:
        """The limit is reached: do something about it."""

    def write(self, data: bytes) -> None:
        """Append ``data``, or keep it for later."""
        if self._clock() > self._upkeep.look_at and self._look():
            self._keep(data)
            return
        if self._waiting or self._fd < 0:
            self._keep(data)
            self.flush()
            return
        try:
            written = self._put(self._fd, data)
        except OSError as error:
            self._keep(data)
            self._fail(error)
            return
        self._size += written
        if self.shared:
            self._family.tell_others(self, written)
        if written < len(data):
            self._keep(data[written:])
            self.flush()
        elif self._size >= self._limit:
            self._turn()
        if self.on_write is not None:
            self.on_write()

    def flush(self) -> bool:
        """Try to write what waits; return whether neither data nor the end of a rotation is waited for any more."""
        if self._closed:
            return True
        if not self._family.turning:
            self._write_out()
        return not self._waiting and not self._family.turning

    def _write_out(self) -> None:
        done = 0
        try:
            if self._fd < 0:
                self._open()
            while self._waiting:
                written = self._put(self._fd, self._waiting)
                del self._waiting[:written]
                done += written
        except OSError as error:
            self._fail(error)
        else:
            self._blocked = self._announced = False
            self._troubles.writing_works()
        self._size += done
        if done and self.shared:
            self._family.tell_others(self, done)
        if self._size >= self._limit and self._fd >= 0:
            self._turn()
        if done and self.on_write is not None:
            self.on_write()

    @property
    def waiting(self) -> int:
        """Bytes that could not be written yet."""
        return len(self._waiting)

    @property
    def kept(self) -> bytes:
        """What could not be written yet."""
        return bytes(self._waiting)

    @property
    def blocked(self) -> bool:
        """Whether data waits, or should, only until the other side reads or a rotation is over."""
        return self._blocked or self._family.turning

    def fileno(self) -> int:
        """Return the descriptor to wait for, -1 if there is none; it changes with rotation and reopening."""
        return -1 if self._family.turning else self._fd

    def hear_of(self, written: int) -> None:
        """Another sink has written so many bytes to the file."""
        self._size += written
        if self.on_write is not None:
            self.on_write()

    def pause(self) -> None:
        """Tell the owner that data waits, or should."""
        if not self._announced and self.on_wait is not None:
            self._announced = True
            self.on_wait(self)

    def _keep(self, data: bytes) -> None:
        if self._closed:
            return
        self._waiting += data
        excess = len(self._waiting) - self._buffer_bytes
        if excess > 0:
            del self._waiting[:excess]
            self._troubles.lose(excess)

    def _fail(self, error: OSError) -> None:
        """A write or opening failed; what was to be written is kept already."""
        self._blocked = isinstance(error, BlockingIOError)
        if error.errno in (errno.EIO, errno.ESTALE):  # this descriptor will not recover, the path may
            self._drop()
        if self._waiting:
            self.pause()
        if not self._blocked:  # else only a reader that is slow for a moment
            self._troubles.writing_failed(error)
