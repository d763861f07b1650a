"""The daemon as PID 1, as in a container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from e2e.shop import leftovers
from harness.daemon import SERVER, Daemon, run
from harness.sides import WARDEN, Side

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")

LEAVES_AN_ORPHAN = """\
[program:parent]
command = sh -c "(sh -c 'exit 7' &); exec cat"
"""


@pytest.fixture
def container(side: Side, tmp_path: Path) -> Side:
    """Each implementation in turn as PID 1."""
    return contained(side, tmp_path)


def contained(side: Side, tmp_path: Path) -> Side:
    """The same commands, but supervisord runs in a PID name space of its own."""
    if shutil.which("unshare") is None or subprocess.run([*CONTAINER, "true"], check=False).returncode:
        pytest.skip("may not make a PID name space here")
    commands = tmp_path / "bin"
    commands.mkdir()
    wrapper = commands / "supervisord"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(CONTAINER)} {side.command("supervisord")} "$@"\n')
    wrapper.chmod(0o755)
    (commands / "supervisorctl").symlink_to(side.command("supervisorctl"))
    return Side(f"{side.name} in a container", commands)


def test_as_pid_1_orphans_are_reaped_and_term_stops_everything(container: Side, tmp_path: Path) -> None:
    with Daemon(container, tmp_path / "home", LEAVES_AN_ORPHAN) as daemon:
        daemon.wait_line(r"INFO reaped unknown pid \d+ \(exit status 7\)")
        daemon.wait_line("success: parent entered RUNNING state")

        assert daemon.ctl("pid").stdout == "1\n"

        unshare = daemon.popen.pid
        [init] = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()
        os.kill(int(init), signal.SIGTERM)
        daemon.wait_line("WARN received SIGTERM indicating exit request")
        daemon.wait_line(r"WARN stopped: parent \(terminated by SIGTERM\)")

        assert daemon.wait_end() == 0
        assert leftovers(daemon) == set()


def test_as_pid_1_the_exit_status_is_that_of_the_essential_program(tmp_path: Path) -> None:
    config = "[program:main]\ncommand = sh -c 'exit 7'\nessential = true\nautorestart = false\nstartsecs = 0\n"
    with Daemon(contained(WARDEN, tmp_path), tmp_path / "home", LEAVES_AN_ORPHAN + config) as daemon:
        assert daemon.wait_end() == 7
        daemon.wait_line("stopped: parent")
        assert leftovers(daemon) == set()


def test_as_pid_1_the_daemon_ends_when_all_have_finished(tmp_path: Path) -> None:
    server = SERVER + "exit_when = all_finished\n"
    jobs = "[program:job]\ncommand = true\nprocess_name = job_%(process_num)d\nnumprocs = 3\nstartsecs = 0\n"
    with Daemon(contained(WARDEN, tmp_path), tmp_path / "home", jobs, server=server) as daemon:
        assert daemon.wait_end() == 0
        daemon.wait_line("all programs have finished: supervisord ends with exit status 0")


def test_as_pid_1_the_output_of_programs_is_that_of_the_container(tmp_path: Path) -> None:
    """The configuration of docs/in-a-container.md in short."""
    (tmp_path / "conf").write_text(
        "[supervisord]\nnodaemon = true\nsilent = true\npidfile = /dev/null\n"
        "logfile = /dev/null\nlogfile_maxbytes = 0\n"
        "[program:web]\ncommand = sh -c 'echo hello; echo oops >&2; exit 3'\nessential = true\nstartsecs = 0\n"
        "autorestart = false\nstdout_logfile = NONE\nstderr_logfile = NONE\n"
        "stdout_console = prefix\nstderr_console = raw\n"
    )

    supervisord = contained(WARDEN, tmp_path).command("supervisord")
    ran = run([supervisord, "-c", str(tmp_path / "conf")], tmp_path)

    assert (ran.stdout, ran.rc) == ("web | hello\n", 3)
    assert "oops" in ran.stderr.splitlines()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "conf"]
