"""The contract of a container: the daemon ends when its programs have, with their exit status."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.daemon import SERVER, Daemon, run
from harness.sides import WARDEN

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")

HELPER = "[program:helper]\ncommand = cat\nstartsecs = 0\n"


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        ("command = sh -c 'exit 7'\nautorestart = false\nstartsecs = 0", 7, "main is essential and has ended"),
        ("command = sh -c 'exit 0'\nstartsecs = 0", 0, "main is essential and has ended"),
        ("command = sh -c 'kill -9 $$'\nautorestart = false\nstartsecs = 0", 137, "main is essential"),
        ("command = sh -c 'exit 5'\nstartretries = 0", 5, "main is essential and has ended"),
        ("command = /no/such/program\nstartretries = 0", 1, "main is essential and has ended"),
    ],
)
def test_the_daemon_ends_with_its_essential_program(tmp_path: Path, lines: str, status: int, said: str) -> None:
    with Daemon(WARDEN, tmp_path / "home", f"{HELPER}[program:main]\nessential = true\n{lines}\n") as daemon:
        assert daemon.wait_end() == status
        daemon.wait_line(f"CRIT {said}.* exit status {status}")
        daemon.wait_line("stopped: helper")


FAILS = "[program:job]\ncommand = sh -c 'exit 4'\nstartsecs = 0\nautorestart = false\n"
WAITS = (
    "[program:middle]\ncommand = cat\ndepends_on = job:finished\n[program:main]\ncommand = cat\ndepends_on = middle\n"
)


def test_the_daemon_ends_when_its_essential_program_waits_in_vain(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", f"{HELPER}{FAILS}{WAITS}essential = true\n") as daemon:
        assert daemon.wait_end() == 4
        daemon.wait_line("CRIT main is essential and waits in vain for job: EXITED, exit status 4: supervisord ends")


def test_who_waits_in_vain_does_not_keep_a_daemon_that_ends_with_its_programs(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", FAILS + WAITS, server=f"{SERVER}exit_when = all_finished\n") as daemon:
        assert daemon.wait_end() == 4


def test_an_essential_program_that_is_restarted_or_stopped_keeps_the_daemon(tmp_path: Path) -> None:
    config = "[program:main]\nessential = true\ncommand = cat\nstartsecs = 0\nautorestart = true\n"
    with Daemon(WARDEN, tmp_path / "home", config) as daemon:
        daemon.wait_line("success: main")
        daemon.ctl("signal", "KILL", "main")
        daemon.wait_line("success: main", 2)
        assert daemon.ctl("stop", "main").stdout == "main: stopped\n"
        assert daemon.info("main")["statename"] == "STOPPED"


def test_the_daemon_ends_when_all_have_finished(tmp_path: Path) -> None:
    server = SERVER + "exit_when = all_finished\n"
    config = (
        "[program:good]\ncommand = sh -c 'read line'\nstartsecs = 0\n"
        "[program:bad]\ncommand = sh -c 'exit 4'\nstartsecs = 0\nautorestart = false\n"
        "[program:manual]\ncommand = cat\nautostart = false\n"
    )
    with Daemon(WARDEN, tmp_path / "home", config, server=server) as daemon:
        daemon.wait_line("exited: bad")
        daemon.wait_state("good", "RUNNING")
        daemon.rpc("supervisor.sendProcessStdin", "good", "\n")

        assert daemon.wait_end() == 4
        daemon.wait_line("INFO all programs have finished: supervisord ends with exit status 4")


def test_a_wrong_value_is_told_by_check(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("[supervisord]\nexit_when=sometimes\n[program:x]\ncommand=cat\nessential=perhaps\n")

    ran = run([WARDEN.command("supervisord"), "--check", "-c", str(tmp_path / "conf")], tmp_path)

    assert ran.rc == 2
    assert "exit_when must be never or all_finished, not 'sometimes'" in ran.stdout
    assert "not a valid boolean value: 'perhaps'" in ran.stdout
