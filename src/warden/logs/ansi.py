"""Takes ANSI control sequences (colours, cursor movements) out of a byte stream."""

from __future__ import annotations

import re

# ESC [ parameters intermediates final, as ECMA-48 has it.  The bounds are far above
# real sequences; they keep what must be held back between two chunks small.
_BEGUN = rb"\x1b(?:\[[0-?]{0,64}(?:[ -/]{1,16})?)?"
_SEQUENCE = re.compile(rb"\x1b\[[0-?]{0,64}[ -/]{0,16}[@-~]")
_UNFINISHED = re.compile(_BEGUN + rb"\Z")
_LONGEST_UNFINISHED = 2 + 64 + 16
_ESC = b"\x1b"


class AnsiStripper:
    """Removes complete control sequences, whatever the chunk borders.

    Anything that only looks like the beginning of one is kept: text is never lost.
    """

    def __init__(self, pending: bytes = b"") -> None:
        self.pending = pending  # may be the start of a sequence

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain after ``chunk``, without its control sequences."""
        if self.pending:
            chunk = self.pending + chunk
        elif _ESC not in chunk:
            return chunk
        begun = _UNFINISHED.search(chunk, max(0, len(chunk) - _LONGEST_UNFINISHED))
        if begun is None:
            self.pending = b""
        else:
            self.pending = begun.group()
            chunk = chunk[: begun.start()]
        return _SEQUENCE.sub(b"", chunk)

    def close(self) -> bytes:
        """Return what was held back when the stream ends."""
        rest, self.pending = self.pending, b""
        return rest
