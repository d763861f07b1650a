"""Readers of times, parts and rates; see ``config.readers`` for their rules."""

from __future__ import annotations

import math
import re

from warden.config.readers import byte_size

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([smhd]?)", re.ASCII)
_RATE = re.compile(r"(\d{1,6})\s*/\s*(.+)", re.ASCII)


def duration(value: str) -> float:
    """Seconds, or a number followed by s, m, h or d."""
    match = _DURATION.fullmatch(value.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2]] if match else math.inf
    if not math.isfinite(seconds):
        raise ValueError(f"not a duration: {value!r}; write seconds (0.5, 90) or a number with s, m, h or d (15m)")
    return seconds


def positive_duration(value: str) -> float:
    """Seconds above 0, or a number followed by s, m, h or d."""
    seconds = duration(value)
    if not seconds:
        raise ValueError(f"must be longer than 0: {value!r}; leave the option out for its default")
    return seconds


def _number(value: str) -> float:
    """Return what ``value`` says, not a number if it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def factor(value: str) -> float:
    """A number of at least 1."""
    number = _number(value)
    if not 1 <= number < math.inf:
        raise ValueError(f"not a factor: {value!r}; write a number of at least 1, such as 2 or 1.5")
    return number


def part(value: str) -> float:
    """A number from 0 to 1."""
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"not a part of a whole: {value!r}; write a number from 0 to 1, such as 0.2 for a fifth")
    return number


def rate(value: str) -> tuple[int, float]:
    """A number and a duration, such as 5/1m: at most so many in that time."""
    match = _RATE.fullmatch(value.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError(f"not a rate: {value!r}; write a number of at least 1, a slash and a duration, such as 5/1m")
    return int(match[1]), positive_duration(match[2])


def memory(value: str) -> int:
    """A number of bytes, or a number followed by KB, MB or GB."""
    try:
        size = byte_size(value.strip())
    except ValueError:
        size = -1
    if size < 0:
        raise ValueError(f"not a size: {value!r}; write bytes, or a number followed by KB, MB or GB, such as 500MB")
    return size
