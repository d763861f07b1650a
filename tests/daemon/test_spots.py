"""A brain that is killed at any moment leaves of its pools what they held: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from daemon.stage import program
from warden.config.model import GroupConfig, Kind, PoolConfig
from warden.daemon.listeners import RunningPool
from warden.daemon.notes import Notes
from warden.daemon.pools import Pools
from warden.daemon.records import Child, Group, Process
from warden.daemon.remains import Remains
from warden.daemon.spots import PoolRemains
from warden.events.bus import Bus
from warden.events.serials import Serials
from warden.events.types import Tick5Event
from warden.logs.mainlog import MainLog
from warden.process.step import State
from warden.runtime.cells import CELLS
from warden.runtime.kept import Found
from warden.runtime.record import Record
from warden.runtime.slot import Slot
from warden.words import Phase

NAMES = ("a", "b", "c")
ROOM = 6


class Clock:
    """A loop of which only the time is used."""

    now = 100.0

    def time(self) -> float:
        return self.now

    def call_at(self, _when: float, _act: Callable[..., object], *_args: object) -> asyncio.TimerHandle:
        return cast(asyncio.TimerHandle, Timer())


class Timer:
    """A timer that never rings: time passes when the test says so."""

    def cancel(self) -> None:
        """Do nothing."""

    def cancelled(self) -> bool:
        return False

    def when(self) -> float:
        return 0.0


class Stdin:
    """The stdin of a listener, which tells who was sent which event."""

    def __init__(self, name: str, on_write: Callable[[str, int], None]) -> None:
        self._name = name
        self._on_write = on_write
        self.broken = False

    def __len__(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        if self.broken:
            raise BrokenPipeError
        self._on_write(self._name, int(data.rpartition(b"when:")[2]))


class Scene:
    """A pool of three listeners, a record and a slot; ``look`` is called whenever something was remembered."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.slot = Slot()
        self.notes = Notes(cast(Record, self), self.slot)
        write = self.slot.cells.write
        self.slot.cells.write = lambda cell, row: (write(cell, row), self.look())[0]  # type: ignore[method-assign]
        self.clock, self.chunks, self.published = Clock(), 0, 0
        self.has: dict[str, int] = {}  # listener: the event that it was sent and has not answered
        self.processed: set[int] = set()
        self.lost: set[int] = set()
        self.answered: int | None = None  # by the chunk that is being heard
        self.open()

    def open(self) -> None:
        """Begin, or go on with what a brain before us has left."""
        loop = cast(asyncio.AbstractEventLoop, self.clock)
        self.bus = Bus(lambda _subscriber, _event, error: pytest.fail(repr(error)))
        serials = Serials(self.facts.get("serial", 0))
        self.pools = Pools(loop=loop, bus=self.bus, log=MainLog(), serials=serials, identifier="s", notes=self.notes)
        self.processes = {}
        for name in NAMES:
            process = Process(program(name), "p", outputs={}, state=State(phase=Phase.RUNNING, pid=1))
            process.child = Child(1, cast(Any, Stdin(name, self.was_sent)), [])
            self.processes[name] = process
        config = PoolConfig(events=("TICK_5",), buffer_size=ROOM)
        group = GroupConfig(name="p", kind=Kind.LISTENER, priority=1, processes=(), pool=config)
        self.pools.add(Group(group, self.processes), config)

    @property
    def pool(self) -> RunningPool:
        pool = self.pools.find("p")
        assert pool is not None
        return pool

    def put(self, *entries: tuple[str, Any]) -> None:
        """Be the record."""
        for name, value in entries:
            if value is None:
                self.facts.pop(name, None)
            else:
                self.facts[name] = json.loads(json.dumps(value))
        self.look()

    def was_sent(self, name: str, number: int) -> None:
        assert number not in self.processed | self.lost | set(self.has.values())
        self.has[name] = number
        self.look()
        assert self.left().spots[name].standing.letter == number, "it is known before the first byte is written"

    def left(self) -> PoolRemains:
        remains = Remains(Found(held={"slot": os.dup(self.slot.fd)}), dict(self.facts))
        pool = remains.pool("p")
        remains.slot.close()
        return pool

    def look(self) -> None:
        """If the brain were killed now nothing would be lost, and nothing sent that is processed or with somebody."""
        left = self.left()
        waiting = {letter.number for letter in left.sort()[0]}
        held = {spot.standing.letter for spot in left.spots.values()}
        lost = {number for number in range(self.pool.core.accepted) if number not in self.alive()}
        noted = set(range(left.accepted))
        assert noted - self.processed - lost <= waiting
        assert waiting & self.processed <= {self.answered}, "only an answer that is heard again"
        for number in self.has.values():
            if number in waiting and number != self.answered:
                assert number in held, "what a listener has is sent to nobody else"

    def alive(self) -> set[int]:
        return {letter.number for letter in self.pool.core.letters()} | self.processed

    # --- what may happen

    def publish(self, count: int) -> None:
        with self.bus.burst():
            for _ in range(count):
                self.bus.publish(Tick5Event(self.published))
                self.published += 1

    def say(self, name: str, text: bytes) -> None:
        self.chunks += 1
        self.slot.number = self.chunks
        number = self.has.get(name)
        if text.startswith(b"RESULT") and b"\n" in text and number is not None:
            self.answered = self.has.pop(name)
            if text.startswith(b"RESULT 2"):
                self.processed.add(self.answered)
        on_stdout = self.processes[name].on_stdout
        assert on_stdout is not None
        on_stdout(text)
        self.answered = None

    def restart(self, name: str) -> None:
        self.has.pop(name, None)
        for phase in (Phase.EXITED, Phase.STARTING, Phase.RUNNING):
            self.processes[name].state = State(phase=phase, pid=1)
            self.processes[name].tell_watchers()
        self.say(name, b"READY\n")

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.pool.due()

    def kill(self) -> None:
        """Let another brain go on."""
        left = self.left()
        self.slot.cells._taken.clear()
        self.open()
        self.pool.resume(left)
        self.pool.wake()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_record_and_the_cells_tell_what_a_pool_holds(seed: int) -> None:
    dice, scene = random.Random(seed), Scene()
    for name in NAMES:
        scene.restart(name)
    for _ in range(150):
        name = dice.choice(NAMES)
        busy = name in scene.has
        match dice.randrange(10):
            case 0 | 1 | 2:
                scene.publish(dice.randrange(1, 5))
            case 3 | 4 | 5 | 6 if busy:
                scene.say(name, b"RESULT 2\nOKREADY\n")
            case 7 if busy:
                scene.say(name, b"RESULT 4\nFAILREADY\n")
            case 7:
                scene.wait(dice.choice([0.05, 0.3, 5.0]))
            case 8:
                scene.restart(name)
            case 9:
                scene.kill()
            case _:
                pass
    scene.wait(100.0)

    assert scene.pool.core.take_changes().over == []
    scene.slot.close()


