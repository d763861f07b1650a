"""The daemon as PID 1, as in a container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from e2e.shop import leftovers
from harness.daemon import Daemon
from harness.sides import Side

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")

LEAVES_AN_ORPHAN = """\
[program:parent]
command = sh -c "(sh -c 'exit 7' &); exec cat"
"""


@pytest.fixture
def container(side: Side, tmp_path: Path) -> Side:
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
