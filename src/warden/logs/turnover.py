"""Turns a log over: older files get the next numbers, the present one gets the first, and a new one begins."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

from warden.frozen import frozen
from warden.logs.targets import close_quietly, is_at, open_target

NUMBERING: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
"""By path: held while the rotated files of a log get other numbers, or other files take theirs."""

COMPRESSED = ".gz"

LARGE_BYTES = 4 * 1024 * 1024
"""A file with more takes its time to be removed: about 0.1 ms for each megabyte."""

_QUICK_BACKUPS = 20


@frozen
class Rotation:
    """One rotation of the log ``path``: the file ``old`` becomes the first of ``backups``; without any it is emptied.

    Two steps: ``prepare``, for a thread, then ``finish``.  Between them, and if
    that is all that happens, the log is there as it was.
    """

    path: str
    backups: int
    mode: int
    old: os.stat_result

    @property
    def is_quick(self) -> bool:
        """Whether it is prepared within about 3 ms; each file takes 0.1 ms to be renamed."""
        return self.backups <= _QUICK_BACKUPS and self.old.st_size <= LARGE_BYTES

    def prepare(self) -> None:
        """Do what may take long.

        Raises:
            OSError: a file cannot be renamed, removed or emptied.
        """
        if self.backups > 0:
            make_room(self.path, self.backups)
        elif is_at(self.path, self.old):
            os.truncate(self.path, 0)

    def finish(self) -> bool:
        """Put the file aside and begin a new one; return whether that was done.

        It is not where somebody else has moved or removed the file meanwhile.

        Raises:
            OSError: it cannot be put aside, or no new one can be made; it keeps its name.
        """
        if self.backups == 0 or not is_at(self.path, self.old):
            return False
        first = f"{self.path}.1"
        os.replace(self.path, first)
        try:
            close_quietly(open_target(self.path, self.mode).fd)
        except OSError:
            os.replace(first, self.path)  # better a long log than one under a wrong name
            raise
        return True


def make_room(path: str, backups: int) -> None:
    """Give each rotated file of ``path`` the next number, so that the first is free; a gap stays a gap.

    The last one goes when another takes its number.  Compressed files go the same
    way.  A crash in the middle leaves one gap more.

    Raises:
        OSError: a file cannot be renamed or removed.
    """
    with NUMBERING[path]:
        found = _rotated_files(path, backups)
        last_goes = backups == 1 or any(number == backups - 1 for number, _ in found)
        for number, ending in reversed(found):
            name = f"{path}.{number}{ending}"
            with contextlib.suppress(FileNotFoundError):
                if number < backups:
                    os.rename(name, f"{path}.{number + 1}{ending}")
                elif last_goes:  # and is not just replaced: ext4 would write the other one to the disk first
                    os.unlink(name)


def _rotated_files(path: str, backups: int) -> list[tuple[int, str]]:
    """Return numbers and endings of the rotated files of ``path`` that are there, in order."""
    numbers: Iterable[int] = range(1, backups + 1)
    if backups > _QUICK_BACKUPS:  # to look for each of a thousand takes longer than to read the directory
        folder, name = os.path.split(path)
        pattern = re.compile(rf"{re.escape(name)}\.([1-9][0-9]*)(?:\.gz)?")
        with contextlib.suppress(OSError):  # it may be closed to us
            told = {int(match[1]) for name in os.listdir(folder or ".") if (match := pattern.fullmatch(name))}
            numbers = sorted(told.intersection(numbers))
    candidates = itertools.product(numbers, ("", COMPRESSED))
    return [(number, ending) for number, ending in candidates if os.access(f"{path}.{number}{ending}", os.F_OK)]


def files_of(path: str, first: int = 0) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files of a log, from the newest on, which has the number ``first``: 0 is ``path`` itself.

    Where there is no plain file it may be the compressed one.  A single number
    may be missing: that is so while the files get other numbers.  They go up as
    we do, so that none is missed, but may have the next name by now.
    """
    missing = 0
    for number in itertools.count(first):
        name = f"{path}.{number}" if number else path
        for candidate in (name, f"{name}{COMPRESSED}") if number else (name,):
            if (status := status_of(candidate)) is not None:
                missing = 0
                yield candidate, status
                break
        else:
            missing += 1
            if missing > 1:
                return


def status_of(path: str) -> os.stat_result | None:
    """Return what the system says of a file, None if it says nothing."""
    try:
        return os.stat(path)
    except OSError:
        return None


def grown_since(path: str, position: tuple[int, int], inode: int, size: int) -> int:
    """Return how many bytes a log got since it had that inode and size; now it is at ``position``.

    It may have been rotated meanwhile, several times too; 0 if nobody can tell.
    """
    if not inode or not position[0]:
        return 0
    if inode == position[0]:
        return max(0, position[1] - size)
    newer = position[1]
    for name, old in files_of(path, 1):
        if old.st_ino == inode:
            return newer + max(0, old.st_size - size)
        if name.endswith(COMPRESSED):
            break
        newer += old.st_size
    return 0
