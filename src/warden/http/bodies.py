"""Reads request bodies of bounded size in bounded time."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

from aiohttp import HttpVersion11
from aiohttp.web_request import BaseRequest

from warden.http.replies import Reply, error_reply

BODY_SECONDS = 60.0


class BodyRefused(Exception):
    """A body that is not read; ``reply`` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.reply: Reply = error_reply(status, close=True)


async def read_body(request: BaseRequest, limit: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyRefused: 411 without Content-Length, 413 above ``limit`` bytes, 408 when it does not come.
        ConnectionError: the client is gone.
    """
    length = request.content_length
    if length is None or "Transfer-Encoding" in request.headers:
        raise BodyRefused(411)
    if length > limit:
        raise BodyRefused(413)
    if length == 0:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer is sent yet
    here = request.content.is_eof()  # as most are: no need of a timer then
    try:
        async with nullcontext() if here else asyncio.timeout(BODY_SECONDS):
            return await request.content.readexactly(length)
    except TimeoutError:
        raise BodyRefused(408) from None
    except asyncio.IncompleteReadError:
        raise ConnectionResetError("the client left in the middle of its request") from None
