"""Tagged messages are found in a stream, whatever the chunk borders."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs.capture import BEGIN, END, CaptureScanner, Message, Output

stream = st.lists(st.sampled_from([b"x", b"\n", b"<!--", BEGIN, END, BEGIN[:10], END[:21]])).map(b"".join)


def scan(chunks: list[bytes], limit: int = 1 << 20) -> tuple[bytes, list[bytes]]:
    scanner = CaptureScanner(limit)
    found = [piece for chunk in chunks for piece in scanner.feed(chunk)]
    found += scanner.close()
    output = b"".join(piece.data for piece in found if isinstance(piece, Output))
    return output, [piece.data for piece in found if isinstance(piece, Message)]


@given(stream, st.data())
def test_chunk_borders_do_not_matter(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    edges = [0, *cuts, len(text)]
    chunks = [text[a:b] for a, b in itertools.pairwise(edges)]
    limit = data.draw(st.integers(1, 60))

    assert scan(chunks, limit) == scan([text], limit)


@given(stream.filter(lambda text: BEGIN not in text))
def test_without_a_message_every_byte_reaches_the_log(text: bytes) -> None:
    assert scan([text]) == (text, [])


def test_a_message_is_taken_out_of_the_log() -> None:
    assert scan([b"before" + BEGIN + b"ping" + END + b"after"]) == (b"beforeafter", [b"ping"])


@pytest.mark.parametrize("chunks", [[b"0123456789"], [b"01234", b"56789"], [b"0", b"12345678", b"9"]])
def test_of_a_long_message_the_last_bytes_are_kept(chunks: list[bytes]) -> None:
    assert scan([BEGIN, *chunks, END], limit=4) == (b"", [b"6789"])


def test_an_unfinished_message_is_dropped_at_the_end() -> None:
    assert scan([b"log" + BEGIN + b"half" + END[:5]]) == (b"log", [])


def test_only_what_may_be_a_token_is_held_back() -> None:
    scanner = CaptureScanner(100)

    now = [piece.data for piece in scanner.feed(b"short" + BEGIN[:7])]

    assert now == [b"short"]
    assert [piece.data for piece in scanner.close()] == [BEGIN[:7]]
