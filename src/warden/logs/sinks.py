"""Where output goes: files, syslog, a ring in memory.  No sink raises from ``write`` or blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from warden.logs.filesink import FileSink
from warden.logs.syslog import LOCAL, RECORD_BYTES, SyslogClient

__all__ = ["FileSink", "RingSink", "Sink", "SyslogSink"]


class Sink(Protocol):
    """What takes the output of a channel."""

    def write(self, data: bytes) -> None:
        """Take ``data``; never raise, never block."""
        ...

    def reopen(self) -> None:
        """Go on under the same name, after somebody else has moved the file away."""
        ...

    def clear(self) -> None:
        """Throw away what was written; raises OSError if that is impossible."""
        ...

    def close(self) -> None:
        """Give out what was held back and let go."""
        ...


class LineTaker(Protocol):
    """What takes output by whole lines; ``rest`` is what it holds back: the line that has no end yet."""

    rest: bytes

    def write(self, data: bytes) -> None:
        """Take ``data``; never raise, never block."""
        ...

    def close(self) -> None:
        """Give out what was held back."""
        ...


class RingSink:
    """Keeps the last ``limit`` bytes in memory."""

    def __init__(self, limit: int) -> None:
        self.on_write: Callable[[], None] | None = None
        self._limit = limit
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """What is kept, oldest first."""
        return bytes(self._data)

    def write(self, data: bytes) -> None:
        """Append ``data`` and forget what is too old."""
        self._data += data
        del self._data[: max(0, len(self._data) - self._limit)]
        if self.on_write is not None:
            self.on_write()

    def reopen(self) -> None:
        """Do nothing: memory has no name that could be moved."""

    def clear(self) -> None:
        """Forget everything."""
        self._data.clear()

    def close(self) -> None:
        """Do nothing: what is kept stays readable."""


class SyslogSink:
    """Sends each line, as ``<process> <line>``, to syslog; a line may come in several chunks."""

    def __init__(self, process: str, client: SyslogClient = LOCAL) -> None:
        self._prefix = process.encode("utf-8", "backslashreplace") + b" "
        self._client = client
        self.rest = b""  # after the last newline

    def write(self, data: bytes) -> None:
        """Send the lines that are complete; longer ones than syslog takes are cut into several."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._send(line)
        while len(self.rest) > RECORD_BYTES:
            self._client.send(self._prefix + self.rest[:RECORD_BYTES])
            self.rest = self.rest[RECORD_BYTES:]

    def reopen(self) -> None:
        """Do nothing: syslog is not a file of ours."""

    def clear(self) -> None:
        """Do nothing: what was sent is gone."""

    def close(self) -> None:
        """Send what stands after the last newline."""
        if self.rest:
            self._send(self.rest)
            self.rest = b""

    def _send(self, line: bytes) -> None:
        for start in range(0, len(line) or 1, RECORD_BYTES):
            self._client.send(self._prefix + line[start : start + RECORD_BYTES])
