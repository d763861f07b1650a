"""The daemon when its surroundings misbehave: files vanish, addresses are taken, limits are low."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

from harness.daemon import SERVER, Daemon, environment, run
from harness.sides import WARDEN
from harness.waiting import until


def test_a_restart_brings_a_removed_socket_file_back(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", "") as daemon:
        daemon.socket.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("supervisord started with pid", count=2)

        assert daemon.rpc("supervisor.getState")["value"]["statename"] == "RUNNING"


def test_a_restart_with_one_address_in_use_keeps_the_others(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Daemon(WARDEN, tmp_path / "home", "") as daemon:
        daemon.rewrite(f"[inet_http_server]\nport = 127.0.0.1:{taken.getsockname()[1]}\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("supervisord started with pid", count=2)

        assert daemon.rpc("supervisor.getState")["value"]["statename"] == "RUNNING"
        assert any("Another program is already listening" in text for _, text in daemon.log())


def test_a_restart_with_another_password_keeps_the_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = f"[inet_http_server]\nport = 127.0.0.1:{port}\n"
    with Daemon(WARDEN, tmp_path / "home", server) as daemon:
        daemon.rewrite(f"{server}username = bob\npassword = secret\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("supervisord started with pid", count=2)

        asked = daemon.ctl("-s", f"http://127.0.0.1:{port}", "-u", "bob", "-p", "secret", "pid")

    assert (asked.stdout, asked.rc) == (f"{daemon.popen.pid}\n", 0)


def test_an_fcgi_program_gets_its_port_again_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = f"[fcgi-program:f]\ncommand = sleep 1000\nsocket = tcp://127.0.0.1:{port}\nstartretries = 0\n"
    with Daemon(WARDEN, tmp_path / "home", f"{program}startsecs = 0\n") as daemon:
        daemon.wait_state("f", "RUNNING")
        for _ in range(5):
            assert daemon.ctl("restart", "f").stdout == "f: stopped\nf: started\n"

        assert not [text for _, text in daemon.log() if text.startswith("spawnerr")]


def test_a_start_that_fails_leaves_no_socket_file(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        inet = f"[inet_http_server]\nport = 127.0.0.1:{taken.getsockname()[1]}\n"
        (tmp_path / "conf").write_text(SERVER + inet)

        ended = run([WARDEN.command("supervisord"), "-n", "-c", str(tmp_path / "conf")], tmp_path)

    assert ended.rc == 2
    assert ended.stderr.startswith("Error: Another program is already listening")
    assert [path.name for path in tmp_path.iterdir()] == ["conf"]


def test_a_current_directory_that_is_gone_is_said(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    (tmp_path / "conf").write_text(SERVER)

    command = f"rmdir {gone}; exec {WARDEN.command('supervisord')} -n -c {tmp_path}/conf"
    ended = run(["sh", "-c", command], gone)

    assert ended.rc == 2
    assert ended.stderr.startswith("Error: cannot tell the current directory: No such file or directory\n")


def test_closed_standard_descriptors_are_no_obstacle(tmp_path: Path) -> None:
    """What is opened in their place must not get what is meant for them."""
    program = "[program:loud]\ncommand = sh -c 'echo heard; exec sleep 1000'\nstdout_console = raw\n"
    (tmp_path / "conf").write_text(SERVER + program)
    command = f"exec {WARDEN.command('supervisord')} -n -c {tmp_path}/conf <&- >&- 2>&-"
    log = tmp_path / "main.log"

    with subprocess.Popen(["sh", "-c", command], cwd=tmp_path, env=environment()) as daemon:
        until(lambda: log.exists() and "entered RUNNING" in log.read_text(), lambda: "the program runs")
        daemon.terminate()
        assert daemon.wait() == 0

    assert "heard" not in log.read_text()


def test_a_pid_file_that_cannot_be_removed_ends_nothing_early(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", "[program:cat]\ncommand = cat\n") as daemon:
        (daemon.home / "pid").unlink()
        (daemon.home / "pid").mkdir()
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("could not write pidfile")

        assert daemon.rpc("supervisor.getState")["value"]["statename"] == "RUNNING"
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_end() == 0


def test_a_term_in_the_middle_of_a_restart_ends_the_daemon(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", "[program:sleep]\ncommand = sleep 1000\n") as daemon:
        daemon.signal(signal.SIGHUP)
        daemon.signal(signal.SIGTERM)

        assert daemon.wait_end() == 0
        assert not (daemon.home / "pid").exists()
        assert not daemon.socket.exists()
