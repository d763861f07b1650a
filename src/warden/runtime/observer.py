"""News about directories where there is no inotify(7): by the library watchdog, in the words of ``runtime.inotify``."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer as Library
from watchdog.observers.api import ObservedWatch

from warden.runtime.inotify import DELETE_SELF, IS_DIRECTORY, News

_NO_NEWS = (EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE)


class _Known(NamedTuple):
    """A directory that is listened to: which one had its name then."""

    number: int
    inode: int
    watch: ObservedWatch


class Observer:
    """Has the verbs of ``Inotify``; the masks mean nothing here, all is told.

    Raises:
        OSError: the system does not let us.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, hear: Callable[[list[News]], None]) -> None:
        self._loop = loop
        self._hear = hear
        self._numbers = itertools.count(1)
        self._known: dict[str, _Known] = {}
        self._library = Library()
        self._library.start()

    def add(self, directory: str, _mask: int) -> int:
        """Hear of a directory; return its number.

        Raises:
            OSError: it is none, or the system does not let us.
        """
        found = os.stat(directory)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        known = self._known.get(directory)
        if known is not None and known.inode == found.st_ino:
            return known.number
        if known is not None:  # another one has its name now
            self.remove(known.number)
        number = next(self._numbers)
        watch = self._library.schedule(_Teller(self._tell, number, directory), directory)
        self._known[directory] = _Known(number, found.st_ino, watch)
        return number

    def remove(self, number: int) -> None:
        """Hear of a directory no more; it may be gone already."""
        for directory, known in tuple(self._known.items()):
            if known.number == number:
                del self._known[directory]
                with suppress(KeyError):
                    self._library.unschedule(known.watch)

    def close(self) -> None:
        """Hear of nothing more."""
        self._library.stop()
        self._library.join()

    def _tell(self, news: News) -> None:
        """Hand news from a thread of the library to the loop."""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._take, news)

    def _take(self, news: News) -> None:
        if news.mask & DELETE_SELF:
            self.remove(news.number)
        self._hear([news])


class _Teller(FileSystemEventHandler):
    """Puts what the library tells of one directory into our words."""

    def __init__(self, tell: Callable[[News], None], number: int, directory: str) -> None:
        self._tell = tell
        self._number = number
        self._directory = directory

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Hear of the directory, or of an entry, which may have two names if it was moved."""
        if event.event_type in _NO_NEWS or (event.is_directory and event.event_type == EVENT_TYPE_MODIFIED):
            return
        for path in [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]:
            if path == self._directory and event.event_type == EVENT_TYPE_DELETED:
                self._tell(News(self._number, DELETE_SELF, ""))
            elif os.path.dirname(path) == self._directory:
                self._tell(News(self._number, IS_DIRECTORY if event.is_directory else 0, os.path.basename(path)))
