"""Rows of numbers that are replaced as a whole."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import pytest

from warden.runtime import cells as module
from warden.runtime.cells import CELLS, CELLS_BYTES, Cells

OLD, NEW = (1, 2, 3, 4, 5), (6, 7, 8, 9, 2**63)


@pytest.fixture
def memory() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, 64 + CELLS_BYTES) as memory:
        yield memory


def test_the_latest_row_counts_for_whoever_sees_the_memory(memory: mmap.mmap) -> None:
    ours, theirs = Cells(memory, 64), Cells(memory, 64)
    cell, other = ours.take(), ours.take()
    assert cell is not None
    assert other is not None

    assert theirs.read(cell) is None
    for row in (OLD, NEW, OLD):
        ours.write(cell, row)
        assert theirs.read(cell) == row
    assert theirs.read(other) is None


def test_a_writer_that_is_killed_half_way_leaves_the_row_before(
    memory: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = Cells(memory, 64)
    cells.write(3, OLD)
    before = bytes(memory)
    cells.write(3, NEW)
    after = bytes(memory)
    changed = [at for at, (one, two) in enumerate(zip(before, after, strict=True)) if one != two]

    for at in changed[1:]:  # all but the first, which says which row counts and is written last
        memory[at] = after[at]
    memory[changed[0]] = before[changed[0]]

    assert changed[0] == 64 + 3 * module._CELL_BYTES
    assert cells.read(3) == OLD


def test_a_cell_is_one_owner_s_and_begins_empty(memory: mmap.mmap) -> None:
    cells = Cells(memory, 64)
    assert [cells.take() for _ in range(CELLS + 1)] == [*range(CELLS), None]

    cells.write(7, OLD)
    cells.free(7)
    assert cells.take() == 7
    assert cells.read(7) is None


def test_who_comes_after_us_keeps_what_is_taken(memory: mmap.mmap) -> None:
    Cells(memory, 64).write(0, OLD)
    cells = Cells(memory, 64)
    cells.claim(0)

    assert cells.take() == 1
    assert cells.read(0) == OLD
