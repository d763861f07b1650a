"""How much a log has grown since somebody looked, whatever was rotated meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from warden.logs.filesink import FileSink


@pytest.mark.parametrize("writes", [[], [4], [30], [8, 8, 8], [8] * 7, [1] * 40])
def test_rotations_meanwhile_are_seen_through(tmp_path: Path, writes: list[int]) -> None:
    path = str(tmp_path / "log")
    before = FileSink(path, 10, 9, print)
    before.write(b"12345")
    inode, size = before.position
    for length in writes:
        before.write(b"x" * length)
    before.close()

    after = FileSink(path, 10, 9, print)

    assert after.grown_since(inode, size) == sum(writes)
    after.close()


def test_what_is_gone_cannot_be_told(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    sink = FileSink(path, 10, 1, print)
    inode, size = sink.position
    with open(path, "rb"):  # so that nobody else gets its inode
        for _ in range(5):
            sink.write(b"x" * 10)

        assert sink.grown_since(inode, size) == 0
    sink.close()
