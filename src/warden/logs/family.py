"""The open sinks of one log file: they hear of each other's writes, and its rotation is one for all of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from typing import Protocol

from warden.logs.turnover import Rotation

Then = Callable[[OSError | None], None]
Beside = Callable[[Callable[[], None], Then], None]
"""Does the first, which may block and raise OSError, beside the loop, then calls the second with the error, on it."""

_FAMILIES: dict[str, Family] = {}  # by path


def at_once(work: Callable[[], None], then: Then) -> None:
    """Do it right here."""
    outcome: OSError | None = unknown_error()
    try:
        work()
        outcome = None
    except OSError as error:
        outcome = error
    finally:
        then(outcome)


def unknown_error() -> OSError:
    """Return what ``then`` is told when work ends by a bug: it has to go on, too."""
    return OSError(errno.EIO, os.strerror(errno.EIO))


class Member(Protocol):
    """What the others of a family want of a sink."""

    shared: bool

    def hear_of(self, written: int) -> None:
        """Another sink has written so many bytes to the file."""
        ...

    def pause(self) -> None:
        """The file is being rotated: whoever can wait with more output should."""
        ...

    def follow(self) -> None:
        """Go on in the file that has the name now: another one, or the same, emptied."""
        ...

    def look_again(self) -> None:
        """The rotation is over, whether it succeeded or not."""
        ...

    def forget(self) -> None:
        """Forget what waits, and begin a new file: the old one was removed."""
        ...


class Family:
    """The sinks of one path.  While it is ``turning`` a rotation is under way, and no other begins."""

    __slots__ = ("_path", "members", "turning")

    def __init__(self, path: str) -> None:
        self.members: list[Member] = []
        self.turning = False
        self._path = path

    def join(self, sink: Member) -> None:
        """Take ``sink`` in, once."""
        if sink not in self.members:
            self.members.append(sink)
            self._count()
            if self.turning:
                sink.pause()

    def leave(self, sink: Member) -> None:
        """Forget ``sink``, which may be unknown."""
        if sink in self.members:
            self.members.remove(sink)
            self._count()
            self._forget_if_over()

    def follow(self) -> None:
        """The file is another one, or emptied: let everybody go on in the one that has the name."""
        for sink in tuple(self.members):
            sink.follow()

    def tell_others(self, sink: Member, written: int) -> None:
        """``sink`` has written so many bytes."""
        for member in tuple(self.members):
            if member is not sink:
                member.hear_of(written)

    def turn(self, rotation: Rotation, then: Then, beside: Beside) -> None:
        """Prepare a rotation, ``beside`` if that takes long, and call ``then``; meanwhile whoever can wait does."""
        self.turning = True
        prepare = at_once if rotation.is_quick else beside
        prepare(rotation.prepare, partial(self._turned, then))
        if self.turning:  # it takes a while
            for sink in tuple(self.members):
                sink.pause()

    def _turned(self, then: Then, error: OSError | None) -> None:
        self.turning = False
        try:
            then(error)
        finally:  # whatever it is: they wait
            for sink in tuple(self.members):
                sink.look_again()
            self._forget_if_over()

    def _count(self) -> None:
        for sink in self.members:
            sink.shared = len(self.members) > 1

    def _forget_if_over(self) -> None:
        if not self.members and not self.turning:
            _FAMILIES.pop(self._path, None)


NOBODY = Family("")
"""The family of those that belong to none: sinks of what is no regular file."""


def family_of(path: str) -> Family:
    """Return the family of the open sinks of ``path``."""
    return _FAMILIES.setdefault(path, Family(path))
