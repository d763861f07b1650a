"""From the limits of a configuration to what ``runtime.launcher`` is told, and what is cleared away afterwards."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from warden.config.bounds import NO_LIMITS, CgroupLimits, Limits
from warden.config.rights import IOPRIO_SET, controllers

_CPU_PERIOD_US = 100_000


def orders(limits: Limits, namespec: str) -> dict[str, Any] | None:
    """Return the limits of the process ``namespec`` as plain data, None if it has none."""
    if limits == NO_LIMITS:
        return None
    return {
        "rlimits": [list(limit) for limit in limits.rlimits],
        "nice": limits.nice,
        "ionice": None if limits.ionice is None else [*limits.ionice, IOPRIO_SET[os.uname().machine]],
        "oom_score_adj": limits.oom_score_adj,
        "cpu_affinity": list(limits.cpu_affinity),
        "no_new_privs": limits.no_new_privs,
        "cgroup": None if limits.cgroup is None else _group(limits.cgroup, namespec),
    }


def _group(limits: CgroupLimits, namespec: str) -> dict[str, Any]:
    files = []
    if limits.memory is not None:
        files.append(["memory.max", str(limits.memory)])
    if limits.cpu is not None:
        files.append(["cpu.max", f"{limits.cpu * _CPU_PERIOD_US // 100} {_CPU_PERIOD_US}"])
    if limits.pids is not None:
        files.append(["pids.max", str(limits.pids)])
    return {"path": group_path(limits, namespec), "controllers": controllers(limits), "files": files}


def group_path(limits: CgroupLimits, namespec: str) -> str:
    """Return the directory of the control group of a process."""
    group, _, name = namespec.partition(":")
    return os.path.join(limits.parent, f"{group}:{name or group}")  # none of the kernel's files has a colon


def clear_away(limits: Limits, namespec: str) -> None:
    """Remove the control group of a process that has ended; one in which descendants live stays for the next start."""
    if limits.cgroup is not None:
        with contextlib.suppress(OSError):
            os.rmdir(group_path(limits.cgroup, namespec))
