"""Everybody who lives on this machine, as far as we may know; signals and waits that never mean somebody else.

A process is known by its pid and the moment at which it was started.  On Linux
everything comes out of /proc and goes through process descriptors; elsewhere
psutil does it, as well as the system allows.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field

from warden.frozen import frozen
from warden.runtime import foreign, proc
from warden.runtime.polling import readable

_LOOKS = 100  # at a machine on which always somebody new comes
_EXEC_LOOKS = 100  # at a process without an environment that is in the middle of an exec: some milliseconds


@frozen
class Pinned:
    """A living process; ``start`` is in clock ticks since boot, elsewhere than on Linux in seconds since the epoch.

    The rest is as it was when somebody looked.
    """

    pid: int
    start: float
    name: str = field(compare=False)
    parent: int = field(compare=False)
    group: int = field(compare=False)

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


def everybody() -> Iterator[Pinned]:
    """Find all living processes that we may see, the youngest first.  May take long: not for the loop.

    Those who come while it looks are found, too: somebody may run from one
    process into the next, and would always be gone when it is his turn.
    """
    if sys.platform != "linux":
        yield from _everybody_by_library()
        return
    looked_at: set[int] = set()
    for _look in range(_LOOKS):
        fresh = [pid for pid in proc.pids() if pid not in looked_at]
        if not fresh:
            return
        looked_at.update(fresh)
        for pid in reversed(fresh):
            seen = proc.stat(pid)
            if seen is not None and seen.state not in "ZX":
                yield Pinned(pid, seen.start, seen.name, seen.parent, seen.group)


def start(pid: int) -> float | None:
    """Return when a process was started, as ``Pinned`` has it; None if there is none."""
    if sys.platform == "linux":
        seen = proc.stat(pid)
        return None if seen is None else seen.start
    import psutil  # here, and below: only systems other than Linux need it

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def variable(one: Pinned, name: str) -> str | None:
    """Return a variable of the environment that a process was started with; None if it has none, or we may not know."""
    if sys.platform != "linux":
        return _variable_by_library(one, name)
    prefix = f"{name}=".encode()
    for _look in range(_EXEC_LOOKS):
        for entry in _environment(one.pid):
            if entry.startswith(prefix):
                return entry.removeprefix(prefix).decode(errors="replace")
        seen = proc.stat(one.pid)
        if seen is None or not seen.in_exec:
            break
    return None


def _environment(pid: int) -> list[bytes]:
    """Return the variables of a process; none if we may not know."""
    try:
        return proc.environment(pid)
    except PermissionError:
        if os.geteuid() != 0:
            return []
    with suppress(OSError), _in_the_name_of_its_user(pid):
        return proc.environment(pid)
    return []


@contextmanager
def _in_the_name_of_its_user(pid: int) -> Iterator[None]:
    """Let this thread look with the rights of a process's own user: in containers root may not look into others."""
    owner = os.stat(f"/proc/{pid}")
    import ctypes  # here: only few need it

    libc = ctypes.CDLL(None)
    libc.setfsgid(owner.st_gid)  # this order, since it takes rights that setfsuid gives away
    libc.setfsuid(owner.st_uid)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())
        libc.setfsgid(os.getegid())


def may_be_born_since(one: Pinned, moment: float) -> bool:
    """Tell whether a process may have been started after ``moment``, in seconds of the monotonic clock.

    That clock stands still while the machine sleeps, so who is older may seem to be younger, never the other way.
    """
    if sys.platform != "linux":
        return True
    return (one.start + 1) / os.sysconf("SC_CLK_TCK") >= moment


def was_born_until(one: Pinned, moment: float) -> bool:
    """Tell whether a process was started before ``moment``, in seconds of the monotonic clock, a tick more or less."""
    age = time.monotonic() - moment
    if sys.platform != "linux":
        return one.start <= time.time() - age + 1
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME) - age
    return (one.start - 1) / os.sysconf("SC_CLK_TCK") <= since_boot


def send(one: Pinned, signums: Iterable[int]) -> None:
    """Signal a process; one that is gone is not an error.

    Raises:
        PermissionError: the system does not allow it; the process has become another user's, say.
        OSError: there is no descriptor to be had.
    """
    if sys.platform != "linux":
        _send_by_library(one, signums)
        return
    pidfd = foreign.open_process(one.pid, int(one.start))
    if pidfd is None:
        return
    try:
        for signum in signums:
            foreign.send(pidfd, signum)
    finally:
        os.close(pidfd)


def wait(those: Iterable[Pinned], seconds: float) -> list[Pinned]:
    """Wait up to ``seconds`` for all of them to end; return those that have not.  Blocks: not for the loop."""
    end = time.monotonic() + seconds
    return [one for one in those if not _ends(one, max(0.0, end - time.monotonic()))]


def _ends(one: Pinned, seconds: float) -> bool:
    if sys.platform != "linux":
        return _ends_by_library(one, seconds)
    pidfd = foreign.open_process(one.pid, int(one.start))
    if pidfd is None:
        return True
    try:
        return readable(pidfd, seconds)
    finally:
        os.close(pidfd)


# --- other systems


def _everybody_by_library() -> Iterator[Pinned]:
    import psutil

    for process in psutil.process_iter(["create_time", "name", "ppid", "status"]):
        facts = process.info
        if facts["create_time"] is not None and facts["status"] != psutil.STATUS_ZOMBIE:
            with suppress(OSError):
                group = os.getpgid(process.pid)
                yield Pinned(process.pid, facts["create_time"], facts["name"] or "?", facts["ppid"] or 0, group)


def _variable_by_library(one: Pinned, name: str) -> str | None:
    import psutil

    try:
        return psutil.Process(one.pid).environ().get(name)
    except (psutil.Error, OSError, AttributeError):  # some systems do not tell
        return None


def _send_by_library(one: Pinned, signums: Iterable[int]) -> None:
    import psutil

    try:
        process = psutil.Process(one.pid)
        if process.create_time() == one.start:
            for signum in signums:
                process.send_signal(signal.Signals(signum))
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise PermissionError(str(error)) from None


def _ends_by_library(one: Pinned, seconds: float) -> bool:
    import psutil

    try:
        process = psutil.Process(one.pid)
        if process.create_time() == one.start and process.status() != psutil.STATUS_ZOMBIE:
            process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    except psutil.Error:
        return True
    return True
