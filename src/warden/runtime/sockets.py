"""Listening sockets for our HTTP servers and for FastCGI programs: bind, owner, mode, unlink."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import socket
import stat
import sys
from collections.abc import Callable

from warden.config.model import FcgiSocketConfig, HttpServerConfig
from warden.errors import StartupError

BACKLOG = 1024
_DEFAULT_MODE = 0o700
_IN_USE = (
    "Another program is already listening on a port that one of our HTTP servers is configured to use.  "
    "Shut this program down first before starting supervisord."
)


class HttpListener:
    """The listening, non-blocking socket of one of our HTTP servers, with its file if it has one.

    ``inherited`` is its descriptor if it is open already.

    Raises:
        StartupError: the address is in use or cannot be used; reference's texts.
    """

    def __init__(self, config: HttpServerConfig, inherited: int | None = None) -> None:
        self.socket = _open_http(config) if inherited is None else socket.socket(fileno=inherited)
        self._path = config.path
        self._file = _identity(config.path)

    @property
    def is_reachable(self) -> bool:
        """Whether clients still find it: its file may have been removed or replaced."""
        return self._file == _identity(self._path)

    def close(self) -> None:
        """Close the socket and remove its file, unless somebody else's has taken the place."""
        _close(self.socket)
        if self._path is not None and self.is_reachable:
            _unlink(self._path)


def _identity(path: str | None) -> tuple[int, int] | None:
    """Return what tells a file from any other; None where there is none."""
    try:
        status = None if path is None else os.lstat(path)
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def _open_http(config: HttpServerConfig) -> socket.socket:
    try:
        if config.path is None:
            listener = _open_inet(config.host, config.port, BACKLOG)
        else:
            if _make_way(config.path):
                sys.stderr.write(f"Unlinking stale socket {config.path}\n")
                sys.stderr.flush()
            listener = _open_unix(config.path, mode=config.mode, owner=config.owner, backlog=BACKLOG)
    except _ChownError as error:
        raise StartupError(
            f'Not permitted to chown {config.path} to uid/gid {error.owner}; adjust "sockchown" value in config '
            f"file or on command line to values that the current user ({_user_name()}) can successfully chown"
        ) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(_IN_USE) from None
        if error.errno == errno.ENOTSOCK:
            raise StartupError(f"Cannot open an HTTP server: {config.path} exists and is not a socket") from None
        raise StartupError(f"Cannot open an HTTP server: socket.error reported {_errno_text(error)}") from None
    listener.setblocking(False)
    return listener


class SharedSocket:
    """The listening socket of an fcgi-program: opened for its first child, closed after its last.

    ``log``, ``on_open`` (the descriptor) and ``on_close`` are told of both.
    ``inherited`` is its descriptor if it is open already.
    """

    def __init__(
        self,
        config: FcgiSocketConfig,
        log: Callable[[str], None],
        *,
        on_open: Callable[[int], None] = lambda _fd: None,
        on_close: Callable[[], None] = lambda: None,
        inherited: int | None = None,
    ) -> None:
        self._config = config
        self._log = log
        self._on_open = on_open
        self._on_close = on_close
        self._socket = None if inherited is None else socket.socket(fileno=inherited)
        self._users = 0

    def join(self) -> None:
        """Count a child that has it already."""
        self._users += 1

    def leave(self) -> None:
        """Close it here; it goes on elsewhere."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def try_out(self) -> None:
        """Open and close it if nobody uses it, to find out whether that is possible.

        Raises:
            OSError: it is not.
        """
        if self._socket is None:
            self.acquire()
            self.release()

    def acquire(self) -> int:
        """Return its descriptor, for one child more.

        Raises:
            OSError: it cannot be opened; nobody was counted.
        """
        if self._socket is None:
            self._log(f"Creating socket {self._config.url}")
            self._socket = self._open()
            self._on_open(self._socket.fileno())
        self._users += 1
        return self._socket.fileno()

    def release(self) -> None:
        """Count one child less."""
        self._users -= 1
        if self._users == 0 and self._socket is not None:
            self._log(f"Closing socket {self._config.url}")
            _close(self._socket)
            self._socket = None
            self._on_close()
            if self._config.path is not None:
                _unlink(self._config.path)

    def _open(self) -> socket.socket:
        config = self._config
        backlog = socket.SOMAXCONN if config.backlog is None else config.backlog
        mode = _DEFAULT_MODE if config.mode is None else config.mode
        if config.path is None:
            return _open_inet(config.host or "", config.port or 0, backlog)
        _make_way(config.path)
        return _open_unix(config.path, mode=mode, owner=config.owner, backlog=backlog)


class _ChownError(OSError):
    def __init__(self, owner: tuple[int, int]) -> None:
        super().__init__(errno.EPERM, f"Could not change ownership of socket file: {os.strerror(errno.EPERM)}")
        self.owner = owner


def _errno_text(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0)
    if name is not None:
        return f"errno.{name} ({error.errno})"
    return str(error.errno if error.errno is not None else error)


def _open_inet(host: str, port: int, backlog: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener


def _close(listener: socket.socket) -> None:
    """Close a listening socket; its port is free at once, although the keeper or a program may have the socket, too."""
    if listener.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):  # it does not listen any more
            listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _open_unix(path: str, *, mode: int, owner: tuple[int, int] | None, backlog: int) -> socket.socket:
    """Listen last: nobody can connect before mode and owner are right."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        try:
            os.chmod(path, mode)
            if owner is not None:
                _chown(path, owner)
            listener.listen(backlog)
        except BaseException:
            os.unlink(path)
            raise
    except BaseException:
        listener.close()
        raise
    return listener


def _chown(path: str, owner: tuple[int, int]) -> None:
    try:
        os.chown(path, *owner)
    except PermissionError:
        raise _ChownError(owner) from None


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _make_way(path: str) -> bool:
    """Remove a stale socket at ``path`` and tell whether there was one.

    Raises:
        OSError: EADDRINUSE if somebody listens there, ENOTSOCK if it is something else.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.ENOTSOCK, "exists and is not a socket", path)
    if _answers(path):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)
    os.unlink(path)
    return True


def _answers(path: str) -> bool:
    """Tell whether somebody accepts connections; a listener whose queue is full counts as alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a unix socket answers at once: yes, no, or queue full
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):  # somebody else removed it: that is what we wanted
        os.unlink(path)
