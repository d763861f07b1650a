"""Listening sockets for our HTTP servers: bind, owner, mode, unlink."""

from __future__ import annotations

import errno
import os
import pwd
import socket
import stat
import sys

from warden.config.model import HttpServerConfig
from warden.errors import StartupError

BACKLOG = 1024
_PROBE_SECONDS = 2.0
_IN_USE = (
    "Another program is already listening on a port that one of our HTTP servers is configured to use.  "
    "Shut this program down first before starting supervisord."
)


def open_http(config: HttpServerConfig) -> socket.socket:
    """Return a listening, non-blocking socket for ``config``.

    Raises:
        StartupError: the address is in use or cannot be used; reference's texts.
    """
    try:
        return _open_inet(config) if config.path is None else _open_unix(config, config.path)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(_IN_USE) from None
        raise StartupError(f"Cannot open an HTTP server: socket.error reported {_errno_text(error)}") from None


def close_http(config: HttpServerConfig, listener: socket.socket) -> None:
    """Close the socket and remove its file."""
    listener.close()
    if config.path is not None:
        try:
            os.unlink(config.path)
        except OSError:  # somebody else removed it: that is what we wanted
            return


def _errno_text(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0)
    if name is not None:
        return f"errno.{name} ({error.errno})"
    return str(error.errno if error.errno is not None else error)


def _open_inet(config: HttpServerConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _open_unix(config: HttpServerConfig, path: str) -> socket.socket:
    _make_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Bound under another name first: nobody can connect before mode and owner are right.
    temporary = f"{path}.{os.getpid()}"
    try:
        _unlink_socket(temporary)
        listener.bind(temporary)
        try:
            os.chmod(temporary, config.mode)
            _chown(config, temporary)
            listener.listen(BACKLOG)
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _chown(config: HttpServerConfig, path: str) -> None:
    if config.owner is None:
        return
    try:
        os.chown(path, *config.owner)
    except PermissionError:
        raise StartupError(
            f'Not permitted to chown {config.path} to uid/gid {config.owner}; adjust "sockchown" value in config '
            "file or on command line to values that the current user "
            f"({_user_name()}) can successfully chown"
        ) from None


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _make_way(path: str) -> None:
    """Remove a stale socket at ``path``; refuse if it is alive, or no socket at all."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StartupError(f"Cannot open an HTTP server: {path} exists and is not a socket; remove it first")
    if _answers(path):
        raise StartupError(_IN_USE)
    sys.stderr.write(f"Unlinking stale socket {path}\n")
    sys.stderr.flush()
    os.unlink(path)


def _answers(path: str) -> bool:
    """Tell whether somebody accepts connections; a listener too busy to answer in time counts as alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(path)
        except TimeoutError:
            return True
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


def _unlink_socket(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
