"""The descriptors of children, by the lives of those: one that tells the end of each, and our ends of its pipes.

A child that is started costs the more the more of them stand in the table that it gets a copy of.  So no more than
those of the youngest stay in there, and the others lie on a shelf, where there can be one.  Standard library only:
the keeper imports this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice

from warden.runtime.courier import MOST_FDS
from warden.runtime.polling import Poll
from warden.runtime.shelf import Shelf

TYPE_CHECKING = False  # see warden.runtime.courier
if TYPE_CHECKING:
    from typing import TypeVar

    Thing = TypeVar("Thing")

PER_MESSAGE = MOST_FDS // 4  # children: a child has up to three pipes
_FEW = 150  # children for which a shelf would cost more memory (0.5 MiB) than it saves time (0.03 ms for each start)
_MOST_AT_HAND = PER_MESSAGE  # children when there is one


class _Bundle:
    """What there is of a child: numbers of ours while it is at hand, else places on the shelf."""

    __slots__ = ("ends", "pid", "pidfd")

    def __init__(self, pid: int, pidfd: int, ends: list[int]) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.ends = ends


class Bundles:
    """Calls ``on_change(life)`` when a child has ended, and now and then when it has not (or long ago)."""

    def __init__(self, poll: Poll, on_change: Callable[[int], None]) -> None:
        self._poll = poll
        self._on_change = on_change
        self._enough = _FEW  # children at hand, before something is done about it
        self._at_hand: dict[int, _Bundle] = {}
        self._shelved: dict[int, _Bundle] = {}
        self._lives: dict[int, int] = {}  # by the places of their process descriptors
        self._dropped: list[int] = []  # places of nobody
        self._shelf: Shelf | None = None

    def add(self, life: int, pid: int, ends: list[int]) -> None:
        """Follow a child, which nobody may have reaped yet, and keep ``ends``.

        Raises:
            OSError: it cannot be followed; ``ends`` are still the caller's.
        """
        pidfd = os.pidfd_open(pid)
        try:
            # Only changes, since somebody who traces it may keep us from learning of an end that can be read.
            self._poll.watch(pidfd, partial(self._on_change, life), changes_only=True)
        except OSError:
            os.close(pidfd)
            raise
        self._at_hand[life] = _Bundle(pid, pidfd, ends)

    @contextmanager
    def lent(self, lives: Sequence[int]) -> Iterator[list[list[int]]]:
        """Have the ends of each of those children, up to ``PER_MESSAGE``; without room for all, the last have fewer."""
        borrowed = self._borrow(
            [place for life in lives if life in self._shelved for place in self._shelved[life].ends]
        )
        ends = iter(borrowed)
        try:
            yield [
                self._at_hand[life].ends if life in self._at_hand else list(islice(ends, len(self._shelved[life].ends)))
                for life in lives
            ]
        finally:
            _close_all(borrowed)

    def _borrow(self, places: list[int]) -> list[int]:
        if self._shelf is not None and places:
            with suppress(OSError):
                return self._shelf.lend(places)
        return []

    def remove(self, lives: Iterable[int]) -> None:
        """Let go of children, before they are reaped; what lies on the shelf stays there until ``tidy``."""
        for life in lives:
            bundle = self._at_hand.pop(life, None)
            if bundle is not None:
                self._poll.ignore(bundle.pidfd)
                _close_all((bundle.pidfd, *bundle.ends))
                continue
            bundle = self._shelved.pop(life)
            del self._lives[bundle.pidfd]
            self._dropped += (bundle.pidfd, *bundle.ends)

    # --- the shelf

    def tidy(self) -> None:
        """Clear the shelf, and put the oldest there if many are at hand.

        For moments in which nothing else is to be done: each order makes two
        threads of an interpreter wait for one another.
        """
        if self._shelf is not None and self._dropped:
            for some in in_lumps(self._dropped, MOST_FDS):
                self._shelf.drop(some)
            self._dropped = []
        while len(self._at_hand) > self._enough:
            self._enough = 2 * len(self._at_hand)  # should this fail, it is tried again when they are twice as many
            if self._shelf is None and not self._find_shelf():
                return
            self._shelve(list(islice(self._at_hand, PER_MESSAGE)))

    def _find_shelf(self) -> bool:
        try:
            self._shelf = shelf = Shelf()
        except (ImportError, OSError, RuntimeError):
            self._enough = sys.maxsize  # all remain at hand
            return False
        self._poll.watch(shelf.ended.fileno(), partial(self._look, shelf))
        self._poll.watch(shelf.fileno(), partial(self._on_breakdown, shelf))
        return True

    def _shelve(self, lives: list[int]) -> None:
        assert self._shelf is not None
        bundles = [self._at_hand[life] for life in lives]
        pidfds = [bundle.pidfd for bundle in bundles]
        ends = [end for bundle in bundles for end in bundle.ends]
        try:
            places = iter(self._shelf.put(pidfds, ends))
        except OSError:
            return
        self._enough = _MOST_AT_HAND
        shelved = [_Bundle(bundle.pid, next(places), []) for bundle in bundles]
        for life, bundle, copy in zip(lives, bundles, shelved, strict=True):
            copy.ends += islice(places, len(bundle.ends))
            self._shelved[life] = copy
            self._lives[copy.pidfd] = life
            del self._at_hand[life]
            self._poll.ignore(bundle.pidfd)
            _close_all((bundle.pidfd, *bundle.ends))

    def _look(self, shelf: Shelf) -> None:
        for place, _events in shelf.ended.poll(0):
            life = self._lives.get(place)
            if life is not None:  # else it has been let go of
                self._on_change(life)

    def _on_breakdown(self, shelf: Shelf) -> None:
        """Go on without: at least it must be known when those children end."""
        self._poll.ignore(shelf.ended.fileno())
        self._poll.ignore(shelf.fileno())
        shelf.close()
        self._shelf, self._enough = None, sys.maxsize
        lost, self._shelved = self._shelved, {}
        self._lives.clear()
        self._dropped.clear()
        for life, bundle in lost.items():
            self.add(life, bundle.pid, [])
        raise RuntimeError("the shelf has broken down: pipes would not outlive the brain") from shelf.fault


def in_lumps(things: Iterable[Thing], most: int) -> Iterator[list[Thing]]:
    """Divide ``things`` into lists of that length, and one of what is left."""
    rest = iter(things)
    while lump := list(islice(rest, most)):
        yield lump


def _close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)
