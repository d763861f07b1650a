"""Which line and which exit code a server that cannot be used gives, for every action."""

from __future__ import annotations

import socket
from pathlib import Path
from xmlrpc.client import Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run
from warden.ctl.session import NO_NAMESPACE

ASKING_FIRST = ["clear x", "fg x", "maintail", "pid", "restart x", "signal HUP x", "start x", "stop x", "tail x"]
LATE_CHECK = ["version"]
JUST_ACTING = ["add x", "avail", "reload", "remove x", "reread", "update"]
EVERY = [*ASKING_FIRST, *LATE_CHECK, *JUST_ACTING, "status", "shutdown"]
OLD_API = (
    "Sorry, this version of supervisorctl expects to talk to a server with API version 3.0, "
    "but the remote version is 2.0.\n"
)
GOING_DOWN_METHODS = [
    "startProcess",
    "stopProcess",
    "signalProcess",
    "clearProcessLogs",
    "getPID",
    "readLog",
    "readProcessStdoutLog",
    "getProcessInfo",
    "getSupervisorVersion",
    "getAllProcessInfo",
    "restart",
    "shutdown",
    "reloadConfig",
    "getAllConfigInfo",
    "addProcessGroup",
    "removeProcessGroup",
]
GOING_DOWN = "error: SHUTDOWN_STATE: the server is shutting down or restarting\n"


def status_of(line: str, asking_first: int) -> int:
    return 4 if line == "status" else 1 if line in JUST_ACTING or line == "shutdown" else asking_first


@pytest.mark.parametrize("line", EVERY)
def test_a_missing_socket_file_is_told(run: Run, tmp_path: Path, line: str) -> None:
    url = f"unix://{tmp_path}/none"

    ran = run(line, url=url)

    expected = f"{url} no such file"
    assert ran.out == (f"ERROR: {expected} (already shut down?)\n" if line == "shutdown" else f"{expected}\n")
    assert ran.status == status_of(line, 7)


@pytest.mark.parametrize("line", EVERY)
def test_a_refused_connection_is_told(run: Run, tmp_path: Path, line: str) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "old"))
    url = f"unix://{tmp_path}/old"

    ran = run(line, url=url)

    expected = f"{url} refused connection"
    assert ran.out == (f"ERROR: {expected} (already shut down?)\n" if line == "shutdown" else f"{expected}\n")
    assert ran.status == status_of(line, 4)


@pytest.mark.parametrize("line", EVERY)
def test_a_password_is_missed_with_one_line_and_one_request(run: Run, daemon: FakeDaemon, line: str) -> None:
    daemon.credentials = "Basic x"

    ran = run(line)

    assert (ran.out, ran.status) == ("Server requires authentication\n", 1)
    assert daemon.requests == 1


@pytest.mark.parametrize("line", [*ASKING_FIRST, *LATE_CHECK, "status"])
def test_another_api_version_is_refused(run: Run, daemon: FakeDaemon, line: str) -> None:
    daemon.answers["getVersion"] = "2.0"

    ran = run(line)

    assert (ran.out, ran.status) == (OLD_API, status_of(line, 5))
    assert daemon.asked() == []


@pytest.mark.parametrize("line", [*ASKING_FIRST, *LATE_CHECK, "status"])
def test_a_server_without_our_namespace_is_told(run: Run, daemon: FakeDaemon, line: str) -> None:
    daemon.answers.clear()

    ran = run(line)

    assert (ran.out, ran.status) == (f"{NO_NAMESPACE}\n", status_of(line, 3))


@pytest.mark.parametrize("line", JUST_ACTING)
def test_actions_without_preflight_tell_the_fault(run: Run, daemon: FakeDaemon, line: str) -> None:
    daemon.answers.clear()

    ran = run(line)

    assert (ran.out, ran.status) == (
        "ERROR: UNKNOWN_METHOD\n" if line == "add x" else "error: UNKNOWN_METHOD\n",
        1,
    )


@pytest.mark.parametrize(
    ("line", "out", "status"),
    [
        *((line, GOING_DOWN, 1) for line in [*ASKING_FIRST, *LATE_CHECK, "status", "remove x"]),
        ("reload", "ERROR: already shutting down\n", 1),
        ("update", "ERROR: already shutting down\n", 1),
        ("shutdown", "ERROR: already shutting down\n", 0),
        ("reread", "ERROR: supervisor shutting down\n", 1),
        ("avail", "ERROR: supervisor shutting down\n", 1),
        ("add a b", "ERROR: shutting down\nERROR: shutting down\n", 1),
    ],
)
@pytest.mark.parametrize("questions_answered", [False, True])
def test_a_server_that_goes_down_is_told(
    run: Run, daemon: FakeDaemon, line: str, out: str, status: int, questions_answered: bool
) -> None:
    daemon.answers.update(dict.fromkeys(GOING_DOWN_METHODS, Fault(6, "SHUTDOWN_STATE")))
    if not questions_answered:
        daemon.answers["getVersion"] = Fault(6, "SHUTDOWN_STATE")

    ran = run(line)

    assert (ran.out, ran.status) == (out, status)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"status": 500}, "/RPC2: 500 Internal Server Error"),
        ({"raw": b""}, ": the server closed the connection"),
        ({"raw": b"SSH-2.0-OpenSSH\r\n"}, ": the answer is not HTTP"),
        ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<x>"}, ": the server closed the connection"),
        ({"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<x/>"}, "the answer is not XML-RPC"),
        ({"raw": b"HTTP/1.0 200 OK\r\n\r\nhello"}, "the answer is not XML-RPC"),
    ],
)
@pytest.mark.parametrize("line", ["status", "avail"])
def test_other_trouble_is_one_line(
    run: Run, daemon: FakeDaemon, line: str, change: dict[str, object], text: str
) -> None:
    for name, value in change.items():
        setattr(daemon, name, value)

    ran = run(line)

    place = "" if text.startswith("the") else daemon.url
    assert (ran.out, ran.status) == (f"error: {place}{text}\n", 1)


def test_an_unknown_host_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)

    assert run("status", url="http://nowhere:9001").out == "http://nowhere:9001 unknown host\n"


@pytest.mark.parametrize("line", ["help", "help start", "quit", "exit", "EOF", "nonsense", "", "  "])
def test_nobody_is_asked_for_what_the_shell_knows(run: Run, daemon: FakeDaemon, line: str) -> None:
    run(line)

    assert daemon.requests == 0
