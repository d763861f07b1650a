"""Running it: what somebody at a terminal does with Warden's daemon, from the first question to the last."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.crowd import kill_brain
from harness.daemon import Daemon
from harness.sides import WARDEN

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")

FLEET = """\
[program:web]
command = cat
process_name = %(program_name)s_%(process_num)d
numprocs = 2
startsecs = 0
[program:cron]
command = cat
startsecs = 0
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(WARDEN, tmp_path / "home", FLEET) as daemon:
        daemon.wait_line("success: ", 3)
        yield daemon


def restart(daemon: Daemon) -> None:
    """End the daemon and start it again."""
    daemon.signal(signal.SIGTERM)
    assert daemon.wait_end() == 0
    daemon.start()


def test_why_tells_who_stopped_it_and_who_killed_it_also_in_the_next_daemon(daemon: Daemon) -> None:
    os.kill(daemon.pids()["cron:cron"], signal.SIGKILL)
    daemon.wait_line("success: cron", 2)
    daemon.ctl("stop", "cron")

    story = daemon.ctl("why", "cron").stdout

    assert "terminated by SIGKILL, not sent by supervisord" in story
    assert "stop requested by supervisorctl (pid " in story
    assert f", uid {os.getuid()}) over unix://{daemon.socket}" in story
    assert story.splitlines()[0].endswith("terminated by SIGTERM, sent by supervisord: to stop it")

    restart(daemon)
    daemon.wait_line("success: cron")
    later = daemon.ctl("why", "cron").stdout

    assert set(story.splitlines()[1:]) < set(later.splitlines())
    assert "the daemon goes down: shutdown requested by SIGTERM" in daemon.ctl("why", "web:web_0").stdout
    assert "  autostart" in later


def test_wildcards_and_exceptions(daemon: Daemon) -> None:
    assert daemon.ctl("stop", "w*", "!web:web_0").stdout == "web:web_1: stopped\n"
    assert daemon.ctl("stop", "!cron", "!web:web_1").stdout == "web:web_0: stopped\n"
    assert daemon.ctl("status", "c*").stdout.split()[:2] == ["cron", "RUNNING"]
    rows = json.loads(daemon.ctl("status", "--json", "w*").stdout)
    assert {row["name"]: row["state"] for row in rows} == {"web:web_0": "STOPPED", "web:web_1": "STOPPED"}


def test_scale_and_disable_outlive_the_daemon(daemon: Daemon) -> None:
    assert daemon.ctl("scale", "web=3", "cron=2").stdout == (
        "web:web_2: added\ncron: ERROR (CANT_REREAD: cron cannot have 2 processes: its process_name needs "
        "%(process_num), for example process_name=%(program_name)s_%(process_num)02d)\n"
    )
    assert daemon.ctl("disable", "--now", "cron").stdout == "cron: disabled\ncron: stopped\n"
    daemon.wait_state("web:web_2", "RUNNING")
    assert daemon.ctl("reread").stdout == "No config updates to processes\n"

    restart(daemon)
    daemon.wait_line("success: web_2")

    assert daemon.info("cron")["statename"] == "STOPPED"
    assert daemon.info("cron")["description"] == "Not started, disabled"
    assert daemon.ctl("scale", "web=file").stdout == "web:web_2: removed\n"
    assert daemon.ctl("enable", "--now", "cron").stdout == "cron: enabled\ncron: started\n"
    assert sorted(daemon.pids()) == ["cron:cron", "web:web_0", "web:web_1"]


def test_a_rolling_restart_has_new_pids_and_ends_at_the_first_failure(daemon: Daemon) -> None:
    before = daemon.pids()

    ran = daemon.ctl("restart", "--rolling", "web:*")

    assert ran.stdout == ("web:web_0: stopped\nweb:web_0: started\nweb:web_1: stopped\nweb:web_1: started\n")
    after = daemon.pids()
    assert {name for name, pid in after.items() if before[name] != pid} == {"web:web_0", "web:web_1"}


