"""Non-blocking pipe ends on the loop: outputs read in batches, inputs written with a bound."""

from __future__ import annotations

import array
import asyncio
import errno
import fcntl
import os
import selectors
import termios
from collections import deque
from contextlib import suppress
from typing import Protocol

from warden.runtime.slot import CHUNK_BYTES

_FULL_BYTES = 64 * 1024  # what a pipe holds unless it is told otherwise
_MOST_WIDE = 8  # pipes that are told so at the same time: the kernel grants each user a share of such memory
_SET_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)  # Linux
_REST_SECONDS = 0.004  # how long a busy set of pipes is left to gather before the next batch
_LONG_REST_SECONDS = 0.064  # the same if it is a crowd: so that several lines of each are read at once
_CROWD = 16  # pipes in one batch
_SLICE_SECONDS = 0.004  # the longest that a batch keeps the loop to itself
_NOTHING = bytearray()  # what waits for nearly every child: one for all, which nobody changes
_LITTLE_BYTES = _FULL_BYTES  # a batch smaller than this gains from waiting: no pipe was full, so nobody waits for us


class Source(Protocol):
    """Whose pipe it is."""

    @property
    def number(self) -> int:
        """What tells it from all others that whoever comes after us may know of."""
        ...

    def position(self) -> tuple[int, int]:
        """Return inode and size of the log that the next chunk goes to; zeros if that is no file."""
        ...

    def take(self, data: bytes) -> None:
        """Take a chunk."""
        ...

    def end(self) -> None:
        """Hear that there is no more."""
        ...


class Reader(Protocol):
    """Reads chunks so that they can be recovered: ``runtime.slot``."""

    def read(self, fd: int, owner: int, inode: int, size: int) -> bytes:
        """Read a chunk for the source of that number."""
        ...

    def done(self) -> None:
        """Hear that it is where it belongs."""
        ...


