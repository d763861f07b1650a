"""Read what program sections say about groups and limits, and refuse what the system does not allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from warden.config import limit_options as options
from warden.config import rights as system
from warden.config.bounds import NO_LIMITS, CgroupLimits, Limits
from warden.config.model import ProcessConfig
from warden.config.option import Option
from warden.config.rights import Rights
from warden.config.sections import SectionReader
from warden.config.stop_options import KILL_TREE

_OBSTACLES = (
    (options.RLIMITS, system.obstacle_to_rlimits),
    (options.NICE, system.obstacle_to_nice),
    (options.IONICE, system.obstacle_to_ionice),
    (options.OOM_SCORE_ADJ, system.obstacle_to_oom_score),
    (options.CPU_AFFINITY, system.obstacle_to_affinity),
    (options.NO_NEW_PRIVS, system.obstacle_to_no_new_privs),
)
_CGROUP_OPTIONS = (options.CGROUP_MEMORY_MAX, options.CGROUP_CPU_MAX, options.CGROUP_PIDS_MAX)


def with_limits(process: ProcessConfig, reader: SectionReader, rights: Rights, cgroup: str | None) -> ProcessConfig:
    """Return ``process`` with the groups and limits of its section; ``cgroup`` is that of ``[supervisord]``."""
    read = reader.read
    groups = read(options.SUPPLEMENTARY_GROUPS)
    limits = Limits(
        rlimits=read(options.RLIMITS),
        nice=read(options.NICE),
        ionice=read(options.IONICE),
        oom_score_adj=read(options.OOM_SCORE_ADJ),
        cpu_affinity=read(options.CPU_AFFINITY),
        no_new_privs=read(options.NO_NEW_PRIVS),
        cgroup=_read_cgroup(reader, cgroup, process.policy.kill_tree),
    )
    for option, find_obstacle in _OBSTACLES:
        if obstacle := find_obstacle(limits, rights):
            reader.fail(f"{option.name} cannot be set: {obstacle}", option)
    if groups and (obstacle := system.obstacle_to_groups(rights)):
        reader.fail(obstacle, options.SUPPLEMENTARY_GROUPS)
    return replace(process, groups=groups, limits=NO_LIMITS if limits == NO_LIMITS else limits)  # one for nearly all


def _read_cgroup(reader: SectionReader, parent: str | None, kill_tree: bool) -> CgroupLimits | None:
    """Read the bounds of the control group; None if none is needed, or none can be had.

    Without bounds it still tells who belongs to the tree that is to be killed.
    """
    memory, cpu, pids = (reader.read(option) for option in _CGROUP_OPTIONS)
    unbounded = memory is None and cpu is None and pids is None
    if unbounded and (parent is None or not kill_tree):
        return None
    given: Option[Any] = KILL_TREE
    if not unbounded:
        given = next(option for option in _CGROUP_OPTIONS if reader.section.get(option.name) is not None)
    if parent is None:
        reader.fail(
            f"{given.name} needs the option cgroup in [supervisord]",
            given,
            "for example cgroup=/sys/fs/cgroup/supervisor, a cgroup v2 directory that the daemon may write to",
        )
        return None
    limits = CgroupLimits(parent=parent, memory=memory, cpu=cpu, pids=pids)
    if obstacle := system.obstacle_to_cgroup(limits):
        reader.fail(f"{given.name} cannot be set: {obstacle}", given)
    return limits
