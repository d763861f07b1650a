"""Text as it may stand in XML; a long one piece by piece, so that nobody waits for the whole of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

LONG = 64 * 1024  # characters or bytes; to write them takes about a millisecond
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))  # the first one first
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal(text: str) -> str:
    """Return ``text`` with every character that XML and HTML forbid replaced by U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text)


def is_harmless(text: str) -> bool:
    """Whether nothing needs to be replaced: nearly always, and fast to see."""
    return text.isprintable() and "&" not in text and "<" not in text and ">" not in text


def safe(text: str) -> str:
    """Return text as it may stand in an element."""
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return legal(text)


class LongText:
    """A text of any length: characters, or UTF-8 in which undecodable bytes are replaced.

    A piece is written in about a millisecond, and threads take turns between pieces.
    """

    def __init__(self, text: str | bytes) -> None:
        self._text = text

    def __len__(self) -> int:
        """Characters or bytes."""
        return len(self._text)

    def __str__(self) -> str:
        """The whole text."""
        return self._text if isinstance(self._text, str) else self._text.decode("utf-8", "replace")

    def pieces(self) -> Iterator[str]:
        """Write the text as it may stand in an element."""
        ranges = (slice(at, at + LONG) for at in range(0, len(self._text), LONG))
        if isinstance(self._text, str):
            yield from (safe(self._text[piece]) for piece in ranges)
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may lie across a border
        yield from (safe(decoder.decode(self._text[piece])) for piece in ranges)
        yield safe(decoder.decode(b"", final=True))
