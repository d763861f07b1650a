"""Sends records to a logging daemon of this machine without ever waiting for it."""

from __future__ import annotations

import errno
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from warden.logs.targets import Waiting

_BACKLOG_BYTES = 4 * 1024 * 1024
_RETRY_SECONDS = 1.0


class DatagramClient:
    """One socket for all who log; connects when the first record is sent.

    While the daemon is missing or does not read, up to ``backlog`` bytes of
    records wait and are tried again with the next one and with ``flush``; of
    more than that the oldest are dropped, and a record, made by
    ``loss_record``, says how many.  Records that the system finds too long are
    cut to ``record_bytes``.  ``on_wait(client)`` is called when records begin to
    wait, as for a FileSink.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        loss_record: Callable[[int], bytes],
        *,
        record_bytes: int,
        clock: Callable[[], float] = time.time,
        backlog: int = _BACKLOG_BYTES,
    ) -> None:
        self.on_wait: Callable[[Waiting], None] | None = None
        self.on_change: Callable[[], None] | None = None
        self._addresses = addresses
        self._loss_record = loss_record
        self._record_bytes = record_bytes
        self._clock = clock
        self._backlog = backlog
        self._socket: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._blocked = False
        self._announced = False
        self._failed_at: float | None = None

    def send_record(self, record: bytes) -> None:
        """Send one datagram, now or later."""
        self._queue(record)
        while self._waiting_bytes > self._backlog:
            self._waiting_bytes -= len(self._waiting.popleft())
            self._lost += 1
        if self._failed_at is None or not 0 <= self._clock() - self._failed_at < _RETRY_SECONDS:
            self.flush()

    def flush(self) -> bool:
        """Send what waits, as far as possible now; return whether nothing waits any more."""
        self._blocked = False
        self._failed_at = None
        fresh = False
        while self._waiting:
            try:
                if self._socket is None:
                    self._socket, fresh = self._connect(), True
                self._put(self._socket, self._waiting[0])
            except OSError as error:
                self._blocked = error.errno in (errno.EAGAIN, errno.ENOBUFS)
                if self._blocked:
                    break
                if self._socket is not None and not fresh:  # the daemon was restarted: its socket is a new one
                    self._disconnect()
                    continue
                self._disconnect()
                self._failed_at = self._clock()
                break
            self._waiting_bytes -= len(self._waiting.popleft())
            self._tell_loss()
        self._announce()
        return not self._waiting

    @property
    def blocked(self) -> bool:
        """Whether records wait only because the daemon does not read fast enough."""
        return self._blocked

    def fileno(self) -> int:
        """Return the descriptor of the socket, -1 if there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def close(self) -> None:
        """Send what waits if that is possible now, and let go of the socket; a later ``send`` connects again."""
        if self._waiting:
            self.flush()
        self._disconnect()

    def _queue(self, record: bytes) -> None:
        self._waiting.append(record)
        self._waiting_bytes += len(record)

    def _tell_loss(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self._queue(self._loss_record(lost))

    def _announce(self) -> None:
        if not self._waiting:
            self._announced = False
        elif not self._announced and self.on_wait is not None:
            self._announced = True
            self.on_wait(self)

    def _put(self, connection: socket.socket, record: bytes) -> None:
        try:
            connection.send(record)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            connection.send(record[: self._record_bytes])

    def _connect(self) -> socket.socket:
        problem = OSError(errno.ENOENT, "there is no socket")
        for address in self._addresses:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                connection.setblocking(False)
                connection.connect(address)
            except OSError as error:
                connection.close()
                problem = error
            else:
                return connection
        raise problem

    def _disconnect(self) -> None:
        if self._socket is not None:
            if self.on_change is not None:
                self.on_change()
            self._socket.close()
            self._socket = None
