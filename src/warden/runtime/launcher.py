"""Sets limits and user of a process, then becomes its program: a script, run in the new process by ``runtime.spawn``.

Only so much is done here as cannot be done from outside without a race: from
its first instruction the program, and whatever it starts, has its limits.
Imports little, since it runs at each start, as root where there is a root.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

_PR_SET_NO_NEW_PRIVS = 38
_IOPRIO_WHO_PROCESS, _IOPRIO_CLASS_SHIFT = 1, 13
_NOT_SPAWNED = 127


class Refused(Exception):
    """The system does not do what was ordered; the text says what and why."""


def main() -> None:
    """Carry out the order in the descriptor that the first argument names."""
    with open(int(sys.argv[1]), "rb") as file:
        file.seek(0)
        order = json.load(file)
    try:
        launch(order)
    except Refused as error:
        os.write(2, f"supervisor: {error}\nsupervisor: child process was not spawned\n".encode("utf-8", "replace"))
        os._exit(_NOT_SPAWNED)


def launch(order: dict[str, Any]) -> None:
    """Set what ``order`` says and execute its program; never returns.

    Its texts are bytes in Latin-1, so that nothing is lost on the way.

    Raises:
        Refused: it cannot be done.
    """
    argv = [word.encode("latin-1") for word in order["argv"]]
    environment = {key.encode("latin-1"): value.encode("latin-1") for key, value in order["env"]}
    executable = order["executable"].encode("latin-1")
    set_limits(order["limits"])
    if order["identity"] is not None:
        _become(*order["identity"])
    for signum in (signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)):  # Python ignores them
        signal.signal(signum, signal.SIG_DFL)
    _try(f"couldn't exec {os.fsdecode(argv[0])}", lambda: os.execve(executable, argv, environment))


def set_limits(limits: dict[str, Any]) -> None:
    """Set all that ``limits`` names for this process.

    Raises:
        Refused: one cannot be set.
    """
    if (fifo := limits.get("fifo")) is not None:
        path, number = fifo
        _try(f"couldn't open descriptor {number}", lambda: _inherit(path, number))
    if (group := limits.get("cgroup")) is not None:
        _try(f"couldn't enter the cgroup {group['path']}", lambda: _enter(group))
    if (score := limits.get("oom_score_adj")) is not None:
        _try(f"couldn't set oom_score_adj to {score}", lambda: _write("/proc/self/oom_score_adj", str(score)))
    if (nice := limits.get("nice")) is not None:
        _try(f"couldn't set nice to {nice}", lambda: os.setpriority(os.PRIO_PROCESS, 0, nice))
    if (order := limits.get("ionice")) is not None:
        kind, level, call = order
        value = kind << _IOPRIO_CLASS_SHIFT | level
        _try("couldn't set ionice", lambda: _call("syscall", call, _IOPRIO_WHO_PROCESS, 0, value))
    if cpus := limits.get("cpu_affinity"):
        _try(f"couldn't set cpu_affinity to {cpus}", lambda: _bind(cpus))
    if limits.get("no_new_privs"):
        _try("couldn't set no_new_privs", lambda: _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for name, soft, hard in limits.get("rlimits", ()):  # after what may need memory or files
        number = getattr(resource, f"RLIMIT_{name.upper()}")
        _try(f"couldn't set the limit {name}", partial(resource.setrlimit, number, (_limit(soft), _limit(hard))))


def _limit(number: int) -> int:
    return resource.RLIM_INFINITY if number < 0 else number


def _try(what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except OSError as error:
        raise Refused(f"{what}: {errno.errorcode.get(error.errno or 0, str(error))}") from None
    except ValueError as error:
        raise Refused(f"{what}: {error}") from None


def _enter(group: dict[str, Any]) -> None:
    """Make the group with its bounds if it is not there, and move this process into it."""
    path = group["path"]
    parent = os.path.dirname(path)
    with open(f"{parent}/cgroup.subtree_control", encoding="ascii") as file:
        enabled = file.read().split()
    missing = [name for name in group["controllers"] if name not in enabled]
    if missing:
        _write(f"{parent}/cgroup.subtree_control", " ".join(f"+{name}" for name in missing))
    os.makedirs(path, exist_ok=True)
    for name, value in group["files"]:
        _write(f"{path}/{name}", value)
    _write(f"{path}/cgroup.procs", str(os.getpid()))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _bind(cpus: list[int]) -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, cpus)


def _call(name: str, *numbers: int) -> None:
    """Call a function of the C library that Python does not have."""
    import ctypes  # 10 ms, only for the two that need it

    library = ctypes.CDLL(None, use_errno=True)
    if library[name](*(ctypes.c_long(number) for number in numbers)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _inherit(path: str, number: int) -> None:
    """Open a fifo as a descriptor of the program; for reading, too, so that it can write when nobody listens."""
    fd = os.open(path, os.O_RDWR)
    if fd == number:  # dup2 would leave it as it is: closed at the exec
        os.set_inheritable(fd, True)
    else:
        os.dup2(fd, number, inheritable=True)
        os.close(fd)


def _become(uid: int, gid: int, groups: list[int]) -> None:
    def switch() -> None:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)

    _try(f"couldn't setuid to {uid}", switch)


if __name__ == "__main__":
    main()
