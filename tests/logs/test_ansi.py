"""Escape sequences go, text stays, whatever the chunk borders."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs.ansi import AnsiStripper

pieces = st.sampled_from(
    [b"\x1b", b"[", b"\x1b[", b"31", b";", b"?", b" ", b"m", b"~", b"H", b"x", b"\n", b"\xff", b"0" * 70]
)
stream = st.lists(pieces).map(b"".join)


def strip(*chunks: bytes) -> bytes:
    stripper = AnsiStripper()
    return b"".join([stripper.feed(chunk) for chunk in chunks] + [stripper.close()])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (b"plain", b"plain"),
        (b"\x1b[31mred\x1b[0m", b"red"),
        (b"a\x1b[2Kb\x1b[1;1Hc", b"abc"),
        (b"\x1b[5Gcolumn", b"column"),  # a final byte the reference does not know
        (b"\x1b[3~delete", b"delete"),
        (b"\x1b[?25lhidden", b"hidden"),
        (b"\x1b[2 qcursor", b"cursor"),  # with an intermediate byte
        (b"\x1b[m", b""),
    ],
)
def test_control_sequences_are_removed(text: bytes, plain: bytes) -> None:
    assert strip(text) == plain


@pytest.mark.parametrize(
    "text", [b"\x1b", b"\x1b[", b"\x1b[31", b"\x1b]0;title\x07", b"\x1b[\n", b"\x1b[12\xffm", b"[31m"]
)
def test_what_is_no_complete_sequence_is_kept(text: bytes) -> None:
    assert strip(text) == text


@given(stream, st.data())
def test_chunk_borders_do_not_matter(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    edges = [0, *cuts, len(text)]

    assert strip(*(text[a:b] for a, b in itertools.pairwise(edges))) == strip(text)


def test_a_chunk_without_escape_is_handed_through_as_it_is() -> None:
    chunk = b"x" * 1000

    assert AnsiStripper().feed(chunk) is chunk


def test_what_is_held_back_is_bounded() -> None:
    stripper = AnsiStripper()

    given_out = b"".join(stripper.feed(b"\x1b[" if number == 0 else b"1") for number in range(1000))

    assert len(given_out) == 1001
