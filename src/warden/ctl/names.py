"""Names with wildcards and exceptions, as people type them, to the names of processes."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from warden.ctl.client import Struct
from warden.ctl.output import namespec
from warden.words import split_namespec

WILD = frozenset("*?[")
EXCEPT = "!"


class NothingExcepted(Exception):
    """An exception that excepts nothing: most likely a typing mistake, so that nothing must be done."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def need_expansion(words: Sequence[str]) -> bool:
    """Tell whether any of ``words`` means more than the daemon itself understands."""
    return any(word.startswith(EXCEPT) or _is_pattern(word) for word in words)


def expand(words: Sequence[str], rows: Sequence[Struct]) -> list[str]:
    """Return plain names for ``words``, in the order typed; ``rows`` are all processes.

    A pattern (``*``, ``?``, ``[ab]``; a star also matches a colon) becomes the
    processes it matches, each once.  One that matches nothing stays as it is,
    and so does a process that is really called so.  ``!x`` takes processes,
    groups or patterns out of what the other words mean, or of all if there are
    no other words.

    Raises:
        NothingExcepted: a ``!x`` matches nothing at all.
    """
    excepted: set[str] = set()
    for word in words:
        if word.startswith(EXCEPT):
            found = _excepted(word.removeprefix(EXCEPT), rows)
            if not found:
                raise NothingExcepted(word)
            excepted |= found
    included = [word for word in words if not word.startswith(EXCEPT)]
    named = [name for word in (included or ["all"]) for name in _included(word, rows, resolve=bool(excepted))]
    return [name for name in dict.fromkeys(named) if name not in excepted]


def members(words: Sequence[str], rows: Sequence[Struct]) -> list[str]:
    """Return the processes that plain names mean, each once; what means nothing stays as it is."""
    return list(dict.fromkeys(name for word in words for name in _included(word, rows, resolve=True)))


def _included(word: str, rows: Sequence[Struct], *, resolve: bool) -> list[str]:
    """Return what one word means; groups and ``all`` become their members only if ``resolve``."""
    if _is_pattern(word):
        names = [namespec(row) for row in rows]
        return [word] if word in names else [name for name in names if _matches(name, word)] or [word]
    if not resolve:
        return [word]
    group, process = split_namespec(word)
    if word == "all":
        return [namespec(row) for row in rows]
    if process is None:
        return [namespec(row) for row in rows if row["group"] == group] or [word]
    return [namespec(row) for row in rows if (row["group"], row["name"]) == (group, process)] or [word]


def _excepted(word: str, rows: Sequence[Struct]) -> set[str]:
    """Return the processes that an exception means: a process, a group with or without ``:*``, or a pattern."""
    group, process = split_namespec(word)
    return {
        name
        for row in rows
        if (name := namespec(row)) == word
        or row["group"] == (group if process is None else word)
        or (row["group"], row["name"]) == (group, process)
        or (_is_pattern(word) and _matches(name, word))
    }


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(_in_full(name), pattern)


def _in_full(name: str) -> str:
    group, process = split_namespec(name)
    return f"{group}:{process}"


def _is_pattern(word: str) -> bool:
    """Tell a pattern from a plain name and from ``group:*``."""
    group, process = split_namespec(word)
    return not WILD.isdisjoint(group if process is None else word)
