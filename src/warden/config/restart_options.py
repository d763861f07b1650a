"""The rows that say when a program is started again, and how they are read."""

from __future__ import annotations

from typing import Any

from warden.config import measures, readers
from warden.config.model import RestartPolicy
from warden.config.option import PROGRAM, Option, optional, row
from warden.config.sections import SectionReader

STARTRETRIES = row(
    "startretries", readers.retries, "3", PROGRAM, "Failed starts in a row that are tried again; forever = all."
)
RESTART_DELAY = optional(
    "restart_delay",
    measures.duration,
    PROGRAM,
    "The wait before a start that nobody asked for, after exits too; without it, 1 s more for each failed start.",
    example="5s",
)
RESTART_FACTOR = row(
    "restart_factor",
    measures.factor,
    "1",
    PROGRAM,
    "By how much each further restart_delay in a row is longer.",
    needs=(RESTART_DELAY.name,),
)
RESTART_MAX_DELAY = optional(
    "restart_max_delay", measures.positive_duration, PROGRAM, "No wait before a start is longer.", example="5m"
)
RESTART_JITTER = row(
    "restart_jitter",
    measures.part,
    "0",
    PROGRAM,
    "The random part by which a wait or max_age may be shorter, so that many processes do not act at once.",
    example="0.2",
)
RESTART_RESET = row(
    "restart_reset",
    measures.duration,
    "60s",
    PROGRAM,
    "After a run of that length restart_delay begins anew.",
    needs=(RESTART_DELAY.name,),
)
RESTART_LIMIT = optional(
    "restart_limit",
    measures.rate,
    PROGRAM,
    "How many starts that nobody asked for are allowed in what time; then the process is FATAL.",
    example="5/1m",
)
REVIVE_AFTER = optional(
    "revive_after",
    measures.positive_duration,
    PROGRAM,
    "A FATAL process is started again after this time.",
    example="10m",
)
MAX_AGE = optional(
    "max_age", measures.positive_duration, PROGRAM, "A process that is older is stopped and started.", example="1d"
)
MEMORY_LIMIT = row(
    "memory_limit",
    measures.memory,
    "0",
    PROGRAM,
    "A process is stopped and started when it and its descendants use more resident memory; 0 = never.",
    example="500MB",
)

RESTART_ROWS: tuple[Option[Any], ...] = (
    *(RESTART_DELAY, RESTART_FACTOR, RESTART_MAX_DELAY, RESTART_JITTER, RESTART_RESET, RESTART_LIMIT),
    *(REVIVE_AFTER, MAX_AGE, MEMORY_LIMIT),
)


def read_restart(reader: SectionReader) -> RestartPolicy:
    """Read how the starts that nobody asks for are spread over time."""
    return RestartPolicy(
        delay=reader.read(RESTART_DELAY),
        factor=reader.read(RESTART_FACTOR),
        max_delay=reader.read(RESTART_MAX_DELAY),
        jitter=reader.read(RESTART_JITTER),
        reset=reader.read(RESTART_RESET),
        limit=reader.read(RESTART_LIMIT),
    )
