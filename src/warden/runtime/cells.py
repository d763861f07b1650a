"""Small rows of numbers in memory that outlives this process; each is replaced as a whole, or not at all."""

from __future__ import annotations

import mmap
import struct

CELLS = 256
_ROW = struct.Struct("<QQQQQ")
_WHICH = struct.Struct("<Q")  # which of its two rows counts; 0 = none
_CELL_BYTES = 128
CELLS_BYTES = CELLS * _CELL_BYTES

Row = tuple[int, int, int, int, int]  # what they mean is the writer's business; none is negative


class Cells:
    """Rows in ``memory`` from ``start`` on.

    A row is written where the older one stands and counts from the moment at
    which a single number says so: who reads after the writer was killed finds
    the row before or the new one.
    """

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        self._memory = memory
        self._start = start
        self._taken: set[int] = set()

    def take(self) -> int | None:
        """Return the number of an empty cell that is nobody's, None if there is none."""
        cell = next((cell for cell in range(CELLS) if cell not in self._taken), None)
        if cell is not None:
            self.claim(cell)
            _WHICH.pack_into(self._memory, self._at(cell), 0)
        return cell

    def claim(self, cell: int) -> None:
        """Go on with a cell that was somebody's before us."""
        self._taken.add(cell)

    def free(self, cell: int) -> None:
        """Give a cell back."""
        self._taken.discard(cell)

    def write(self, cell: int, row: Row) -> None:
        """Replace a row."""
        at = self._at(cell)
        which = 2 if _WHICH.unpack_from(self._memory, at)[0] == 1 else 1
        _ROW.pack_into(self._memory, at + _WHICH.size + (which - 1) * _ROW.size, *row)
        _WHICH.pack_into(self._memory, at, which)

    def read(self, cell: int) -> Row | None:
        """Return the row that counts, None if none was ever written."""
        at = self._at(cell)
        which = _WHICH.unpack_from(self._memory, at)[0]
        return _ROW.unpack_from(self._memory, at + _WHICH.size + (which - 1) * _ROW.size) if which else None

    def _at(self, cell: int) -> int:
        return self._start + cell * _CELL_BYTES
