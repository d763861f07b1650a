"""The grammar of ``environment=``: ``KEY=value,OTHER="quoted value"``."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<blank>   \s+ | \#[^\n]* )             |
    (?P<sign>    [=,] )                       |
    (?P<plain>   [\w/.+():-]+ )               |
    '(?P<single> [^']* )'                     |
    "(?P<double> (?: [^"\\] | \\. )* )"       |
    \\(?P<escaped> . )                        |
    (?P<junk>    [^'"\\] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE_IN_QUOTES = re.compile(r'\\(["\\])')
_WORD = "word"
_END = "end"


def parse_environment(value: str) -> dict[str, str]:
    """KEY=value pairs separated by commas, values in quotes if they are more than a word.

    A comma at the end and an empty text are fine.

    Raises:
        ValueError: a quote is not closed, or something is missing or too much.
    """
    found: dict[str, str] = {}
    tokens = iter(list(_tokens(value)))  # all of them first: an open quote is the first thing to tell
    for kind, key in tokens:
        if kind == _END:
            return found
        sign, _ = next(tokens)
        value_kind, text = next(tokens) if sign == "=" else (_END, "")
        if kind != _WORD or value_kind != _WORD:
            break
        if not key or "=" in key or "\0" in key + text:
            raise ValueError(f"{key!r} cannot be the name of an environment variable in value '{value}'")
        found[key] = text
        if next(tokens)[0] not in (",", _END):
            break
    else:
        return found
    raise ValueError(f"Unexpected end of key/value pairs in value '{value}'")


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): words, ``=``, ``,``, junk, and the end."""
    word: str | None = None
    position = 0
    while position < len(value):
        match = _TOKEN.match(value, position)
        if match is None:
            raise ValueError("No escaped character" if value[position] == "\\" else "No closing quotation")
        position = match.end()
        kind = match.lastgroup or ""
        if kind in ("plain", "single", "double", "escaped"):
            part = match[kind]
            word = (word or "") + (_ESCAPE_IN_QUOTES.sub(r"\1", part) if kind == "double" else part)
            continue
        if word is not None:
            yield _WORD, word
            word = None
        if kind != "blank":
            yield (match[0] if kind == "sign" else kind), ""
    if word is not None:
        yield _WORD, word
    yield _END, ""
