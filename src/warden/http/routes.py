"""Which path goes where."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import HttpVersion10
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from warden.errors import BadName, NoFile
from warden.http.assets import asset_reply
from warden.http.bodies import BodyRefused
from warden.http.connections import Connection
from warden.http.lazy import Lazy, Make
from warden.http.logtail import follow, target
from warden.http.replies import Reply, error_reply, send
from warden.http.rpc import RpcRoute
from warden.http.server import Log
from warden.rpc.control import Control
from warden.rpc.insight import Insight
from warden.rpc.registry import Registry
from warden.web import assets

if TYPE_CHECKING:
    from warden.http.api import ApiRoutes
    from warden.http.pages import PageRoutes

PAGES = frozenset({"/", "/index.html", "/tail.html", "/ok.html"})


class Routes:
    """Answers every request that was let in."""

    def __init__(self, registry: Registry, control: Control, insight: Insight, log: Log) -> None:
        self._control = control
        self._log = log
        self._rpc = RpcRoute(registry, log)
        self._pages = Lazy(partial(_load_pages, control))
        self._api = Lazy(partial(_load_api, control, insight))

    async def answer(self, request: BaseRequest, connection: Connection) -> StreamResponse:
        """Answer one request.

        Raises:
            ConnectionError: the client is gone or was dropped.
        """
        path = request.path
        if request.version < HttpVersion10:  # a request line without a version
            return await self.send(request, error_reply(400, close=True))
        try:
            if path.split("/")[1:2] in (["logtail"], ["mainlogtail"]):
                return await self._follow(request, connection)
            if path.startswith("/api/"):
                answer = await (await self._api.get()).answer(request, connection)
                return await self.send(request, answer) if isinstance(answer, Reply) else answer
            reply = await self._reply(request, path)
        except BodyRefused as refused:
            reply = refused.reply
        return await self.send(request, reply)

    async def send(self, request: BaseRequest, reply: Reply) -> StreamResponse:
        """Send a complete answer and log the request."""
        response = await send(request, reply)
        if self._log.enabled("trace"):
            self._log.trace(_access_line(request, response))
        return response

    async def _reply(self, request: BaseRequest, path: str) -> Reply:
        if path in ("/RPC2", "/RPC2/"):
            return await self._rpc.answer(request)
        page = "/" + path.lstrip("/")
        if page in PAGES:
            return await (await self._pages.get()).answer(request, page)
        if asset := assets.find(path):
            return asset_reply(request, asset)
        if path == "/status.html":  # where the original shows its template
            return Reply(status=303, headers={"Location": "./"})
        known = request.method in ("GET", "HEAD")
        return error_reply(404 if known else 400, close=not known)

    async def _follow(self, request: BaseRequest, connection: Connection) -> StreamResponse:
        if request.method != "GET":
            return await self.send(request, error_reply(400, close=True))
        try:
            namespec, channel = target(request.rel_url.raw_path)
            return await follow(request, connection, self._control, namespec, channel)
        except (BadName, NoFile):
            return await self.send(request, error_reply(404))


def _load_pages(control: Control) -> Make[PageRoutes]:
    from warden.http.pages import PageRoutes  # and with it Jinja2

    return partial(PageRoutes, control)


def _load_api(control: Control, insight: Insight) -> Make[ApiRoutes]:
    from warden.http.api import ApiRoutes

    return partial(ApiRoutes, control, insight)


def _access_line(request: BaseRequest, response: StreamResponse) -> str:
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    host, port = peer[:2] if isinstance(peer, tuple) else ("localhost", 0)
    major, minor = request.version
    when = time.strftime("%d/%b/%Y:%H:%M:%S %z")
    line = f'"{request.method} {request.raw_path} HTTP/{major}.{minor}"'
    return f"{host}:{port} - - [{when}] {line} {response.status} {request.writer.output_size}"
