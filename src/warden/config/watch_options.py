"""The rows about reloading programs and about files that programs watch, and how they are read."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from typing import Any

from warden.config import measures, readers
from warden.config.model import ProcessConfig, Watch
from warden.config.option import INSTANCE, PROGRAM, Option, optional, row
from warden.config.sections import SectionReader
from warden.words import WatchAction


def patterns(value: str) -> tuple[str, ...]:
    """Patterns for files with commas, such as src/**/*.py,templates,!*.tmp; those that begin with ! are exceptions."""
    words = tuple(word.strip() for word in re.split(r"[,\n]", value) if word.strip())
    if all(word.startswith("!") for word in words):
        raise ValueError(f"no files to watch: {value!r}; write a pattern such as **/*.py before the exceptions")
    if any(not word.lstrip("! ") for word in words):
        raise ValueError(f"an exception from nothing: {value!r}; write a pattern after the !")
    return words


def action(value: str) -> WatchAction:
    """One of restart, reload."""
    return readers.one_of(WatchAction, value)


RELOAD_SIGNAL = optional(
    "reload_signal",
    readers.signal_number,
    PROGRAM,
    "Signal on which a program reads its configuration again; supervisorctl reload NAME sends it.",
    example="HUP",
)
WATCH = optional(
    "watch",
    patterns,
    INSTANCE,
    "Files that restart the program when they change, relative to its directory, else to this file.",
    example="src/**/*.py,templates,!node_modules",
)
WATCH_DEBOUNCE = row(
    "watch_debounce",
    measures.positive_duration,
    "1s",
    PROGRAM,
    "How long the files must rest before that is done.",
    needs=(WATCH.name,),
)
WATCH_ACTION = row(
    "watch_action",
    action,
    "restart",
    PROGRAM,
    "What is done when they change: restart, or reload with reload_signal.",
    needs=(WATCH.name,),
)

ROWS: tuple[Option[Any], ...] = (RELOAD_SIGNAL, WATCH, WATCH_DEBOUNCE, WATCH_ACTION)


def with_changes(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with what its section says about these things."""
    reload_signal = reader.read(RELOAD_SIGNAL)
    return replace(process, reload_signal=reload_signal, watch=_watch(process, reader, reload_signal))


def _watch(process: ProcessConfig, reader: SectionReader, reload_signal: int | None) -> Watch | None:
    words, debounce, chosen = reader.read(WATCH), reader.read(WATCH_DEBOUNCE), reader.read(WATCH_ACTION)
    if words is None:
        return None
    from warden.config import globs  # 1 ms, only for programs that watch files

    if not _can_watch():
        reader.fail("watch needs the package watchdog on this system", WATCH, "pip install 'warden[watch]'")
    if chosen is WatchAction.RELOAD and reload_signal is None:
        reader.fail("watch_action=reload needs a reload_signal", WATCH_ACTION, "for example reload_signal=HUP")
    base = _base(process, reader)
    try:
        return Watch(
            wanted=tuple(globs.absolute(word, base) for word in words if not word.startswith("!")),
            unwanted=tuple(globs.exception(word[1:].strip(), base) for word in words if word.startswith("!")),
            base=base,
            debounce=debounce,
            action=chosen,
        )
    except ValueError as error:
        reader.fail(str(error), WATCH, f"expected: {WATCH.accepts}")
        return None


def _can_watch() -> bool:
    """Whether somebody can tell us of changes: the kernel itself, or a library."""
    if sys.platform == "linux":
        return True
    try:
        import watchdog.observers  # noqa: F401 - only on other systems, and only for programs that watch files
    except ImportError:
        return False
    return True


def _base(process: ProcessConfig, reader: SectionReader) -> str:
    """Return the directory to which patterns are relative."""
    value = reader.section.get(WATCH.name)
    assert value is not None  # there are patterns
    return os.path.normpath(os.path.join(reader.scope.directory, process.directory or reader.scope.here(value.file)))
