"""Whole lines, each with time and origin, whatever pieces they come in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from warden.words import Channel, LineFormat

LINE_BYTES = 64 * 1024  # a longer line is cut into several


class LineSink:
    """Gives each line to ``write`` in ``line_format``; what has no newline yet waits for the rest.

    ``namespec`` and ``channel`` say whose lines they are; ``clock`` gives
    seconds since the epoch.  The time of a line is that of its end.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        line_format: LineFormat,
        namespec: str,
        channel: Channel,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rest = b""
        self._out = write
        self._format = line_format
        self._prefix = f"{namespec} | ".encode("utf-8", "backslashreplace")
        self._origin = f',"process":{json.dumps(namespec)},"channel":"{channel}","message":'
        self._clock = clock
        self._second = -1
        self._stamp = ""
        self._zone = ""

    def write(self, data: bytes) -> None:
        """Write the lines that are complete."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        if any(len(line) > LINE_BYTES for line in lines):
            lines = [piece for line in lines for piece in _pieces(line)]
        if len(self.rest) > LINE_BYTES:
            *pieces, self.rest = _pieces(self.rest)
            lines += pieces
        if lines:
            self._write(lines)

    def close(self) -> None:
        """Write what has no newline as a line of its own."""
        if self.rest:
            rest, self.rest = self.rest, b""
            self._write([rest])

    def _write(self, lines: list[bytes]) -> None:
        time_ = self._time() if self._format not in (LineFormat.RAW, LineFormat.PREFIX) else ""
        match self._format:
            case LineFormat.RAW:
                before = b""
            case LineFormat.PREFIX:
                before = self._prefix
            case LineFormat.TIMESTAMP:
                before = f"{time_} ".encode()
            case LineFormat.TIMESTAMP_PREFIX:
                before = f"{time_} ".encode() + self._prefix
            case LineFormat.JSON:
                self._out(b"".join(self._json(time_, line) for line in lines))
                return
        self._out(b"".join(b"%b%b\n" % (before, line) for line in lines))

    def _json(self, time_: str, line: bytes) -> bytes:
        message = json.dumps(line.removesuffix(b"\r").decode("utf-8", "replace"), ensure_ascii=False)
        return f'{{"time":"{time_}"{self._origin}{message}}}\n'.encode("utf-8", "backslashreplace")

    def _time(self) -> str:
        """Return the time as ISO 8601 has it, with milliseconds and the offset of the local zone."""
        now = self._clock()
        second = int(now)
        if second != self._second:
            self._second = second
            local = time.localtime(second)
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", local)
            zone = time.strftime("%z", local)
            self._zone = f"{zone[:3]}:{zone[3:]}"
        return f"{self._stamp}.{int((now - second) * 1000):03d}{self._zone}"


def _pieces(line: bytes) -> list[bytes]:
    return [line[start : start + LINE_BYTES] for start in range(0, len(line) or 1, LINE_BYTES)]
