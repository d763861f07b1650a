"""What is wrong with a log: told once when it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Callable


class Troubles:
    """The troubles of the log ``path``; ``report(text)`` hears of them.  ``lost`` are the bytes that no log got."""

    __slots__ = ("_known", "_path", "_report", "lost")

    def __init__(self, path: str, report: Callable[[str], None]) -> None:
        self.lost = 0
        self._path = path
        self._report = report
        self._known: tuple[str, ...] = ()

    def writing_failed(self, error: OSError) -> None:
        """What is to be written has to wait."""
        self._begin("write", f"cannot write log {self._path}: {error.strerror}")

    def rotating_failed(self, error: OSError) -> None:
        """There is no new file, so the old one is used."""
        self._begin("rotate", f"cannot open or rotate log {self._path}: {error.strerror}")

    def cannot_rotate(self) -> None:
        """It is nothing that could be rotated; that never ends."""
        self._begin("limit", f"cannot rotate log {self._path}: it is no regular file, so maxbytes is ignored")

    def lose(self, count: int) -> None:
        """So many bytes are lost, since more would have to wait than can."""
        self.lost += count
        self._begin("lost", f"cannot write log {self._path} fast enough: output is being lost")

    def writing_works(self) -> None:
        """All that waited is written."""
        if self._end("write", "lost"):
            lost, self.lost = self.lost, 0
            self._report(f"log {self._path} can be written again, {lost} bytes were lost")

    def rotating_works(self) -> None:
        """There is a new file."""
        if self._end("rotate"):
            self._report(f"log {self._path} can be opened and rotated again")

    def give_up(self, count: int) -> None:
        """The log is closed, and so many more bytes are lost."""
        self._report(f"cannot write log {self._path}: {self.lost + count} bytes were lost")

    def _begin(self, trouble: str, text: str) -> None:
        if trouble not in self._known:
            self._known += (trouble,)
            self._report(text)

    def _end(self, *troubles: str) -> bool:
        """Forget them; return whether there were any."""
        known = self._known
        if known:
            self._known = tuple(trouble for trouble in known if trouble not in troubles)
        return self._known != known
