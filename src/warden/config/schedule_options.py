"""The rows of the option table about schedules, and how they are read."""

from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType
from typing import Any

from warden.config import measures, readers
from warden.config.ini import Section
from warden.config.model import Policy, ProcessConfig, Schedule
from warden.config.option import INSTANCE, PROGRAM, Option, row
from warden.config.sections import SectionReader
from warden.words import Autorestart, Overlap


def _cron() -> ModuleType:
    try:
        from warden.config import cron  # 6 ms and 0.7 MiB, only for programs with a schedule
    except ModuleNotFoundError as error:
        if error.name != "cronsim":
            raise
        raise ValueError("schedules need the package cronsim: pip install 'warden[schedule]'") from None
    return cron


def rules(value: str) -> tuple[str, ...]:
    """Cron expressions such as */5 * * * * or @daily, one on each line."""
    found = tuple(" ".join(rule.split()) for rule in re.split(r"[\n;]", value) if rule.strip())
    for rule in found:
        _cron().check(rule)
    return found


def time_zone(value: str) -> str:
    """A name of the IANA database such as Europe/Berlin or UTC."""
    if value:
        from warden.config.zones import zone  # 3 ms and 0.5 MiB, likewise

        zone(value)
    return value


def overlap(value: str) -> Overlap:
    """One of skip, queue, replace."""
    return readers.one_of(Overlap, value)


SCHEDULE = row(
    "schedule",
    rules,
    "",
    INSTANCE,
    "When the clock starts it, as in a crontab; unless the section says otherwise autostart and autorestart are then "
    "false, and startsecs is 0. Needs the extra: pip install 'warden[schedule]'.",
    example="*/5 * * * *",
)
SCHEDULE_TIMEZONE = row(
    "schedule_timezone",
    time_zone,
    "",
    PROGRAM,
    "The time zone of the schedule; without it, that of the machine.",
    example="Europe/Berlin",
    needs=(SCHEDULE.name,),
)
SCHEDULE_OVERLAP = row(
    "schedule_overlap",
    overlap,
    "skip",
    PROGRAM,
    "What becomes of a run that is due while the last one goes on: skip it, queue it (one at most) until the last one "
    "has ended, or replace the last one.",
    needs=(SCHEDULE.name,),
)
SCHEDULE_CATCH_UP = row(
    "schedule_catch_up",
    readers.boolean,
    "false",
    PROGRAM,
    "Start once, with the daemon, if the schedule was due while no daemon ran.",
    needs=(SCHEDULE.name,),
)
SCHEDULE_JITTER = row(
    "schedule_jitter",
    measures.duration,
    "0",
    PROGRAM,
    "By how much a start may be late, at random, so that many machines do not start at once.",
    example="5m",
    needs=(SCHEDULE.name,),
)

ROWS: tuple[Option[Any], ...] = (
    SCHEDULE,
    SCHEDULE_TIMEZONE,
    SCHEDULE_OVERLAP,
    SCHEDULE_CATCH_UP,
    SCHEDULE_JITTER,
)


def with_schedule(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with what its section says about its schedule."""
    read = reader.read
    rules, timezone = read(SCHEDULE), read(SCHEDULE_TIMEZONE)
    overlap, catch_up, jitter = read(SCHEDULE_OVERLAP), read(SCHEDULE_CATCH_UP), read(SCHEDULE_JITTER)
    if not rules:
        return process
    schedule = Schedule(rules=rules, timezone=timezone, overlap=overlap, catch_up=catch_up, jitter=jitter)
    return replace(process, policy=_timely(process.policy, reader.section), schedule=schedule)


def _timely(policy: Policy, section: Section) -> Policy:
    """Where the section says nothing a process runs only when it is due, and may end at once."""

    def unsaid(option: str) -> bool:
        return section.get(option) is None

    return replace(
        policy,
        autostart=policy.autostart and not unsaid("autostart"),
        autorestart=Autorestart.NEVER if unsaid("autorestart") else policy.autorestart,
        startsecs=0 if unsaid("startsecs") else policy.startsecs,
    )
