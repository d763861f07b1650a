"""Follows a log over HTTP for as long as the client reads."""

from __future__ import annotations

import asyncio
import os
from email.utils import formatdate
from urllib.parse import unquote

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from warden.errors import BadName, NoFile
from warden.http.connections import Connection
from warden.http.replies import SERVER, drop
from warden.logs.tail import Follower, Place
from warden.rpc.control import Control
from warden.words import Channel

PLACE = "Log-Place"
STALLED_SECONDS = 60.0  # a reader that takes nothing for that long is dropped


def target(raw_path: str) -> tuple[str | None, Channel]:
    """Return what ``/mainlogtail``, ``/logtail/NAMESPEC``, ``.../stdout`` or ``.../stderr`` means.

    The name is None for the activity log.

    Raises:
        BadName: it is none of these.
    """
    match [unquote(part) for part in raw_path.strip("/").split("/")]:
        case ["mainlogtail"]:
            return None, Channel.STDOUT
        case ["logtail", namespec]:
            return namespec, Channel.STDOUT
        case ["logtail", namespec, ("stdout" | "stderr") as channel]:
            return namespec, Channel(channel)
        case _:
            raise BadName(raw_path)


async def follow(
    request: BaseRequest, connection: Connection, control: Control, namespec: str | None, channel: Channel
) -> StreamResponse:
    """Send the end of a log and then what is written to it, until the client or the daemon goes.

    ``namespec`` None means the activity log.  Nothing is buffered beyond one read:
    a slow client gets what has accumulated when it is ready for more.  A client
    that sends the header ``Log-Place`` is told in the same header where it begins,
    and in a line ``PLACE LENGTH`` before each part where that ends: there it may go
    on, by sending the place.

    Raises:
        BadName, NoFile: there is no such log; nothing was sent.
        ConnectionError: the client is gone or was dropped.
    """
    path = control.log_file(namespec, channel)
    news = asyncio.Event()
    stop = control.watch_log(namespec, channel, news.set)
    connection.on_end(news.set)
    wanted = request.headers.get(PLACE)
    follower = Follower(path, Place.read(wanted))
    try:
        response = StreamResponse(headers=_headers(path) | ({} if wanted is None else {PLACE: str(follower.place)}))
        await response.prepare(request)
        request.writer.send_headers()  # now, even if there is nothing to say yet
        while not connection.ended:
            news.clear()
            if data := follower.read():
                told = b"" if wanted is None else b"%s %d\n" % (str(follower.place).encode(), len(data))
                await write(request, response, told + data)
            else:
                await news.wait()
        return await finish(response)
    finally:
        stop()
        connection.on_end(None)
        follower.close()


async def finish(response: StreamResponse) -> StreamResponse:
    """Say that a stream ends because it has to, not because something broke, and let the client go."""
    response.force_close()
    await response.write_eof()
    return response


async def write(request: BaseRequest, response: StreamResponse, data: bytes) -> None:
    """Send a part of a stream.

    Raises:
        ConnectionError: the client is gone, or was dropped since it does not read.
    """
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await response.write(data)
    except TimeoutError:
        drop(request)


def _headers(path: str) -> dict[str, str]:
    try:
        modified = os.stat(path).st_mtime
    except OSError:
        raise NoFile(path) from None
    return {
        "Server": SERVER,
        "Content-Type": "text/plain;charset=utf-8",
        "Last-Modified": formatdate(modified, usegmt=True),
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
    }
