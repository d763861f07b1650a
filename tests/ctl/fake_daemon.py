"""A daemon that is a table: answers by method name, recorded calls, log streams."""

from __future__ import annotations

import http.server
import json
import socket
import socketserver
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from warden.words import Phase

API = "/api/v1"
Answer = object  # a value, a Fault to answer, or a function of the call's parameters


class HangUp(Exception):
    """Raised by such a function: the connection is closed without an answer."""


@dataclass
class FakeDaemon:
    """A table of answers.

    ``answers``: method (without namespace) to answer; ``json``: "GET /path below
    the root of the JSON API" to (status, value), or a function of the decoded
    body that returns it; ``streams``: path to the chunks sent there.
    """

    answers: dict[str, Answer] = field(default_factory=lambda: {"getVersion": "3.0"})
    json: dict[str, object] | None = None  # None: a daemon without that API
    streams: dict[str, list[bytes]] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    status: int = 200  # of every HTTP answer
    credentials: str | None = None  # expected Authorization header
    raw: bytes | None = None  # sent instead of any answer
    requests: int = 0
    connections: int = 0
    hang_up: bool = False  # close each connection after one answer, without announcing it
    keep_streams: bool = False  # leave streams open at the end of their chunks
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, body: bytes) -> bytes:
        params, name = xmlrpc.client.loads(body)
        method = str(name).removeprefix("supervisor.")
        self.calls.append((method, *params))
        answer = self.answers.get(method, xmlrpc.client.Fault(1, "UNKNOWN_METHOD"))
        try:
            if callable(answer):
                answer = answer(*params)
        except xmlrpc.client.Fault as fault:
            answer = fault
        if isinstance(answer, xmlrpc.client.Fault):
            return xmlrpc.client.dumps(answer, methodresponse=True).encode()
        return xmlrpc.client.dumps((answer,), methodresponse=True, allow_none=True).encode()  # type: ignore[arg-type]

    def answer_json(self, asked: str, body: bytes) -> tuple[int, object]:
        """Return status and value for ``GET /plan``."""
        given = json.loads(body) if body else None
        self.calls.append((asked, given) if given else (asked,))
        answer = (self.json or {}).get(asked, (404, problem(404, "UNKNOWN_METHOD", asked)))
        return answer(given) if callable(answer) else answer  # type: ignore[return-value]

    def asked(self) -> list[tuple[object, ...]]:
        """The calls without the preflight."""
        return [call for call in self.calls if call != ("getVersion",)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    daemon: FakeDaemon

    def setup(self) -> None:
        super().setup()
        self.daemon.connections += 1

    def do_POST(self) -> None:
        try:
            self._post()
        except HangUp:
            self.close_connection = True

    def _post(self) -> None:
        daemon = self.daemon
        daemon.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if daemon.raw is not None:
            self.wfile.write(daemon.raw)
            self.close_connection = True
        elif self._refused():
            pass
        elif self.path != "/RPC2":
            self._answer_json(body)
        else:
            self.close_connection = daemon.hang_up
            self._send(200, daemon.answer(body))

    def do_GET(self) -> None:
        if self._refused():
            return
        self.daemon.requests += 1
        chunks = self.daemon.streams.get(self.path)
        if chunks is None and self.path.startswith(API):
            self._answer_json(b"")
            return
        if chunks is None:
            self._send(404, b"")
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if self.daemon.keep_streams:
            self.daemon.released.wait()

    def _refused(self) -> bool:
        status = self.daemon.status
        if self.daemon.credentials is not None and self.headers["Authorization"] != self.daemon.credentials:
            status = 401
        if status != 200:
            self._send(status, b"<html>")
        return status != 200

    def _answer_json(self, body: bytes) -> None:
        if self.daemon.json is None:
            self._send(404, b"<html>", "text/html")
            return
        status, value = self.daemon.answer_json(f"{self.command} {self.path.removeprefix(API)}", body)
        self._send(
            status, json.dumps(value).encode(), "application/json" if status == 200 else "application/problem+json"
        )

    def _send(self, status: int, body: bytes, media_type: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "client"

    def log_message(self, format: str, *args: object) -> None:
        pass


class UnixServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    address_family = socket.AF_UNIX

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


def serve(server: socketserver.BaseServer, daemon: FakeDaemon, url: str) -> Iterator[FakeDaemon]:
    daemon.url = url
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield daemon
    daemon.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Ran:
    """What one line did."""

    out: str
    status: int


Run = Callable[..., Ran]


def problem(status: int, fault: str, detail: str, code: int = 1) -> dict[str, object]:
    """A refusal of the JSON API."""
    return {"type": "about:blank", "title": "", "status": status, "detail": detail, "code": code, "fault": fault}


def process(name: str, state: str = "RUNNING", *, group: str = "", pid: int = 0, **more: object) -> dict[str, object]:
    """One struct of getAllProcessInfo."""
    return {
        "name": name,
        "group": group or name,
        "state": int(Phase[state]),
        "statename": state,
        "description": "",
        "pid": pid,
        **more,
    }
