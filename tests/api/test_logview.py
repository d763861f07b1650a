"""Parts of logs by position: whole characters, whole lines, nothing lost and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.api.logview import log_range, positions
from warden.errors import IncorrectParameters, NoFile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes("one\ntwö\nthree\n".encode())  # lines at 0, 4, 9; the end is 15
    return path


@pytest.mark.parametrize(
    ("question", "text", "offset", "next_offset"),
    [
        ({}, "one\ntwö\nthree\n", 0, 15),
        ({"last": 7}, "three\n", 9, 15),
        ({"last": 8}, "three\n", 9, 15),
        ({"last": 3}, "ee\n", 12, 15),  # no line fits
        ({"last": 100}, "one\ntwö\nthree\n", 0, 15),
        ({"offset": 4, "limit": 3}, "tw", 4, 6),  # not half a character
        ({"offset": 6, "limit": 2}, "ö", 6, 8),
        ({"offset": 7, "limit": 1}, "\ufffd", 7, 8),
        ({"offset": 6, "limit": 1}, "\ufffd", 6, 7),  # but always on
        ({"offset": 15}, "", 15, 15),
        ({"offset": 99}, "", 99, 99),
        ({"before": 9}, "one\ntwö\n", 0, 9),
        ({"before": 9, "limit": 6}, "twö\n", 4, 9),
        ({"before": 99, "limit": 7}, "three\n", 9, 15),
        ({"before": 0}, "", 0, 0),
    ],
)
def test_a_range_says_where_it_begins_and_ends(
    log: Path, question: dict[str, int], text: str, offset: int, next_offset: int
) -> None:
    asked = {"offset": None, "limit": 1000, "last": None, "before": None} | question

    assert log_range(str(log), **asked) == {  # type: ignore[arg-type]
        "text": text,
        "offset": offset,
        "size": 15,
        "next_offset": next_offset,
    }


def test_a_log_that_does_not_exist_is_told_from_an_empty_one(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()

    assert log_range(str(empty), offset=None, limit=9, last=None, before=None)["size"] == 0
    with pytest.raises(NoFile):
        log_range(str(tmp_path / "none"), offset=None, limit=9, last=None, before=None)


def test_one_cannot_ask_from_two_sides(log: Path) -> None:
    with pytest.raises(IncorrectParameters):
        log_range(str(log), offset=1, limit=9, last=2, before=None)


@given(data=st.text(max_size=60).map(str.encode), limit=st.integers(4, 20))
def test_going_on_at_next_offset_gives_the_whole_text(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, limit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "whole"
    path.write_bytes(data)
    found, offset = "", 0
    while part := log_range(str(path), offset=offset, limit=limit, last=None, before=None)["text"]:
        found += part
        offset = len(found.encode())

    assert found == data.decode()


@pytest.mark.parametrize(
    ("text", "count", "found"),
    [
        ("7", 1, [7]),
        ("7,9", 2, [7, 9]),
        ("7", 2, None),
        ("-7", 1, None),
        ("", 1, None),
        (None, 1, None),
        ("²", 1, None),
    ],
)
def test_ids_of_events_are_positions(text: str | None, count: int, found: list[int] | None) -> None:
    assert positions(text, count) == found