def test_the_plan_is_what_an_update_then_does(daemon: Daemon) -> None:
    daemon.rewrite(FLEET.replace("[program:cron]\ncommand = cat", "[program:job]\ncommand = cat").replace("= 2", "= 1"))

    plan = daemon.ctl("plan").stdout

    assert plan.splitlines() == [
        "cron: would be stopped and removed",
        "web: would be stopped and started with the new configuration",
        "    web_1 command: cat -> nothing",
        "job: would be added",
    ]
    assert daemon.ctl("update").stdout.splitlines() == [
        "cron: stopped",
        "cron: removed process group",
        "web: stopped",
        "web: updated process group",
        "job: added process group",
    ]
    assert daemon.ctl("plan").stdout == "No config updates to processes\n"


def test_restart_with_the_new_configuration(daemon: Daemon) -> None:
    daemon.rewrite(FLEET.replace("[program:cron]\ncommand = cat", "[program:cron]\ncommand = sleep 1000"))

    ran = daemon.ctl("restart", "--reread", "cron", "web:web_0")

    assert ran.stdout == "web:web_0: stopped\nweb:web_0: started\ncron: stopped\ncron: updated process group\n"


def test_an_update_on_trial_goes_back_by_itself_unless_it_is_confirmed(daemon: Daemon) -> None:
    broken = FLEET.replace(
        "[program:cron]\ncommand = cat", "[program:cron]\ncommand = /no/such/program\nstartretries = 0"
    )
    daemon.rewrite(broken)

    assert daemon.ctl("update", "--confirm", "600").stdout.splitlines()[0] == "cron: updated process group"
    daemon.wait_line("WARN the update is taken back: cron is FATAL")
    daemon.wait_line("INFO the update has been taken back")
    daemon.wait_state("cron", "RUNNING")

    daemon.rewrite(FLEET.replace("[program:cron]\ncommand = cat", "[program:cron]\ncommand = sleep 1000"))
    daemon.ctl("update", "--confirm", "600")
    assert daemon.ctl("confirm").stdout == "The update is confirmed\n"
    assert daemon.ctl("confirm").rc == 1


def test_a_rolling_restart_is_gated_on_readiness(tmp_path: Path) -> None:
    """The second of two is never touched while the first is not ready."""
    slow = "echo starting; read line < gate; echo ready; exec cat"
    config = (
        f"[program:web]\ncommand = sh -c '{slow}'\nprocess_name = w%(process_num)d\nnumprocs = 2\nstartsecs = 0\n"
        "ready = log:^ready\nautostart = false\ndirectory = %(here)s\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    os.mkfifo(home / "gate")
    with Daemon(WARDEN, home, config) as daemon:
        gate = os.open(home / "gate", os.O_RDWR)
        os.write(gate, b"1\n2\n")
        assert daemon.ctl("start", "web:*").stdout == "web:w0: started\nweb:w1: started\n"
        before = daemon.pids()
        with ThreadPoolExecutor() as pool:
            rolling = pool.submit(daemon.ctl, "restart", "--rolling", "web:*")
            daemon.wait_line("success: w0", 2)
            assert (daemon.pids()["web:w1"], rolling.done()) == (before["web:w1"], False)
            os.write(gate, b"3\n4\n")
            assert rolling.result().stdout.count("started") == 2
        os.close(gate)
        assert daemon.pids()["web:w1"] != before["web:w1"]


@pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run")
def test_orders_and_history_outlive_the_death_of_the_brain(daemon: Daemon) -> None:
    daemon.ctl("scale", "web=3")
    daemon.ctl("disable", "--now", "cron")
    daemon.wait_state("web:web_2", "RUNNING")
    before, story = daemon.pids(), daemon.ctl("why", "cron").stdout

    kill_brain(daemon)

    assert daemon.ctl("why", "cron").stdout == story
    assert daemon.pids() == before
    assert daemon.info("cron")["description"].endswith(", disabled")
    assert daemon.ctl("scale", "web=file").stdout == "web:web_2: removed\n"
