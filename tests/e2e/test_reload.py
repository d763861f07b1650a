"""nginx reads its configuration again, because somebody says `supervisorctl reload nginx`."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.shop import PATH, need
from harness.daemon import Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

CONFIG = """
[program:nginx]
command=nginx -c {home}/nginx.conf -p {home}
reload_signal=HUP
ready=unix:{home}/n.sock
[program:cat]
command=cat
"""
NGINX = """
daemon off; pid {home}/nginx.pid; error_log stderr;
events {{}}
http {{ access_log off; server {{ listen unix:{home}/n.sock; location / {{ return 200 "{word}"; }} }} }}
"""


def write_configuration(home: Path, word: str) -> None:
    (home / "nginx.conf").write_text(NGINX.format(home=home, word=word))


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    need({"nginx": "nginx"})
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:  # paths of sockets must be short
        home = Path(folder)
        write_configuration(home, "one")
        running = Daemon(WARDEN, home, CONFIG.format(home=home))
        running.start(environment(PATH=PATH))
        try:
            yield running
        finally:
            running.close()


def answer(daemon: Daemon) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(daemon.home / "n.sock"))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with client.makefile() as lines:
            return lines.read().splitlines()[-1]


def test_nginx_reloads_and_goes_on_as_the_same_process(daemon: Daemon) -> None:
    daemon.wait_line("ready: nginx")
    daemon.wait_state("nginx", "RUNNING")
    daemon.wait_state("cat", "RUNNING")
    pid = daemon.pids()["nginx:nginx"]
    assert answer(daemon) == "one"
    write_configuration(daemon.home, "two")

    ran = daemon.ctl("reload", "nginx", "cat")

    assert ran.stdout == (
        "nginx: reloaded\n"
        "cat: ERROR (FAILED: cat has no reload_signal; its section needs one, for example reload_signal=HUP)\n"
    )
    assert ran.rc == 1
    until(lambda: answer(daemon) == "two", lambda: answer(daemon))
    assert daemon.pids()["nginx:nginx"] == pid
    [story] = json.loads(daemon.ctl("why", "--json", "nginx").stdout)
    assert story["history"][-1]["state"] == story["history"][-1]["previous"] == "RUNNING"
    assert story["history"][-1]["cause"].startswith("reload requested by supervisorctl (pid ")
    assert story["history"][-1]["cause"].endswith(": SIGHUP")
    assert daemon.ctl("reload", "all").stdout == "nginx: reloaded\n"
