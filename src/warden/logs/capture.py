"""Finds ``<!--XSUPERVISOR:BEGIN-->...<!--XSUPERVISOR:END-->`` in a byte stream."""

from __future__ import annotations

from collections.abc import Iterator

from warden.frozen import frozen

BEGIN = b"<!--XSUPERVISOR:BEGIN-->"
END = b"<!--XSUPERVISOR:END-->"


@frozen
class Output:
    """Ordinary bytes, for the log."""

    data: bytes


@frozen
class Message:
    """Bytes between the two tokens, for the event listeners."""

    data: bytes


class CaptureScanner:
    """Splits a stream into output and messages, whatever the chunk borders.

    ``limit`` bounds a message in bytes: of a longer one the last ``limit`` bytes
    are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = False
        self._pending = b""  # may be the start of a token
        self._message = bytearray()

    @property
    def held(self) -> tuple[bytes, bytes | None]:
        """What may be the start of a token, and the message so far, None outside of one."""
        return self._pending, bytes(self._message) if self._inside else None

    def hold(self, pending: bytes, message: bytes | None) -> None:
        """Go on where another scanner stood."""
        self._pending, self._inside = pending, message is not None
        self._message[:] = message or b""

    def feed(self, chunk: bytes) -> Iterator[Output | Message]:
        """Give out what is certain after ``chunk``; exhaust the iterator before the next call."""
        data, at = self._pending + chunk, 0  # a position, not a rest: a chunk may hold hundreds of messages
        while True:
            token = END if self._inside else BEGIN
            found = data.find(token, at)
            if found < 0:
                end = len(data) - _token_prefix_at_end(data[at:], token)
                self._pending = data[end:]
                yield from self._take(data[at:end])
                return
            if not self._inside:
                if at < found:
                    yield Output(data[at:found])
            elif self._message:
                yield from self._take(data[at:found])
                yield Message(bytes(self._message))
                self._message.clear()
            else:  # as most are: all of it in one chunk
                yield Message(data[max(at, found - self._limit) : found])
            at = found + len(token)
            self._inside = not self._inside

    def close(self) -> Iterator[Output]:
        """Give out what was held back when the stream ends; an unfinished message is dropped."""
        rest, self._pending = self._pending, b""
        yield from self._take(rest)

    def _take(self, data: bytes) -> Iterator[Output]:
        if self._inside:
            self._message += data
            del self._message[: max(0, len(self._message) - self._limit)]
        elif data:
            yield Output(data)


def _token_prefix_at_end(data: bytes, token: bytes) -> int:
    """Length of the longest proper prefix of ``token`` that ends ``data``."""
    for size in range(min(len(token) - 1, len(data)), 0, -1):
        if data.endswith(token[:size]):
            return size
    return 0
