"""The keeper's loop: what can be read is handled, and bugs are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

if sys.platform != "linux":
    pytest.skip("it is made of epoll", allow_module_level=True)

from warden.runtime.polling import Poll


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_a_handler_is_called_while_there_is_something_to_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    poll, read = Poll(pytest.fail), list[bytes]()
    poll.watch(reader, lambda: read.append(os.read(reader, 1)))

    poll.turn(0)
    os.write(writer, b"ab")
    poll.turn(None)
    poll.turn(None)
    poll.turn(0)

    assert read == [b"a", b"b"]


def test_who_is_ignored_is_called_no_more(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    poll, calls = Poll(pytest.fail), list[str]()
    poll.watch(reader, lambda: calls.append("read"))
    os.write(writer, b"a")

    poll.ignore(reader)
    poll.ignore(reader)  # nobody is there: no error
    poll.also_when_writable(reader, True)
    poll.turn(0)

    assert calls == []


def test_one_that_is_ignored_by_the_handler_before_it_is_not_called(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    other = os.dup(reader)
    poll, calls = Poll(pytest.fail), list[int]()

    def handle(mine: int, others: int) -> None:
        calls.append(mine)
        poll.ignore(others)

    poll.watch(reader, lambda: handle(reader, other))
    poll.watch(other, lambda: handle(other, reader))
    os.write(writer, b"a")
    poll.turn(0)

    assert len(calls) == 1
    os.close(other)


def test_a_descriptor_can_be_waited_for_until_it_is_writable(pipe: tuple[int, int]) -> None:
    _, writer = pipe
    poll, calls = Poll(pytest.fail), list[str]()
    poll.watch(writer, lambda: calls.append("written"))

    poll.turn(0)
    poll.also_when_writable(writer, True)
    poll.turn(0)
    poll.also_when_writable(writer, False)
    poll.turn(0)

    assert calls == ["written"]


def test_a_bug_in_a_handler_is_told_and_ends_nothing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    bugs = list[str]()
    poll = Poll(bugs.append)
    poll.watch(reader, lambda: os.read(reader, 1).index(b"b"))
    os.write(writer, b"ab")

    poll.turn(0)
    poll.turn(0)

    assert len(bugs) == 1
    first, *where, what = bugs[0].splitlines()
    assert first == "Traceback (most recent call last):"
    assert where[-1].startswith(f'  File "{__file__}", line ')
    assert where[-1].endswith("test_a_bug_in_a_handler_is_told_and_ends_nothing.<locals>.<lambda>")
    assert what == "ValueError: subsection not found"
