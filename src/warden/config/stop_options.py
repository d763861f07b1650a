"""The rows that say how a program is stopped, and what runs around its starts and stops; how they are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from warden.config import measures, readers
from warden.config.model import ProcessConfig
from warden.config.option import INSTANCE, PROGRAM, Option, optional, row
from warden.config.sections import SectionReader

Signals = tuple[tuple[int, float | None], ...]


def stop_signals(value: str) -> Signals:
    """A signal by name (TERM, SIGTERM, RTMIN+1) or number, or several, each with the seconds before the next one."""
    words = value.split()
    if len(words) < 2 and ":" not in value:
        return ((readers.signal_number(value), None),)
    steps = tuple(_step(word) for word in words)
    for word, (_signum, seconds) in zip(words[:-1], steps[:-1], strict=True):
        if seconds is None:
            raise ValueError(
                f"{value!r} does not say how long to wait after {word}: write the seconds, such as {word}:10 KILL"
            )
    return steps


def _step(word: str) -> tuple[int, float | None]:
    name, colon, seconds = word.partition(":")
    return readers.signal_number(name), measures.duration(seconds) if colon else None


STOPSIGNAL = row(
    "stopsignal",
    stop_signals,
    "TERM",
    PROGRAM,
    "Signal that asks a process to stop; or several, each but the last with the seconds to wait before the next one: "
    "TERM:10 INT:5 KILL.",
)
BEFORE_START = optional(
    "before_start",
    readers.command_line,
    INSTANCE,
    "Command that runs to its end before each start; if it fails, so does the start.",
    example="/srv/app/migrate",
)
AFTER_START = optional(
    "after_start",
    readers.command_line,
    INSTANCE,
    "Command that runs once the process is RUNNING, or ready if there is a ready option.",
    example="/srv/app/announce",
)
BEFORE_STOP = optional(
    "before_stop",
    readers.command_line,
    INSTANCE,
    "Command that runs to its end before a process that runs is asked to stop.",
    example="/srv/app/drain",
)
STOP_COMMAND = optional(
    "stop_command",
    readers.command_line,
    INSTANCE,
    "Command that asks the process to stop; the stop signal follows if it fails, or after stopwaitsecs.",
    example="/srv/app/ctl stop",
)
AFTER_STOP = optional(
    "after_stop",
    readers.command_line,
    INSTANCE,
    "Command that runs after each end of the process, before it may start again.",
    example="/srv/app/clean",
)
HOOK_TIMEOUT = row(
    "hook_timeout",
    measures.positive_duration,
    "60s",
    PROGRAM,
    "The time for each of before_start, after_start, before_stop and after_stop; what takes longer is killed.",
    needs=(
        BEFORE_START.name,
        AFTER_START.name,
        BEFORE_STOP.name,
        AFTER_STOP.name,
    ),
)
KILL_TREE = row(
    "kill_tree",
    readers.boolean,
    "false",
    PROGRAM,
    "When the process has ended, end everything that it has started, before it may start again; see also cgroup.",
    example="true",
)

STOP_ROWS: tuple[Option[Any], ...] = (
    *(STOP_COMMAND, BEFORE_START, AFTER_START, BEFORE_STOP, AFTER_STOP, HOOK_TIMEOUT, KILL_TREE),
)


def sequence(signals: Signals, stopwaitsecs: int) -> tuple[tuple[int, float], ...]:
    """Return the steps of a stop with their waits; none for one signal that waits for ``stopwaitsecs``."""
    if len(signals) == 1 and signals[0][1] is None:
        return ()
    return tuple((signum, stopwaitsecs if seconds is None else seconds) for signum, seconds in signals)


def with_hooks(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with the commands around its starts and stops."""
    read = reader.read
    policy = replace(
        process.policy,
        before_start=read(BEFORE_START),
        after_start=read(AFTER_START),
        before_stop=read(BEFORE_STOP),
        stop_command=read(STOP_COMMAND),
        after_stop=read(AFTER_STOP),
        hook_timeout=read(HOOK_TIMEOUT),
        greets_when_ready=process.ready is not None and read(AFTER_START) is not None,
    )
    return process if policy == process.policy else replace(process, policy=policy)
