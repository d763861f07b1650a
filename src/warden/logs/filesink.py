"""Appends to log files, and sees to it that they are rotated: never raises, never blocks, loses nothing it can keep.

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
from functools import partial

from warden.logs.family import NOBODY, Beside, at_once, family_of
from warden.logs.marks import Marks
from warden.logs.targets import Put, Target, Waiting, close_quietly, has_the_name, is_gone, open_target
from warden.logs.troubles import Troubles
from warden.logs.turnover import LARGE_BYTES, Rotation, grown_since
from warden.logs.upkeep import Upkeep
from warden.words import Period

BUFFER_BYTES = 1024 * 1024
_NO_LIMIT = sys.maxsize


class FileSink:
    """Appends to a file and rotates it when it has ``maxbytes`` (0 = never), keeping ``backups`` old ones.

    With a ``period`` it is rotated, too, before the first write after the end of
    the period that it was last written in.  ``on_rotate(path)`` is called when an
    old file was put aside; ``marks`` remember when which position was reached.

    Construction raises OSError if the file cannot be opened, unless ``patient``;
    from then on only ``clear`` does.  What cannot be written waits, up to
    ``buffer_bytes``, and is tried again with each ``write`` and ``flush``; of more
    than that the oldest bytes are lost.  ``report(text)`` is called once when a
    trouble begins and once when it is over.

    ``on_write()`` is called after each write.  ``on_wait(sink)`` is called when
    data begins to wait, or should; the owner then sees to it that ``flush`` is
    called until it returns True: when ``fileno()`` is writable if ``blocked``,
    else after about a second, and whenever ``on_change`` is called.  To lose
    nothing, it reads nothing more from the program while ``blocked``: that is what
    the program would feel if it wrote there itself.

    What takes long of a rotation is given to ``beside``.  Meanwhile the sink is
    ``blocked``; what comes all the same goes into the old file, or waits if the
    period of that is over.

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
        beside: Beside = at_once,
    ) -> None:
        self.path = path
        self.on_write: Callable[[], None] | None = None
        self.on_wait = on_wait
        self.on_change: Callable[[], None] | None = None
        self.shared = False  # other sinks write to this path too
        self._maxbytes = maxbytes if maxbytes > 0 else _NO_LIMIT
        self._backups = backups
        self._troubles = Troubles(path, report)
        self._buffer_bytes = buffer_bytes
        self._clock = clock
        self._upkeep = Upkeep(period, marks, clock, wall)
        self._on_rotate = on_rotate
        self._whole_lines = whole_lines  # into a pipe that others write to, too
        self._beside = beside
        self._family = NOBODY
        self._waiting = bytearray()
        self._blocked = False
        self._announced = False  # on_wait was called
        self._closed = False
        self._regular = False
        self._inode = 0
        self._fd = -1
        self._put: Put = os.write
        self._size = 0
        self._mode = 0o666
        self._limit = _NO_LIMIT  # the size at which something is to be done
        self._begin(patient)

    # --- writing

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
        """Whether data waits, or should, only until the other side reads or a rotation is over."""
        return self._blocked or self._family.turning

    def fileno(self) -> int:
        """Return the descriptor to wait for, -1 if there is none; it changes with rotation and reopening."""
        return -1 if self._family.turning else self._fd

    # --- files

    def reopen(self) -> None:
        """Go on in the file that has the name now, made if missing: for rotation by somebody else."""
        if self._closed or (self._fd >= 0 and not self._regular):
            return
        try:
            self._open()
        except OSError as error:
            self._stay(error)
            return
        self._troubles.rotating_works()
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
        for sink in tuple(self._family.members):
            sink.forget()

    def forget(self) -> None:
        """Forget what waits, and begin a new file: the old one was removed."""
        self._waiting.clear()
        self.reopen()

    def abandon(self) -> None:
        """Let go of the file and of what waits."""
        self._waiting.clear()
        self.close()

    def close(self) -> None:
        """Write what waits if that is possible now, report what is lost, let go of the file."""
        if self._closed:
            return
        if self._waiting:
            self._write_out()  # during a rotation, too: rather into the old file than nowhere
        self._closed = True
        self._family.leave(self)
        self._drop()
        if self._waiting:
            self._troubles.give_up(len(self._waiting))
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
            self._open()
        except OSError as error:
            if patient:
                self._fail(error)
            elif error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(self.path).st_mode):
                raise  # else a fifo that nobody reads yet: the first write tries again

    def _open(self) -> None:
        """Go on in what has the name now."""
        self._adopt(open_target(self.path, self._mode, whole_lines=self._whole_lines))
        if self._regular:
            self._family = family_of(self.path)
            self._family.join(self)

    def _look(self) -> bool:
        """Look once a second, before a write; return whether that has to wait for the next file.

        Was the file deleted (what is written there would be lost)?  Is it due?
        """
        waits = False
        if self._fd >= 0 and is_gone(self._fd):
            self.reopen()
        elif self._fd >= 0 and self._upkeep.is_due(self._size):
            self._turn()
            waits = self._family.turning
        elif self._regular:
            self._upkeep.note(self._size)
        self._upkeep.look_again()
        return waits

    def _drop(self) -> None:
        """Write nothing before the path could be opened again."""
        if self._fd >= 0:
            if self.on_change is not None:
                self.on_change()
            is_large = self._size > LARGE_BYTES and is_gone(self._fd)  # then it is freed now
            (self._beside if is_large else at_once)(partial(close_quietly, self._fd), lambda _error: None)
            self._fd = -1

    # --- rotation

    def _turn(self) -> None:
        """The limit is reached or the period over: rotate, unless others do, or have moved or emptied the file."""
        if not self._regular:
            self._limit = _NO_LIMIT
            self._troubles.cannot_rotate()
            return
        if self._family.turning:
            return
        try:
            status = os.fstat(self._fd)
            self._size = status.st_size
            if not has_the_name(self.path, self._fd):
                self._family.follow()
            elif self._size < self._maxbytes and not self._upkeep.is_due(self._size):
                self._limit = self._maxbytes
            else:
                rotation = Rotation(self.path, self._backups, self._mode, status)
                self._family.turn(rotation, partial(self._end_turn, rotation), self._beside)
        except OSError as error:
            self._stay(error)

    def _end_turn(self, rotation: Rotation, error: OSError | None) -> None:
        """The rotation is prepared, unless there was an error; this sink may be closed by now."""
        try:
            if error is not None:
                raise error
            turned = rotation.finish()
        except OSError as failure:
            if not self._closed:
                self._stay(failure)
            return
        self._family.follow()
        if turned and self._on_rotate is not None:
            self._on_rotate(self.path)

    # --- what the others of the family want

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

    def follow(self) -> None:
        """Go on in the file that has the name now: another one, or the same, emptied."""
        if self._fd < 0:
            return
        try:
            if not has_the_name(self.path, self._fd):
                self._open()
            elif self._backups == 0:
                status = os.fstat(self._fd)
                self._size, self._limit = status.st_size, self._maxbytes
                self._upkeep.begin(status)
        except OSError as error:
            self._stay(error)
        else:
            self._troubles.rotating_works()

    def look_again(self) -> None:
        """The rotation is over: what waits for that need not wait any longer."""
        if self.on_change is not None:
            self.on_change()
        elif self._waiting:
            self.flush()

    def _stay(self, error: OSError) -> None:
        """There is no new file: use the old one, if it still has a name, and try again later."""
        if self._fd < 0 or is_gone(self._fd):
            self._drop()
            self._fail(error)
            return
        self._limit = self._size + min(self._maxbytes, self._buffer_bytes)
        self._troubles.rotating_failed(error)

    # --- troubles

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
