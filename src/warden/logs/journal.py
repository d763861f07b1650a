"""Sends lines to systemd's journal over its native socket, with the process they come from as fields.

The protocol is public: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

from collections.abc import Callable

from warden.logs.datagrams import DatagramClient
from warden.logs.targets import Waiting
from warden.words import Channel

LINE_BYTES = 48 * 1024  # below what the journal keeps of a field, and what a datagram may be everywhere
_RECORD_BYTES = 64 * 1024
_PRIORITIES = {Channel.STDOUT: 6, Channel.STDERR: 4}  # info, warning

_CLIENTS: dict[str, DatagramClient] = {}  # by socket: one descriptor for all processes


def client_of(path: str, on_wait: Callable[[Waiting], None]) -> DatagramClient:
    """Return the client of the journal that listens at ``path``."""
    if path not in _CLIENTS:
        _CLIENTS[path] = DatagramClient((path,), _loss, record_bytes=_RECORD_BYTES)
        _CLIENTS[path].on_wait = on_wait
    return _CLIENTS[path]


def _loss(count: int) -> bytes:
    return b"PRIORITY=4\nSYSLOG_IDENTIFIER=supervisord\nMESSAGE=%d log records were lost\n" % count


class JournalSink:
    """Sends each line of a process; a line may come in several chunks."""

    def __init__(self, client: DatagramClient, namespec: str, channel: Channel) -> None:
        identifier = namespec.encode("utf-8", "backslashreplace").replace(b"\n", b" ")
        self._fields = b"PRIORITY=%d\nSYSLOG_IDENTIFIER=%b\nSUPERVISOR_PROCESS=%b\nSUPERVISOR_CHANNEL=%b\nMESSAGE=" % (
            *(_PRIORITIES[channel], identifier, identifier),
            channel.encode(),
        )
        self._client = client
        self.rest = b""

    def write(self, data: bytes) -> None:
        """Send the lines that are complete; what is longer than LINE_BYTES is cut into several."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._send(line)
        while len(self.rest) > LINE_BYTES:
            self._client.send_record(self._fields + self.rest[:LINE_BYTES] + b"\n")
            self.rest = self.rest[LINE_BYTES:]

    def close(self) -> None:
        """Send what stands after the last newline."""
        if self.rest:
            self._send(self.rest)
            self.rest = b""

    def _send(self, line: bytes) -> None:
        for start in range(0, len(line) or 1, LINE_BYTES):
            self._client.send_record(self._fields + line[start : start + LINE_BYTES] + b"\n")
