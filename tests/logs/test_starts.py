"""Where a log is begun to be read: the last lines, or those since a time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import starts
from warden.logs.starts import last_lines, stamp_of, stamped_since

NOON = 1_777_636_800.0  # 2026-05-01 12:00:00 UTC


def stamped(when: float, text: str = "x") -> bytes:
    return time.strftime(f"%Y-%m-%dT%H:%M:%S.000+00:00 {text}\n", time.gmtime(when)).encode()


@given(st.lists(st.sampled_from(["", "a", "bc" * 40]), max_size=30), st.booleans(), st.integers(0, 35))
def test_the_last_lines_are_those_that_splitting_gives(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], complete: bool, count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "last"
    text = "\n".join(lines) + ("\n" if complete and lines else "")
    path.write_text(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts, "_BLOCK_BYTES", 64)
        found = text[last_lines(str(path), count) :]

    whole = text.splitlines(keepends=True)
    assert found == "".join(whole[len(whole) - count :] if count < len(whole) else whole)


def test_of_a_file_that_is_not_there_everything_is_shown() -> None:
    assert last_lines("/no/such/file", 3) == 0
    assert stamped_since("/no/such/file", 0.0) is None


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"2026-05-01T12:00:00.250+00:00 x", NOON + 0.25),
        (b"2026-05-01T14:00:00+02:00 x", NOON),
        (b"2026-05-01T07:30:00-0430 x", NOON),
        (b'{"time":"2026-05-01T12:00:00.500Z","process":"x"}', NOON + 0.5),
        (b"2026-13-01T12:00:00Z", None),
        (b" 2026-05-01T12:00:00Z", None),
        (b"x", None),
        (b"", None),
    ],
)
def test_a_line_says_its_time(line: bytes, seconds: float | None) -> None:
    assert stamp_of(line) == seconds


def test_the_activity_log_says_local_time() -> None:
    expected = time.mktime((2026, 5, 1, 12, 0, 0, 0, 0, -1)) + 0.123

    assert stamp_of(b"2026-05-01 12:00:00,123 INFO spawned") == pytest.approx(expected)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200)), min_size=1, max_size=200),
    st.integers(-10, 10_000),
)
def test_lines_since_a_time_are_found(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]], after: int
) -> None:
    """Whatever the distances of times and the lengths of lines; lines without a time belong to the one before."""
    path = tmp_path_factory.getbasetemp() / "since"
    now, position, expected, content = NOON, 0, None, b""
    for step, length in steps:
        now += step
        line = stamped(now, "y" * length) + b"  and more of it\n"
        if expected is None and now >= NOON + after:
            expected = position
        content += line
        position += len(line)
    path.write_bytes(content)

    assert stamped_since(str(path), NOON + after) == (position if expected is None else expected)


def test_lines_without_times_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("plain\n" * 1000)

    assert stamped_since(str(tmp_path / "log"), NOON) is None
