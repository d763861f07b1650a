"""Where the listeners of a pool are, as it is noted: in a cell where that is possible, else in the record.

A listener moves twice for each event.  As long as it runs and speaks in whole
words all there is to say are numbers, which cost nothing in a cell; the record
would have to be written, and read again when it is shortened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from warden.daemon.codec import decode, encode
from warden.daemon.letters import Entry
from warden.events.letters import Letter, Standing
from warden.events.listener import ListenerState
from warden.frozen import frozen
from warden.runtime.cells import Cells, Row
from warden.words import Phase


@frozen(kw_only=True)
class Spot:
    """Where a listener was: ``unsent`` is the number of the first letter that its pool had sent to nobody.

    Every change is a ``step``; ``chunk`` is what it had said last, ``cell`` where it may stand from now on.
    """

    standing: Standing
    step: int = 0
    chunk: int = 0
    unsent: int = 0
    cell: int | None = None


@frozen(kw_only=True)
class PoolRemains:
    """What a brain before us has left of a pool; ``doubtful`` are listeners that may have got a part of an event."""

    letters: list[Letter]
    spots: dict[str, Spot]
    accepted: int
    doubtful: set[str]

    @property
    def unsent(self) -> int:
        """The number of the first letter that was never sent to anybody."""
        return max((spot.unsent for spot in self.spots.values()), default=0)

    def sort(self) -> tuple[list[Letter], list[Letter]]:
        """Return the letters that are not over, and those that are.

        Of one that was sent once and processed nobody took a note at once: no listener has it, and it was sent.
        """
        unsent, held = self.unsent, {spot.standing.letter for spot in self.spots.values()}
        waiting: list[Letter] = []
        over: list[Letter] = []
        for letter in self.letters:
            is_over = letter.number < unsent and letter.number not in held and not letter.not_before
            (over if is_over else waiting).append(letter)
        return waiting, over


def spot_from(told: Any, cells: Cells) -> Spot:
    """Return the spot that the record tells of, or that in its cell if it is newer.

    Raises:
        Undecodable: it was written by another version.
    """
    spot = decode(Spot, told)
    newer = None if spot.cell is None else cells.read(spot.cell)
    if newer is None or newer[0] <= spot.step:
        return spot
    step, chunk, unsent, state, letter = newer
    standing = Standing(phase=Phase.RUNNING, state=ListenerState(state), letter=letter - 1 if letter else None)
    return Spot(standing=standing, step=step, chunk=chunk, unsent=unsent, cell=spot.cell)


class Spots:
    """Notes where the listeners of one pool are."""

    def __init__(self, pool: str, cells: Cells | None) -> None:
        self._pool = pool
        self._cells = cells
        self._cell_of: dict[str, int | None] = {}
        self._steps = 0
        self._to_write: list[tuple[int, Row]] = []

    def resume(self, spots: Mapping[str, Spot]) -> None:
        """Go on where somebody before us stood."""
        self._steps = max((spot.step for spot in spots.values()), default=0)
        for name, spot in spots.items():
            if spot.cell is not None and self._cells is not None:
                self._cell_of[name] = spot.cell
                self._cells.claim(spot.cell)

    def entries(self, standings: Iterable[tuple[str, Standing]], chunk: int, unsent: int) -> list[Entry]:
        """Return what is to be noted in the record; call ``write`` when it is."""
        noted: list[Entry] = []
        for name, standing in standings:
            self._steps += 1
            cell = self._cell_of.get(name)
            if cell is not None and _is_plain(standing):
                letter = 0 if standing.letter is None else standing.letter + 1
                self._to_write.append((cell, (self._steps, chunk, unsent, standing.state, letter)))
                continue
            if name not in self._cell_of and self._cells is not None:
                cell = self._cell_of[name] = self._cells.take()
            spot = Spot(standing=standing, step=self._steps, chunk=chunk, unsent=unsent, cell=cell)
            noted.append((f"pool {self._pool} listener {name}", encode(spot)))
        return noted

    def write(self) -> None:
        """Write what stands in cells."""
        if self._cells is not None:
            for cell, row in self._to_write:
                self._cells.write(cell, row)
        self._to_write.clear()

    def close(self) -> None:
        """Give the cells back: nothing is noted of these listeners any more."""
        for cell in self._cell_of.values():
            if cell is not None and self._cells is not None:
                self._cells.free(cell)


def _is_plain(standing: Standing) -> bool:
    """Whether numbers say it all."""
    if standing.heard or standing.result_bytes is not None or standing.deaf:
        return False
    return standing.phase is Phase.RUNNING
