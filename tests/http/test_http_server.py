"""Both doors of a real server: routing, authentication, XML-RPC, limits, and clients that misbehave."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import hashlib
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from harness.imports import imported_with
from tests.fakes_control import FakeControl, view
from tests.http.serving import Served, request, serve
from warden.http import bodies, connections, replies, server
from warden.logs.tail import MAX_READ_BYTES
from warden.words import Channel, Phase

CALL = b"<methodCall><methodName>supervisor.getState</methodName></methodCall>"
PAGE = (
    "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"
    "<p>Error code {}.\r\n<p>Message: {}.\r\n</body>\r\n"
)


def fleet() -> FakeControl:
    return FakeControl(views=[view("web"), view("idle", phase=Phase.STOPPED)])


def basic(user: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_the_server_module_costs_neither_aiohttp_nor_jinja() -> None:
    code = "import sys, warden.http.server; sys.exit(bool({'aiohttp', 'jinja2'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_server_consists_of_is_no_business_of_the_collector_of_garbage() -> None:
    code = (
        "import gc, sys, warden.http.server as server; server._load(); first = gc.get_freeze_count(); server._load();"
        "sys.exit(not (gc.isenabled() and first == gc.get_freeze_count() > len(gc.get_objects())))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_garbage_of_the_import_does_not_stay() -> None:
    code = "import gc, sys, warden.http.server as server; server._load(); gc.unfreeze(); sys.exit(gc.collect() > 500)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["aiohttp.web", "aiohttp.web_app", "aiohttp.web_fileresponse", "argparse", "gzip"])
def test_the_server_does_without(module: str) -> None:
    imported = imported_with("warden.http.site")

    assert "aiohttp.web_protocol" in imported
    assert module not in imported


def test_a_long_log_is_read_and_written_beside_the_loop(tmp_path: Path) -> None:
    """No turn of the loop has more than a small part of the work; as CPU time, and beside the whole of the same run."""
    log = tmp_path / "out"
    line = "<b>fünf & drei</b>\r\n".encode() + b"\xff\x00 is no text\n"
    count = MAX_READ_BYTES // 4 // len(line)
    log.write_bytes(line * count)
    control = fleet()
    control.logs[("web", Channel.STDOUT)] = log

    async def scenario(served: Served) -> None:
        body = xmlrpc.client.dumps(("web", 0, 0), "supervisor.readProcessStdoutLog").encode()
        (await served.connect()).close()  # the import of the server is another story
        await served.post("/RPC2", CALL)
        answer = asyncio.create_task(asyncio.to_thread(ask_at_length, served.path, body))
        turns, at_first = [], time.process_time()
        with no_collection_of_garbage():
            while not answer.done():
                began = time.thread_time()
                await asyncio.sleep(0)
                turns.append(time.thread_time() - began)

        whole, work = await answer, time.process_time() - at_first
        written = b"&lt;b&gt;f\xc3\xbcnf &amp; drei&lt;/b&gt;&#13;\n\xef\xbf\xbd\xef\xbf\xbd is no text\n"
        assert whole.count(written) == count
        assert whole.endswith(b"</methodResponse>\n")
        assert max(turns) < work / 20

    serve(tmp_path, control, scenario)


@contextlib.contextmanager
def no_collection_of_garbage() -> Iterator[None]:
    """What other tests have left in this process takes its time, and nobody else's."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def ask_at_length(path: Path, body: bytes) -> bytes:
    """Ask in the manner of an old client: the length of the answer comes first."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(request("POST", "/RPC2", body=body, version="1.0"))
        with connection.makefile("rb") as answer:
            head = list(iter(answer.readline, b"\r\n"))
            length = next(int(line[15:]) for line in head if line.startswith(b"Content-Length:"))
            whole = answer.read(length)
            assert answer.read() == b""
    return whole


def test_a_server_nobody_talked_to_closes_its_sockets(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        await served.server.close()

        with pytest.raises(ConnectionRefusedError):
            await served.connect(tcp=True)

    serve(tmp_path, fleet(), scenario)


def test_a_failure_to_read_the_modules_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = server._load
    failures = [OSError(24, "Too many open files")]

    def fail_once() -> server.Open:
        if failures:
            raise failures.pop()
        return load()

    monkeypatch.setattr(server, "_load", fail_once)
    monkeypatch.setattr(server, "_RETRY_SECONDS", 0.01)

    async def scenario(served: Served) -> None:
        assert (await served.get("/ok.html")).body == b"OK"

    log = serve(tmp_path, fleet(), scenario)
    assert log.texts("critical") == ["cannot serve HTTP yet: [Errno 24] Too many open files"]


def test_the_first_connections_are_served_when_the_import_is_done(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        answers = await asyncio.gather(*(served.get("/ok.html") for _ in range(5)))

        assert [answer.body for answer in answers] == [b"OK"] * 5

    serve(tmp_path, fleet(), scenario)


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (request("GET", "/RPC2"), 400, "Bad Request"),
        (request("PUT", "/"), 400, "Bad Request"),
        (request("GET", "/nope"), 404, "Not Found"),
        (request("GET", "/RPC2x"), 404, "Not Found"),
        (request("GET", "/INDEX.HTML"), 404, "Not Found"),
        (request("GET", "/../../etc/passwd"), 404, "Not Found"),
        (request("GET", "/stylesheets/../supervisor.css"), 404, "Not Found"),
        (request("GET", "/stylesheets/%2e%2e/pages.py"), 404, "Not Found"),
        (request("GET", "/mainlogtailfoo"), 404, "Not Found"),
        (request("POST", "/nope", body=b""), 400, "Bad Request"),
        (request("DELETE", "/logtail/web"), 400, "Bad Request"),
        (request("HEAD", "/mainlogtail"), 400, "Bad Request"),
        (request("POST", "/RPC2"), 411, "Length Required"),
        (request("POST", "/"), 411, "Length Required"),
        (request("POST", "/RPC2", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 411, "Length Required"),
        (request("POST", "/RPC2", body=b""), 400, "Bad Request"),
        (request("POST", "/RPC2", body=b"<a"), 400, "Bad Request"),
        (request("POST", "/RPC2", body=b"<a/>"), 400, "Bad Request"),
        (request("POST", "/RPC2", body=b"\xff"), 400, "Bad Request"),
        (request("POST", "/RPC2", "Content-Length: 99999999"), 413, HTTPStatus(413).phrase),
        (request("POST", "/", "Content-Length: 99999999"), 413, HTTPStatus(413).phrase),
        (request("POST", "/RPC2", "Content-Length: x"), 400, "Bad Request"),
        (request("POST", "/RPC2", "Origin: http://evil", body=CALL), 403, "Forbidden"),
        (request("POST", "/RPC2", "Sec-Fetch-Site: cross-site", body=CALL), 403, "Forbidden"),
        (b"nonsense\r\n\r\n", 400, "Bad Request"),
        (b"GET /\r\n\r\n", 400, "Bad Request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "Bad Request"),
        (request("GET", "/", "X: " + "y" * 40_000), 400, "Bad Request"),
        (request("GET", "/" + "y" * 40_000), 400, "Bad Request"),
        (request("GET", "/", *[f"X{n}: y" for n in range(500)]), 400, "Bad Request"),
    ],
    ids=range(30),
)
def test_errors_have_the_page_clients_know(tmp_path: Path, raw: bytes, status: int, reason: str) -> None:
    async def scenario(served: Served) -> None:
        answer = await served.ask(raw)

        assert answer.status == status
        assert answer.headers["Content-Type"] == "text/html"
        if not raw.startswith(b"HEAD"):
            assert answer.text == PAGE.format(status, reason)
        assert (await served.get("/ok.html")).body == b"OK"

    serve(tmp_path, fleet(), scenario)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Authorization: Basic",
        "Authorization: Basic !!!",
        "Authorization: Basic \xe4",
        "Authorization: Basic " + base64.b64encode(b"no colon").decode(),
        "Authorization: Digest abc",
        "Authorization: Bearer " + base64.b64encode(b"u:x").decode(),
        basic("u", "y"),
        basic("v", "x"),
        basic("", ""),
        basic("u", "x:"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("target", ["/", "/RPC2", "/ok.html", "/mainlogtail", "/stylesheets/supervisor.css"])
def test_without_the_right_credentials_every_path_answers_401(
    tmp_path: Path, authorization: str | None, target: str
) -> None:
    async def scenario(served: Served) -> None:
        client = await served.connect(tcp=True)
        answer = await client.ask(request("GET", target, *([authorization] if authorization else [])))

        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="default"'
        assert answer.headers["Connection"] == "close"
        assert answer.text == PAGE.format(401, "Unauthorized")
        assert await client.closed()

    serve(tmp_path, fleet(), scenario)


@pytest.mark.parametrize("password", ["x", "pä:ss", ""])
@pytest.mark.parametrize("hashed", [False, True])
def test_the_right_credentials_open_the_door(tmp_path: Path, password: str, hashed: bool) -> None:
    stored = "{SHA}" + hashlib.sha1(password.encode()).hexdigest() if hashed else password

    async def scenario(served: Served) -> None:
        assert (await served.get("/ok.html", basic("u", password), tcp=True)).body == b"OK"
        assert (await served.get("/ok.html", basic("u", password).replace("Basic", "basic"), tcp=True)).status == 200
        assert (await served.get("/ok.html", basic("u", stored + "y"), tcp=True)).status == 401

    serve(tmp_path, fleet(), scenario, password=stored)


def test_a_refused_body_is_not_taken_for_the_next_request(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        client = await served.connect(tcp=True)
        hidden = request("POST", "/RPC2", body=CALL)

        answer = await client.ask(request("POST", "/RPC2", body=hidden))

        assert answer.status == 401
        assert await client.closed()

    serve(tmp_path, fleet(), scenario)


def test_python_talks_to_it(tmp_path: Path) -> None:
    def talk(url: str) -> tuple[object, ...]:
        with xmlrpc.client.ServerProxy(url) as proxy:
            with pytest.raises(xmlrpc.client.Fault, match="BAD_NAME: nope"):
                proxy.supervisor.getProcessInfo("nope")
            return proxy.supervisor.getState(), proxy.supervisor.stopProcess("web")

    async def scenario(served: Served) -> None:
        answers = await asyncio.to_thread(talk, f"http://u:x@127.0.0.1:{served.port}/RPC2")

        assert answers == ({"statecode": 1, "statename": "RUNNING"}, True)

    log = serve(tmp_path, fleet(), scenario)

    assert log.texts("trace")[:2] == [
        "XML-RPC method called: supervisor.getProcessInfo()",
        "XML-RPC method supervisor.getProcessInfo() returned fault: [10] BAD_NAME: nope",
    ]
    assert '"POST /RPC2 HTTP/1.1" 200 ' in log.texts("trace")[2]


def test_length_counts_bytes_and_control_characters_do_no_harm(tmp_path: Path) -> None:
    control = FakeControl(views=[view("wäb", description="\x1b[1m\x00 ü")])

    async def scenario(served: Served) -> None:
        body = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo").encode()
        answer = await served.post("/RPC2/", body, "Content-Type: text/xml")

        ((infos,), _) = xmlrpc.client.loads(answer.body)
        assert answer.headers["Content-Type"] == "text/xml"
        assert [(info["name"], info["description"]) for info in infos] == [("wäb", "\ufffd[1m\ufffd ü")]

    serve(tmp_path, control, scenario)


def test_a_connection_serves_many_requests_also_pipelined(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/ok.html") * 3 + request("POST", "/RPC2", body=CALL))

        answers = [await client.answer() for _ in range(4)]

        assert [answer.status for answer in answers] == [200] * 4
        assert b"RUNNING" in answers[3].body

    serve(tmp_path, fleet(), scenario)


@pytest.mark.parametrize(
    ("version", "header", "kept", "said"),
    [
        ("1.1", "X: y", True, None),
        ("1.1", "Connection: close", False, "close"),
        ("1.0", "X: y", False, None),
        ("1.0", "Connection: keep-alive", True, "keep-alive"),
    ],
)
def test_keep_alive_follows_the_version(
    tmp_path: Path, version: str, header: str, kept: bool, said: str | None
) -> None:
    async def scenario(served: Served) -> None:
        client = await served.connect()
        answer = await client.ask(request("GET", "/ok.html", header, version=version))

        assert answer.headers["Connection"] == said
        if kept:
            assert (await client.ask(request("GET", "/ok.html"))).body == b"OK"
        else:
            assert await client.closed()

    serve(tmp_path, fleet(), scenario)


def test_a_client_that_asks_first_may_send(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("POST", "/RPC2", "Expect: 100-continue", f"Content-Length: {len(CALL)}"))

        status, _ = await client.head()
        client.writer.write(CALL)
        answer = await client.answer()

        assert (status, answer.status) == (100, 200)

    serve(tmp_path, fleet(), scenario)


def test_a_large_body_is_taken(tmp_path: Path) -> None:
    control = fleet()
    chars = "x" * 2_000_000

    async def scenario(served: Served) -> None:
        body = xmlrpc.client.dumps(("web", chars), "supervisor.sendProcessStdin").encode()
        assert (await served.post("/RPC2", body)).status == 200

    serve(tmp_path, control, scenario)

    assert control.done == [("stdin", "web", chars.encode())]


def test_waiting_calls_hold_up_nobody_and_outlive_their_client(tmp_path: Path) -> None:
    control = fleet()

    async def scenario(served: Served) -> None:
        control.blocked, control.arrived = asyncio.Event(), asyncio.Event()
        body = xmlrpc.client.dumps(("idle",), "supervisor.startProcess").encode()
        gone, stays = await served.connect(), await served.connect()
        gone.writer.write(request("POST", "/RPC2", body=body))
        await control.arrived.wait()
        gone.close()
        await gone.writer.wait_closed()

        assert b"RUNNING" in (await stays.ask(request("POST", "/RPC2", body=CALL))).body
        control.blocked.set()
        stop = xmlrpc.client.dumps(("idle",), "supervisor.stopProcess").encode()
        await stays.ask(request("POST", "/RPC2", body=stop))

    serve(tmp_path, control, scenario)

    assert ("start done", "idle") in control.done


def test_a_method_that_breaks_answers_500_and_is_logged_without_the_whole_body(tmp_path: Path) -> None:
    control = fleet()
    control.refusals["idle"] = ZeroDivisionError("ours")  # type: ignore[assignment]

    async def scenario(served: Served) -> None:
        body = xmlrpc.client.dumps(("idle", "secret" * 200), "supervisor.startProcess").encode()
        answer = await served.post("/RPC2", body)

        assert answer.text == PAGE.format(500, "Internal Server Error")

    log = serve(tmp_path, control, scenario)

    (story,) = log.texts("critical")
    assert story.startswith("Handling XML-RPC request with data ")
    assert "raised an unexpected exception: Traceback" in story
    assert "ZeroDivisionError: ours" in story
    assert story.count("secret") < 50


def test_a_bad_body_is_logged_in_the_words_of_the_reference(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        await served.post("/RPC2", b"<a")
        await served.post("/RPC2", b"<a/>")

    log = serve(tmp_path, fleet(), scenario)

    assert log.texts("error") == [
        "XML-RPC request data '<a' is invalid: unmarshallable",
        "XML-RPC request data '<a/>' is invalid: no method name",
    ]


def test_silent_and_slow_clients_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FIRST_REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)

    async def scenario(served: Served) -> None:
        silent, half, body = await served.connect(), await served.connect(), await served.connect()
        half.writer.write(b"GET /ok.html HT")
        body.writer.write(request("POST", "/RPC2", "Content-Length: 100") + b"<")

        assert (await body.answer()).status == 408
        assert await silent.closed()
        assert await half.closed()
        assert (await served.get("/ok.html")).status == 200

    serve(tmp_path, fleet(), scenario)


def test_when_too_many_come_the_one_silent_for_longest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)

    async def scenario(served: Served) -> None:
        first, second, third = [await served.connect() for _ in range(3)]
        for client in (first, second, third, first):
            assert (await client.ask(request("GET", "/ok.html"))).status == 200

        assert (await served.get("/ok.html")).status == 200
        assert await second.closed()
        assert (await first.ask(request("GET", "/ok.html"))).status == 200

    serve(tmp_path, fleet(), scenario)


def test_when_all_are_busy_a_new_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    control = fleet()

    async def scenario(served: Served) -> None:
        control.blocked, control.arrived = asyncio.Event(), asyncio.Event()
        busy = await served.connect()
        body = xmlrpc.client.dumps(("idle",), "supervisor.startProcess").encode()
        busy.writer.write(request("POST", "/RPC2", body=body))
        await control.arrived.wait()

        assert await (await served.connect()).closed()
        control.blocked.set()
        assert (await busy.answer()).status == 200

    serve(tmp_path, control, scenario)


def test_a_client_that_does_not_read_its_answer_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(replies, "MIN_BYTES_PER_SECOND", 10**9)
    control = FakeControl(views=[view(f"p{n}", description="x" * 5000) for n in range(2000)])

    async def scenario(served: Served) -> None:
        dropped = asyncio.Event()
        drop = replies.drop
        monkeypatch.setattr(replies, "drop", lambda request: (dropped.set(), drop(request)))
        client = await served.connect()
        body = xmlrpc.client.dumps((), "supervisor.getAllProcessInfo").encode()
        client.writer.write(request("POST", "/RPC2", body=body))
        await client.head()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await dropped.wait()
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]

        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(10_000_000)

    serve(tmp_path, control, scenario)


def test_leaving_in_the_middle_of_a_request_harms_nobody(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        for raw in (b"", b"GET", request("POST", "/RPC2", "Content-Length: 9"), request("POST", "/RPC2", body=CALL)):
            client = await served.connect()
            client.writer.write(raw)
            client.close()
            await client.writer.wait_closed()
        assert (await served.get("/ok.html")).status == 200

    log = serve(tmp_path, fleet(), scenario)

    assert log.texts("critical") == []


def test_a_server_with_open_connections_closes_soon(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        client, silent = await served.connect(), await served.connect()
        await client.ask(request("GET", "/ok.html"))

        async with asyncio.timeout(2):
            await served.server.close()

        assert await client.closed()
        assert await silent.closed()

    serve(tmp_path, fleet(), scenario)
