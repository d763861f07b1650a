"""Appends to log files and rotates them: never raises, never blocks, loses nothing it can keep.

``FileSink.write`` is the hottest path of the daemon: one system call for each chunk.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from warden.logs.marks import Marks
from warden.logs.rotation import shift_backups
from warden.logs.targets import Put, Target, Waiting, close_quietly, grown_since, has_the_name, open_target
from warden.logs.upkeep import Upkeep
from warden.words import Period

BUFFER_BYTES = 1024 * 1024
_NO_LIMIT = sys.maxsize

_FAMILIES: dict[str, list[FileSink]] = {}  # the open sinks of regular files, by path


class FileSink:
    """Appends to a file and rotates it when it has ``maxbytes`` (0 = never), keeping ``backups`` old ones.

    With a ``period`` it is rotated, too, before the first write after the end of
    the period that it was last written in.  ``on_rotate(path)`` is called when an
    old file was put aside; ``marks`` remember when which position was reached.

    Construction raises OSError if the file cannot be opened, unless ``patient``;
    from then on only ``clear`` does.  What cannot be written waits, up to ``buffer_bytes``, and is
    tried again with each ``write`` and ``flush``; of more than that the oldest
    bytes are lost.  ``report(text)`` is called once when a trouble begins and
    once when it is over.

    ``on_write()`` is called after each write.  ``on_wait(sink)`` is called when
    data begins to wait; the owner then sees to it that ``flush`` is called until
    it returns True: when ``fileno()`` is writable if ``blocked``, else after
    about a second.  To lose nothing, it reads nothing more from the program while
    ``blocked``: that is what the program would feel if it wrote there itself.

    Fifos, terminals and sockets are written without blocking and are neither
    rotated, reopened nor cleared.  Several sinks on one path share its rotation.
    """

    def __init__(
        self,
        path: str,
        maxbytes: int,
        backups: int,
        report: Callable[[str], None],
        *,
        on_wait: Callable[[Waiting], None] | None = None,
        buffer_bytes: int = BUFFER_BYTES,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        period: Period = Period.NEVER,
        on_rotate: Callable[[str], None] | None = None,
        marks: Marks | None = None,
        whole_lines: bool = False,
        patient: bool = False,
    ) -> None:
        self.path = path
        self.on_write: Callable[[], None] | None = None
        self.on_wait = on_wait
        self.on_close: Callable[[], None] | None = None
        self._maxbytes = maxbytes if maxbytes > 0 else _NO_LIMIT
        self._backups = backups
        self._report = report
        self._buffer_bytes = buffer_bytes
        self._clock = clock
        self._upkeep = Upkeep(period, marks, clock, wall)
        self._on_rotate = on_rotate
        self._whole_lines = whole_lines  # into a pipe that others write to, too
        self._waiting = bytearray()
        self._lost = 0
        self._troubles: set[str] = set()
        self._blocked = False
        self._announced = False  # on_wait was called
        self._closed = False
        self._regular = False
        self._inode = 0
        self._shared = False  # other sinks write to this path too
        self._fd = -1
        self._put: Put = os.write
        self._size = 0
        self._mode = 0o666
        self._limit = _NO_LIMIT  # the size at which something is to be done
        self._begin(patient)

    # --- writing

    def write(self, data: bytes) -> None:
        """Append ``data``, or keep it for later."""
        if self._clock() > self._upkeep.look_at:
            self._look()
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
        if self._shared:
            self._tell_others(written)
        if written < len(data):
            self._keep(data[written:])
            self.flush()
        elif self._size >= self._limit:
            self._turn()
        if self.on_write is not None:
            self.on_write()

    def flush(self) -> bool:
        """Try to write what waits; return whether nothing waits any more."""
        if self._closed:
            return True
        done = 0
        try:
            if self._fd < 0:
                self._adopt(self._open())
                self._join()
            while self._waiting:
                written = self._put(self._fd, self._waiting)
                del self._waiting[:written]
                done += written
        except OSError as error:
            self._fail(error)
        else:
            self._recover()
        self._size += done
        if done and self._shared:
            self._tell_others(done)
        if self._size >= self._limit and self._fd >= 0:
            self._turn()
        if done and self.on_write is not None:
            self.on_write()
        return not self._waiting

    @property
    def waiting(self) -> int:
        """Bytes that could not be written yet."""
        return len(self._waiting)

    @property
    def position(self) -> tuple[int, int]:
        """Return inode and size of the file as we know it; zeros if it is none."""
        return (self._inode, self._size) if self._regular else (0, 0)

    def grown_since(self, inode: int, size: int) -> int:
        """Return how many bytes were written since; it may have been rotated; 0 if nobody can tell."""
        return grown_since(self.path, self.position, inode, size)

    @property
    def kept(self) -> bytes:
        """What could not be written yet."""
        return bytes(self._waiting)

    @property
    def blocked(self) -> bool:
        """Whether data waits only because the other side does not read fast enough."""
        return self._blocked

    def fileno(self) -> int:
        """Return the descriptor, -1 if there is none at the moment; it changes with rotation and reopening."""
        return self._fd

    # --- files

    def reopen(self) -> None:
        """Go on in the file that has the name now, made if missing: for rotation by somebody else."""
        if self._closed or (self._fd >= 0 and not self._regular):
            return
        try:
            target = self._open()
        except OSError as error:
            self._stay(error)
            return
        self._adopt(target)
        self._end_trouble("rotate")
        self.flush()

    def clear(self) -> None:
        """Remove the file with all that was written before, and begin a new one; rotated files stay.

        Raises:
            OSError: the file cannot be removed; nothing has changed.
        """
        if not self._regular:
            self._waiting.clear()
            return
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        for sink in tuple(self._family()):
            sink._waiting.clear()
            sink.reopen()

    def abandon(self) -> None:
        """Let go of the file and of what waits."""
        self._waiting.clear()
        self.close()

    def close(self) -> None:
        """Write what waits if that is possible now, report what is lost, let go of the file."""
        if self._closed:
            return
        if self._waiting:
            self.flush()
        self._closed = True
        self._leave()
        self._drop()
        if self._waiting:
            self._report(f"cannot write log {self.path}: {self._lost + len(self._waiting)} bytes were lost")
            self._waiting.clear()
        self._blocked = False

    def _adopt(self, target: Target) -> None:
        """Write to ``target`` from now on."""
        self._drop()
        self._fd, self._put, self._size, self._mode = target.fd, target.put, target.size, target.mode
        self._regular, self._inode = target.regular, target.inode
        if target.regular:
            self._upkeep.begin(os.fstat(target.fd))
        else:
            self._upkeep.never()
        if target.regular or self._maxbytes == _NO_LIMIT:
            self._limit = self._maxbytes
        else:
            self._limit = _NO_LIMIT if target.endless else 0  # 0: the first write will complain

    def _begin(self, patient: bool) -> None:
        try:
            self._adopt(self._open())
        except OSError as error:
            if patient:
                self._fail(error)
            elif error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(self.path).st_mode):
                raise  # else a fifo that nobody reads yet: the first write tries again
        self._join()

    def _open(self) -> Target:
        return open_target(self.path, self._mode, whole_lines=self._whole_lines)

    def _turn(self) -> None:
        """The limit is reached or the period over: rotate, unless others have moved or emptied the file already."""
        if not self._regular:
            self._limit = _NO_LIMIT
            self._complain("limit", f"cannot rotate log {self.path}: it is no regular file, so maxbytes is ignored")
            return
        try:
            self._size = os.fstat(self._fd).st_size
            if not has_the_name(self.path, self._fd):
                target = self._open()
            elif self._size < self._maxbytes and not self._upkeep.is_due(self._size):
                self._limit = self._maxbytes
                return
            elif self._backups > 0:
                target = self._rotate()
            else:
                os.ftruncate(self._fd, 0)
                self._size, self._limit = 0, self._maxbytes
                self._upkeep.begin(os.fstat(self._fd))
                self._end_trouble("rotate")
                return
        except OSError as error:
            self._stay(error)
            return
        self._adopt(target)
        self._end_trouble("rotate")
        if self._shared:
            self._turn_others()

    def _rotate(self) -> Target:
        shift_backups(self.path, self._backups)
        try:
            target = self._open()
        except OSError:
            os.replace(f"{self.path}.1", self.path)  # better a long log than one under a wrong name
            raise
        if self._on_rotate is not None:
            self._on_rotate(self.path)
        return target

    def _stay(self, error: OSError) -> None:
        """There is no new file: use the old one, if it still has a name, and try again later."""
        if self._fd < 0 or self._is_gone():
            self._drop()
            self._fail(error)
            return
        self._limit = self._size + min(self._maxbytes, self._buffer_bytes)
        self._complain("rotate", f"cannot open or rotate log {self.path}: {error.strerror}")

    def _look(self) -> None:
        """Look once a second, before a write: was the file deleted (what is written there would be lost), is it due?"""
        if self._fd >= 0 and self._is_gone():
            self.reopen()
        elif self._fd >= 0 and self._upkeep.is_due(self._size):
            self._turn()
        elif self._regular:
            self._upkeep.note(self._size)
        self._upkeep.look_again()

    def _drop(self) -> None:
        """Write nothing before the path could be opened again."""
        if self._fd >= 0:
            if self.on_close is not None:
                self.on_close()
            close_quietly(self._fd)
            self._fd = -1

    def _is_gone(self) -> bool:
        try:
            return self._regular and os.fstat(self._fd).st_nlink == 0
        except OSError:  # a network file system lost it
            return True

    # --- troubles

    def _keep(self, data: bytes) -> None:
        if self._closed:
            return
        self._waiting += data
        excess = len(self._waiting) - self._buffer_bytes
        if excess > 0:
            del self._waiting[:excess]
            self._lost += excess
            self._complain("lost", f"cannot write log {self.path} fast enough: output is being lost")

    def _fail(self, error: OSError) -> None:
        """A write or opening failed; what was to be written is kept already."""
        self._blocked = isinstance(error, BlockingIOError)
        if error.errno in (errno.EIO, errno.ESTALE):  # this descriptor will not recover, the path may
            self._drop()
        if self._waiting and not self._announced and self.on_wait is not None:
            self._announced = True
            self.on_wait(self)
        if not self._blocked:  # else only a reader that is slow for a moment
            self._complain("write", f"cannot write log {self.path}: {error.strerror}")

    def _complain(self, trouble: str, text: str) -> None:
        if trouble not in self._troubles and not self._closed:
            self._troubles.add(trouble)
            self._report(text)

    def _recover(self) -> None:
        self._blocked = self._announced = False
        if self._troubles & {"write", "lost"}:
            self._troubles -= {"write", "lost"}
            lost, self._lost = self._lost, 0
            self._report(f"log {self.path} can be written again, {lost} bytes were lost")

    def _end_trouble(self, trouble: str) -> None:
        if trouble in self._troubles:
            self._troubles.remove(trouble)
            self._report(f"log {self.path} can be opened and rotated again")

    # --- several sinks on one path

    def _family(self) -> list[FileSink]:
        return _FAMILIES.setdefault(self.path, [])

    def _join(self) -> None:
        if self._regular and self not in self._family():
            self._family().append(self)
            self._count()

    def _leave(self) -> None:
        if self in self._family():
            self._family().remove(self)
            self._count()
        if not self._family():
            del _FAMILIES[self.path]

    def _count(self) -> None:
        for sink in self._family():
            sink._shared = len(self._family()) > 1

    def _tell_others(self, written: int) -> None:
        for sink in tuple(self._family()):
            if sink is not self:
                sink._size += written
                if sink.on_write is not None:
                    sink.on_write()

    def _turn_others(self) -> None:
        for sink in tuple(self._family()):
            if sink is not self and sink._fd >= 0 and not has_the_name(sink.path, sink._fd):
                sink._turn()
