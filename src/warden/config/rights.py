"""What the system allows the daemon to do for its programs, so that a wrong wish is an error when the file is read."""

from __future__ import annotations

import os
import resource
import sys

from warden.config.bounds import UNLIMITED, CgroupLimits, Limits
from warden.config.limits import IO_CLASSES, RLIMITS
from warden.frozen import frozen

SETGID, SYS_ADMIN, SYS_NICE, SYS_RESOURCE = 6, 21, 23, 24  # capabilities(7)
ALL_CAPABILITIES = -1
IOPRIO_SET = {  # the number of the system call, which no library wraps
    "x86_64": 251,
    "aarch64": 30,
    "riscv64": 30,
    "loongarch64": 30,
    "i686": 289,
    "i386": 289,
    "armv7l": 314,
    "armv6l": 314,
    "ppc64le": 273,
    "ppc64": 273,
    "s390x": 282,
}


@frozen(kw_only=True)
class Rights:
    """Who the daemon is once it runs: its user, and its capabilities as a set of bits."""

    uid: int
    capabilities: int

    def have(self, capability: int) -> bool:
        """Tell whether the daemon has one of the capabilities above."""
        return bool(self.capabilities >> capability & 1)


def rights_of(uid: int) -> Rights:
    """Find out what a daemon that runs as ``uid`` may do."""
    if uid != os.getuid():  # it will have dropped them, or cannot become what it wants to be
        return Rights(uid=uid, capabilities=0)
    try:
        words = next(line.split() for line in _text("/proc/self/status").splitlines() if line.startswith("CapEff:"))
        return Rights(uid=uid, capabilities=int(words[1], 16))
    except (OSError, StopIteration):  # not Linux
        return Rights(uid=uid, capabilities=ALL_CAPABILITIES if uid == 0 else 0)


def obstacle_to_groups(rights: Rights) -> str | None:
    """Say why a process cannot be given groups; None if it can."""
    return None if rights.have(SETGID) else f"the groups of a process can only be set by root, not by user {rights.uid}"


def obstacle_to_rlimits(limits: Limits, rights: Rights) -> str | None:
    """Say why the resource limits cannot be set; None if they can."""
    for name, _soft, hard in limits.rlimits:
        present = resource.getrlimit(RLIMITS[name])[1]
        above = present != resource.RLIM_INFINITY and (hard == UNLIMITED or hard > present)
        if above and not rights.have(SYS_RESOURCE):
            return (
                f"the hard limit of {name} is {_shown(present)} here, and user {rights.uid} without the capability "
                f"SYS_RESOURCE cannot raise it to {_shown(hard)}"
            )
        most = _number("/proc/sys/fs/nr_open") if name == "nofile" else None
        if most is not None and (hard == UNLIMITED or hard > most):
            return f"nofile cannot be above {most} (fs.nr_open), so it cannot be {_shown(hard)}"
    return None


def _shown(limit: int) -> str:
    return "unlimited" if limit in (UNLIMITED, resource.RLIM_INFINITY) else str(limit)


def obstacle_to_nice(limits: Limits, rights: Rights) -> str | None:
    """Say why the CPU precedence cannot be set; None if it can."""
    if limits.nice is None or limits.nice >= os.getpriority(os.PRIO_PROCESS, 0) or rights.have(SYS_NICE):
        return None
    least = 20 - resource.getrlimit(RLIMITS["nice"])[0] if "nice" in RLIMITS else 20
    if limits.nice >= least:
        return None
    return f"user {rights.uid} without the capability SYS_NICE cannot set nice to {limits.nice}"


def obstacle_to_ionice(limits: Limits, rights: Rights) -> str | None:
    """Say why the disk precedence cannot be set; None if it can."""
    if limits.ionice is None:
        return None
    if sys.platform != "linux" or os.uname().machine not in IOPRIO_SET:
        return "this system has no I/O precedence that could be set"
    realtime = limits.ionice[0] == IO_CLASSES["realtime"]
    if realtime and not (rights.have(SYS_ADMIN) or rights.have(SYS_NICE)):
        return f"user {rights.uid} without the capability SYS_NICE cannot use the I/O class realtime"
    return None


def obstacle_to_oom_score(limits: Limits, rights: Rights) -> str | None:
    """Say why ``oom_score_adj`` cannot be set; None if it can."""
    if limits.oom_score_adj is None:
        return None
    present = _number("/proc/self/oom_score_adj")
    if present is None:
        return "this system has no oom_score_adj"
    if limits.oom_score_adj < present and not rights.have(SYS_RESOURCE):
        return (
            f"user {rights.uid} without the capability SYS_RESOURCE cannot set it to {limits.oom_score_adj}, "
            f"below the {present} of the daemon"
        )
    return None


def obstacle_to_affinity(limits: Limits, _rights: Rights) -> str | None:
    """Say why the process cannot be bound to these CPUs; None if it can."""
    if not limits.cpu_affinity:
        return None
    if sys.platform != "linux":
        return "this system cannot bind processes to CPUs"
    usable = os.sched_getaffinity(0)
    missing = [cpu for cpu in limits.cpu_affinity if cpu not in usable]
    if not missing:
        return None
    return f"there is no CPU {missing[0]} that could be used; there are {', '.join(map(str, sorted(usable)))}"


def obstacle_to_no_new_privs(limits: Limits, _rights: Rights) -> str | None:
    """Say why privileges cannot be locked; None if they can."""
    return "only Linux has it" if limits.no_new_privs and sys.platform != "linux" else None


def obstacle_to_cgroup(limits: CgroupLimits) -> str | None:
    """Say why a control group with these bounds cannot be made; None if it can.

    The controllers may be enabled for the groups below ``parent`` already, or
    be enabled by us, which needs ``parent`` to hold no process itself.
    """
    parent = limits.parent
    if not os.path.isdir(parent):
        return f"{parent} is not a directory: make it with mkdir, or let the service manager delegate one"
    available = _words(f"{parent}/cgroup.controllers")
    if available is None:
        return f"{parent} is not a directory of a cgroup v2 file system"
    for name in controllers(limits):
        if name not in available:
            return f"the controller {name!r} is not available in {parent}; there are: {' '.join(available) or 'none'}"
    if not os.access(parent, os.W_OK | os.X_OK):
        return f"user {os.geteuid()} cannot make groups in {parent}"
    enabled = _words(f"{parent}/cgroup.subtree_control") or []
    absent = [name for name in controllers(limits) if name not in enabled]
    if absent and os.path.exists(f"{parent}/cgroup.type") and _words(f"{parent}/cgroup.procs"):
        return (
            f"the controller {absent[0]!r} cannot be enabled below {parent} because there are processes in it: "
            "they must be moved to a group of their own"
        )
    return None


def controllers(limits: CgroupLimits) -> list[str]:
    """Return the names of the kernel's controllers that the bounds need."""
    wanted = {"memory": limits.memory, "cpu": limits.cpu, "pids": limits.pids}
    return [name for name, bound in wanted.items() if bound is not None]


def _words(path: str) -> list[str] | None:
    try:
        return _text(path).split()
    except OSError:
        return None


def _number(path: str) -> int | None:
    try:
        return int(_text(path))
    except (OSError, ValueError):
        return None


def _text(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
