"""The line that says that a child is ready, wherever its output is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from warden.daemon import tap
from warden.daemon.tap import Tap
from warden.words import Channel

ENDLESS = b"a" * 60 + b"\n"


class Ear:
    """A tap for one child, and what it tells."""

    def __init__(self, pattern: str) -> None:
        self.told: list[str] = []
        self.hear = Tap(pattern, lambda: self.told.append("found"), self.told.append)


@given(st.lists(st.sampled_from([b"re", b"ady", b"ready", b"\n", b" "])), st.data())
def test_a_line_is_heard_once_wherever_the_output_is_cut(words: list[bytes], data: st.DataObject) -> None:
    text = b"".join(words)
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, len(text))))), len(text)]
    ear = Ear("^ ?ready$")

    for a, b in pairwise(edges):
        ear.hear(Channel.STDOUT, text[a:b])

    fits = any(line in (b"ready", b" ready") for line in text.split(b"\n")[:-1])
    assert ear.told == ["found"] * fits


def test_lines_of_two_channels_are_not_mixed() -> None:
    ear = Ear("ready")

    ear.hear(Channel.STDOUT, b"re")
    ear.hear(Channel.STDERR, b"ady\n")
    before = list(ear.told)
    ear.hear(Channel.STDOUT, b"ady\n")

    assert (before, ear.told) == ([], ["found"])


def test_a_line_in_which_the_search_is_given_up_counts_as_one_without_it() -> None:
    ear = Ear("(a+)+b")

    ear.hear(Channel.STDOUT, ENDLESS * 2 + b"aab\n")

    assert ear.told == [
        "the pattern of its ready=log: takes too long in a line of 60 bytes: it counts as one without it",
        "found",
    ]


def test_a_child_in_whose_lines_it_is_given_up_again_and_again_is_not_listened_to() -> None:
    ear = Ear("(a+)+b")

    ear.hear(Channel.STDOUT, ENDLESS * tap.MOST_TOO_LONG)
    ear.hear(Channel.STDOUT, b"aab\n")

    assert len(ear.told) == 2
    assert ear.told[-1].endswith("as in 99 before: it is not looked for any more")
