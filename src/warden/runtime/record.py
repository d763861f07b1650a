"""The brain's record: facts by name in a file in memory, which the keeper holds for the next brain.

It is only ever appended to; the newest entry of a name counts.  An entry that
was not finished, because its writer was killed, is not there.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from warden.runtime.threads import in_thread

FORMAT = 2  # changes when an older or newer version would misread it
_MAGIC = b"warden-record "
_HEAD = struct.Struct("<II")  # of a frame: bytes of its entries, their CRC-32
_SPARE_BYTES = 4 * 1024 * 1024  # of old entries before they are thrown away
_LONGEST_LIST = 50
_FRAME_FACTS = (
    100  # that are written together: cheaper to read than each alone, and nobody waits long for the interpreter
)
_BETWEEN = b",\n"  # the entries of one frame: our JSON has no other line breaks, so they can be told apart unread
_NAME = re.compile(rb'\["([^"\\]*(?:\\.[^"\\]*)*)",')  # of an entry, as it is written
_as_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Unreadable(Exception):
    """This is no record that this version can read; the text says why."""


class Record:
    """Writes a record.  ``hold(fd)`` gives it to the keeper, again whenever it goes on in a new file.

    When it cannot be written any more (no memory, a limit on the size of files)
    ``on_loss(error)`` is called once: a successor must not believe what stands
    there.  Until the next ``begin`` nothing more is noted.
    """

    def __init__(self, hold: Callable[[int], None], on_loss: Callable[[OSError], None]) -> None:
        self._hold = hold
        self._on_loss = on_loss
        self._fd = -1
        self._size = 0
        self._limit = 0
        self._generation = 0  # of the file
        self._shortening: asyncio.Task[None] | None = None

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Forget everything but ``facts``."""
        try:
            self._go_on(*_written(facts))
        except OSError as error:
            self._lose(error)

    def put(self, *entries: tuple[str, Any]) -> None:
        """Note values (JSON) under their names, all of them or none.

        None forgets the name.  A name with ``+`` in front is a list, to which the value is appended.
        """
        if self._fd < 0:
            return
        data = _framed(entries)
        try:
            _write(self._fd, data, self._size)
        except OSError as error:
            self._lose(error)
            return
        self._size += len(data)
        if self._size > self._limit:
            self._shorten()

    def close(self) -> None:
        """Write no more; the keeper has it still."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _shorten(self) -> None:
        """Throw away what counts no more: beside the loop, since with thousands of processes it takes its time."""
        self._limit = 2 * self._size + _SPARE_BYTES  # not again meanwhile
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._go_on(*_shortened(self._fd, self._size))
        else:
            self._shortening = loop.create_task(
                self._shorten_beside(self._generation, self._size), name="warden record"
            )

    async def _shorten_beside(self, generation: int, size: int) -> None:
        with suppress(OSError):  # no room for both at the moment: it works as it is, too
            copy = os.dup(self._fd)  # ours may be closed before the thread has read it
            try:
                fd, short = await in_thread(partial(_shortened, copy, size))
            finally:
                os.close(copy)
            if generation != self._generation or self._fd < 0:  # begun anew or closed meanwhile
                os.close(fd)
                return
            news = os.pread(self._fd, self._size - size, size)
            try:
                _write(fd, news, short)
            except OSError:
                os.close(fd)
                raise
            self._go_on(fd, short + len(news))

    def _go_on(self, fd: int, size: int) -> None:
        """Go on in a new file."""
        self._hold(fd)
        self.close()
        self._fd, self._size, self._limit = fd, size, 2 * size + _SPARE_BYTES
        self._generation += 1

    def _lose(self, error: OSError) -> None:
        self.close()
        self._on_loss(error)


def _framed(entries: Sequence[tuple[str, Any]]) -> bytes:
    return _frame([_as_json(entry).encode() for entry in entries])


def _frame(entries: Sequence[bytes]) -> bytes:
    """Return the frame of entries that count together or not at all: a JSON list of lists of name and value."""
    data = b"[%s]" % _BETWEEN.join(entries)
    return _HEAD.pack(len(data), zlib.crc32(data)) + data


def _write(fd: int, data: bytes | bytearray, at: int) -> None:
    """Write all of it, or raise OSError."""
    if os.pwrite(fd, data, at) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _written(facts: Mapping[str, Any]) -> tuple[int, int]:
    """Write a new file that holds nothing but ``facts``; return its descriptor and its size."""
    return _file_of([_as_json(entry).encode()] for entry in facts.items())


def _file_of(facts: Iterable[Sequence[bytes]]) -> tuple[int, int]:
    """Write a new file of the entries of each fact, of which only a list may have several."""
    data = bytearray(b"%s%d\n" % (_MAGIC, FORMAT))
    rest = iter(facts)
    while some := list(islice(rest, _FRAME_FACTS)):
        data += _frame([entry for entries in some for entry in entries])
    fd = os.memfd_create("record")
    try:
        _write(fd, data, 0)
    except OSError:
        os.close(fd)
        raise
    return fd, len(data)


def read(fd: int) -> dict[str, Any]:
    """Return what counts, in the order in which the names first appeared.

    Raises:
        Unreadable: another format, or none at all.
    """
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    first, newline, rest = data.partition(b"\n")
    if not newline or not first.startswith(_MAGIC):
        raise Unreadable("it does not begin as a record does")
    if first != b"%s%d" % (_MAGIC, FORMAT):
        said = first[len(_MAGIC) :].decode(errors="replace")
        raise Unreadable(f"it has format {said}, this version reads format {FORMAT}")
    facts: dict[str, Any] = {}
    for frame in _frames(rest):
        _apply(facts, json.loads(frame.decode()))  # bytes would be searched for their encoding
    return facts


def _shortened(fd: int, size: int) -> tuple[int, int]:
    """Write a new file with the entries that count in the first ``size`` bytes of our own, as they stand there.

    They are not read as JSON: that takes five times as long, in which the loop gets every other turn at best.
    """
    _first, _newline, rest = os.pread(fd, size, 0).partition(b"\n")
    counting: dict[bytes, list[bytes]] = {}
    for frame in _frames(rest):
        for entry in frame[1:-1].split(_BETWEEN):
            named = _NAME.match(entry)
            assert named is not None  # it is we who wrote it
            name = named[1]
            if entry.endswith(b'",null]'):
                counting.pop(name, None)
            elif name.startswith(b"+"):
                parts = counting.setdefault(name, [])
                parts.append(entry)
                del parts[:-_LONGEST_LIST]
            else:
                counting[name] = [entry]
    return _file_of(counting.values())


def _frames(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEAD.size <= len(data):
        size, checksum = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        frame = data[at : at + size]
        if len(frame) < size or zlib.crc32(frame) != checksum:
            return  # its writer did not live to finish it
        at += size
        yield frame


def _apply(facts: dict[str, Any], entries: Iterable[tuple[str, Any]]) -> None:
    for name, value in entries:
        if value is None:
            facts.pop(name, None)
        elif name.startswith("+"):
            values = facts.setdefault(name, [])
            values.extend(value)
            del values[:-_LONGEST_LIST]
        else:
            facts[name] = value
