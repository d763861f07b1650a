"""FastCGI programs with real children: one listening socket, opened with the first and closed with the last."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import Stage, group, play, program, python
from warden.config.model import FcgiSocketConfig, GroupConfig, Kind, ProcessConfig
from warden.errors import NoFile
from warden.words import Phase

# Answers every connection with its own pid; the listening socket is its stdin.
SERVER = python(
    "import os, socket\nlistener = socket.socket(fileno=0)\n"
    "while True: client, _ = listener.accept(); client.sendall(b'%d' % os.getpid()); client.close()"
)


def unix(path: str | Path, **more: object) -> FcgiSocketConfig:
    return FcgiSocketConfig(program="web", url=f"unix://{path}", path=str(path), mode=0o700, **more)  # type: ignore[arg-type]


def tcp(port: int, host: str = "127.0.0.1", **more: object) -> FcgiSocketConfig:
    return FcgiSocketConfig(program="web", url=f"tcp://{host}:{port}", host=host, port=port, **more)  # type: ignore[arg-type]


def servers(
    config: FcgiSocketConfig, count: int = 2, command: str = SERVER, **more: object
) -> tuple[ProcessConfig, ...]:
    more.setdefault("startsecs", 0)
    return tuple(
        replace(program(f"web_{number}", command, **more), kind=Kind.FCGI, socket=config) for number in range(count)
    )


def fcgi(config: FcgiSocketConfig, count: int = 2, command: str = SERVER, **more: object) -> GroupConfig:
    return GroupConfig(name="web", kind=Kind.FCGI, processes=servers(config, count, command, **more))


def ask(address: Path | int) -> int:
    """Return the pid of the server that answers."""
    with socket.socket(socket.AF_INET if isinstance(address, int) else socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(("127.0.0.1", address) if isinstance(address, int) else str(address))
        return int(client.recv(100))


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with taken_port() as port:
        return port


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # relative paths keep socket names short
    return Path()


def sockets_said(stage: Stage) -> list[str]:
    return [line for line in stage.said if "socket" in line.lower()]


def test_the_socket_is_tried_out_opened_with_the_first_and_closed_with_the_last(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        tried = ["INFO Creating socket unix://s", "INFO Closing socket unix://s"]
        assert sockets_said(stage) == tried
        assert not os.path.exists("s")

        stage.supervisor.start_all()
        assert sockets_said(stage) == [*tried, "INFO Creating socket unix://s"]
        await stage.until("web:web_0", Phase.RUNNING)
        await stage.until("web:web_1", Phase.RUNNING)
        await stage.control.stop("web:web_0", wait=True)
        assert ask(Path("s")) == stage.find("web:web_1").state.pid
        await stage.control.stop("web:web_1", wait=True)

        assert sockets_said(stage) == 2 * tried
        assert not os.path.exists("s")

    play(Path.cwd(), scenario, fcgi(unix("s")))


def test_all_processes_of_the_program_share_it(folder: Path, free_port: int) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web:web_1", Phase.RUNNING)
        for stays, goes in (("web:web_1", "web:web_0"), ("web:web_0", "web:web_1")):
            await stage.control.stop(goes, wait=True)
            assert ask(free_port) == stage.find(stays).state.pid
            await stage.control.start(goes, wait=True)

        assert sockets_said(stage)[2:] == [f"INFO Creating socket tcp://127.0.0.1:{free_port}"], "one for all of them"

    play(Path.cwd(), scenario, fcgi(tcp(free_port)))


def test_it_works_inside_a_group_of_other_programs(folder: Path) -> None:
    """Supervisor runs it there as a plain program, without its socket."""

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("shop:web_0", Phase.RUNNING)

        assert ask(Path("s")) == stage.find("shop:web_0").state.pid

    play(Path.cwd(), scenario, group("shop", program("other", startsecs=0), *servers(unix("s"), 1)))


def test_mode_and_owner_are_those_of_the_configuration(folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may give files away")
    config = replace(unix("s", owner=(12345, 54321)), mode=0o606)

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        made = os.stat("s")

        assert (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) == (0o606, 12345, 54321)

    play(Path.cwd(), scenario, fcgi(config))


@pytest.mark.parametrize("mode", [0o000, 0o777, None])
def test_the_mode_is_taken_as_it_is(folder: Path, mode: int | None) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()

        assert stat.S_IMODE(os.stat("s").st_mode) == (0o700 if mode is None else mode)

    play(Path.cwd(), scenario, fcgi(replace(unix("s"), mode=mode), 1))


def test_the_backlog_bounds_the_connections_that_wait(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        clients = [socket.socket(socket.AF_UNIX) for _ in range(5)]
        for client in clients:
            client.setblocking(False)
        answers = [client.connect_ex("s") for client in clients]
        for client in clients:
            client.close()

        assert answers == [0, 0, errno.EAGAIN, errno.EAGAIN, errno.EAGAIN]  # Linux lets in one more than the backlog

    play(Path.cwd(), scenario, fcgi(unix("s", backlog=1), 1, "/bin/sleep 1000"))


def test_a_bind_failure_is_a_spawn_error_of_that_program_and_nobody_else_s(folder: Path) -> None:
    with taken_port() as port:

        async def scenario(stage: Stage) -> None:
            why = f"Could not create FastCGI socket tcp://127.0.0.1:{port}: [Errno 98] Address already in use"
            assert stage.said[-1] == f"ERRO {why}"
            stage.supervisor.start_all()
            process = await stage.until("web:web_0", Phase.FATAL)
            await stage.until("other", Phase.RUNNING)

            assert process.state.spawn_error == why
            assert f"INFO spawnerr: {why}" in stage.said
            assert "INFO gave up: web_0 entered FATAL state, too many start retries too quickly" in stage.said

        play(
            Path.cwd(),
            scenario,
            fcgi(tcp(port), 1, startretries=0),
            group("other", program("other", startsecs=0)),
        )


def test_a_file_that_is_no_socket_is_never_removed(folder: Path) -> None:
    Path("s").write_text("precious")

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("web:web_0", Phase.FATAL)

        assert process.state.spawn_error == (
            "Could not create FastCGI socket unix://s: [Errno 88] exists and is not a socket: 's'"
        )
        assert Path("s").read_text() == "precious"

    play(Path.cwd(), scenario, fcgi(unix("s"), 1, startretries=0))


def test_it_starts_once_the_address_is_free_again(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        async def scenario(stage: Stage) -> None:
            stage.supervisor.start_all()
            await stage.until("web:web_0", Phase.BACKOFF)
            other.close()
            process = await stage.until("web:web_0", Phase.RUNNING)

            assert ask(port) == process.state.pid

        play(Path.cwd(), scenario, fcgi(tcp(port), 1))


def test_a_process_that_dies_alone_gets_a_new_socket_with_its_next_life(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        first = stage.find("web:web_0").state.pid
        os.kill(first, 9)
        await stage.until("web:web_0", Phase.EXITED)
        process = await stage.until("web:web_0", Phase.RUNNING)

        assert process.state.pid != first
        assert ask(Path("s")) == process.state.pid
        assert sockets_said(stage)[2:] == [
            "INFO Creating socket unix://s",
            "INFO Closing socket unix://s",
            "INFO Creating socket unix://s",
        ]

    play(Path.cwd(), scenario, fcgi(unix("s"), 1))


def test_a_spawn_error_does_not_keep_the_socket(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web:web_0", Phase.FATAL)

        assert not os.path.exists("s")

    play(Path.cwd(), scenario, fcgi(unix("s"), 1, "/nonexistent", startretries=0))


def test_there_is_no_stdin_to_write_to(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web:web_0", Phase.RUNNING)

        with pytest.raises(NoFile):
            stage.control.send_stdin("web:web_0", b"x")

    play(Path.cwd(), scenario, fcgi(unix("s"), 1))


def test_an_update_moves_the_program_to_another_socket(folder: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web:web_0", Phase.RUNNING)
        stage.next = replace(stage.config, groups=(fcgi(unix("t"), 1),))
        assert (await stage.control.reload_config()).changed == ("web",)

        await stage.control.stop_many("web", wait=True)
        stage.control.remove_group("web")
        stage.control.add_group("web")
        process = await stage.until("web:web_0", Phase.RUNNING)

        assert ask(Path("t")) == process.state.pid
        assert not os.path.exists("s")

    play(Path.cwd(), scenario, fcgi(unix("s"), 1))
