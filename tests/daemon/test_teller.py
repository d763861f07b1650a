"""Whom a take-over asks: the Supervisor that is meant, and nobody else, over a server of our own configuration."""

from __future__ import annotations

import http.server
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctl.fake_daemon import FakeDaemon, Handler, UnixServer, process, serve
from warden.config.model import Config, HttpServerConfig, ServerConfig
from warden.config.values import ClientConfig
from warden.daemon.teller import Teller, Told
from warden.errors import StartupError
from warden.words import Channel, Phase

PID = 4711
CLIENT = ClientConfig(serverurl="unused", username="user", password="secret")


def supervisor(**more: object) -> FakeDaemon:
    """A Supervisor 4.3.0 with that pid."""
    daemon = FakeDaemon()
    daemon.answers |= {
        "getPID": PID,
        "getSupervisorVersion": "4.3.0",
        "getState": {"statecode": 1, "statename": "RUNNING"},
        **more,
    }
    return daemon


@pytest.fixture
def unix(tmp_path: Path) -> Iterator[tuple[FakeDaemon, HttpServerConfig]]:
    daemon, path = supervisor(), tmp_path / "s"
    server = UnixServer(str(path), type("Handler", (Handler,), {"daemon": daemon}))  # type: ignore[arg-type]
    for served in serve(server, daemon, f"unix://{path}"):
        yield served, HttpServerConfig(section="unix_http_server", path=str(path))


@pytest.fixture
def inet() -> Iterator[tuple[FakeDaemon, HttpServerConfig]]:
    daemon = supervisor()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"daemon": daemon}))
    for served in serve(server, daemon, "http://127.0.0.1"):
        yield served, HttpServerConfig(section="inet_http_server", host="127.0.0.1", port=server.server_port)


def ask(*servers: HttpServerConfig, pid: int = PID) -> Teller:
    server = ServerConfig(logfile=None, pidfile="/run/pid", childlogdir="/tmp")
    return Teller(pid, Config(path="/etc/conf", server=server, groups=(), http=servers), lambda: CLIENT)


def test_it_is_found_over_the_first_server_that_leads_to_it(unix: Any, inet: Any) -> None:
    stranger, at_port = inet
    stranger.answers["getPID"] = PID + 1

    teller = ask(HttpServerConfig(section="unix_http_server", path="/nowhere/s"), at_port, unix[1])

    assert (teller.url, teller.version) == (unix[0].url, "4.3.0")
    teller.close()


def test_the_reasons_of_all_servers_are_told(inet: Any) -> None:
    _, at_port = inet

    with pytest.raises(StartupError) as refused:
        ask(HttpServerConfig(section="unix_http_server", path="/nowhere/s"), at_port, pid=99)

    assert str(refused.value) == (
        "cannot take over from pid 99: it does not answer "
        f"(unix:///nowhere/s no such file; http://127.0.0.1:{at_port.port} belongs to another process)"
    )


def test_without_a_server_nobody_can_be_asked() -> None:
    with pytest.raises(StartupError, match=r"it does not answer \(no server\)"):
        ask()


@pytest.mark.parametrize("version", ["3.4.0", "5.0.0"])
def test_only_versions_4_are_taken_over(unix: Any, version: str) -> None:
    daemon, server = unix
    daemon.answers["getSupervisorVersion"] = version

    with pytest.raises(StartupError, match=f"its version is {version}, not 4.x"):
        ask(server)


@pytest.mark.parametrize("password", ["secret", "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4"])
def test_where_only_a_digest_is_known_the_client_s_password_is_used(unix: Any, password: str) -> None:
    daemon, server = unix
    daemon.credentials = "Basic dXNlcjpzZWNyZXQ="

    teller = ask(HttpServerConfig(section=server.section, path=server.path, username="user", password=password))

    assert teller.version == "4.3.0"
    teller.close()


def test_all_processes_are_told_with_their_facts(unix: Any) -> None:
    daemon, server = unix
    facts = {
        "start": 10,
        "stop": 0,
        "now": 20,
        "exitstatus": 0,
        "spawnerr": "",
        "stdout_logfile": "/x",
        "stderr_logfile": "",
    }
    daemon.answers["getAllProcessInfo"] = [process("web", pid=7, group="g") | facts | {"state": 20}]
    teller = ask(server)

    assert teller.processes() == [
        Told("g:web", Phase.RUNNING, 7, 10, 0, 20, 0, "", {Channel.STDOUT: "/x", Channel.STDERR: ""})
    ]
    teller.close()


def test_one_that_goes_down_is_left_alone(unix: Any) -> None:
    daemon, server = unix
    daemon.answers |= {"getState": {"statecode": -1, "statename": "SHUTDOWN"}, "getAllProcessInfo": []}
    teller = ask(server)

    with pytest.raises(StartupError, match="cannot take over: it is SHUTDOWN"):
        teller.processes()
    teller.close()


def test_one_that_stops_answering_cannot_be_taken_over(unix: Any) -> None:
    daemon, server = unix
    teller = ask(server)
    del daemon.answers["getState"]

    with pytest.raises(StartupError, match="cannot take over: "):
        teller.processes()
    teller.close()
