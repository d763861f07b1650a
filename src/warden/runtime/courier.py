"""What keeper and brain agree on: messages with descriptors, JSON over one SOCK_SEQPACKET socket.

Standard library only: the keeper imports this.
"""

from __future__ import annotations

import array
import errno
import json
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Sequence

TYPE_CHECKING = False  # not from typing: that is 0.7 MiB, which the keeper would hold for as long as it lives
if TYPE_CHECKING:
    from typing import Any

ENVIRONMENT = "WARDEN_BRAIN"  # tells a brain the number of its socket
HEARD = (  # by the keeper, which passes on all but the last
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2),
    signal.SIGCHLD,
)
MOST_FDS = 200  # in one message; Linux allows 253
_LARGEST_BYTES = 64 * 1024  # of a message in the socket; larger ones travel in a file in memory
_BUFFER_BYTES = _LARGEST_BYTES + 1024
_IN_A_FILE = b"@"
_CROWDED = (errno.EAGAIN, errno.ENOBUFS, errno.ETOOMANYREFS)

Message = dict[str, "Any"]


def new_life() -> int:
    """Return a number that no child on this machine had since it was booted."""
    return time.monotonic_ns()


class Gone(Exception):
    """The other side has closed the connection."""


class Courier:
    """One end of the connection.  Messages arrive whole and in order; what cannot be sent at once waits."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self._waiting: deque[tuple[bytes, list[int]]] = deque()

    @classmethod
    def pair(cls) -> tuple[Courier, socket.socket]:
        """Return one end, and the socket for the other."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), theirs

    @property
    def waiting(self) -> bool:
        """Whether something is still to be sent: call ``flush`` when the socket is writable."""
        return bool(self._waiting)

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send, or keep it (with duplicates of ``fds``) for ``flush``; nobody there to read it is no error."""
        data = json.dumps(message).encode()
        own: list[int] = []
        if len(data) > _LARGEST_BYTES:
            own = [_file_with(data)]
            data = _IN_A_FILE
        try:
            if self._waiting or not self._put(data, [*own, *fds]):
                self._waiting.append((data, [os.dup(fd) for fd in (*own, *fds)]))
        finally:
            for fd in own:
                os.close(fd)

    def flush(self) -> None:
        """Send what waits, as far as possible."""
        while self._waiting and self._put(*self._waiting[0]):
            for fd in self._waiting.popleft()[1]:
                os.close(fd)

    def receive(self) -> tuple[Message, list[int]] | None:
        """Return the next message and its descriptors (not inheritable); None if there is none yet.

        Descriptors that this process has no room for are missing at the end.

        Raises:
            Gone: there will be no more.
        """
        try:
            data, received = receive(self.socket, _BUFFER_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:  # it has not heard everything; said once, before what it had still to say
            return self.receive()
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        if data == _IN_A_FILE and received:
            data = _content(received.pop(0))
        message: Message = json.loads(data)
        return message, received

    def close(self) -> None:
        """Close the connection; what waits is dropped."""
        for _data, fds in self._waiting:
            for fd in fds:
                os.close(fd)
        self._waiting.clear()
        self.socket.close()

    def _put(self, data: bytes, fds: Sequence[int]) -> bool:
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.socket.sendmsg([data], control)
        except OSError as error:
            return error.errno not in _CROWDED  # else nobody is there: whoever comes next asks for all there is
        return True


def receive(connection: socket.socket, most_bytes: int) -> tuple[bytes, list[int]]:
    """Return the next message as it is, and its descriptors (not inheritable); no bytes at the end of the connection.

    ``socket.recv_fds`` forgets its flags, up to Python 3.11 at least.

    Raises:
        OSError: there is nothing to be had.
    """
    fds = array.array("i")
    room = socket.CMSG_SPACE((MOST_FDS + 1) * fds.itemsize)
    data, ancillary, _flags, _address = connection.recvmsg(most_bytes, room, socket.MSG_CMSG_CLOEXEC)
    for _level, _type, content in ancillary:
        fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return data, list(fds)


def _file_with(data: bytes) -> int:
    fd = os.memfd_create("message")
    os.write(fd, data)
    return fd


def _content(fd: int) -> bytes:
    try:
        return os.pread(fd, os.fstat(fd).st_size, 0)
    finally:
        os.close(fd)
