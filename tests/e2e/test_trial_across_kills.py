"""An update on trial goes on when the brain is killed: it is taken back, or confirmed, as if nothing had been."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.crowd import kill_brain, numbers, program
from harness.daemon import ALARM, Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

OTHER = "[program:other]\ncommand = sleep 1000\nstartsecs = 0\n"


def web(which: str, role: str = "lines", *words: object) -> str:
    """The program web, which leaves its pids in ``<which>.starts``."""
    section = program(which, role, *(words or (1, 10) * (role == "lines")), startsecs=0, stopwaitsecs=1)
    return section.replace(f"[program:{which}]", "[program:web]")


def begun(daemon: Daemon, which: str, count: int = 1) -> int:
    """Wait until that version of web was started so often, and return its pid."""
    return (
        until(lambda: len(numbers(daemon, f"{which}.starts")) == count, lambda: f"{which} starts")
        and (numbers(daemon, f"{which}.starts")[-1])
    )


def runs(daemon: Daemon, which: str, count: int) -> bool:
    """Tell whether that version of web runs and was started so often, and the other program was left alone."""
    pid = begun(daemon, which, count)
    pids = daemon.pids()
    return pids["web:web"] == pid and len(pids) == 2


def test_an_update_that_nobody_confirms_is_taken_back_by_the_next_brain(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", web("old") + OTHER) as daemon:
        begun(daemon, "old")
        daemon.rewrite(web("new") + OTHER)
        daemon.ctl("update", "--confirm", "3")
        begun(daemon, "new")
        for _ in range(2):
            kill_brain(daemon)

        daemon.wait_line("the update is taken back: nobody has confirmed it within 3 s")
        daemon.wait_line("the update has been taken back")

        assert runs(daemon, "old", 2)


def test_the_next_brain_refuses_another_update_and_takes_a_confirmation(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", web("old") + OTHER) as daemon:
        begun(daemon, "old")
        daemon.rewrite(web("new") + OTHER)
        daemon.ctl("update", "--confirm", "600")
        begun(daemon, "new")
        kill_brain(daemon)

        refused = daemon.ctl("update").stdout
        confirmed = daemon.ctl("confirm")
        kill_brain(daemon)

        assert "another update waits for its confirmation" in refused
        assert confirmed.stdout == "The update is confirmed\n"
        assert daemon.ctl("confirm").rc == 1
        assert runs(daemon, "new", 1)


def test_a_process_that_becomes_fatal_under_the_next_brain_takes_it_back(tmp_path: Path) -> None:
    broken = web("new", "quick", 1).replace("startsecs = 0", "startsecs = 10\nstartretries = 0")
    with Daemon(WARDEN, tmp_path / "home", web("old") + OTHER) as daemon:
        begun(daemon, "old")
        daemon.rewrite(broken + OTHER)
        daemon.ctl("update", "--confirm", "600")
        begun(daemon, "new")
        kill_brain(daemon)

        daemon.wait_line("the update is taken back: web is FATAL")
        daemon.wait_line("the update has been taken back")

        assert runs(daemon, "old", 2)


def test_an_update_that_was_being_made_is_taken_back(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", web("old", "stubborn") + OTHER) as daemon:
        begun(daemon, "old")
        daemon.rewrite(web("new") + OTHER)
        command = [WARDEN.command("supervisorctl"), "-c", str(daemon.conf), "update", "--confirm", "600"]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as client:
            daemon.wait_state("web", "STOPPING")
            kill_brain(daemon)
            said, _ = client.communicate(timeout=ALARM)

        daemon.wait_line("the update is taken back: supervisord was interrupted while it was being made")
        daemon.wait_line("the update has been taken back")

        assert "the server closed the connection" in said
        assert runs(daemon, "old", 2)
        assert not numbers(daemon, "new.starts")


def test_the_way_back_is_gone_to_its_end(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", web("old") + OTHER) as daemon:
        begun(daemon, "old")
        daemon.rewrite(web("new", "stubborn") + OTHER)
        daemon.ctl("update", "--confirm", "1")
        begun(daemon, "new")
        daemon.wait_state("web", "STOPPING")
        kill_brain(daemon)

        daemon.wait_line("the update has been taken back")

        assert runs(daemon, "old", 2)
        assert len(numbers(daemon, "new.starts")) == 1
