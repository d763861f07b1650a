"""The transport that old scripts hand to ``xmlrpc.client.ServerProxy``, and the old import paths."""

from __future__ import annotations

import xmlrpc.client

import pytest

from supervisor.supervisorctl import LSBInitExitStatuses, LSBStatusExitStatuses
from supervisor.xmlrpc import SupervisorTransport, UnixStreamHTTPConnection
from tests.ctl.fake_daemon import FakeDaemon
from warden.ctl.codes import Exit


def proxy(transport: SupervisorTransport) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)


def test_it_reaches_unix_sockets(daemon: FakeDaemon) -> None:
    transport = SupervisorTransport(None, None, daemon.url)

    assert proxy(transport).supervisor.getVersion() == "3.0"
    assert isinstance(transport.connection, UnixStreamHTTPConnection)
    transport.close()


def test_it_keeps_one_connection_and_replaces_a_stale_one(tcp_daemon: FakeDaemon) -> None:
    transport = SupervisorTransport("", "", tcp_daemon.url)
    tcp_daemon.credentials = "Basic Og=="

    for hang_up in (False, True, False):
        tcp_daemon.hang_up = hang_up
        assert proxy(transport).supervisor.getVersion() == "3.0"
    transport.close()

    assert (tcp_daemon.requests, tcp_daemon.connections) == (3, 2)


def test_faults_and_http_errors_are_the_standard_librarys(tcp_daemon: FakeDaemon) -> None:
    transport = SupervisorTransport(serverurl=tcp_daemon.url)
    with pytest.raises(xmlrpc.client.Fault, match="UNKNOWN_METHOD"):
        proxy(transport).supervisor.nope()
    tcp_daemon.status = 500

    with pytest.raises(xmlrpc.client.ProtocolError) as caught:
        proxy(transport).supervisor.getVersion()

    assert (caught.value.url, caught.value.errcode) == ("127.0.0.1/RPC2", 500)
    assert transport.connection is None


def test_a_failed_connect_leaves_it_usable(daemon: FakeDaemon) -> None:
    transport = SupervisorTransport(serverurl=daemon.url + ".not")
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            proxy(transport).supervisor.getVersion()

    assert transport.connection is None


@pytest.mark.parametrize("url", ["ftp://x", "", "unix:/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Unknown protocol for serverurl"):
        SupervisorTransport(serverurl=url)


def test_exit_statuses_under_their_old_names() -> None:
    assert {name: int(value) for name, value in Exit.__members__.items()} == {
        name: value for name, value in vars(LSBInitExitStatuses).items() if name.isupper()
    }
    assert type(LSBInitExitStatuses.GENERIC) is int
    assert (LSBStatusExitStatuses.NOT_RUNNING, LSBStatusExitStatuses.UNKNOWN) == (3, 4)
