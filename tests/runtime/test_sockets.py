"""Listening sockets of our HTTP servers."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from warden.config.model import FcgiSocketConfig, HttpServerConfig
from warden.errors import StartupError
from warden.runtime.sockets import HttpListener, SharedSocket


def unix(path: Path, **more: object) -> HttpServerConfig:
    return HttpServerConfig(section="unix_http_server", path=str(path), **more)  # type: ignore[arg-type]


def free_port(family: socket.AddressFamily = socket.AF_INET) -> int:
    with socket.socket(family) as probe:
        probe.bind(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # relative paths keep socket names short
    return Path()


def test_a_unix_socket_has_its_mode_and_nothing_else_is_left(folder: Path) -> None:
    config = unix(folder / "s", mode=0o640)
    listener = HttpListener(config)

    assert stat.S_IMODE(os.stat("s").st_mode) == 0o640
    assert os.listdir() == ["s"]
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("s")
    listener.close()
    assert os.listdir() == []


def test_closing_twice_removed_files_is_no_error(folder: Path) -> None:
    config = unix(folder / "s")
    listener = HttpListener(config)
    os.unlink("s")

    listener.close()

    assert listener.socket.fileno() == -1


def test_a_socket_whose_file_was_removed_or_replaced_is_not_reachable(folder: Path) -> None:
    listener = HttpListener(unix(folder / "s"))
    assert listener.is_reachable

    os.unlink("s")
    assert not listener.is_reachable
    other = HttpListener(unix(folder / "s"))
    assert not listener.is_reachable
    listener.close()

    assert os.listdir() == ["s"]
    other.close()
    assert os.listdir() == []


def test_a_stale_socket_is_replaced_and_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("s")
    config = unix(folder / "s")
    listener = HttpListener(config)

    assert capsys.readouterr().err == "Unlinking stale socket s\n"
    listener.close()


def test_a_living_socket_is_respected(folder: Path) -> None:
    config = unix(folder / "s")
    first = HttpListener(config)

    with pytest.raises(StartupError, match=r"^Another program is already listening on a port"):
        HttpListener(config)

    assert os.listdir() == ["s"]
    first.close()


def test_a_file_that_is_no_socket_is_never_removed(folder: Path) -> None:
    (folder / "s").write_text("precious")

    with pytest.raises(StartupError, match="is not a socket"):
        HttpListener(unix(folder / "s"))

    assert (folder / "s").read_text() == "precious"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x" * 200, "Cannot open an HTTP server: socket.error reported AF_UNIX path too long"),
        ("missing/s", "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)"),
    ],
)
def test_what_cannot_be_bound_is_said_in_the_reference_s_words(folder: Path, path: str, text: str) -> None:
    with pytest.raises(StartupError) as caught:
        HttpListener(unix(folder / path))

    assert str(caught.value) == text


@pytest.mark.skipif(os.getuid() == 0, reason="root may give files away")
def test_an_owner_that_we_may_not_set_is_said(folder: Path) -> None:
    with pytest.raises(StartupError, match=r"^Not permitted to chown s to uid/gid"):
        HttpListener(unix(folder / "s", owner=(0, 0)))

    assert os.listdir() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_inet_sockets_listen_and_a_second_one_is_refused(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        port = free_port(family)
    except OSError:
        pytest.skip(f"no {host} here")
    config = HttpServerConfig(section="inet_http_server", host=host, port=port)
    listener = HttpListener(config)

    with socket.create_connection((host, port)):
        pass
    with pytest.raises(StartupError, match=r"^Another program is already listening"):
        HttpListener(config)
    listener.close()


def test_a_closed_inet_socket_leaves_its_port_although_somebody_else_still_has_it() -> None:
    """The keeper and programs may: a restart with another password needs the same port at once."""
    config = HttpServerConfig(section="inet_http_server", host="127.0.0.1", port=free_port())
    first = HttpListener(config)
    with first.socket.dup():
        first.close()

        second = HttpListener(config)

        with socket.create_connection((config.host, config.port)) as client:
            assert client.getpeername()[1] == second.socket.getsockname()[1]
        second.close()


def test_a_shared_inet_socket_is_opened_again_although_somebody_else_still_has_it() -> None:
    held: list[int] = []
    config = FcgiSocketConfig(program="x", url="tcp://127.0.0.1", host="127.0.0.1", port=free_port())
    shared = SharedSocket(config, lambda _text: None, on_open=lambda fd: held.append(os.dup(fd)))

    shared.try_out()
    shared.acquire()

    with socket.create_connection(("127.0.0.1", config.port or 0)) as client:
        assert client.getpeername()[1] == config.port
    shared.release()
    for fd in held:
        os.close(fd)


def test_a_unix_socket_is_known_by_the_name_of_its_file(folder: Path) -> None:
    """Programs ask their FastCGI socket, and people ``ss`` and ``lsof``."""
    shared = SharedSocket(FcgiSocketConfig(program="x", url="unix:///s", path="s"), lambda _text: None)

    with socket.socket(fileno=os.dup(shared.acquire())) as theirs:
        assert theirs.getsockname() == "s"

    shared.release()
