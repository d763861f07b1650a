"""Where programs tell us about themselves: a socket for sd_notify(3), and a fifo for a line on a descriptor."""

from __future__ import annotations

import array
import asyncio
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

_MESSAGE_BYTES = 64 * 1024
_MOST_FDS = 16  # in one message; we keep none of them
_PER_TURN = 32  # messages read before anybody else on the loop has a turn
_LONGEST_PATH = 90  # bytes; the system's limit for a socket is 104 or 108
_SCM_CREDENTIALS = getattr(socket, "SCM_CREDENTIALS", None)
_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, user, group
_SPACE = sum(map(socket.CMSG_SPACE, (_MOST_FDS * array.array("i").itemsize, _CREDENTIALS.size)))  # for what comes along


class Sender(NamedTuple):
    """Who has sent a message, as the kernel says."""

    pid: int
    uid: int


Hear = Callable[[str, Sender | None], None]  # a message, and its sender where the system tells


class Mailboxes:
    """Makes mailboxes in a directory of their own, which goes when the last daemon does.

    Everybody may enter the directory, since a program may be any user, but
    nobody can list it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._folder = ""

    def notify_socket(self, on_message: Hear, inherited: int | None = None) -> NotifySocket:
        """Open a socket, or go on with one; ``on_message`` gets each message, on the loop.

        Anybody on this machine can find the socket (in ``/proc/net/unix``) and
        send something: whom to believe is for ``on_message`` to decide.

        Raises:
            OSError: it cannot be opened.
        """
        if inherited is None:
            return NotifySocket(self._loop, _bind(self._new_path()), on_message)
        opened = NotifySocket(self._loop, socket.socket(fileno=inherited), on_message)
        self._go_on_in(opened.path)
        return opened

    def fifo(self, on_line: Callable[[], None], on_end: Callable[[], None]) -> Fifo:
        """Open a fifo; ``on_line`` is called at the first line, ``on_end`` if there is none and there will be none.

        Raises:
            OSError: it cannot be opened.
        """
        path = self._new_path()
        os.mkfifo(path, 0o600)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            os.unlink(path)
            raise
        return Fifo(self._loop, path, fd, on_line, on_end)

    def go_on_with_fifo(self, fd: int, on_line: Callable[[], None], on_end: Callable[[], None]) -> Fifo:
        """Go on with a fifo that somebody before us has opened."""
        path = os.readlink(f"/proc/self/fd/{fd}")  # only a keeper hands one on, and keepers need Linux
        self._go_on_in(path)
        return Fifo(self._loop, path, fd, on_line, on_end)

    def _go_on_in(self, path: str) -> None:
        """Use the directory of somebody before us: nobody else removes it."""
        self._folder = os.path.dirname(path)

    def _new_path(self) -> str:
        if not self._folder:
            import tempfile  # 0.3 MiB, only for programs that tell us about themselves

            parent = tempfile.gettempdir()
            if len(os.fsencode(parent)) > _LONGEST_PATH - 40:
                parent = "/tmp"
            self._folder = tempfile.mkdtemp(prefix="supervisor-", dir=parent)
            os.chmod(self._folder, 0o711)
        return os.path.join(self._folder, os.urandom(8).hex())

    def close(self) -> None:
        """Remove the directory; the mailboxes are closed already."""
        if self._folder:
            with suppress(OSError):
                os.rmdir(self._folder)


class NotifySocket:
    """One datagram socket; ``path`` is the value of NOTIFY_SOCKET."""

    def __init__(self, loop: asyncio.AbstractEventLoop, opened: socket.socket, on_message: Hear) -> None:
        self.path = str(opened.getsockname())
        self._loop = loop
        self._on_message = on_message
        self._socket = opened
        opened.setblocking(False)
        if hasattr(socket, "SO_PASSCRED"):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        loop.add_reader(opened, self._read)

    @property
    def fd(self) -> int:
        """The descriptor."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Forget what was said to whoever is gone."""
        while self._receive() is not None:
            pass

    def leave(self) -> None:
        """Listen no more; somebody else may."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def close(self) -> None:
        """Listen no more."""
        self.leave()
        with suppress(OSError):
            os.unlink(self.path)

    def _read(self) -> None:
        for _ in range(_PER_TURN):
            received = self._receive()
            if received is None:
                return
            message, sender = received
            self._on_message(message.decode("utf-8", "replace"), sender)
            if self._socket.fileno() < 0:  # who heard it had enough
                return

    def _receive(self) -> tuple[bytes, Sender | None] | None:
        """Return the next message and who sent it, None if there is none; closes what comes with it.

        ``systemd-notify`` waits for that: it sends a descriptor and wants to see it closed.
        """
        try:
            message, extras, _, _ = self._socket.recvmsg(_MESSAGE_BYTES, _SPACE, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        except OSError:  # nothing there, or nothing that we could read
            return None
        sender = None
        for level, kind, data in extras:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i")
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
                for fd in fds:
                    os.close(fd)
            elif (level, kind) == (socket.SOL_SOCKET, _SCM_CREDENTIALS):
                pid, uid, _ = _CREDENTIALS.unpack(data)
                sender = Sender(pid, uid)
        return message, sender


class Fifo:
    """One fifo, for one child; it is opened for the child by ``runtime.launcher``."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        path: str,
        fd: int,
        on_line: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self.path = path
        self.fd = fd
        self._loop = loop
        self._on_line = on_line
        self._on_end = on_end
        self._told = False
        loop.add_reader(fd, self._read)

    def leave(self) -> None:
        """Listen no more; somebody else may."""
        if self.fd >= 0:
            self._loop.remove_reader(self.fd)
            os.close(self.fd)
            self.fd = -1

    def close(self) -> None:
        """Listen no more."""
        self.leave()
        with suppress(OSError):
            os.unlink(self.path)

    def _read(self) -> None:
        """Read all that comes, also after the line: nobody must wait in a write."""
        try:
            data = os.read(self.fd, _MESSAGE_BYTES)
        except BlockingIOError:
            return
        if not self._told and b"\n" in data:
            self._told = True
            self._on_line()
        elif not data:
            self.close()
            if not self._told:
                self._on_end()


def _bind(path: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        opened.bind(path)
        os.chmod(path, 0o666)  # the program may be anybody
    except OSError:
        opened.close()
        raise
    return opened
