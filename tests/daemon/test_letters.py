"""What the record has of events that wait in pools."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from warden.daemon.letters import Archive, letter_from
from warden.events.letters import Changes, Letter
from warden.events.types import Event, ProcessCommunicationStdoutEvent, Tick5Event


class Memory:
    """The record, as a dictionary."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def put(self, entries: Iterable[tuple[str, Any]]) -> None:
        for name, value in entries:
            if value is None:
                del self.facts[name]
            else:
                self.facts[name] = json.loads(json.dumps(value))

    def letter(self, pool: str, number: int) -> Letter | None:
        row = self.facts[f"pool {pool} letter {number}"]
        return letter_from(number, row, self.facts.get(f"event {row[0]}"))


def letter(event: Event, serial: int, number: int) -> Letter:
    return Letter(event=event, serial=serial, number=number)


def came(*letters: Letter) -> Changes:
    return Changes(list(letters), [], [], set())


def test_a_letter_comes_back_as_it_was() -> None:
    event = ProcessCommunicationStdoutEvent(processname="x", groupname="x", pid=7, data=b"\xff\n")
    memory, sent = Memory(), letter(event, 5, 3)
    archive = Archive()
    memory.put(archive.entries("p", came(sent)))
    sent.not_before, sent.pause = 12.5, 0.4
    memory.put(archive.entries("p", Changes([], [sent], [], set())))

    assert memory.letter("p", 3) == sent


def test_an_event_is_noted_once_for_all_pools_and_forgotten_with_its_last_letter() -> None:
    memory, archive = Memory(), Archive()
    one, two = letter(Tick5Event(5), 0, 0), letter(Tick5Event(5), 0, 8)
    memory.put([*archive.entries("one", came(one)), *archive.entries("two", came(two))])
    assert list(memory.facts) == ["event 0", "pool one letter 0", "pool two letter 8"]

    memory.put(archive.entries("one", Changes([], [], [one], set())))
    assert list(memory.facts) == ["event 0", "pool two letter 8"]

    memory.put(archive.forget("two", [two]))
    assert memory.facts == {}


def test_what_a_brain_before_us_has_noted_is_forgotten_too() -> None:
    memory, sent = Memory(), letter(Tick5Event(5), 0, 0)
    memory.put(Archive().entries("p", came(sent)))
    archive = Archive()
    archive.count(sent)

    memory.put(archive.forget("p", [sent]))

    assert memory.facts == {}


def test_an_event_that_nobody_could_make_again_is_not_noted() -> None:
    memory, archive = Memory(), Archive()
    own = letter(type("Own", (Event,), {})(), 0, 0)

    memory.put(archive.entries("p", came(own)))
    memory.put(archive.entries("p", Changes([], [own], [], set())))
    memory.put(archive.entries("p", Changes([], [], [own], set())))

    assert memory.facts == {}


def test_a_letter_whose_event_nobody_knows_is_none() -> None:
    assert letter_from(3, [5, 0.0, 0.1], ["TOMORROW", {}]) is None
    assert letter_from(3, [5, 0.0, 0.1], None) is None
