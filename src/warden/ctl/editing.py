"""Line editing at the prompt: completion and a history that outlives the session."""

from __future__ import annotations

import contextlib
import readline
import sys
from collections.abc import Callable, Iterable
from types import TracebackType

from warden.ctl.completion import Completer
from warden.ctl.session import Session


class Editing:
    """Completion while it is open; the history file is read at the begin and written at the end.

    Nobody is told of a history file that cannot be read or written.
    """

    def __init__(self, session: Session, actions: Callable[[], Iterable[str]]) -> None:
        self._history_file = session.config.history_file
        self._completer = Completer(session, actions, lambda: readline.get_line_buffer()[: readline.get_endidx()])

    def __enter__(self) -> Editing:
        readline.set_completer(self._completer)
        readline.set_completer_delims(" \t\n")  # so that ":", "*" and "-" stand inside a word
        readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")
        if self._history_file and sys.stdin.isatty():
            with contextlib.suppress(OSError):
                readline.read_history_file(self._history_file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        readline.set_completer(None)
        if self._history_file and sys.stdin.isatty():
            with contextlib.suppress(OSError):
                readline.write_history_file(self._history_file)

    def forget(self) -> None:
        """A command was given: what the server said before may be wrong now."""
        self._completer.forget()
