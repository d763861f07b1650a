"""Finds where to begin to read a log: at its last lines, or at the lines since a time that they say themselves."""

from __future__ import annotations

import os
import re
import time

_BLOCK_BYTES = 64 * 1024
_MOST_BYTES = 4 * 1024 * 1024  # of which last lines are looked for
_NEAR_BYTES = 4 * 1024
_STAMP_BYTES = 64
_STAMP = re.compile(
    rb'(?:\{"time":")?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d)(?!\d))?',
    re.ASCII,
)


def last_lines(path: str, count: int) -> int:
    """Return where the last ``count`` lines begin, 0 if there are not so many (or no such file).

    Of lines of several megabytes only the last part counts.
    """
    try:
        with open(path, "rb") as file:
            end = os.fstat(file.fileno()).st_size
            size = _BLOCK_BYTES
            while True:
                start = max(0, end - size)
                data = os.pread(file.fileno(), end - start, start)
                if start == 0 or size >= _MOST_BYTES or data.count(b"\n", 0, len(data) - 1) >= count:
                    return start + _nth_from_end(data, count)
                size *= 2
    except OSError:
        return 0


def _nth_from_end(data: bytes, count: int) -> int:
    if count == 0 or not data:
        return len(data)
    newline = len(data) - 1  # of the last line, if it is complete
    for _ in range(count):
        newline = data.rfind(b"\n", 0, newline)
        if newline < 0:
            return 0
    return newline + 1


def stamp_of(line: bytes) -> float | None:
    """Return the time at the beginning of a line in seconds since the epoch, None if there is none.

    Without an offset it is local time.
    """
    match = _STAMP.match(line)
    if match is None:
        return None
    from calendar import timegm  # 0.3 MiB, only for those who look for a time

    day, clock, fraction, utc, sign, hours, minutes = match.groups()
    try:
        parsed = time.strptime(f"{day.decode()} {clock.decode()}", "%Y-%m-%d %H:%M:%S")
        seconds = time.mktime(parsed) if utc is None and sign is None else float(timegm(parsed))
    except (ValueError, OverflowError):
        return None
    if sign is not None:
        seconds -= (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == b"-" else 1)
    return seconds + (float(f"0.{fraction.decode()}") if fraction else 0.0)


def stamped_since(path: str, when: float) -> int | None:
    """Return where the lines begin whose time is ``when`` or later; None if the lines say no times.

    Takes for granted that the times ascend.  Lines without a time belong to
    the one before.
    """
    try:
        with open(path, "rb") as file:
            fd = file.fileno()
            size = os.fstat(fd).st_size
            if _first_stamp(fd, max(0, size - _BLOCK_BYTES)) is None:
                return None
            low, high = 0, size
            while high - low > _NEAR_BYTES:
                middle = (low + high) // 2
                found = _first_stamp(fd, middle)
                if found is None or found[1] >= when or found[0] <= low:
                    high = middle
                else:
                    low = found[0]
            return _scan(fd, low, when, size)
    except OSError:
        return None


def _first_stamp(fd: int, start: int) -> tuple[int, float] | None:
    """Return position and time of the first line with a time that begins at ``start`` or within the block after it."""
    block = os.pread(fd, _BLOCK_BYTES, start)
    position = 0 if start == 0 else block.find(b"\n") + 1
    if start and not position:
        return None
    while position < len(block):
        if (found := stamp_of(block[position : position + _STAMP_BYTES])) is not None:
            return start + position, found
        following = block.find(b"\n", position) + 1
        if not following:
            return None
        position = following
    return None


def _scan(fd: int, position: int, when: float, size: int) -> int:
    """Return the first line from ``position`` on, where one begins, that says ``when`` or later."""
    while position < size:
        block = os.pread(fd, _BLOCK_BYTES, position)
        begin = 0
        while begin < len(block):
            found = stamp_of(block[begin : begin + _STAMP_BYTES])
            if found is not None and found >= when:
                return position + begin
            following = block.find(b"\n", begin) + 1
            if not following:
                break
            begin = following
        position += begin or len(block) or size
    return size
