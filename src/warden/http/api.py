"""The JSON API on HTTP: bodies, origins and headers around it, and streams sent for as long as the client reads."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from warden.api import manual
from warden.api.app import Api, Request
from warden.api.problems import Answer, HttpRefusal, problem_answer
from warden.api.sse import KEEP_ALIVE, MEDIA_TYPE, Stream, TooSlow
from warden.http.bodies import BodyRefused, read_body
from warden.http.connections import Connection
from warden.http.logtail import finish, write
from warden.http.origin import is_foreign
from warden.http.replies import SERVER, Reply, drop
from warden.rpc.control import Control
from warden.rpc.insight import Insight

ROOT = "/api/v1/"
DOCS = "/api/docs"
STYLESHEET_PATH = "/api/docs.css"
MAX_BODY_BYTES = 1024 * 1024
MAX_STREAMS = 224  # fewer than connections: requests have to get through beside them
KEEP_ALIVE_SECONDS = 15.0

_METHODS = ("GET", "HEAD", "POST")
_STYLESHEET = Path(manual.__file__).parents[1] / "web" / "static" / "docs.css"
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
_PAGE_HEADERS = {
    **_HEADERS,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_STREAM_HEADERS = {
    **_HEADERS,
    "Server": SERVER,
    "Content-Type": f"{MEDIA_TYPE};charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy must not collect what is meant to be seen now
}


class ApiRoutes:
    """Answers requests below ``/api/``."""

    def __init__(self, control: Control, insight: Insight, *, max_streams: int = MAX_STREAMS) -> None:
        self._api = Api(control, insight)
        self._max_streams = max_streams
        self._streams = 0
        self._manual = b""

    async def answer(self, request: BaseRequest, connection: Connection) -> Reply | StreamResponse:
        """Answer one request; a stream is sent here, to its end.

        Raises:
            ConnectionError: the client is gone or was dropped.
        """
        raw_path = request.rel_url.raw_path
        if request.method in ("GET", "HEAD") and raw_path in (DOCS, STYLESHEET_PATH):
            return self._docs(raw_path)
        news = asyncio.Event()
        try:
            answer = await self._api.answer(await _asked(request, raw_path), news.set)
        except HttpRefusal as refusal:
            answer = problem_answer(refusal)
        except BodyRefused as refused:
            status = refused.reply.status
            return _reply(problem_answer(HttpRefusal(status, HTTPStatus(status).phrase)), close=True)
        if isinstance(answer, Answer):
            return _reply(answer, close=request.method not in _METHODS)  # the body of another one was not read
        try:
            return await self._stream(request, connection, answer, news)
        finally:
            answer.close()

    async def _stream(
        self, request: BaseRequest, connection: Connection, stream: Stream, news: asyncio.Event
    ) -> Reply | StreamResponse:
        if self._streams >= self._max_streams:
            return _reply(problem_answer(HttpRefusal(503, "too many streams are open", {"Retry-After": "5"})))
        response = StreamResponse(headers=_STREAM_HEADERS)
        if request.method == "HEAD":
            return Reply(headers=_STREAM_HEADERS, content_type=MEDIA_TYPE)
        self._streams += 1
        connection.on_end(news.set)
        try:
            await response.prepare(request)
            request.writer.send_headers()  # now, even if there is nothing to say yet
            await _pump(request, connection, response, stream, news)
            return await finish(response)
        finally:
            self._streams -= 1
            connection.on_end(None)

    def _docs(self, path: str) -> Reply:
        if path == STYLESHEET_PATH:
            return Reply(content_type="text/css", body=_STYLESHEET.read_bytes(), headers=_PAGE_HEADERS)
        self._manual = self._manual or manual.render().encode()
        return Reply(body=self._manual, headers=_PAGE_HEADERS)


async def _pump(
    request: BaseRequest,
    connection: Connection,
    response: StreamResponse,
    stream: Stream,
    news: asyncio.Event,
) -> None:
    """Send what the stream has whenever the client is ready for more; in silence, a comment now and then."""
    while not connection.ended:
        news.clear()
        try:
            data = stream.read()
        except TooSlow:
            drop(request)
        if not data:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    await news.wait()
                continue
            except TimeoutError:
                data = KEEP_ALIVE
        await write(request, response, data)


async def _asked(request: BaseRequest, raw_path: str) -> Request:
    """Read a request.

    Raises:
        HttpRefusal: it is not for the API, or a browser sent it for another site's page.
        BodyRefused: its body is not read.
        ConnectionError: the client is gone.
    """
    if not raw_path.startswith(ROOT):
        raise HttpRefusal(404, f"the API begins at {ROOT}")
    body = b""
    if request.method == "POST":
        if is_foreign(request.headers):
            raise HttpRefusal(403, "another site's page must not do that")
        body = await read_body(request, MAX_BODY_BYTES)
    return Request(
        method=request.method,
        raw_path=raw_path.removeprefix(ROOT),
        query=dict(request.rel_url.query.items()),
        headers=request.headers,
        body=body,
    )


def _reply(answer: Answer, *, close: bool = False) -> Reply:
    return Reply(
        status=answer.status,
        content_type=answer.content_type,
        body=answer.body,
        headers={"Cache-Control": "no-store", **_HEADERS, **answer.headers},
        close=close,
    )