class OutputPipes:
    """Reads all output pipes of all children.

    The pipes stand in a selector of their own, whose descriptor stands in the
    loop: a thousand chatty programs cost one wake-up per batch and not one each.
    A pipe that speaks now and then is read at once; when small writes follow one
    another, the next batch waits for a few milliseconds, longer and longer if it
    is a crowd that speaks; when much is written, nothing waits.  Who answers us,
    as event listeners do, is always read at once: its next question would wait
    too.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, reader: Reader) -> None:
        self._loop = loop
        self._reader = reader
        self._selector = selectors.DefaultSelector()
        self._nested = hasattr(self._selector, "fileno")  # epoll and kqueue can stand in another selector
        self._sources: dict[int, Source] = {}
        self._paused: set[int] = set()
        self._ready: deque[int] = deque()  # those whose turn comes before it is anybody's second
        self._prompt: set[int] = set()  # these stand in the loop itself
        self._wide: set[int] = set()  # these hold CHUNK_BYTES
        self._last = 0.0
        self._rest_seconds = _REST_SECONDS
        self._rest: asyncio.TimerHandle | None = None  # set while the next batch gathers
        if self._nested:
            self._loop.add_reader(self._fileno(), self._batch)

    def add(self, fd: int, source: Source, *, prompt: bool = False) -> None:
        """Hand on what is written to ``fd`` until the end of file or ``remove``; if ``prompt``, never in batches."""
        os.set_blocking(fd, False)
        self._sources[fd] = source
        if prompt or not self._nested:
            self._prompt.add(fd)
        self._watch(fd)

    def remove(self, fd: int) -> None:
        """Forget ``fd``; it may be unknown.  Closing it is the owner's business."""
        if self._sources.pop(fd, None) is None:
            return
        if fd in self._paused:
            self._paused.remove(fd)
        else:
            self._ignore(fd)
        self._prompt.discard(fd)
        self._wide.discard(fd)

    def pause(self, fd: int) -> None:
        """Read nothing from ``fd`` until ``resume``: the child waits in its write when the pipe is full."""
        if fd in self._sources and fd not in self._paused:
            self._paused.add(fd)
            self._ignore(fd)

    def resume(self, fd: int) -> None:
        """Read again from a paused ``fd``."""
        if fd in self._paused:
            self._paused.remove(fd)
            self._watch(fd)

    def drain(self, fd: int, source: Source) -> None:
        """Hand on all that stands in the pipe now.

        What a grandchild writes meanwhile is not waited for, so a flood cannot hold us.
        """
        size = array.array("i", [0])
        with suppress(OSError):  # nobody who could write: the end as well
            fcntl.ioctl(fd, termios.FIONREAD, size)
            left = size[0]
            while left > 0 and (got := self._pass_on(fd, source)):
                left -= got

    def close(self) -> None:
        """Forget everything."""
        for fd in tuple(self._sources):
            self.remove(fd)
        if self._rest is not None:
            self._rest.cancel()
        if self._nested:
            self._loop.remove_reader(self._fileno())
        self._selector.close()

    def _fileno(self) -> int:
        return int(self._selector.fileno())

    def _watch(self, fd: int) -> None:
        if fd in self._prompt:
            self._loop.add_reader(fd, self._read, fd)
        else:
            self._selector.register(fd, selectors.EVENT_READ)

    def _ignore(self, fd: int) -> None:
        if fd in self._prompt:
            self._loop.remove_reader(fd)
        else:
            self._selector.unregister(fd)

    def _batch(self) -> None:
        total, now = 0, self._loop.time()
        end = now + _SLICE_SECONDS
        if not self._ready:
            self._ready.extend(key.fd for key, _mask in self._selector.select(0))
            crowded = len(self._ready) >= _CROWD
            self._rest_seconds = min(2 * self._rest_seconds, _LONG_REST_SECONDS) if crowded else _REST_SECONDS
        while self._ready and now < end:
            fd = self._ready.popleft()
            if fd in self._sources and fd not in self._paused:  # an earlier one of this batch may have acted
                total += self._read(fd)
            now = self._loop.time()
        busy = now - self._last < 2 * self._rest_seconds and total < _LITTLE_BYTES and not self._ready
        self._last = now
        if busy:
            self._loop.remove_reader(self._fileno())
            self._rest = self._loop.call_later(self._rest_seconds, self._listen)

    def _listen(self) -> None:
        self._rest = None
        self._loop.add_reader(self._fileno(), self._batch)

    def _read(self, fd: int) -> int:
        source = self._sources[fd]
        try:
            got = self._pass_on(fd, source)
        except BlockingIOError:
            return 0
        except OSError:  # a pty whose other side is gone says EIO: the end all the same
            got = 0
        if got >= _FULL_BYTES:
            self._widen(fd)
        elif got == 0:
            self.remove(fd)
            source.end()
        return got

    def _pass_on(self, fd: int, source: Source) -> int:
        data = self._reader.read(fd, source.number, *source.position())
        if data:
            source.take(data)
            self._reader.done()
        return len(data)

    def _widen(self, fd: int) -> None:
        """Let a pipe that was full hold more: a flood then costs a quarter of the turns."""
        if _SET_SIZE is None or fd in self._wide or len(self._wide) >= _MOST_WIDE:
            return
        self._wide.add(fd)
        with suppress(OSError):  # the user's share is used up: it works as it is, too
            fcntl.fcntl(fd, _SET_SIZE, CHUNK_BYTES)


class InputPipe:
    """Writes to the stdin of a child; what does not fit waits, up to ``limit`` bytes."""

    __slots__ = ("_fd", "_limit", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, *, limit: int = 16 * 1024 * 1024) -> None:
        os.set_blocking(fd, False)
        self._loop = loop
        self._fd = fd
        self._limit = limit
        self._waiting = _NOTHING

    def __len__(self) -> int:
        """Bytes that wait for the child to read."""
        return len(self._waiting)

    def write(self, data: bytes) -> None:
        """Write or queue all of ``data``.

        Raises:
            BrokenPipeError: the child has closed its stdin.
            BlockingIOError: more than ``limit`` bytes would wait; nothing was queued.
        """
        if self._fd < 0:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if self._waiting:
            if len(self._waiting) + len(data) > self._limit:
                raise BlockingIOError(errno.EAGAIN, "too much waits to be read already")
            self._waiting += data
            return
        try:
            done = os.write(self._fd, data)
        except BlockingIOError:
            done = 0
        if done < len(data):
            self._waiting = bytearray(data[done:])
            self._loop.add_writer(self._fd, self._drain)

    def close(self) -> None:
        """Close the pipe; what waits is dropped."""
        if self._fd < 0:
            return
        self._forget()
        os.close(self._fd)
        self._fd = -1

    def _drain(self) -> None:
        try:
            done = os.write(self._fd, self._waiting)
        except BlockingIOError:
            return
        except OSError:  # the child closed it: the next write() says so
            self._forget()
            return
        del self._waiting[:done]
        if not self._waiting:
            self._forget()

    def _forget(self) -> None:
        self._waiting = _NOTHING
        self._loop.remove_writer(self._fd)
