"""Log streams: at once, for ever, and at nobody's expense."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes_control import FakeControl, view
from tests.http.serving import Client, Served, request, serve
from warden.http import logtail, replies
from warden.words import Channel


def fleet(tmp_path: Path, name: str = "web") -> FakeControl:
    control = FakeControl(views=[view(name), view("a", "pool"), view("silent")])
    for key, file in (
        ((name, Channel.STDOUT), "out"),
        ((name, Channel.STDERR), "err"),
        ((None, Channel.STDOUT), "main"),
    ):
        control.logs[key] = tmp_path / file
        control.logs[key].write_bytes(file.encode() + b"\n")
    return control


def say(control: FakeControl, path: Path, text: bytes) -> None:
    with path.open("ab") as log:
        log.write(text)
    wake(control)


def wake(control: FakeControl) -> None:
    for watcher in list(control.watchers):
        watcher()


async def heard(client: Client, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await client.chunk()
    return data


@pytest.mark.parametrize(
    ("target", "first"),
    [
        ("/logtail/web", b"out\n"),
        ("/logtail/web/stdout", b"out\n"),
        ("/logtail/web/stderr", b"err\n"),
        ("/logtail/web%3Aweb", None),
        ("/mainlogtail", b"main\n"),
        ("/mainlogtail/", b"main\n"),
    ],
)
def test_a_stream_begins_at_once_and_goes_on(tmp_path: Path, target: str, first: bytes | None) -> None:
    control = fleet(tmp_path)
    control.logs["web:web", Channel.STDOUT] = control.logs["web", Channel.STDOUT]

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", target))
        status, headers = await client.head()

        assert status == 200
        assert headers["Content-Type"] == "text/plain;charset=utf-8"
        assert headers["Transfer-Encoding"] == "chunked"
        assert headers["X-Accel-Buffering"] == "no"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Last-Modified"].endswith("GMT")
        data = await client.chunk()
        assert data == (first or b"out\n")
        path = next(path for path in control.logs.values() if path.read_bytes() == data)
        say(control, path, b"more \xff\n")
        assert await client.chunk() == b"more \xff\n"

    serve(tmp_path, control, scenario)


def test_the_head_is_sent_even_if_the_log_is_empty(tmp_path: Path) -> None:
    control = fleet(tmp_path)
    control.logs["web", Channel.STDOUT].write_bytes(b"")

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web"))

        assert (await client.head())[0] == 200

    serve(tmp_path, control, scenario)


def test_a_stream_begins_with_the_last_kilobyte(tmp_path: Path) -> None:
    control = fleet(tmp_path)
    control.logs["web", Channel.STDOUT].write_bytes(b"x" * 5000 + b"y" * 1024)

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web"))
        await client.head()

        assert await client.chunk() == b"y" * 1024

    serve(tmp_path, control, scenario)


@pytest.mark.parametrize(("version", "header"), [("1.0", "X: y"), ("1.0", "Connection: keep-alive")])
def test_old_http_gets_the_bytes_at_once_and_unchunked(tmp_path: Path, version: str, header: str) -> None:
    control = fleet(tmp_path)

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web", header, version=version))
        _, headers = await client.head()

        assert headers["Transfer-Encoding"] is None
        assert await client.reader.readexactly(4) == b"out\n"
        say(control, tmp_path / "out", b"more")
        assert await client.reader.readexactly(4) == b"more"

    serve(tmp_path, control, scenario)


def test_who_asks_for_places_can_go_on_at_one(tmp_path: Path) -> None:
    control = fleet(tmp_path)
    log = tmp_path / "out"
    inode = log.stat().st_ino

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web", "Log-Place: new"))
        _, headers = await client.head()
        assert headers["Log-Place"] == f"{inode}:0"
        assert await client.chunk() == b"%d:4 4\nout\n" % inode

        say(control, log, b"more\n")
        log.rename(tmp_path / "out.1")
        say(control, log, b"new\n")
        again = await served.connect()
        again.writer.write(request("GET", "/logtail/web", f"Log-Place: {inode}:4"))
        await again.head()
        new = log.stat().st_ino
        told = b"%d:9 5\nmore\n" % inode + b"%d:4 4\nnew\n" % new
        assert await heard(again, len(told)) == told

    serve(tmp_path, control, scenario)


def test_a_stream_survives_rotation_and_truncation(tmp_path: Path) -> None:
    control = fleet(tmp_path)
    log = tmp_path / "out"

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web"))
        await client.head()
        assert await client.chunk() == b"out\n"

        log.rename(tmp_path / "out.1")
        say(control, log, b"new file\n")
        assert await client.chunk() == b"new file\n"

        log.write_bytes(b"cut\n")
        wake(control)
        assert await heard(client, 26) == b"==> File truncated <==\ncut\n"

    serve(tmp_path, control, scenario)


@pytest.mark.parametrize(
    "target",
    [
        "/logtail",
        "/logtail/",
        "/logtail/nope",
        "/logtail/pool:*",
        "/logtail/pool%3A%2A",
        "/logtail/web/foo",
        "/logtail/web/stdout/x",
        "/logtail/silent",
        "/logtail/..%2f..%2fetc%2fpasswd",
        "/mainlogtail/x",
    ],
)
def test_a_log_that_is_not_there_is_404(tmp_path: Path, target: str) -> None:
    control = fleet(tmp_path)

    async def scenario(served: Served) -> None:
        assert (await served.get(target)).status == 404

    serve(tmp_path, control, scenario)

    assert control.watchers == []


def test_a_log_file_that_is_gone_is_404(tmp_path: Path) -> None:
    control = fleet(tmp_path)
    (tmp_path / "out").unlink()

    async def scenario(served: Served) -> None:
        assert (await served.get("/logtail/web")).status == 404

    serve(tmp_path, control, scenario)

    assert control.watchers == []


def test_a_client_that_leaves_leaves_nothing_behind(tmp_path: Path) -> None:
    control = fleet(tmp_path)

    async def scenario(served: Served) -> None:
        clients = [await served.connect() for _ in range(5)]
        for client in clients:
            client.writer.write(request("GET", "/logtail/web"))
            await client.head()
        assert len(control.watchers) == 5
        control.unwatched = asyncio.Event()

        for client in clients:
            client.close()
        await control.unwatched.wait()

    serve(tmp_path, control, scenario)


def test_a_reader_that_stalls_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logtail, "STALLED_SECONDS", 0.1)
    dropped = asyncio.Event()
    monkeypatch.setattr(logtail, "drop", lambda request: (dropped.set(), replies.drop(request)))
    control = fleet(tmp_path)

    async def scenario(served: Served) -> None:
        control.unwatched = asyncio.Event()
        client = await served.connect()
        client.writer.write(request("GET", "/logtail/web"))
        await client.head()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        say(control, tmp_path / "out", b"x" * 8_000_000)

        await dropped.wait()
        await control.unwatched.wait()

        assert control.watchers == []

    serve(tmp_path, control, scenario)


def test_streams_end_properly_when_the_server_closes(tmp_path: Path) -> None:
    control = fleet(tmp_path)

    async def scenario(served: Served) -> None:
        client = await served.connect()
        client.writer.write(request("GET", "/mainlogtail"))
        await client.head()
        await client.chunk()

        await served.server.close()

        assert await client.reader.read() == b"0\r\n\r\n"
        assert control.watchers == []

    serve(tmp_path, control, scenario)
