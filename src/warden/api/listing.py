"""The list of all processes, ready to send: written once for all who ask before something changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from warden.api import translate
from warden.api.prepared import Prepared
from warden.api.shapes import Process, Processes
from warden.rpc.control import Control, ProcessView
from warden.rpc.insight import Insight, Usage
from warden.words import make_namespec

_CLOCK = frozenset({"now", "description"})  # what changes with the time alone


class Listing:
    """Processes with their measurements, as objects and as text."""

    def __init__(self, control: Control, insight: Insight) -> None:
        self._control = control
        self._insight = insight
        self._as_of = (-1, 0)
        self._everything = _prepare([])

    def one(self, namespec: str) -> Process:
        """Return one process.

        Raises:
            BadName: there is none of that name.
        """
        return translate.process(self._control.process(namespec), self._insight.usage(namespec))

    def members(self, group: str) -> list[Process]:
        """Return the processes of a group, none if it is not active."""
        return [translate.process(view, usage) for view, usage in self._look() if view.group == group]

    def chosen(self, choose: Callable[[ProcessView], bool]) -> Prepared[Processes]:
        """Return the processes for which ``choose`` is true."""
        return _prepare([translate.process(view, usage) for view, usage in self._look() if choose(view)])

    def everything(self) -> Prepared[Processes]:
        """Return all processes."""
        now = (self._insight.revision, int(time.time()))  # the clock of ``now`` and of uptimes has whole seconds
        if now != self._as_of:
            self._everything = self.chosen(lambda _view: True)
            self._as_of = now
        return self._everything

    def _look(self) -> list[tuple[ProcessView, Usage | None]]:
        usage = self._insight.usage
        return [(view, usage(make_namespec(view.group, view.name))) for view in self._control.processes()]


def _prepare(processes: Sequence[Process]) -> Prepared[Processes]:
    timeless = tuple(
        tuple(value) if isinstance(value, list) else value
        for one in processes
        for key, value in one.items()
        if key not in _CLOCK
    )
    tag = f'W/"{hash(timeless) & 0xFFFFFFFFFFFFFFFF:x}"'
    return Prepared(json.dumps({"processes": processes}).encode(), tag)
