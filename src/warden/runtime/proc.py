"""Facts about other processes, out of /proc: Linux only.  What is gone or hidden is not there."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, linux/sched.h


class Stat(NamedTuple):
    """A process as it is right now; ``start`` is in clock ticks since boot and never changes."""

    state: str  # R, S, D, T, Z ...
    parent: int
    group: int
    start: int
    name: str
    in_exec: bool  # it has no environment yet, though it may have had one and will have one again


class OpenPipe(NamedTuple):
    """An end of a pipe that a process has open as ``fd``."""

    fd: int
    inode: int
    writes: bool


def boot_id() -> str:
    """Return what tells this boot of the machine from all others, "" where nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def stat(pid: int) -> Stat | None:
    """Return the facts about a process, None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            before, _, after = file.read().rpartition(b")")
    except OSError:
        return None
    words = after.split()
    return Stat(
        state=words[0].decode(),
        parent=int(words[1]),
        group=int(words[2]),
        start=int(words[19]),
        name=before.partition(b"(")[2].decode(errors="replace"),
        in_exec=words[48] == b"0" and not int(words[6]) & _KERNEL_THREAD,
    )


def environment(pid: int) -> list[bytes]:
    """Return the variables that a process was started with, ``NAME=value`` each; none if it is gone.

    Raises:
        PermissionError: we may not know.
    """
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            return file.read().split(b"\0")
    except PermissionError:
        raise
    except OSError:
        return []


def started_at(pid: int) -> float | None:
    """Return when a process was started, in seconds since boot; None if there is none."""
    found = stat(pid)
    return None if found is None else found.start / os.sysconf("SC_CLK_TCK")


def exit_code(pid: int) -> int | None:
    """Return how a process has ended that nobody has reaped yet, as ``wait`` tells it; None if we may not know."""
    try:
        with suppress(FileNotFoundError):  # who has ended has no directory; who may not know is told so
            os.readlink(f"/proc/{pid}/cwd")
        with open(f"/proc/{pid}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(words[49]) if words[0] == b"Z" else None


def pids() -> list[int]:
    """Return all processes that we may see."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children(pid: int) -> set[int]:
    """Return the processes whose parent that is, those included that have ended and were not reaped."""
    found: set[int] = set()
    for task in _names(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found.update(map(int, file.read().split()))
        except OSError:
            continue
    return found


def command(pid: int) -> list[str]:
    """Return the words with which a process was started."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def pipes(pid: int) -> Iterator[OpenPipe]:
    """Find the ends of pipes that a process has open, in the order of their numbers."""
    for name in sorted(_names(f"/proc/{pid}/fd"), key=int):
        path = f"/proc/{pid}/fd/{name}"
        try:
            target, mode = os.readlink(path), os.lstat(path).st_mode
        except OSError:
            continue
        if target.startswith("pipe:["):
            yield OpenPipe(int(name), int(target[6:-1]), bool(mode & modes.S_IWUSR))


def sockets(pid: int) -> list[int]:
    """Return the numbers of the sockets that a process has open."""
    found = []
    for name in _names(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                found.append(int(name))
        except OSError:
            continue
    return sorted(found)


def system_call(pid: int) -> tuple[int, int] | None:
    """Return the number and the first argument of the system call in which a process waits; None outside of one."""
    try:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            words = file.read().split()
    except OSError:
        return None
    return (int(words[0]), int(words[1], 16)) if len(words) > 3 else None


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
