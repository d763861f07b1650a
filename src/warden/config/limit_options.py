"""The rows of the option table about environment files, users' groups, and limits."""

from __future__ import annotations

from typing import Any

from warden.config import envfile, limits, readers
from warden.config.option import INSTANCE, MAIN, PROGRAM, Option, optional, row

MAIN_ENV_FILE = row(
    "env_file",
    envfile.read_files,
    "",
    MAIN,
    "Files with variables for all programs, with commas, later ones win; one that begins with - may be missing.",
    example="-/etc/supervisor.env",
    located=True,
)
ENV_FILE = row(
    "env_file",
    envfile.read_files,
    "",
    INSTANCE,
    "Files with variables for the process, with commas, later ones win; one that begins with - may be missing.",
    example="-%(here)s/web.env,-%(here)s/web.local.env",
    located=True,
)
SUPPLEMENTARY_GROUPS = row(
    "supplementary_groups",
    readers.groups,
    "",
    PROGRAM,
    "Groups of the process beside those that its user is in, with commas.",
    example="adm,video",
)
RLIMITS = row(
    "rlimits",
    limits.rlimits,
    "",
    INSTANCE,
    "Resource limits as in setrlimit(2): one number for both limits, or soft:hard.",
    example="nofile=1024,core=0",
)
NICE = optional("nice", limits.nice, INSTANCE, "CPU precedence: lower numbers run first.", example="10")
IONICE = optional("ionice", limits.ionice, INSTANCE, "Disk precedence (Linux).", example="best-effort:7")
OOM_SCORE_ADJ = optional(
    "oom_score_adj", limits.oom_score_adj, INSTANCE, "Who dies first when memory is short (Linux).", example="500"
)
CPU_AFFINITY = row("cpu_affinity", limits.cpus, "", INSTANCE, "The CPUs that the process may use (Linux).", example="0")
NO_NEW_PRIVS = row(
    "no_new_privs",
    readers.boolean,
    "false",
    PROGRAM,
    "Neither the process nor its children gain rights by set-user-ID files (Linux).",
)
CGROUP_MEMORY_MAX = optional(
    "cgroup_memory_max",
    limits.memory_size,
    INSTANCE,
    "Memory of the process and all its descendants together, enforced by the kernel; needs cgroup.",
    example="512MB",
)
CGROUP_CPU_MAX = optional(
    "cgroup_cpu_max",
    limits.percent,
    INSTANCE,
    "CPU time of them together; 100% is one CPU; needs cgroup.",
    example="150%%",
)
CGROUP_PIDS_MAX = optional(
    "cgroup_pids_max",
    readers.positive,
    INSTANCE,
    "Processes and threads of them together; needs cgroup.",
    example="100",
)
CGROUP = optional(
    "cgroup",
    limits.directory,
    MAIN,
    "A cgroup v2 directory of ours, in which every process with a cgroup_ limit gets its own.",
    example="/sys/fs/cgroup/supervisor",
    located=True,
)

MAIN_ROWS: tuple[Option[Any], ...] = (MAIN_ENV_FILE, CGROUP)
ROWS: tuple[Option[Any], ...] = (
    *(ENV_FILE, SUPPLEMENTARY_GROUPS, RLIMITS, NICE, IONICE, OOM_SCORE_ADJ, CPU_AFFINITY, NO_NEW_PRIVS),
    *(CGROUP_MEMORY_MAX, CGROUP_CPU_MAX, CGROUP_PIDS_MAX),
)
