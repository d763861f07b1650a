"""Log files: opened, reopened, rotated and cleared while they are appended to."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from warden.logs.appender import BUFFER_BYTES, NO_LIMIT, Appender
from warden.logs.family import Beside, at_once, family_of
from warden.logs.marks import Marks
from warden.logs.targets import Target, Waiting, close_quietly, has_the_name, is_gone, open_target
from warden.logs.turnover import LARGE_BYTES, Rotation, grown_since
from warden.logs.upkeep import Upkeep
from warden.words import Period


class FileSink(Appender):
    """Appends to a file and rotates it when it has ``maxbytes`` (0 = never), keeping ``backups`` old ones.

    With a ``period`` it is rotated, too, before the first write after the end of
    the period that it was last written in.  ``on_rotate(path)`` is called when an
    old file was put aside; ``marks`` remember when which position was reached.

    Construction raises OSError if the file cannot be opened, unless ``patient``;
    from then on only ``clear`` does.

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
        super().__init__(path, report, on_wait, buffer_bytes, clock, Upkeep(period, marks, clock, wall))
        self._maxbytes = maxbytes if maxbytes > 0 else NO_LIMIT
        self._backups = backups
        self._on_rotate = on_rotate
        self._whole_lines = whole_lines  # into a pipe that others write to, too
        self._beside = beside
        self._regular = False
        self._inode = 0
        self._mode = 0o666
        self._begin(patient)

    @property
    def position(self) -> tuple[int, int]:
        """Return inode and size of the file as we know it; zeros if it is none."""
        return (self._inode, self._size) if self._regular else (0, 0)

    def grown_since(self, inode: int, size: int) -> int:
        """Return how many bytes were written since; it may have been rotated; 0 if nobody can tell."""
        return grown_since(self.path, self.position, inode, size)

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
        if target.regular or self._maxbytes == NO_LIMIT:
            self._limit = self._maxbytes
        else:
            self._limit = NO_LIMIT if target.endless else 0  # 0: the first write will complain

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
            self._limit = NO_LIMIT
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
