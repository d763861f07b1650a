"""Logs that are followed: where the brain that sends one is killed, the next one goes on at the same byte."""

from __future__ import annotations

from collections.abc import Callable

from warden.ctl.wire import LOSSES, ClientError, Lost, Stream

PLACE = "Log-Place"


class LogStream:
    """One log as it grows; select on it, then ``read``.

    ``begin`` opens the stream with more headers; what it raises here is raised.
    """

    def __init__(self, begin: Callable[[str], Stream]) -> None:
        self._begin = begin
        self._stream = begin(f"{PLACE}: new\r\n")
        self._place = self._stream.headers.get(PLACE.lower(), "")  # "": a daemon that does not tell places
        self._pending = bytearray()  # the beginning of a part

    def fileno(self) -> int:
        """Descriptor to select on; another one after each ``read``."""
        return self._stream.fileno()

    def read(self) -> bytes | None:
        """Wait for data and return them (may be empty), or None at the end."""
        data = self._stream.read()
        if data is None:
            return b"" if self._place and self._stream.was_cut and self._go_on() else None
        return self._take(data) if self._place else data

    def close(self) -> None:
        """Leave the server."""
        self._stream.close()

    def _go_on(self) -> bool:
        self._pending.clear()  # it will be sent again
        for _loss in range(LOSSES):
            try:
                stream = self._begin(f"{PLACE}: {self._place}\r\n")
            except Lost:
                continue
            except ClientError:
                return False
            self._stream.close()
            self._stream = stream
            return True
        return False

    def _take(self, data: bytes) -> bytes:
        """Return what is whole of the parts that have come, and remember where the last one ends."""
        self._pending += data
        whole = []
        while (end := self._pending.find(b"\n") + 1) > 0:
            place, _, length = self._pending[:end].decode("latin-1").partition(" ")
            end_of_part = end + int(length)
            if len(self._pending) < end_of_part:
                break
            whole.append(bytes(self._pending[end:end_of_part]))
            self._place = place
            del self._pending[:end_of_part]
        return b"".join(whole)
