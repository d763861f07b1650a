"""Logs that are followed go on where they stopped: nothing is lost and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.ctl.logstream import LogStream
from warden.ctl.wire import LOSSES, Lost, Refused, Stream


class Sent(Stream):
    """What one brain sends before it ends: by itself, or because it is killed."""

    def __init__(self, chunks: list[bytes], *, place: str = "7:0", cut: bool = True) -> None:
        self.headers = {"log-place": place} if place else {}
        self._parts: Iterator[bytes] = iter(chunks)
        self._cut = cut

    @property
    def was_cut(self) -> bool:
        return self._cut

    def read(self) -> bytes | None:
        return next(self._parts, None)

    def close(self) -> None:
        pass


class Brains:
    """One after the other; a class of error stands for a brain that cannot be asked."""

    def __init__(self, *brains: Sent | type[Exception]) -> None:
        self.asked: list[str] = []
        self._brains = iter(brains)

    def begin(self, headers: str) -> Stream:
        self.asked.append(headers.strip())
        brain = next(self._brains, Refused)
        if isinstance(brain, Sent):
            return brain
        raise brain("gone")


def heard(brains: Brains) -> bytes:
    stream = LogStream(brains.begin)
    return b"".join(iter(stream.read, None))


def test_the_next_brain_is_asked_for_what_follows() -> None:
    brains = Brains(Sent([b"7:3 3\nabc"]), Sent([b"7:5 2\nde", b"9:1 1\nf"]), Lost, Sent([b"9:2 1\ng"]))

    assert heard(brains) == b"abcdefg"
    assert brains.asked == [f"Log-Place: {place}" for place in ("new", "7:3", "9:1", "9:1", "9:2")]


def test_a_part_that_was_cut_off_is_shown_when_it_comes_whole() -> None:
    brains = Brains(Sent([b"7:3 3\nabc7:6 3\nd"]), Sent([b"7:6 3\ndef"]))

    assert heard(brains) == b"abcdef"


@given(st.lists(st.binary(min_size=1)), st.data())
def test_the_borders_of_what_comes_do_not_matter(parts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(b"1:%d %d\n%s" % (number, len(part), part) for number, part in enumerate(parts))
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, len(body))))), len(body)]

    brains = Brains(Sent([body[a:b] for a, b in pairwise(edges)]))

    assert heard(brains) == b"".join(parts)


@pytest.mark.parametrize("sent", [Sent([b"7:3 3\nabc"], cut=False), Sent([b"abc"], place="")])
def test_what_ends_by_its_own_rules_or_tells_no_places_ends(sent: Sent) -> None:
    brains = Brains(sent)

    assert heard(brains) == b"abc"
    assert len(brains.asked) == 1


def test_where_nobody_is_any_more_it_ends() -> None:
    assert heard(Brains(Sent([b"7:3 3\nabc"]), Refused)) == b"abc"


def test_where_nobody_ever_answers_it_ends() -> None:
    brains = Brains(Sent([b"7:3 3\nabc"]), *[Lost] * (LOSSES + 5))

    assert heard(brains) == b"abc"
    assert len(brains.asked) == 1 + LOSSES
