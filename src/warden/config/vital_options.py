"""The row of the option table about dependencies."""

from __future__ import annotations

from typing import Any

from warden.config.dependencies import read_names
from warden.config.expand import Names
from warden.config.option import Option, row

_PROGRAM = Names.ENV | Names.HERE | Names.HOST | Names.PROGRAM | Names.GROUP
_INSTANCE = _PROGRAM | Names.INSTANCE

DEPENDS_ON = row(
    "depends_on",
    read_names,
    "",
    _INSTANCE,
    "Starts after these and stops before them: names of programs, processes or groups, with commas, each with "
    ":started, :ready (the default), :healthy or :finished.",
    example="db,migrate:finished",
)
ROWS: tuple[Option[Any], ...] = (DEPENDS_ON,)
