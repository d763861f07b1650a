"""Events that wait in pools as the record has them: the event once, and each pool's letter by its number."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import is_dataclass
from typing import Any

from warden.daemon.codec import decode, encode
from warden.events.letters import Changes, Letter
from warden.events.types import NAMES, Event, name_of

Entry = tuple[str, Any]


class Archive:
    """Knows which letters the record has; one object for all pools."""

    def __init__(self) -> None:
        self._copies: dict[int, int] = {}  # letters in the record by serial, which all letters of an event share

    def entries(self, pool: str, changes: Changes) -> Iterator[Entry]:
        """Return what is to be noted of the letters of a pool."""
        for letter in changes.came:
            if letter.serial not in self._copies:
                row = _event_row(letter.event)
                if row is None:
                    continue
                yield f"event {letter.serial}", row
            self.count(letter)
            yield _letter_entry(pool, letter)
        for letter in changes.waiting:
            if letter.serial in self._copies:
                yield _letter_entry(pool, letter)
        yield from self.forget(pool, changes.over)

    def count(self, letter: Letter) -> None:
        """Take note that the record has this letter."""
        self._copies[letter.serial] = self._copies.get(letter.serial, 0) + 1

    def forget(self, pool: str, letters: Collection[Letter]) -> Iterator[Entry]:
        """Return what is to be noted when letters are over, or their pool is gone."""
        for letter in letters:
            copies = self._copies.pop(letter.serial, 0)
            if copies:
                yield f"pool {pool} letter {letter.number}", None
            if copies == 1:
                yield f"event {letter.serial}", None
            elif copies > 1:
                self._copies[letter.serial] = copies - 1


def _event_row(event: Event) -> list[Any] | None:
    """Return an event for the record; None for one of a plugin's own making, which nobody could make again."""
    if not is_dataclass(event) or NAMES.get(name_of(type(event))) is not type(event):
        return None
    return [name_of(type(event)), encode(event)]


def _letter_entry(pool: str, letter: Letter) -> Entry:
    return f"pool {pool} letter {letter.number}", [letter.serial, letter.not_before, letter.pause]


def letter_from(number: int, row: list[Any], event_row: list[Any] | None) -> Letter | None:
    """Return the letter of a row and its event's; None if that is of a type that nobody knows any more."""
    serial, not_before, pause = row
    if event_row is None or event_row[0] not in NAMES:
        return None
    name, fields = event_row
    return Letter(event=decode(NAMES[name], fields), serial=serial, number=number, not_before=not_before, pause=pause)
