"""How limits of a process are written: readers like those in ``config.readers``."""

from __future__ import annotations

import os
import re
import resource

from warden.config import measures, readers
from warden.config.bounds import UNLIMITED

RLIMITS = {name.removeprefix("RLIMIT_").lower(): getattr(resource, name) for name in dir(resource) if "RLIMIT_" in name}
IO_CLASSES = {"realtime": 1, "best-effort": 2, "idle": 3}
LOWEST_IO_LEVEL = 7

_CPUS = re.compile(r"\d{1,4}(-\d{1,4})?")
_PERCENT = re.compile(r"\d{1,6}%")


def rlimits(value: str) -> tuple[tuple[str, int, int], ...]:
    """NAME=LIMIT or NAME=SOFT:HARD, with commas; a limit is a number, a size such as 2GB, or unlimited."""
    found: dict[str, tuple[str, int, int]] = {}
    for part in readers.words(value):
        name, equals, text = part.partition("=")
        name = name.strip().lower()
        if name not in RLIMITS:
            raise ValueError(f"there is no resource limit {name!r} here; there are {', '.join(sorted(RLIMITS))}")
        if not equals or name in found:
            raise ValueError(f"the limit {name!r} must be given once, as {name}=LIMIT or {name}=SOFT:HARD")
        soft, colon, hard = text.partition(":")
        low = _limit(soft)
        high = _limit(hard) if colon else low
        if high != UNLIMITED and (low == UNLIMITED or low > high):
            raise ValueError(f"the soft limit of {name} is above the hard one in {part!r}")
        found[name] = (name, low, high)
    return tuple(sorted(found.values()))


def _limit(value: str) -> int:
    if value.strip().lower() == "unlimited":
        return UNLIMITED
    try:
        return measures.memory(value)
    except ValueError:
        raise ValueError(f"not a limit: {value!r}; write a number, a size such as 2GB, or unlimited") from None


def _whole(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"not a whole number: {value!r}") from None


def nice(value: str) -> int:
    """A whole number from -20 (first) to 19 (last)."""
    return readers.in_range(_whole(value), -20, 19)


def oom_score_adj(value: str) -> int:
    """A whole number from -1000 (never killed) to 1000 (killed first)."""
    return readers.in_range(_whole(value), -1000, 1000)


def ionice(value: str) -> tuple[int, int]:
    """One of idle, best-effort:LEVEL, realtime:LEVEL; levels go from 0 (first) to 7.

    Returns class and level as the kernel counts them.
    """
    name, colon, level = value.strip().lower().partition(":")
    if name not in IO_CLASSES or (name == "idle" and colon):
        raise ValueError(f"not a valid I/O class: {value!r}")
    return IO_CLASSES[name], readers.in_range(_whole(level), 0, LOWEST_IO_LEVEL) if colon else (
        0 if name == "idle" else 4
    )


def cpus(value: str) -> tuple[int, ...]:
    """Numbers of CPUs and ranges of them, with commas: 0,2-3."""
    found: set[int] = set()
    for part in readers.words(value):
        if not _CPUS.fullmatch(part):
            raise ValueError(f"not a CPU or a range of CPUs: {part!r}")
        first, _, last = part.partition("-")
        if int(last or first) < int(first):
            raise ValueError(f"the range {part!r} is empty")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def percent(value: str) -> int:
    """A percentage of one CPU: 50%, or 200% for two CPUs."""
    if not _PERCENT.fullmatch(value.strip()) or not int(value.strip().rstrip("%")):
        raise ValueError(f"not a percentage above 0%: {value!r}")
    return int(value.strip().rstrip("%"))


def memory_size(value: str) -> int:
    """A number of bytes above 0, or a number followed by KB, MB or GB."""
    size = measures.memory(value)
    if not size:
        raise ValueError(f"{value!r} leaves no memory")
    return size


def directory(value: str, base: str = "") -> str:
    """An absolute path below a cgroup v2 file system."""
    if not os.path.isabs(value):
        raise ValueError(f"{value!r} is not an absolute path")
    return readers.path_in_directory(os.path.normpath(value), base)
