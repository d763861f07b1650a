"""A transport for ``xmlrpc.client`` that reaches the daemon over unix and TCP sockets.

For scripts and plugins written for Supervisor; our own commands use ``wire``.
"""

from __future__ import annotations

import binascii
import http.client
import socket
import xmlrpc.client
from collections.abc import Iterable
from typing import Any

from warden.ctl.wire import Address, parse_url

TOLERATED = (http.client.HTTPException, ConnectionResetError, BrokenPipeError)


class UnixStreamHTTPConnection(http.client.HTTPConnection):
    """HTTP over the unix socket whose path is in ``socketfile``."""

    socketfile: str

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.socketfile)


class SupervisorTransport(xmlrpc.client.Transport):
    """One kept connection to ``serverurl``, opened with the first request.

    The URL of the ServerProxy is a placeholder.  Raises ValueError for a URL of
    another kind than unix, http and https.  Not thread-safe.
    """

    connection: http.client.HTTPConnection | None = None

    def __init__(self, username: str | None = None, password: str | None = None, serverurl: str | None = None) -> None:
        super().__init__()
        self.username = username
        self.password = password
        self.verbose = False
        self.serverurl = serverurl
        self._address: Address = parse_url(serverurl or "")

    def close(self) -> None:
        """Drop the connection; the next request opens a new one."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        """Send one call; a kept connection that the server has closed is replaced once."""
        self.verbose = verbose
        kept = self.connection is not None
        try:
            response = self._send(handler, request_body)
        except TOLERATED:
            if not kept:
                raise
            response = self._send(handler, request_body)
        if response.status != 200:
            self.close()
            url = str(host) + handler
            raise xmlrpc.client.ProtocolError(url, response.status, response.reason, "")  # type: ignore[arg-type] # "", as ever
        parser, unmarshaller = self.getparser()
        parser.feed(response.read())
        parser.close()
        return unmarshaller.close()

    def _send(self, handler: str, body: Any) -> http.client.HTTPResponse:
        if self.connection is None:
            self.connection = self._open()
        try:
            self.connection.request("POST", handler, body, dict(self._request_headers()))
            return self.connection.getresponse()
        except BaseException:  # a half-used connection must not serve the next call
            self.close()
            raise

    def _request_headers(self) -> Iterable[tuple[str, str]]:
        yield "User-Agent", self.user_agent
        yield "Content-Type", "text/xml"
        yield "Accept", "text/xml"
        if self.username is not None and self.password is not None:
            credentials = f"{self.username}:{self.password}".encode()
            yield "Authorization", "Basic " + binascii.b2a_base64(credentials, newline=False).decode("ascii")

    def _open(self) -> http.client.HTTPConnection:
        address = self._address
        if address.path is not None:
            connection = UnixStreamHTTPConnection("localhost")
            connection.socketfile = address.path
            return connection
        kind = http.client.HTTPSConnection if address.tls else http.client.HTTPConnection
        return kind(address.host, address.port)


def server_proxy(serverurl: str, username: str | None, password: str | None) -> xmlrpc.client.ServerProxy:
    """Return a proxy for the daemon at ``serverurl``."""
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=SupervisorTransport(username, password, serverurl))
