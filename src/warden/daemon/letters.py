"""Events that wait in a pool as the record has them."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from warden.daemon.codec import decode, encode
from warden.events.pool import Letter
from warden.events.types import NAMES, name_of


def letter_row(letter: Letter) -> list[Any] | None:
    """Return a letter for the record; None for an event of a plugin's own making, which nobody could make again."""
    event = letter.event
    if not is_dataclass(event) or NAMES.get(name_of(type(event))) is not type(event):
        return None
    return [name_of(type(event)), encode(event), letter.serial, letter.not_before, letter.pause]


def letter_from(number: int, row: list[Any]) -> Letter | None:
    """Return the letter of a row; None if its event is of a type that nobody knows any more."""
    name, fields, serial, not_before, pause = row
    kind = NAMES.get(name)
    if kind is None:
        return None
    return Letter(event=decode(kind, fields), serial=serial, number=number, not_before=not_before, pause=pause)
