"""The list of all processes for XML-RPC: the text of each is kept, and written anew when that process has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import NamedTuple, overload

from warden.rpc.control import ProcessView
from warden.rpc.views import process_struct
from warden.rpc.xmlrpc import split_struct, write_scalar

Struct = dict[str, str | int]

_CLOCK = ("now", "description")  # members that change with the time alone, in the order of the struct
_told = [at for at, name in enumerate(ProcessView._fields) if name not in _CLOCK]
_timeless: Callable[[ProcessView], tuple[object, ...]] = itemgetter(*_told)


class _Row(NamedTuple):
    """The text of one process but for what the clock changes; good as long as ``facts`` are the facts."""

    facts: tuple[object, ...]
    before: str
    between: str
    after: str


class Texts:
    """Keeps the texts from one answer to the next."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []

    def write(self, views: Sequence[ProcessView]) -> list[str]:
        """Return the pieces of the text of an array of the structs of all processes."""
        # By position, not by name: nothing needs to be forgotten, and who comes or goes shifts the others only once.
        known = chain(self._rows, repeat(None))
        self._rows = [
            row if row is not None and row.facts == _timeless(view) else _row(view)
            for view, row in zip(views, known, strict=False)
        ]
        pieces = ["<array><data>\n"]  # joined once, with all the rest: a list of thousands has megabytes
        for view, row in zip(views, self._rows, strict=True):
            pieces += (row.before, write_scalar(view.now), row.between, write_scalar(view.description), row.after)
        pieces.append("</data></array>")
        return pieces


def _row(view: ProcessView) -> _Row:
    before, between, after = split_struct(process_struct(view), _CLOCK)
    return _Row(_timeless(view), f"<value>{before}", between, f"{after}</value>\n")


class ProcessList(Sequence[Struct]):
    """What ``getAllProcessInfo`` answers: structs for those who look inside, a text for the wire."""

    def __init__(self, views: Sequence[ProcessView], texts: Texts) -> None:
        self._views = views
        self._texts = texts

    def xml(self) -> list[str]:
        """Return the pieces of the text of the array."""
        return self._texts.write(self._views)

    @overload
    def __getitem__(self, at: int) -> Struct: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Struct]: ...

    def __getitem__(self, at: int | slice) -> Struct | Sequence[Struct]:
        """Return the struct of one process, or a shorter list."""
        if isinstance(at, slice):
            return [process_struct(view) for view in self._views[at]]
        return process_struct(self._views[at])

    def __iter__(self) -> Iterator[Struct]:
        """Give the struct of one process after the other."""
        return map(process_struct, self._views)

    def __len__(self) -> int:
        """Tell how many processes there are."""
        return len(self._views)
