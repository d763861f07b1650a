"""Tab completion of actions, groups, processes and signals."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable

from warden.ctl.client import Struct
from warden.ctl.commands import COMMANDS
from warden.ctl.output import namespec
from warden.ctl.session import Session
from warden.ctl.wire import ClientError

SIGNALS = sorted(name.removeprefix("SIG") for name in signal.Signals.__members__ if not name.startswith("SIGRT"))


class Completer:
    """Answers readline: candidate number ``state`` for a text, None after the last.

    What the server says is remembered until ``forget``.  A server that cannot
    be asked makes no noise: there are no candidates then.
    """

    def __init__(self, session: Session, actions: Callable[[], Iterable[str]], line: Callable[[], str]) -> None:
        self._session = session
        self._actions = actions
        self._line = line  # the line up to the cursor
        self._processes: list[Struct] | None = None
        self._available: list[Struct] | None = None
        self._matches: list[str] = []

    def forget(self) -> None:
        """Ask the server again the next time."""
        self._processes = self._available = None

    def __call__(self, text: str, state: int) -> str | None:
        """Return one candidate, as readline asks for them."""
        if state == 0:
            candidates = self.candidates(self._line(), text)
            self._matches = [f"{candidate} " for candidate in candidates if candidate.startswith(text)]
        return self._matches[state] if state < len(self._matches) else None

    def candidates(self, line: str, text: str) -> list[str]:
        """Return what may stand where ``text``, the end of ``line``, stands."""
        before = line[: len(line) - len(text)].split()
        if not before or (before == ["help"]):
            return sorted(self._actions())
        command = COMMANDS.get(before[0])
        if command is None:
            return []
        if before == ["signal"]:
            return SIGNALS
        match command.operands:
            case "processes":
                return self._process_names(":" in text)
            case "groups":
                return sorted(self._active_groups())
            case "available" if before[0] == "add":
                return sorted(self._configured_groups() - self._active_groups())
            case "available":
                return sorted(self._configured_groups() | self._active_groups())
            case _:
                return []

    def _process_names(self, in_full: bool) -> list[str]:
        names: dict[str, None] = {}  # an ordered set
        for row in self._ask_processes():
            group, plain = str(row["group"]), row["group"] == row["name"]
            if in_full:
                names[f"{group}:*"] = names[f"{group}:{row['name']}"] = None
            elif plain:
                names[group] = None
            else:
                names[f"{group}:*"] = names[namespec(row)] = None
        return list(names)

    def _active_groups(self) -> set[str]:
        return {str(row["group"]) for row in self._ask_processes()}

    def _configured_groups(self) -> set[str]:
        if self._available is None:
            self._available = self._ask("getAllConfigInfo")
        return {str(row["group"]) for row in self._available}

    def _ask_processes(self) -> list[Struct]:
        if self._processes is None:
            self._processes = self._ask("getAllProcessInfo")
        return self._processes

    def _ask(self, method: str) -> list[Struct]:
        try:
            return self._session.client.structs(method)
        except ClientError:
            return []
