"""A client so thin that it is the daemon that is measured: XML-RPC over a unix socket, answers not looked at."""

from __future__ import annotations

import socket
import xmlrpc.client
from collections.abc import Sequence
from pathlib import Path

from benchmarks.stage import ALARM, Stage, wait_until


class Client:
    """One connection to a daemon; opened again if the daemon closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def call(self, method: str, *params: object) -> bytes:
        """Return the document that answers."""
        body = xmlrpc.client.dumps(tuple(params), f"supervisor.{method}").encode()  # type: ignore[arg-type]
        return self.ask(request(body))

    def ask(self, whole: bytes) -> bytes:
        """Send a request that is written already; return the body of the answer."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(ALARM)
            self._socket.connect(str(self._path))
        self._socket.sendall(whole)
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += self._receive()
        head, _, body = heard.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        parts = [body]
        while (length := length - len(parts[-1])) > 0:
            parts.append(self._receive())
        if b"connection: close" in lines:
            self.close()
        return b"".join(parts)

    def close(self) -> None:
        """Drop the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(1024 * 1024)
        if not data:
            raise ConnectionResetError("the daemon closed the connection")
        return data


def request(body: bytes) -> bytes:
    """Write a whole request."""
    head = f"POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def question(method: str, params: Sequence[object] = ()) -> bytes:
    """Write a call once, to ask it many times."""
    return request(xmlrpc.client.dumps(tuple(params), f"supervisor.{method}").encode())  # type: ignore[arg-type]


def connect(here: Stage) -> Client:
    """Return a connection as soon as the daemon answers."""

    def answers() -> bool:
        try:
            client.call("getState")
        except (FileNotFoundError, ConnectionError):
            client.close()
            return False
        return True

    client = Client(here.home / "sock")
    wait_until(answers, "an answer of the daemon")
    return client
