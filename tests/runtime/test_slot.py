"""The slot: a chunk of output that was read and did not arrive is found by whoever comes after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from warden.runtime.slot import InFlight, Slot


@contextmanager
def slots() -> Iterator[tuple[Slot, Slot]]:
    """A slot, and the same memory as a successor sees it."""
    ours = Slot()
    theirs = Slot(os.dup(ours.fd))
    try:
        yield ours, theirs
    finally:
        ours.close()
        theirs.close()


@pytest.mark.parametrize("data", [b"x", b"a line\n", bytes(range(256)) * 16, b"\0" * 100])
def test_a_chunk_can_be_recovered_until_it_is_done(data: bytes) -> None:
    reader, writer = os.pipe()
    os.write(writer, data)
    with slots() as (ours, theirs):
        assert ours.read(reader, 7, 11, 13) == data
        assert theirs.left() == InFlight(ours.number, 7, data, 11, 13)
        ours.done()
        assert theirs.left() is None
    os.close(reader)
    os.close(writer)


def test_what_was_announced_and_not_read_is_in_the_pipe_still(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"still here")

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with slots() as (ours, theirs):
        with monkeypatch.context() as killed:
            killed.setattr(os, "readv", die)
            killed.setattr(ours, "done", lambda: None)  # a process that is killed does not get there
            with pytest.raises(KeyboardInterrupt):
                ours.read(reader, 7, 0, 0)
        assert theirs.left() is None
        assert theirs.read(reader, 7, 0, 0) == b"still here"
    os.close(reader)
    os.close(writer)


def test_the_end_and_an_empty_pipe_leave_nothing_behind() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with slots() as (ours, theirs):
        with pytest.raises(BlockingIOError):
            ours.read(reader, 7, 0, 0)
        assert theirs.left() is None
        os.close(writer)
        assert ours.read(reader, 7, 0, 0) == b""
        assert theirs.left() is None
    os.close(reader)


def test_a_successor_knows_the_number_of_the_chunk_that_is_left() -> None:
    """It may be killed as well, before that chunk is dealt with: its notes must name the same number."""
    reader, writer = os.pipe()
    os.write(writer, b"x")
    with slots() as (ours, _):
        ours.read(reader, 7, 0, 0)
        successor = Slot(os.dup(ours.fd))
        assert successor.number == ours.number
        successor.close()
    os.close(reader)
    os.close(writer)


def test_a_successor_sees_which_step_is_complete_and_what_is_being_sent() -> None:
    with slots() as (ours, theirs):
        ours.step, ours.letter = 5, 6
        assert (theirs.step, theirs.letter) == (5, 6)
