"""Complete answers as plain data, and how they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import field
from http import HTTPStatus
from typing import NoReturn

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse

from warden.frozen import frozen

SERVER = "Warden"
MIN_BYTES_PER_SECOND = 8 * 1024  # a slower reader is dropped
SEND_SECONDS = 30.0
_WORTH_COMPRESSING_BYTES = 16 * 1024  # a page of a thousand processes is 0.7 MiB, of which little is news
_AT_ONCE_BYTES = 16 * 1024  # asyncio takes 64 KiB before it makes anybody wait
_ERROR = (
    "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"
    "<p>Error code {code}.\r\n<p>Message: {reason}.\r\n</body>\r\n"
)


@frozen(kw_only=True)
class Reply:
    """One answer; with ``close`` the connection ends after it.  A long body goes on in ``rest``."""

    status: int = 200
    content_type: str = "text/html;charset=utf-8"
    body: bytes = b""
    rest: Sequence[bytes] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False


def error_reply(status: int, *, headers: Mapping[str, str] | None = None, close: bool = False) -> Reply:
    """Return an error with the page that clients of Supervisor know."""
    body = _ERROR.format(code=status, reason=HTTPStatus(status).phrase).encode("ascii")
    return Reply(status=status, content_type="text/html", body=body, headers=headers or {}, close=close)


def response_of(reply: Reply) -> Response:
    """Return aiohttp's form of a reply without ``rest``."""
    response = Response(
        status=reply.status, body=reply.body, headers=_headers(reply), zlib_executor_size=_WORTH_COMPRESSING_BYTES
    )
    if reply.close:
        response.force_close()
    return response


def _headers(reply: Reply) -> dict[str, str]:
    headers = {"Server": SERVER, **reply.headers}
    if reply.status != HTTPStatus.NO_CONTENT:
        headers["Content-Type"] = reply.content_type
    return headers


async def send(request: BaseRequest, reply: Reply) -> StreamResponse:
    """Send a reply.

    Raises:
        ConnectionError: the client is gone, or was dropped since it does not read.
    """
    size = len(reply.body) + sum(map(len, reply.rest))
    response = _opened(reply, size)
    try:
        async with _patience(request, size):
            await response.prepare(request)
            for piece in (reply.body, *reply.rest) if reply.rest else ():
                await response.write(piece)
            await response.write_eof()
    except TimeoutError:
        drop(request)
    return response


def _patience(request: BaseRequest, size: int) -> AbstractAsyncContextManager[object]:
    """Return what bounds the time that an answer of ``size`` bytes may take, where somebody has to be waited for."""
    transport = request.transport
    if size < _AT_ONCE_BYTES and transport is not None and not transport.get_write_buffer_size():
        return nullcontext()
    return asyncio.timeout(SEND_SECONDS + size / MIN_BYTES_PER_SECOND)


def _opened(reply: Reply, size: int) -> StreamResponse:
    if reply.rest:
        stream = StreamResponse(status=reply.status, headers=_headers(reply))
        stream.content_length = size
        return stream
    response = response_of(reply)
    if size >= _WORTH_COMPRESSING_BYTES and reply.content_type.startswith("text/html"):
        response.enable_compression()  # if the browser takes it
    return response


def drop(request: BaseRequest) -> NoReturn:
    """End the connection at once; what waits to be sent is thrown away.  Always raises ConnectionError."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("the client does not read")
