"""Servers that accept: aiohttp on our listening sockets, with limits it does not have by itself."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Hashable
from functools import partial

from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse
from aiohttp.web_server import Server

from warden.config.model import HttpServerConfig
from warden.http import caller
from warden.http.auth import CHALLENGE, Credentials
from warden.http.connections import Connections
from warden.http.replies import error_reply, response_of
from warden.http.routes import Routes
from warden.http.server import Listeners, Log
from warden.rpc.caller import set_caller
from warden.rpc.control import Control
from warden.rpc.insight import Insight
from warden.rpc.registry import Registry

MAX_HEADER_BYTES = 16 * 1024  # of one line
MAX_HEADERS = 100
IDLE_SECONDS = 2.5 * 3600  # listeners call once per TICK_3600 on a connection they keep
BACKLOG = 1024
LAST_ANSWER_SECONDS = 0.5  # for requests in progress when the daemon goes
LAST_BYTES_SECONDS = 5.0  # for answers on their way


async def open_site(listeners: Listeners, registry: Registry, control: Control, insight: Insight, log: Log) -> HttpSite:
    """Begin to accept on all sockets."""
    site = HttpSite(Routes(registry, control, insight, log), log)
    for config, listener in listeners:
        await site.accept(config, listener)
    return site


class _Protocol(RequestHandler):
    """aiohttp's connection, with the error pages that clients of Supervisor know."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> StreamResponse:
        if isinstance(exc, ConnectionError):  # the client is gone: nobody is left to answer, and nothing went wrong
            raise exc
        if status >= 500:
            self.log_exception("Server Error: %s", request.raw_path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionResetError("the answer is half sent, so there is no way to tell")
        return response_of(error_reply(status, close=True))


class _Server(Server):
    """aiohttp's server, telling ``connections`` who comes and goes."""

    def __init__(
        self, config: HttpServerConfig, routes: Routes, connections: Connections, logger: logging.Logger
    ) -> None:
        super().__init__(self._handle)
        self._config = config
        self._credentials = Credentials(config.username, config.password)
        self._routes = routes
        self._known = connections
        self._logger = logger

    def __call__(self) -> RequestHandler:
        return _Protocol(
            self,
            loop=self._loop,
            keepalive_timeout=IDLE_SECONDS,
            logger=self._logger,
            access_log=self._logger,  # below its level: the access log is ours
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
            auto_decompress=False,  # a small body must not become a large one
        )

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._known.opened(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._known.closed(handler)

    async def _handle(self, request: BaseRequest) -> StreamResponse:
        client: Hashable = request.protocol
        connection = self._known.asking(client)
        if connection is None:
            raise ConnectionResetError("the client was dropped")
        try:
            if not self._credentials.allow(request.headers.get("Authorization")):
                return await self._routes.send(request, error_reply(401, headers=CHALLENGE, close=True))
            set_caller(partial(caller.describe, request, self._config))
            return await self._routes.answer(request, connection)
        finally:
            self._known.answered(client)


class HttpSite:
    """All our servers: one per socket, sharing routes and limits."""

    def __init__(self, routes: Routes, log: Log) -> None:
        self._loop = asyncio.get_running_loop()
        self._routes = routes
        self._connections = Connections(self._loop)
        self._logger = logging.Logger(
            "warden.http", logging.ERROR
        )  # not in the tree of loggers: nobody else configures it
        self._logger.addHandler(_Forward(log))
        self._servers: list[_Server] = []
        self._acceptors: list[asyncio.Server] = []

    async def accept(self, config: HttpServerConfig, listener: socket.socket) -> None:
        """Begin to accept on one listening socket, which belongs to this object from now on."""
        server = _Server(config, self._routes, self._connections, self._logger)
        self._servers.append(server)
        self._acceptors.append(await self._loop.create_server(server, sock=listener, backlog=BACKLOG))

    async def close(self, *, resumed: bool) -> None:
        """Stop accepting, end streams, give requests in progress a moment, close the sockets."""
        for acceptor in self._acceptors:
            acceptor.close()
        self._connections.end_all(resumed=resumed)
        for server in self._servers:
            server.pre_shutdown()
        await asyncio.gather(*(server.shutdown(LAST_ANSWER_SECONDS) for server in self._servers))
        # A client that does not read would keep its connection for ever.
        self._loop.call_later(LAST_BYTES_SECONDS, self._connections.abort_all)


class _Forward(logging.Handler):
    """Brings what aiohttp logs into the activity log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.error(self.format(record))
