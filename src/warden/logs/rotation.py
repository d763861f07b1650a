"""When a log is rotated by time, and how its old files are compressed.

The newest rotated file, ``log.1``, stays as it is: who reads it (a follower,
``tail -F``, a shipper) finds it complete.  Older ones may be ``log.2.gz`` and
so on; a number never stands for two different files.
"""

from __future__ import annotations

import contextlib
import os
import time

from warden.logs.turnover import NUMBERING
from warden.words import Period

_COPY_BYTES = 256 * 1024
_LEVEL = 6
_FIRST_COMPRESSED = 2


def end_of_period(period: Period, when: float) -> float:
    """Return when the period that ``when`` lies in ends, both in seconds since the epoch; local time."""
    now = time.localtime(when)
    year, month, day, hour = now.tm_year, now.tm_mon, now.tm_mday, now.tm_hour
    match period:
        case Period.NEVER:
            return float("inf")
        case Period.HOURLY:
            return when + 3600 - now.tm_min * 60 - now.tm_sec - when % 1
        case Period.DAILY:
            day, hour = day + 1, 0
        case Period.WEEKLY:
            day, hour = day + 7 - now.tm_wday, 0
    return time.mktime((year, month, day, hour, 0, 0, 0, 0, -1))  # which knows how many days a month has


class Calendar:
    """Tells when a log is due for rotation by time; ``due_at`` is in seconds since the epoch.

    When the clock is set back to before the present period was noted, that
    period ends when the one does in which it is now: not years later.
    """

    __slots__ = ("_noted_at", "_period", "due_at")

    def __init__(self, period: Period) -> None:
        self._period = period
        self._noted_at = float("-inf")
        self.due_at = float("inf")

    def begin(self, now: float, status: os.stat_result) -> None:
        """Take note of when the open file was last written."""
        self._note(min(status.st_mtime, now) if status.st_size else now)

    def _note(self, when: float) -> None:
        if self._period is not Period.NEVER:
            self._noted_at, self.due_at = when, end_of_period(self._period, when)

    def is_due(self, now: float, size: int) -> bool:
        """Tell whether the present file belongs to a period that has ended; an empty one belongs to the next."""
        if self._noted_at <= now < self.due_at:
            return False
        if size == 0 or now < self._noted_at:
            self._note(now)
            return False
        return True


def next_to_compress(path: str, backups: int) -> str | None:
    """Return the oldest rotated file of ``path`` that should be compressed, None when all are."""
    for number in range(backups, _FIRST_COMPRESSED - 1, -1):
        if os.path.isfile(f"{path}.{number}"):
            return f"{path}.{number}"
    return None


def temporary_name(path: str) -> str:
    """Return the file in which a compressed log of ``path`` grows; after a crash the next one replaces it."""
    return f"{path}.compressing"


def compress(source: str, temporary: str) -> os.stat_result:
    """Write ``source`` compressed to ``temporary`` and on to the disk; return what ``source`` was then.

    May take long: for a thread.  The log may be rotated further meanwhile.

    Raises:
        OSError: it cannot be read or written; nothing is left behind.
    """
    import gzip  # 50 KiB, only for those who compress their logs

    try:
        with open(source, "rb") as plain:
            status = os.fstat(plain.fileno())
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, status.st_mode & 0o777)
            with open(fd, "wb") as raw:
                with gzip.GzipFile("", "wb", _LEVEL, raw, mtime=status.st_mtime) as packed:
                    while chunk := plain.read(_COPY_BYTES):
                        packed.write(chunk)
                raw.flush()
                with contextlib.suppress(OSError):  # not ours to give: then it is ours
                    os.fchown(fd, status.st_uid, status.st_gid)
                os.fsync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
    return status


def replace_plain(path: str, backups: int, compressed: os.stat_result, temporary: str) -> None:
    """Put ``temporary`` in the place of the rotated file that was ``compressed``, wherever it is by now.

    Whenever this ends, by a crash too, the plain file or the compressed one is
    there, and complete.  May have to wait: for a thread.

    Raises:
        OSError: it cannot be put there.
    """
    with NUMBERING[path]:
        for number in range(_FIRST_COMPRESSED, backups + 1):
            plain = f"{path}.{number}"
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(plain), compressed):
                    os.replace(temporary, f"{plain}.gz")
                    os.unlink(plain)
                    return
        os.unlink(temporary)  # so many rotations later it is one too many
