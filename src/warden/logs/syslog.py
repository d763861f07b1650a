"""Sends records to the local syslog daemon without ever waiting for it.

The standard library's ``syslog`` blocks while that daemon is stuck, and cannot
send bytes that are no UTF-8.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from warden.logs.datagrams import DatagramClient

_ADDRESSES = ("/dev/log", "/var/run/syslog", "/var/run/log")  # Linux, macOS, FreeBSD
_USER_INFO = 1 << 3 | 6  # facility user, priority info
_BACKLOG_BYTES = 4 * 1024 * 1024
RECORD_BYTES = 8 * 1024  # what every syslog daemon accepts


class SyslogClient(DatagramClient):
    """The syslog daemon, for all who log there."""

    def __init__(
        self,
        addresses: Sequence[str] = _ADDRESSES,
        *,
        ident: str = "supervisord",
        clock: Callable[[], float] = time.time,
        backlog: int = _BACKLOG_BYTES,
    ) -> None:
        super().__init__(addresses, self._loss, record_bytes=RECORD_BYTES, clock=clock, backlog=backlog)
        self._ident = ident.encode()
        self._now = clock
        self._second = -1
        self._header = b""

    def send(self, text: bytes) -> None:
        """Send one record: a line without its newline."""
        self.send_record(self._record(text))

    def _record(self, text: bytes) -> bytes:
        second = int(self._now())
        if second != self._second:
            self._second = second
            self._header = b"<%d>%s %s: " % (_USER_INFO, time.ctime(second)[4:19].encode(), self._ident)
        return self._header + text.replace(b"\0", b"#000")

    def _loss(self, count: int) -> bytes:
        return self._record(b"%d log records were lost" % count)


LOCAL = SyslogClient()
