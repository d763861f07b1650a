"""The record: what was noted is there, whatever becomes of its writer."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.runtime.record import Record, Unreadable, read


class Keeper:
    """Holds the latest file, as the keeper does, and hears of a loss."""

    def __init__(self) -> None:
        self.fd = -1
        self.losses: list[OSError] = []

    def hold(self, fd: int) -> None:
        self.close()
        self.fd = os.dup(fd)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def record(self, **facts: object) -> Record:
        record = Record(self.hold, self.losses.append)
        record.begin(facts)
        return record


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.close()


NAMES = st.sampled_from(["a", "b", "process x:y", "+list"])
VALUES = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
CHANGES = st.lists(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=3), max_size=10)


def meant(changes: list[list[tuple[str, object]]]) -> dict[str, object]:
    """Say in three lines what counts after ``changes``."""
    facts: dict[str, object] = {}
    for name, value in (pair for change in changes for pair in change):
        if value is None:
            facts.pop(name, None)
        elif name.startswith("+"):
            facts[name] = [*facts.get(name, []), *value]  # type: ignore[misc, attr-defined] # a list by its name
        else:
            facts[name] = value
    return facts


def sensible(changes: list[list[tuple[str, object]]]) -> list[list[tuple[str, object]]]:
    return [[(n, v) for n, v in change if n[0] != "+" or v is None or isinstance(v, list)] for change in changes]


@given(CHANGES, st.data())
def test_a_writer_that_is_killed_leaves_all_that_it_finished(
    changes: list[list[tuple[str, object]]], data: st.DataObject
) -> None:
    keeper = Keeper()
    record = keeper.record()
    ends = [os.fstat(keeper.fd).st_size]
    changes = sensible(changes)
    for change in changes:
        record.put(*change)
        ends.append(os.fstat(keeper.fd).st_size)
    cut = data.draw(st.integers(ends[0], ends[-1]))
    os.ftruncate(keeper.fd, cut)

    finished = sum(1 for end in ends[1:] if end <= cut)

    assert read(keeper.fd) == meant(changes[:finished])
    record.close()
    keeper.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin as a record does"),
        (b"something else\n", "does not begin as a record does"),
        (b"warden-record 999\n", "it has format 999, this version reads format 2"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(keeper: Keeper, content: bytes, why: str) -> None:
    record = keeper.record()
    os.ftruncate(keeper.fd, 0)
    os.pwrite(keeper.fd, content, 0)

    with pytest.raises(Unreadable, match=why):
        read(keeper.fd)
    record.close()


def test_a_new_session_is_there_as_a_whole_or_not_at_all(keeper: Keeper) -> None:
    record = keeper.record(old=1)
    seen: list[dict[str, object]] = []
    hold = keeper.hold
    keeper.hold = lambda fd: (seen.append(read(fd)), hold(fd))[1]  # type: ignore[method-assign] # looks in between
    record._hold = keeper.hold

    record.begin({"config": {"x": 1}, "available a": 2})

    assert seen == [{"config": {"x": 1}, "available a": 2}]
    record.close()


def test_a_record_that_cannot_grow_says_so_once_and_begins_anew_when_it_is_told_to(keeper: Keeper) -> None:
    record = keeper.record(a=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(keeper.fd).st_size + 5, before[1]))
    try:
        record.put(("b", 2))
        record.put(("c", 3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert len(keeper.losses) == 1
    assert read(keeper.fd) == {"a": 1}, "half an entry does not count"
    record.begin({"d": 4})
    record.put(("e", 5))
    assert read(keeper.fd) == {"d": 4, "e": 5}
    record.close()


AWKWARD = st.sampled_from(["process a", 'say "yes",', "two\nlines,\n[", "back\\", "\u00e9\udc80", "+list", '+li"st'])
LISTS = st.lists(st.text(max_size=3) | st.none(), max_size=40)


@given(st.lists(st.lists(st.tuples(AWKWARD, VALUES | LISTS | AWKWARD), min_size=1, max_size=3), max_size=12))
def test_a_shortened_record_says_the_same_with_less(changes: list[list[tuple[str, object]]]) -> None:
    keeper = Keeper()
    record = keeper.record(first={"x": [None, "null]"]})
    for change in sensible(changes):
        if change:
            record.put(*change)
    before, size = read(keeper.fd), os.fstat(keeper.fd).st_size

    record._shorten()

    assert list(read(keeper.fd).items()) == list(before.items())
    assert os.fstat(keeper.fd).st_size <= size + 10 * len(before)  # a frame for each
    record.put(("later", 1))
    assert read(keeper.fd) == {**before, "later": 1}
    record.close()
    keeper.close()
