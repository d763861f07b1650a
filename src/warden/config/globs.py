"""Patterns for the files of a tree: which are meant, and into which directories one has to look for them.

``*``, ``?`` and ``[...]`` stand for a part of a name, ``**`` for any number of
directories.  As in a shell they never stand for a name that begins with a dot;
nor for ``__pycache__``, which programs write themselves when they start.
"""

from __future__ import annotations

import fnmatch
import functools
import glob
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

DEPTH = "**"
_MAGIC = re.compile(r"[*?[]")
_ESCAPED = re.compile(r"\[([*?[])\]")  # what ``glob.escape`` makes of a character that means something

Parts = tuple[str, ...]
Rests = frozenset[Parts]


def absolute(pattern: str, base: str) -> str:
    """Return a pattern as one for absolute paths; ``base`` is a directory and no pattern.

    Raises:
        ValueError: it cannot be meant so.
    """
    path = os.path.normpath(os.path.join(glob.escape(base), pattern))
    for part in path.split("/"):
        if DEPTH in part and part != DEPTH:
            raise ValueError(f"** stands for directories and nothing else: write **/{part.replace(DEPTH, '*')}")
    if not _plain_part(path.split("/")[1]):
        raise ValueError(f"{path} means the whole system: begin with a directory")
    return path


def exception(pattern: str, base: str) -> str:
    """Return an exception likewise: one without a slash means names everywhere.

    Raises:
        ValueError: it cannot be meant so.
    """
    name = pattern.rstrip("/")
    return absolute(pattern, base) if "/" in name else f"/{DEPTH}/{name}"


def _plain_part(part: str) -> str:
    """Return the one name that a part of a pattern means, empty if it may mean several."""
    return "" if _MAGIC.search(_ESCAPED.sub("", part)) else _ESCAPED.sub(r"\1", part)


@functools.lru_cache(maxsize=1024)
def _matcher(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))


def _may_be_guessed(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _fits(part: str, name: str, *, everything: bool) -> bool:
    if plain := _plain_part(part):
        return plain == name
    shy = not (everything or part.startswith(".") or _may_be_guessed(name))
    return not shy and _matcher(part).match(name) is not None


def _after(
    rests: Iterable[Parts], name: str, *, through_link: bool = False, everything: bool = False
) -> Iterator[Parts]:
    """Give what is left of patterns below an entry of that name: nothing of those that mean the entry itself."""
    for head, *tail in filter(None, rests):
        rest = tuple(tail)
        if head != DEPTH:
            if _fits(head, name, everything=everything):
                yield rest
        elif everything or _may_be_guessed(name):
            if not rest:
                yield ()
            if not through_link:  # else one could walk in circles
                yield (head, *rest)
            yield from _after((rest,), name, everything=everything)
        else:
            yield from _after((rest,), name, everything=everything)


class Place(NamedTuple):
    """What the patterns have to say about an entry of a tree and all below it.

    ``wanted`` is what is left of the patterns, and ``unwanted`` of the exceptions.
    """

    wanted: Rests
    unwanted: Rests

    @property
    def is_meant(self) -> bool:
        """Whether the entry itself is meant, if it is a file."""
        return () in self.wanted

    @property
    def goes_on(self) -> bool:
        """Whether something below it may be meant."""
        return any(self.wanted)

    @property
    def is_named(self) -> bool:
        """Whether it is meant, or leads by more than ``**`` to something that is."""
        return any(not rest or rest[0] != DEPTH for rest in self.wanted)

    def enter(self, name: str, *, through_link: bool = False) -> Place | None:
        """Go to an entry of this directory; None if nothing there is meant."""
        wanted = frozenset(_after(self.wanted, name, through_link=through_link))
        if not wanted:
            return None
        unwanted = frozenset(_after(self.unwanted, name, everything=True)) if self.unwanted else self.unwanted
        return None if () in unwanted else Place(wanted, unwanted)

    def at(self, path: str) -> Place | None:
        """Go to an absolute path from the root of the system."""
        place: Place | None = self
        for name in filter(None, path.split("/")):
            place = None if place is None else place.enter(name)
        return place


def start(wanted: Iterable[str], unwanted: Iterable[str]) -> Place:
    """Return the root of the system as absolute patterns see it.

    A pattern that ends in a plain name also means a directory of that name with
    all below it; so does every exception.
    """
    kept = [_parts(pattern) for pattern in wanted]
    whole = [(*parts, DEPTH) for parts in kept if parts[-1] != DEPTH and _plain_part(parts[-1])]
    return Place(frozenset((*kept, *whole)), frozenset(map(_parts, unwanted)))


def root(pattern: str) -> str:
    """Return the last path on the way to all that an absolute pattern means: a directory, or the only file."""
    path = ""
    for part in _parts(pattern):
        plain = _plain_part(part)
        if not plain:
            break
        path = f"{path}/{plain}"
    return path


def _parts(pattern: str) -> Parts:
    return tuple(filter(None, pattern.split("/")))
