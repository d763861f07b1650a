"""Readers of the values about logs, like those in ``config.readers``."""

from __future__ import annotations

import os

from warden.config import readers
from warden.words import LineFormat, Period

JOURNAL = "/run/systemd/journal/socket"


def period(value: str) -> Period:
    """One of never, hourly, daily, weekly."""
    try:
        return Period(value.strip().lower())
    except ValueError:
        raise ValueError(f"not a period of rotation: {value!r}") from None


def line_format(value: str) -> LineFormat:
    """One of raw, timestamp, prefix, timestamp,prefix and json."""
    words = ",".join(sorted(readers.words(value.lower()), reverse=True))  # in either order
    try:
        return LineFormat(words)
    except ValueError:
        raise ValueError(f"not a form of lines: {value!r}") from None


def console(value: str) -> LineFormat | None:
    """One of off, raw, timestamp, prefix, timestamp,prefix and json."""
    return None if value.strip().lower() == "off" else line_format(value)


def journal(value: str) -> str | None:
    """True, false, or the absolute path of a journal's socket."""
    if os.path.isabs(value):
        return value
    return JOURNAL if readers.boolean(value) else None
