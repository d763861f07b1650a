"""Looks at the files that patterns mean, and rings when they may have changed.

What rings is only a doorbell: what has changed is what differs between two
looks.  So a lost message, an editor that writes by renaming, and a file that is
as it was in the end are no special cases.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from warden.config import globs
from warden.config.globs import Place
from warden.process.watching import Stamp, changed
from warden.runtime import inotify
from warden.runtime.inotify import Inotify, News
from warden.runtime.threads import in_thread

_MOST_LINKS = 40  # as the kernel
_LOOKS = 4  # at the same time, a thread each
_BESIDE = re.compile(r"(\.(\d+|gz|compressing|new))+$")  # an older log, or a file that is about to replace another
_GONE = inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.UNMOUNT | inotify.IGNORED


@dataclass(slots=True)
class Sight:
    """What one look has seen: stamps of files by path; directories by number, with what rings in them.

    ``changed`` are the paths that are not as in the look before, ``digest`` stands
    for all files.  ``limited`` is the limit that left some directories out, "" if none did.
    """

    files: dict[str, Stamp] = field(default_factory=dict)
    places: dict[int, list[Place]] = field(default_factory=dict)
    names: dict[int, set[str]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    digest: str = ""
    limited: str = ""

    @property
    def numbers(self) -> set[int]:
        """The directories that are listened to."""
        return self.places.keys() | self.names.keys()

    def knows(self, number: int) -> bool:
        """Whether that directory is listened to."""
        return number in self.places or number in self.names

    def is_concerned(self, news: News) -> bool:
        """Whether news may mean that something is not as it was seen."""
        if news.mask & _GONE:
            return self.knows(news.number)
        if news.name in self.names.get(news.number, ()):
            return True
        entries = [place.enter(news.name) for place in self.places.get(news.number, ())]
        directory = news.mask & inotify.IS_DIRECTORY
        return any(entry is not None and (directory or entry.is_named) for entry in entries)


class Lookout:
    """Keeps an eye on what absolute patterns mean; ``ring`` is called on the loop, often many times for one change."""

    def __init__(self, wanted: tuple[str, ...], unwanted: tuple[str, ...], tower: Tower, ring: Callable[[], None]):
        self.sight = Sight()
        self.looking = False
        self.ring = ring
        self._start = globs.start(wanted, unwanted)
        self._roots = sorted({globs.root(pattern) for pattern in wanted})
        self._tower = tower
        self._ours: Collection[str] = ()

    async def look(self) -> Sight:
        """Look at everything, in a thread, and listen from before that on."""
        async with self._tower.turns:
            self.looking = True
            self._ours = self._tower.ours()
            try:
                self.sight = await in_thread(self._look)
            finally:
                self.looking = False
        self._tower.forget_unused()
        return self.sight

    # --- in the thread

    def _look(self) -> Sight:
        sight = Sight()
        for root in self._roots:
            if self._listen_on_the_way(sight, root):
                self._visit(sight, root)
        sight.changed = changed(self.sight.files, sight.files)
        sight.digest = _digest(sight.files)
        return sight

    def _visit(self, sight: Sight, root: str) -> None:
        place = self._start.at(root)
        if place is None:
            return
        if place.is_meant:
            self._take(sight, root)
        todo = [(root, place)]
        while todo:
            path, place = todo.pop()
            if place.goes_on and self._listen(sight, path, inotify.CONTENTS, place=place):
                todo += self._entries(sight, path, place)

    def _entries(self, sight: Sight, directory: str, place: Place) -> Iterator[tuple[str, Place]]:
        """Give what lies below a directory and leads on; keep what is meant there."""
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    link = entry.is_symlink()
                    below = place.enter(entry.name, through_link=link)
                    if below is None:
                        continue
                    if link and below.is_named:
                        self._listen_on_the_way(sight, entry.path)
                    if os.path.isdir(entry.path) if link else entry.is_dir():  # a link may lead to itself
                        yield entry.path, below
                    elif below.is_meant:
                        self._take(sight, entry.path)
        except OSError:  # it has just gone, or is not ours to read: then nothing there is meant
            return

    def _listen_on_the_way(self, sight: Sight, path: str) -> bool:
        """Listen to what may lead elsewhere on the way to a path; return whether the path is there."""
        for directory, name in ways(path):
            is_file = os.path.isfile(os.path.join(directory, name))
            self._listen(sight, directory, inotify.CONTENTS if is_file else inotify.NAMES, name=name)
        return os.path.exists(path)

    def _listen(self, sight: Sight, directory: str, mask: int, *, place: Place | None = None, name: str = "") -> bool:
        """Listen to a directory; return whether it is one, even if there is no way to listen."""
        try:
            number = self._tower.add(directory, mask)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE):
                sight.limited = "max_user_watches" if error.errno == errno.ENOSPC else "max_user_instances"
                return True
            return False
        if place is not None:
            sight.places.setdefault(number, []).append(place)
        else:
            sight.names.setdefault(number, set()).add(name)
        return True

    def _take(self, sight: Sight, path: str) -> None:
        """Keep what a file is like, if it is one, and not one of ours, which we write ourselves."""
        try:
            found = os.stat(path)
        except OSError:
            return
        if stat.S_ISREG(found.st_mode) and _BESIDE.sub("", path) not in self._ours:
            sight.files[path] = (found.st_ino, found.st_size, found.st_mtime_ns)


def _digest(files: dict[str, Stamp]) -> str:
    return hashlib.blake2b(repr(sorted(files.items())).encode(errors="surrogateescape"), digest_size=12).hexdigest()


def ways(path: str) -> Iterator[tuple[str, str]]:
    """Give directory and name of all that decides where a path leads: links, the first that is missing, the end."""
    done, rest, links = "/", [name for name in reversed(path.split("/")) if name], 0
    while rest:
        name = rest.pop()
        here = os.path.normpath(os.path.join(done, name))
        try:
            target = os.readlink(here)
        except OSError as error:  # EINVAL: it is no link
            missing = error.errno != errno.EINVAL
            if missing or not rest:
                yield done, name
            if missing:
                return
            done = here
            continue
        yield done, name
        links += 1
        if links > _MOST_LINKS:
            return
        done = "/" if target.startswith("/") else done
        rest += [part for part in reversed(target.split("/")) if part not in ("", ".")]


class Ears(Protocol):
    """Where news about directories come from: ``Inotify`` or, elsewhere, ``Observer``."""

    def add(self, directory: str, mask: int, /) -> int:
        """Hear of a directory; return its number.  Raises OSError."""
        ...

    def remove(self, number: int) -> None:
        """Hear of a directory no more."""
        ...

    def close(self) -> None:
        """Hear of nothing more."""
        ...


Grow = Callable[[asyncio.AbstractEventLoop, Callable[[list[News]], None]], Ears]


def grow_ears(loop: asyncio.AbstractEventLoop, hear: Callable[[list[News]], None]) -> Ears:
    """Return the ears that are right for this system; raises OSError."""
    if sys.platform == "linux":
        return Inotify(loop, hear)
    from warden.runtime.observer import Observer  # and with it watchdog, which need not be there elsewhere

    return Observer(loop, hear)


class Tower:
    """What all lookouts share: ears, the turns in which they look, and the files that do not count.

    ``ours`` tells, by absolute paths, which files the daemon itself writes; their rotated ones do not count either.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, grow: Grow = grow_ears, ours: Callable[[], Collection[str]] = frozenset
    ) -> None:
        self.ours = ours
        self.turns = asyncio.Semaphore(_LOOKS)
        self._loop = loop
        self._grow = grow
        self._ears: Ears | None = None
        self._lookouts: list[Lookout] = []
        self._numbers: set[int] = set()

    def lookout(self, wanted: tuple[str, ...], unwanted: tuple[str, ...], ring: Callable[[], None]) -> Lookout:
        """Make a lookout."""
        lookout = Lookout(wanted, unwanted, self, ring)
        self._lookouts.append(lookout)
        return lookout

    def dismiss(self, lookout: Lookout) -> None:
        """Do without a lookout."""
        self._lookouts.remove(lookout)
        self.forget_unused()

    def add(self, directory: str, mask: int) -> int:
        """Listen to a directory; may be called in a thread.  Raises OSError."""
        if self._ears is None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        number = self._ears.add(directory, mask)
        self._numbers.add(number)
        return number

    def open(self) -> None:
        """Listen from now on, if the system lets us."""
        if self._ears is None:
            try:
                self._ears = self._grow(self._loop, self._hear)
            except OSError:  # every ``add`` says so
                return

    def forget_unused(self) -> None:
        """Listen no more to what no lookout needs."""
        if self._ears is None or any(lookout.looking for lookout in self._lookouts):
            return
        needed = {number for lookout in self._lookouts for number in lookout.sight.numbers}
        for number in self._numbers - needed:
            self._ears.remove(number)
        self._numbers &= needed

    def close(self) -> None:
        """Listen to nothing more."""
        self._lookouts.clear()
        if self._ears is not None:
            self._ears.close()
            self._ears = None

    def _hear(self, heard: list[News]) -> None:
        waiting = list(self._lookouts)
        for news in heard:
            for lookout in waiting[:]:
                # What is heard while somebody looks may be about a directory that is not known here yet.
                unknown = lookout.looking and not lookout.sight.knows(news.number)
                if unknown or news.mask & inotify.OVERFLOW or lookout.sight.is_concerned(news):
                    waiting.remove(lookout)
                    lookout.ring()
            if not waiting:
                return


def watch_limit(name: str) -> str:
    """Return what the system has set for a limit of inotify, "?" if nobody knows."""
    try:
        with open(f"/proc/sys/fs/inotify/{name}") as setting:
            return setting.read().strip()
    except OSError:
        return "?"
