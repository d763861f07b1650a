"""Readiness and health go on where they stood when the brain is killed: programs are heard, watched and waited for."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.crowd import kill_brain, numbers
from e2e.survivors import script
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

# Does what it reads: says a text over its notify socket, to a descriptor, or in its log.
TALKER = """\
import os, socket, sys
for line in sys.stdin:
    way, _, text = line.rstrip().partition(" ")
    if way == "notify":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
    else:
        os.write(int(way), text.encode() + b"\\n")
"""


def talker(home: Path, options: str, more: str = "") -> Daemon:
    """A daemon whose program says what the test wants, and another one that needs it."""
    command = script(home, "talker.py", TALKER)
    needy = "[program:needy]\ncommand = sleep 1000\nstartsecs = 0\ndepends_on = talker\n"
    return Daemon(WARDEN, home, f"[program:talker]\ncommand = {command}\nstartsecs = 0\n{options}{needy}{more}")


def say(daemon: Daemon, words: str) -> None:
    assert daemon.rpc("supervisor.sendProcessStdin", "talker", f"{words}\n") == {"value": True}


def row(daemon: Daemon, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(daemon.ctl("status", "--json").stdout)
    return next(one for one in rows if one["name"] == name)


@pytest.mark.parametrize(
    ("ready", "words"),
    [("notify", "notify READY=1"), ("fd:7", "7 here I am"), ("log:at work", "2 now I am at work")],
)
def test_a_program_that_gets_ready_under_the_next_brain_is_heard(tmp_path: Path, ready: str, words: str) -> None:
    with talker(tmp_path / "home", f"ready = {ready}\n") as daemon:
        daemon.wait_state("talker", "RUNNING")
        kill_brain(daemon)
        daemon.wait_line("went on: 1 process runs")
        before = (row(daemon, "talker")["ready"], row(daemon, "needy")["description"])

        say(daemon, words)
        daemon.wait_state("needy", "RUNNING")

        assert before == (False, "waiting for talker: RUNNING, not ready")
        assert row(daemon, "talker")["ready"] is True


def test_a_program_that_was_ready_stays_so_and_goes_on_talking(tmp_path: Path) -> None:
    with talker(tmp_path / "home", "ready = notify\n") as daemon:
        daemon.wait_state("talker", "RUNNING")
        say(daemon, "notify READY=1")
        daemon.wait_state("needy", "RUNNING")
        pids = daemon.pids()

        for number in range(2):
            kill_brain(daemon)
            daemon.wait_line("went on: 2 processes run", number + 1)
            say(daemon, f"notify STATUS=life {number}")
            said = f"life {number}"
            until(lambda said=said: row(daemon, "talker")["status_text"] == said, lambda: "it is heard")

        assert daemon.pids() == pids
        assert row(daemon, "talker")["ready"] is True


def test_a_watchdog_bites_under_the_next_brain(tmp_path: Path) -> None:
    with talker(tmp_path / "home", "ready = notify\nwatchdog_secs = 2\n") as daemon:
        daemon.wait_state("talker", "RUNNING")
        say(daemon, "notify READY=1")
        say(daemon, "notify WATCHDOG=1")
        daemon.wait_state("needy", "RUNNING")
        pid = daemon.info("talker")["pid"]
        kill_brain(daemon)

        daemon.wait_line("unhealthy: talker")
        daemon.wait_line("spawned: 'talker'", 2)

        assert daemon.info("talker")["pid"] != pid


def test_health_is_checked_by_the_next_brain(tmp_path: Path) -> None:
    home = tmp_path / "home"
    check = "healthcheck = exec:test -e %(here)s/well\nhealthcheck_interval = 0.2\nhealthcheck_retries = 1\n"
    with talker(home, check) as daemon:
        (home / "well").touch()
        daemon.wait_line("healthy: talker")
        kill_brain(daemon)
        daemon.wait_line("went on: 2 processes run")

        (home / "well").unlink()
        daemon.wait_line("unhealthy: talker")
        daemon.wait_line("spawned: 'talker'", 2)

        assert "healthcheck failed" in daemon.ctl("why", "talker").stdout


@pytest.mark.parametrize("how", ["healthcheck", "ready"])
def test_a_check_that_was_under_way_is_ended_by_the_next_brain(tmp_path: Path, how: str) -> None:
    home = tmp_path / "home"
    check = "[program:checked]\ncommand = sleep 1000\n"
    check += f"{how} = exec:sh -c 'echo $$ >> %(here)s/checks; sleep 1000'\n"
    with Daemon(WARDEN, home, check + ("healthcheck_timeout = 60\n" if how == "healthcheck" else "")) as daemon:
        under_way = until(lambda: numbers(daemon, "checks"), lambda: "a check begins")
        kill_brain(daemon)
        daemon.wait_line("went on: 1 process runs")

        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in under_way), lambda: "the old check is gone")
        until(lambda: len(numbers(daemon, "checks")) == 2, lambda: "there is a new one")
        last = numbers(daemon, "checks")[-1]
        daemon.signal(signal.SIGTERM)

        assert daemon.wait_end() == 0
        until(lambda: not Path(f"/proc/{last}").exists(), lambda: "nothing is left")


def mailbox_of(daemon: Daemon) -> Path:
    """Return the socket or fifo through which the program talks."""
    environ = Path(f"/proc/{daemon.info('talker')['pid']}/environ").read_bytes().split(b"\0")
    found = [os.fsdecode(pair[14:]) for pair in environ if pair.startswith(b"NOTIFY_SOCKET=")]
    links = [os.readlink(one) for one in Path(f"/proc/{daemon.popen.pid}/fd").iterdir()]
    return Path(*found or [link for link in links if "/supervisor-" in link])


@pytest.mark.parametrize("ready", ["notify", "fd:7"])
def test_a_shutdown_after_the_brain_was_killed_leaves_no_mailbox(tmp_path: Path, ready: str) -> None:
    with talker(tmp_path / "home", f"ready = {ready}\n") as daemon:
        daemon.wait_state("talker", "RUNNING")
        mailbox = mailbox_of(daemon)
        kill_brain(daemon)
        daemon.wait_line("went on")
        was_there = mailbox.exists()

        daemon.signal(signal.SIGTERM)
        daemon.wait_end()

        assert was_there
        assert not mailbox.parent.exists()
