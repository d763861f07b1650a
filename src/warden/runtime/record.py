"""The brain's record: facts by name in a file in memory, which the keeper holds for the next brain.

It is only ever appended to; the newest entry of a name counts.  An entry that
was not finished, because its writer was killed, is not there.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

FORMAT = 1  # changes when an older or newer version would misread it
_MAGIC = b"warden-record "
_HEAD = struct.Struct("<II")  # bytes of the entry, their CRC-32
_SPARE_BYTES = 4 * 1024 * 1024  # of old entries before they are thrown away
_LONGEST_LIST = 50
_as_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Unreadable(Exception):
    """This is no record that this version can read; the text says why."""


class Record:
    """Writes a record.  ``hold(fd)`` gives it to the keeper, again whenever it goes on in a new file."""

    def __init__(self, hold: Callable[[int], None], facts: Mapping[str, Any] | None = None) -> None:
        self._hold = hold
        self._fd = -1
        self._size = 0
        self._limit = 0
        self._begin(facts or {})

    def put(self, *entries: tuple[str, Any]) -> None:
        """Note values (JSON) under their names, all of them or none.

        None forgets the name.  A name with ``+`` in front is a list, to which the value is appended.
        """
        data = _as_json(entries).encode()
        os.pwrite(self._fd, _HEAD.pack(len(data), zlib.crc32(data)) + data, self._size)
        self._size += _HEAD.size + len(data)
        if self._size > self._limit:
            self._begin(read(self._fd))

    def clear(self) -> None:
        """Forget everything."""
        self._begin({})

    def close(self) -> None:
        """Write no more; the keeper has it still."""
        os.close(self._fd)

    def _begin(self, facts: Mapping[str, Any]) -> None:
        """Go on in a new file that holds nothing but ``facts``."""
        old = self._fd
        self._fd = os.memfd_create("record")
        head = b"%s%d\n" % (_MAGIC, FORMAT)
        os.write(self._fd, head)
        self._size, self._limit = len(head), _SPARE_BYTES
        for name, value in facts.items():
            self.put((name, value))
        self._limit = 2 * self._size + _SPARE_BYTES
        self._hold(self._fd)
        if old >= 0:
            os.close(old)


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
    for entries in _entries(rest):
        _apply(facts, entries)
    return facts


def _entries(data: bytes) -> Iterator[Iterable[tuple[str, Any]]]:
    at = 0
    while at + _HEAD.size <= len(data):
        size, checksum = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        entry = data[at : at + size]
        if len(entry) < size or zlib.crc32(entry) != checksum:
            return  # its writer did not live to finish it
        at += size
        yield json.loads(entry)


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
