"""A log that tells those who watch it when its file has grown."""

from __future__ import annotations

from collections.abc import Callable

from warden.logs.filesink import FileSink


class Watched:
    """What logs to a file and may be watched; while nobody does, writing costs nothing more."""

    __slots__ = ("_file", "_watchers")

    def __init__(self) -> None:
        self._file: FileSink | None = None
        self._watchers: tuple[Callable[[], None], ...] = ()

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` after each write to the file until the returned function is called."""
        self._watchers += (wake,)
        self._ask_to_be_told()

        def stop() -> None:
            at = self._watchers.index(wake)
            self._watchers = (*self._watchers[:at], *self._watchers[at + 1 :])
            self._ask_to_be_told()

        return stop

    def _ask_to_be_told(self) -> None:
        """Let the file tell of each write, if anybody wants to know; call it when the file is another one."""
        if self._file is not None:
            self._file.on_write = self._wake if self._watchers else None

    def _wake(self) -> None:
        for wake in self._watchers:
            wake()
