"""Lines typed by a person or piped by a script, shared by the prompt, the questions and ``fg``."""

from __future__ import annotations

import os
import sys

READ_BYTES = 65536


class Lines:
    """Standard input, line by line.

    Piped input is read here and not by ``sys.stdin``, whose buffer would hide
    lines from ``fg``, which selects on the descriptor.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._typed = os.isatty(descriptor)
        self._pending = b""
        self._ended = False

    def read(self, prompt: str) -> str:
        """Write ``prompt`` and return the next line without its newline; raises EOFError at the end."""
        if self._typed:
            return input(prompt)  # with editing, completion and history if readline is loaded
        sys.stdout.write(prompt)
        sys.stdout.flush()
        while True:
            lines = self.take(limit=1)
            if lines:
                return lines[0]
            if self._ended:
                raise EOFError
            self.fill()

    def read_secret(self, prompt: str) -> str:
        """Like ``read``, without showing what is typed on a terminal."""
        if not self._typed:
            return self.read(prompt)
        import getpass  # 4 ms, only when a server asks for a password

        return getpass.getpass(prompt)

    def fileno(self) -> int:
        """Descriptor to select on, if nothing is here to ``take``."""
        return self._descriptor

    def fill(self) -> None:
        """Read what the descriptor has, waiting if it has nothing."""
        data = os.read(self._descriptor, READ_BYTES)
        self._pending += data
        self._ended = not data

    def take(self, limit: int | None = None) -> list[str]:
        """Return complete lines that are here already; at the end also an incomplete one."""
        lines: list[str] = []
        while (limit is None or len(lines) < limit) and (b"\n" in self._pending or (self._ended and self._pending)):
            line, _, self._pending = self._pending.partition(b"\n")
            lines.append(line.decode("utf-8", "replace"))
        return lines

    def at_end(self) -> bool:
        """Return whether the last line was taken; a terminal can go on after a Ctrl-D."""
        at_end = self._ended and not self._pending
        if self._typed:
            self._ended = False
        return at_end
