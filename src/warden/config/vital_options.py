"""The rows of the option table about dependencies, readiness and health."""

from __future__ import annotations

from typing import Any

from warden.config import measures, probe_readers, readers
from warden.config.dependencies import read_names
from warden.config.option import FILE, INSTANCE, PROGRAM, Option, optional, row

DEPENDS_ON = row(
    "depends_on",
    read_names,
    "",
    INSTANCE,
    "Starts after these and stops before them: names of programs, processes or groups, with commas, each with "
    ":started, :ready (the default), :healthy or :finished.",
    example="db,migrate:finished",
)
GROUP_DEPENDS_ON = row(
    "depends_on",
    read_names,
    "",
    FILE,
    "What depends_on of a program says, for every member of the group.",
    example="db,migrate:finished",
)
READY = optional(
    "ready",
    probe_readers.ready,
    INSTANCE,
    "How to tell that a process is ready; without it, it is once it is RUNNING.",
    example="tcp:6379",
)
READY_TIMEOUT = row(
    "ready_timeout",
    measures.duration,
    "0",
    PROGRAM,
    "Seconds after which a process that is not ready counts as unhealthy; 0 = it may take for ever.",
    needs=(READY.name,),
)
HEALTHCHECK = optional(
    "healthcheck",
    probe_readers.healthcheck,
    INSTANCE,
    "How to tell, again and again, that a process is healthy.",
    example="http://127.0.0.1:8080/health",
)
HEALTHCHECK_INTERVAL = row(
    "healthcheck_interval",
    measures.positive_duration,
    "10",
    PROGRAM,
    "Seconds from one check to the next.",
    needs=(HEALTHCHECK.name,),
)
HEALTHCHECK_TIMEOUT = row(
    "healthcheck_timeout",
    measures.positive_duration,
    "5",
    PROGRAM,
    "Seconds after which a check without an answer has failed.",
    needs=(HEALTHCHECK.name,),
)
HEALTHCHECK_RETRIES = row(
    "healthcheck_retries",
    readers.positive,
    "3",
    PROGRAM,
    "Failed checks in a row that make a process unhealthy.",
    needs=(HEALTHCHECK.name,),
)
HEALTHCHECK_START_PERIOD = row(
    "healthcheck_start_period",
    measures.duration,
    "0",
    PROGRAM,
    "Seconds after a start in which failed checks do not count.",
    needs=(HEALTHCHECK.name,),
)
WATCHDOG_SECS = row(
    "watchdog_secs",
    measures.duration,
    "0",
    PROGRAM,
    "Seconds within which the process must say WATCHDOG=1, as sd_notify does; 0 = it need not.",
)
UNHEALTHY_ACTION = row(
    "unhealthy_action",
    readers.unhealthy_action,
    "restart",
    PROGRAM,
    "What becomes of an unhealthy process: restart, stop or none.",
    needs=(
        HEALTHCHECK.name,
        WATCHDOG_SECS.name,
        READY_TIMEOUT.name,
    ),
)

ROWS: tuple[Option[Any], ...] = (
    *(DEPENDS_ON, READY, READY_TIMEOUT, HEALTHCHECK, HEALTHCHECK_INTERVAL, HEALTHCHECK_TIMEOUT, HEALTHCHECK_RETRIES),
    *(HEALTHCHECK_START_PERIOD, WATCHDOG_SECS, UNHEALTHY_ACTION),
)
