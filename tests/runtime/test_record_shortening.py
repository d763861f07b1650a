"""The record stays short, loses nothing meanwhile, and never keeps the loop waiting."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.waiting import until_true
from warden.runtime import record
from warden.runtime.record import Record, read


@pytest.fixture
def held() -> Iterator[list[int]]:
    """What the keeper would hold: a descriptor of each file."""
    with ExitStack() as stack:
        fds: list[int] = []

        class Keeper(list[int]):
            def append(self, fd: int) -> None:
                fds.append(os.dup(fd))
                stack.callback(os.close, fds[-1])
                super().append(fds[-1])

        yield Keeper()


def begun(held: list[int], facts: dict[str, object] | None = None) -> Record:
    def lost(error: OSError) -> None:
        raise AssertionError(error)

    written = Record(held.append, lost)
    written.begin(facts or {})
    return written


async def shortened(held: list[int], files: int = 2) -> None:
    await until_true(lambda: len(held) >= files)


def test_what_is_noted_while_the_record_is_shortened_is_there_afterwards(
    held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_SPARE_BYTES", 1000)

    async def scenario() -> None:
        written = begun(held, {"kept": 1})
        for turn in range(100):
            written.put(("changes", turn))
        written.put(("late", True), ("kept", None), ("+list", ["x"]))
        await shortened(held)

        facts = {"changes": 99, "late": True, "+list": ["x"]}
        assert read(held[0]) == read(held[1]) == facts
        assert os.fstat(held[1]).st_size < os.fstat(held[0]).st_size
        written.put(("after", 1))
        assert read(held[-1]) == {**facts, "after": 1}
        written.close()

    asyncio.run(scenario())


def test_a_record_that_begins_anew_meanwhile_does_so(held: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_SPARE_BYTES", 100)

    async def scenario() -> None:
        written = begun(held)
        for turn in range(20):
            written.put(("changes", turn))
        written.begin({})
        written.put(("new", 1))
        assert written._shortening is not None
        await written._shortening

        assert len(held) == 2
        assert read(held[-1]) == {"new": 1}
        written.close()

    asyncio.run(scenario())


def test_a_record_of_thousands_of_processes_is_shortened_beside_the_loop(
    held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No turn of the loop costs 10 ms; it is CPU time of its thread, so the load of the machine does not matter."""
    monkeypatch.setattr(record, "_SPARE_BYTES", 1_000_000)

    async def scenario() -> None:
        written = begun(held)
        fact = {"state": {"phase": 20, "pid": 77}, "life": 123456789, "started": 1.7e9, "text": "x" * 100}
        turns, number = [], 0
        while len(held) < 2:
            began = time.thread_time()
            for _ in range(50):
                number += 1
                written.put((f"process {number % 2000}", fact))
            await asyncio.sleep(0)
            turns.append(time.thread_time() - began)

        assert len(read(held[-1])) == 2000
        assert max(turns) < 0.01
        written.close()

    asyncio.run(scenario())
