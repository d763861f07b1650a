"""Says in words who is at the other end of a connection."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from aiohttp.web_request import BaseRequest

from warden.config.model import HttpServerConfig

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_PEER_CREDENTIALS = getattr(socket, "SO_PEERCRED", None)  # not everywhere


def describe(request: BaseRequest, config: HttpServerConfig) -> str:
    """Return ``supervisorctl (pid 7, uid 0) over unix:///run/s.sock``, or ``user from 10.0.0.1 over port 9001``.

    Users stand as numbers: to look up a name may take as long as a directory
    server likes.
    """
    transport = request.transport
    if transport is None:
        return "a client that is gone"
    if config.path is not None:
        return f"{_process(transport.get_extra_info('socket'))} over unix://{config.path}"
    peer = transport.get_extra_info("peername")
    host = peer[0] if peer else "an unknown address"
    who = f"{config.username} from {host}" if config.username else str(host)
    return f"{who} over port {config.port}"


def _process(connection: socket.socket) -> str:
    if _PEER_CREDENTIALS is None:
        return "somebody"
    try:
        pid, uid, _ = _CREDENTIALS.unpack(
            connection.getsockopt(socket.SOL_SOCKET, _PEER_CREDENTIALS, _CREDENTIALS.size)
        )
    except OSError:
        return "somebody"
    return f"{_command(pid)} (pid {pid}, uid {uid})"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip() or "a process"
    except OSError:  # gone already, or in another PID name space
        return "a process"
