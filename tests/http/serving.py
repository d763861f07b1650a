"""Runs an HttpServer over a fake daemon on real sockets, and talks to it byte by byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from tests.fakes_control import FakeControl
from tests.fakes_insight import FakeInsight
from warden.config.model import HttpServerConfig
from warden.http.server import HttpServer
from warden.rpc.registry import Registry
from warden.rpc.supervisor_api import SupervisorApi

ALARM_SECONDS = 20.0


@dataclass
class Log:
    """Keeps what is logged."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def enabled(self, level: str) -> bool:
        return True

    def trace(self, message: str) -> None:
        self.lines.append(("trace", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))

    def critical(self, message: str) -> None:
        self.lines.append(("critical", message))

    def texts(self, level: str) -> list[str]:
        return [text for kind, text in self.lines if kind == level]


@dataclass
class Answer:
    """One complete HTTP answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes) -> Answer:
        self.writer.write(request)
        return await self.answer(head=request.startswith(b"HEAD"))

    async def answer(self, *, head: bool = False) -> Answer:
        status, headers = await self.head()
        if "chunked" in headers.get("Transfer-Encoding", ""):
            raise AssertionError("a stream has no end: use head() and chunk()")
        length = int(headers.get("Content-Length", 0))
        body = b"" if head or status in (204, 304) else await self.reader.readexactly(length)
        return Answer(status, headers, body)

    async def head(self) -> tuple[int, Message]:
        block = await self.reader.readuntil(b"\r\n\r\n")
        line, _, rest = block.partition(b"\r\n")
        return int(line.split()[1]), BytesParser().parsebytes(rest)

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readline()
        return data

    async def closed(self) -> bool:
        """Wait until the server closes the connection; whether nothing came before."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.writer.close()


@dataclass
class Served:
    """A running server with two doors: an open unix socket, and TCP with credentials u and x."""

    control: FakeControl
    log: Log
    server: HttpServer
    path: Path
    port: int
    clients: list[Client] = field(default_factory=list)

    async def connect(self, *, tcp: bool = False) -> Client:
        if tcp:
            client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        else:
            client = Client(*await asyncio.open_unix_connection(str(self.path)))
        self.clients.append(client)
        return client

    async def ask(self, request: bytes, *, tcp: bool = False) -> Answer:
        return await (await self.connect(tcp=tcp)).ask(request)

    async def get(self, target: str, *headers: str, method: str = "GET", tcp: bool = False) -> Answer:
        return await self.ask(request(method, target, *headers), tcp=tcp)

    async def post(self, target: str, body: bytes, *headers: str, tcp: bool = False) -> Answer:
        return await self.ask(request("POST", target, *headers, body=body), tcp=tcp)


def request(method: str, target: str, *headers: str, body: bytes | None = None, version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "Host: here", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def serve(
    tmp_path: Path,
    control: FakeControl,
    scenario: Callable[[Served], Awaitable[None]],
    password: str = "x",
    insight: FakeInsight | None = None,
) -> Log:
    """Run ``scenario`` against a server and return what was logged."""
    log = Log()

    async def run() -> None:
        unix = socket.socket(socket.AF_UNIX)
        path = tmp_path / "s"
        unix.bind(str(path))
        inet = socket.create_server(("127.0.0.1", 0))
        unix.listen()
        port = inet.getsockname()[1]
        doors = [
            (HttpServerConfig(section="unix_http_server", path=str(path)), unix),
            (HttpServerConfig(section="inet_http_server", port=port, username="u", password=password), inet),
        ]
        registry = Registry({"supervisor": SupervisorApi(control)}, trace=log.trace)
        server = HttpServer(doors, registry, control, insight or FakeInsight(control), log)
        server.start(asyncio.get_running_loop())
        served = Served(control, log, server, path, port)
        try:
            async with asyncio.timeout(ALARM_SECONDS):
                await scenario(served)
        finally:
            for client in served.clients:
                client.close()
            await server.close()

    asyncio.run(run())
    return log
