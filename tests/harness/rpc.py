"""One XML-RPC or HTTP exchange over a unix or TCP socket, with everything visible that went over the wire."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connection(address: Path | int, timeout: float = 60.0) -> http.client.HTTPConnection:
    """Return a connection to a unix socket or to a port of 127.0.0.1."""
    if isinstance(address, int):
        return http.client.HTTPConnection("127.0.0.1", address, timeout=timeout)
    return _UnixConnection(str(address), timeout)


def exchange(
    address: Path | int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply:
    """Send one request on its own connection and read the whole answer."""
    wire = connection(address)
    try:
        wire.request(method, path, body, headers or {})
        answer = wire.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        wire.close()


def raw(address: Path | int, request: bytes, timeout: float = 20.0) -> bytes:
    """Send bytes as they are and return all that comes back until the server closes."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_STREAM) as wire:
        wire.settimeout(timeout)
        wire.connect(("127.0.0.1", address) if isinstance(address, int) else str(address))
        wire.sendall(request)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
        return answer


def call(address: Path | int, method: str, *arguments: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Call a method; the answer is ``{"value": ...}``, ``{"fault": [code, text]}`` or ``{"http": status}``."""
    body = xmlrpc.client.dumps(arguments, method, allow_none=True).encode()
    reply = exchange(address, "POST", "/RPC2", body, {"Content-Type": "text/xml", **(headers or {})})
    if reply.status != 200:
        return {"http": reply.status}
    try:
        (value,), _ = xmlrpc.client.loads(reply.body)
    except xmlrpc.client.Fault as fault:
        return {"fault": [fault.faultCode, fault.faultString]}
    return {"value": value}
