"""The fake daemon on its sockets, and one line run against it."""

from __future__ import annotations

import http.server
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Handler, Ran, Run, UnixServer, serve
from warden.config.values import ClientConfig
from warden.ctl.lines import Lines
from warden.ctl.shell import Shell


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    """On a unix socket."""
    daemon = FakeDaemon()
    path = tmp_path / "s"
    server = UnixServer(str(path), type("Handler", (Handler,), {"daemon": daemon}))  # type: ignore[arg-type]
    yield from serve(server, daemon, f"unix://{path}")


@pytest.fixture
def tcp_daemon() -> Iterator[FakeDaemon]:
    """On a TCP port."""
    daemon = FakeDaemon()
    handler = type("Handler", (Handler,), {"daemon": daemon})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    yield from serve(server, daemon, f"http://127.0.0.1:{server.server_port}")


@pytest.fixture
def run(daemon: FakeDaemon, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Run one line against the fake daemon; ``typed`` waits on standard input."""
    shells = []
    opened = []

    def run_line(line: str, *, typed: str = "", interactive: bool = False, url: str = "", **options: object) -> Ran:
        (tmp_path / "typed").write_text(typed)
        descriptor = os.open(tmp_path / "typed", os.O_RDONLY)
        opened.append(descriptor)
        config = ClientConfig(serverurl=url or daemon.url, interactive=interactive, **options)  # type: ignore[arg-type]
        shell = Shell(config, Lines(descriptor))
        shells.append(shell)
        shell.run_line(line)
        return Ran(capfd.readouterr().out, shell.session.exitstatus)

    yield run_line
    for shell in shells:
        shell.close()
    for descriptor in opened:
        os.close(descriptor)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is bound, so that nobody else gets it, but on which nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