def test_once_a_listener_is_ready_its_steps_are_in_its_cell_alone() -> None:
    scene = Scene()
    scene.restart("a")
    scene.publish(4)
    before = dict(scene.facts)

    scene.say("a", b"RESULT 2\nOKREADY\n")
    scene.say("a", b"RESULT 2\nOKREADY\n")

    assert scene.facts == before
    assert [letter.number for letter in scene.left().sort()[0]] == [2, 3]
    scene.slot.close()


def test_what_is_over_does_not_pile_up_in_the_record() -> None:
    scene = Scene()
    scene.restart("a")
    for _ in range(300):
        scene.publish(1)
        scene.say("a", b"RESULT 2\nOKREADY\n")

    assert sum("letter" in name for name in scene.facts) <= 64
    assert sum("event" in name for name in scene.facts) <= 64
    scene.slot.close()


def test_half_a_word_stands_in_the_record_and_counts_until_the_next_whole_one() -> None:
    scene = Scene()
    scene.restart("a")
    scene.publish(2)
    scene.say("a", b"RESULT 2\nO")
    half = scene.left().spots["a"].standing
    scene.say("a", b"KREADY\n")
    whole = scene.left().spots["a"].standing

    assert (half.heard, half.result_bytes, half.letter) == (b"O", 2, 0)
    assert (whole.heard, whole.result_bytes, whole.letter) == (b"", None, 1)
    scene.slot.close()


def test_without_a_cell_everything_stands_in_the_record() -> None:
    scene = Scene()
    for cell in range(CELLS):
        scene.slot.cells.claim(cell)
    scene.restart("a")
    scene.publish(2)
    scene.say("a", b"RESULT 2\nOKREADY\n")

    assert scene.left().spots["a"].cell is None
    assert [letter.number for letter in scene.left().sort()[0]] == [1]
    scene.slot.close()
