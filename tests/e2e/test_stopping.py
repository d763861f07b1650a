"""nginx and redis are stopped as their manuals want it."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.shop import PATH
from harness.daemon import Daemon, environment
from harness.sides import WARDEN

NGINX = """
daemon off; pid {home}/nginx.pid; error_log stderr;
events {{}}
http {{ access_log off; server {{ listen unix:{home}/n.sock; limit_rate 1; location / {{ return 200 "hello"; }} }} }}
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:  # paths of sockets must be short
        yield Path(folder)


@pytest.fixture
def daemon(home: Path, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    running = Daemon(WARDEN, home, request.param.format(home=home))
    (home / "nginx.conf").write_text(NGINX.format(home=home))
    running.start(environment(PATH=PATH))
    try:
        yield running
    finally:
        running.close()


needs_nginx = pytest.mark.skipif(shutil.which("nginx", path=PATH) is None, reason="nginx is not installed")
needs_redis = pytest.mark.skipif(shutil.which("redis-cli", path=PATH) is None, reason="redis is not installed")


@needs_nginx
@pytest.mark.parametrize(
    "daemon",
    [
        "[program:nginx]\ncommand=nginx -c {home}/nginx.conf -p {home}\n"
        "ready=unix:{home}/n.sock\nstopsignal=QUIT:1 TERM:60"
    ],
    indirect=True,
)
def test_nginx_may_finish_a_request_and_is_then_told_again(daemon: Daemon) -> None:
    daemon.wait_line("ready: nginx")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.home / "n.sock"))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(1) == b"H"  # the rest of the answer comes at one byte in a second

        assert daemon.ctl("stop", "nginx").stdout == "nginx: stopped\n"

    story = [message for _, message in daemon.log() if message.startswith(("nginx: ", "stopped: "))]
    assert story == [
        "nginx: step 1 of 2: SIGQUIT sent",
        "nginx: step 2 of 2: SIGTERM sent",
        "stopped: nginx (exit status 0)",
    ]


@needs_redis
@pytest.mark.parametrize(
    "daemon",
    [
        "[program:redis]\ncommand=redis-server --port 0 --unixsocket {home}/r.sock --dir {home} --save ''\n"
        "ready=unix:{home}/r.sock\nstop_command=redis-cli -s {home}/r.sock shutdown nosave\n"
        "after_start=redis-cli -s {home}/r.sock ping\n"
    ],
    indirect=True,
)
def test_redis_is_greeted_when_it_is_ready_and_stopped_by_its_own_command(daemon: Daemon) -> None:
    daemon.wait_line("after_start of redis: PONG")

    assert daemon.ctl("stop", "redis").stdout == "redis: stopped\n"

    assert "stopped: redis (exit status 0)" in [message for _, message in daemon.log()]
    assert not [message for _, message in daemon.log() if "SIGTERM" in message]
