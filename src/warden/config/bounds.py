"""What bounds a process beside its user: limits of the kernel, precedence, privileges; frozen values."""

from __future__ import annotations

from warden.frozen import frozen

UNLIMITED = -1


@frozen(kw_only=True)
class CgroupLimits:
    """Bounds of the control group (version 2) that a process and all its descendants are in.

    ``parent`` is the directory below which the group is made.  ``memory`` is in
    bytes, ``cpu`` in hundredths of one CPU, ``pids`` counts processes and
    threads; None = no bound.
    """

    parent: str
    memory: int | None = None
    cpu: int | None = None
    pids: int | None = None


@frozen(kw_only=True)
class Limits:
    """What is set before a program runs; None and empty mean "as the daemon".

    ``rlimits`` holds name, soft and hard limit (UNLIMITED = none); ``ionice``
    class and level as the kernel counts them.
    """

    rlimits: tuple[tuple[str, int, int], ...] = ()
    nice: int | None = None
    ionice: tuple[int, int] | None = None
    oom_score_adj: int | None = None
    cpu_affinity: tuple[int, ...] = ()
    no_new_privs: bool = False
    cgroup: CgroupLimits | None = None


NO_LIMITS = Limits()
