"""redis, its client, nginx and systemd's own systemd-notify, which wait for one another."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.shop import PATH, free_block_of_ports, need
from harness.daemon import Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

CONFIG = """
[program:site]
command=nginx -c {home}/nginx.conf -p {home}
priority=1
depends_on=worker,redis:healthy
ready=http://127.0.0.1:{port}/
[program:worker]
command=sh -c 'systemd-notify --ready --status="at work"; while sleep 0.2; do systemd-notify WATCHDOG=1; done'
priority=2
ready=notify
watchdog_secs=20
depends_on=schema:finished
[program:schema]
command=redis-cli -s {home}/r.sock set schema 7
startsecs=0
autorestart=false
priority=3
depends_on=redis
[program:redis]
command=redis-server --port 0 --unixsocket {home}/r.sock --save ""
priority=4
ready=unix:{home}/r.sock
healthcheck=exec:redis-cli -s {home}/r.sock ping
healthcheck_interval=0.5
"""
NGINX = """
daemon off; pid {home}/nginx.pid; error_log stderr;
events {{}}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }} }}
"""


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    need({"redis": "redis-server", "nginx": "nginx", "systemd": "systemd-notify"})
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:  # paths of sockets must be short
        home, port = Path(folder), free_block_of_ports() * 10
        (home / "nginx.conf").write_text(NGINX.format(home=home, port=port))
        running = Daemon(WARDEN, home, CONFIG.format(home=home, port=port))
        running.start(environment(PATH=PATH))
        try:
            yield running
        finally:
            running.close()


def spawned(daemon: Daemon) -> list[str]:
    return [text.split("'")[1] for _, text in daemon.log() if text.startswith("spawned: ")]


def test_a_stack_comes_up_goes_down_and_comes_back_in_its_order(daemon: Daemon) -> None:
    daemon.wait_line("INFO ready: site")
    assert spawned(daemon) == ["redis", "schema", "worker", "site"]

    daemon.wait_state("site", "RUNNING")
    assert daemon.ctl("graph").stdout.splitlines() == [
        "site RUNNING",
        "├─ worker RUNNING  ready",
        "│  └─ schema EXITED  finished",
        "│     └─ redis RUNNING  ready",
        "└─ redis RUNNING  healthy",
    ]
    assert '"worker" -> "schema" [label="finished"];' in daemon.ctl("graph", "--dot").stdout
    took = {row["namespec"]: row["took"] for row in json.loads(daemon.ctl("blame", "--json").stdout)}
    assert all(seconds is not None for seconds in took.values())
    worker = {row["name"]: row for row in json.loads(daemon.ctl("status", "--json").stdout)}["worker"]
    assert (worker["ready"], worker["status_text"]) == (True, "at work")

    daemon.ctl("stop", "redis")
    daemon.wait_state("redis", "STOPPED")
    assert daemon.info("site")["description"] == "waiting for redis: STOPPED"
    daemon.ctl("start", "redis")
    daemon.wait_line("INFO ready: site", count=2)
    assert spawned(daemon)[4:] == ["redis", "site"], "the worker only needed that the schema is there"


def test_a_dependency_that_dies_is_waited_for(daemon: Daemon) -> None:
    daemon.wait_line("INFO ready: site")
    daemon.wait_state("worker", "RUNNING")
    worker = daemon.info("worker")["pid"]
    os.kill(daemon.info("redis")["pid"], signal.SIGKILL)
    daemon.wait_line("INFO ready: redis", count=2)

    assert daemon.info("worker")["pid"] == worker
    until(lambda: daemon.info("redis").get("health") == "healthy", lambda: "redis is healthy again")
