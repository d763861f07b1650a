"""Logs as text with positions: ranges of what is there, and streams of what comes."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence

from warden.api.shapes import LogRange
from warden.api.sse import Doorbell, Wake, event
from warden.errors import IncorrectParameters, NoFile
from warden.logs import tail
from warden.logs.tail import Follower, Place, Turn
from warden.rpc.control import Control
from warden.words import Channel

COALESCE_SECONDS = 0.03
CHUNK_BYTES = 64 * 1024
_TURNS = {Turn.ROTATED: "rotated", Turn.REMOVED: "cleared", Turn.TRUNCATED: "cleared"}


def log_range(path: str, *, offset: int | None, limit: int, last: int | None, before: int | None) -> LogRange:
    """Return a part of a log: ``limit`` bytes from ``offset``, the ``last`` bytes, or ``limit`` bytes ``before``.

    Without an offset the text begins with a whole line, if it has more than one.

    Raises:
        IncorrectParameters: more than one of the three.
        NoFile, Failed: the log cannot be read.
    """
    if sum(one is not None for one in (offset, last, before)) > 1:
        raise IncorrectParameters("offset, tail and before exclude each other")
    _data, size, _overflow = tail.tail(path, 0, 0)
    if offset is not None:
        return _range(tail.read(path, offset, limit), offset, size)
    end = size if before is None else min(before, size)
    start = max(0, end - (limit if last is None else last))
    data = tail.read(path, start, end - start) if end > start else tail.read(path, size, 1)
    if start > 0:
        skipped = _to_line(data)
        data, start = data[skipped:], start + skipped
    return _range(data, start, size)


def _range(data: bytes, start: int, size: int) -> LogRange:
    whole = data[: len(data) - _pending(data)] or data  # not in the middle of a character
    return {
        "text": whole.decode("utf-8", "replace"),
        "offset": start,
        "size": max(size, start + len(whole)) if whole else size,
        "next_offset": start + len(whole),
    }


def _to_line(data: bytes) -> int:
    """Return where the first whole line begins, 0 if there is none."""
    found = data.find(b"\n") + 1
    return found if found < len(data) else 0


def _pending(data: bytes) -> int:
    """Return how many bytes at the end are the beginning of a character."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data[-4:])
    return len(decoder.getstate()[0])


class LogStream:
    """What is written to one or more logs, as events.

    ``paths`` are the logs by their label; ``starts`` the positions to begin at
    (None: where the last whole lines within ``last`` bytes begin).
    """

    def __init__(
        self,
        control: Control,
        namespec: str | None,
        paths: Mapping[Channel, str],
        wake: Wake,
        *,
        starts: Sequence[int] | None,
        last: int,
    ) -> None:
        begins = starts or [_start(path, last) for path in paths.values()]
        self._bell = Doorbell(wake, delay=COALESCE_SECONDS)
        self._unwatch = [control.watch_log(namespec, channel, self._bell.press) for channel in paths]
        self._sources = [
            LogSource({"channel": channel.value}, path, start)
            for (channel, path), start in zip(paths.items(), begins, strict=True)
        ]

    def read(self) -> bytes:
        """Return the next events of all logs, empty if there are none."""
        found = []
        for source in self._sources:
            for name, data in source.read():
                positions = ",".join(str(one.position) for one in self._sources)
                found.append(event(name, positions, json.dumps(data)))
        return b"".join(found)

    def close(self) -> None:
        """Let go of the logs."""
        self._bell.close()
        for unwatch in self._unwatch:
            unwatch()
        for source in self._sources:
            source.close()


class LogSource:
    """One log; ``position`` is up to where it has been told, ``label`` says in each event whose it is."""

    def __init__(self, label: Mapping[str, str], path: str, start: int | Place) -> None:
        self.label = label
        self._follower = Follower(path, start, chunk_bytes=CHUNK_BYTES)
        self.position = self._follower.place.offset
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def place(self) -> Place:
        """The same as the position, and in which file it is."""
        return Place(self._follower.place.inode, self.position)

    def read(self) -> list[tuple[str, dict[str, object]]]:
        """Return names and data of the next events: what happened to the file, what is in it."""
        piece = self._follower.piece()
        if piece is None:
            return []
        events: list[tuple[str, dict[str, object]]] = []
        if piece.turn is not Turn.NONE:
            self._decoder.reset()
            self.position = 0
            events.append((_TURNS[piece.turn], {**self.label}))
        offset = piece.offset - self._held_bytes()
        if text := self._decoder.decode(piece.data):
            events.append(("log", {**self.label, "text": text, "offset": offset}))
            self.position = piece.offset + len(piece.data) - self._held_bytes()
        return events

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()

    def _held_bytes(self) -> int:
        """The beginning of a character whose rest is still to come."""
        return len(self._decoder.getstate()[0])


def _start(path: str, last: int) -> int:
    """Return where the last whole lines of a log begin; 0 if there is no log yet."""
    try:
        return log_range(path, offset=None, limit=max(last, 1), last=last, before=None)["offset"]
    except NoFile:
        return 0


def positions(text: str | None, count: int) -> list[int] | None:
    """Return the positions in an event's id, None if it is not one of ours."""
    parts = (text or "").split(",")
    if len(parts) != count or not all(part.isdecimal() and part.isascii() and len(part) < 16 for part in parts):
        return None
    return [int(part) for part in parts]
