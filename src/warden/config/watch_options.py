"""The rows about what a program is told when it shall read its configuration again, and how they are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from warden.config import readers
from warden.config.model import ProcessConfig
from warden.config.option import PROGRAM, Option, optional
from warden.config.sections import SectionReader

RELOAD_SIGNAL = optional(
    "reload_signal",
    readers.signal_number,
    PROGRAM,
    "Signal on which a program reads its configuration again; supervisorctl reload NAME sends it.",
    example="HUP",
)

ROWS: tuple[Option[Any], ...] = (RELOAD_SIGNAL,)


def with_changes(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with what its section says about these things."""
    return replace(process, reload_signal=reader.read(RELOAD_SIGNAL))
