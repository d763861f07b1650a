"""The brain is killed again and again while somebody restarts programs: all is done, once, and what is told is true."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.crowd import brain, kill_brain, numbers, pass_seconds, program
from harness.daemon import ALARM, Daemon, environment
from harness.sides import WARDEN

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

NAMES = [f"web:web_{number}" for number in range(3)]
WEB = program("web", "stubborn", numprocs=3, process_name="%(program_name)s_%(process_num)d", stopwaitsecs=1)


@pytest.mark.parametrize("words", [["web:*"], ["web:web_0", "web:web_1", "web:web_2"], ["all"]], ids=" ".join)
@pytest.mark.parametrize("kills", [1, 3, 6])
def test_a_restart_is_done_however_often_the_brain_is_killed_meanwhile(
    tmp_path: Path, words: list[str], kills: int
) -> None:
    dice = random.Random(f"{words} {kills}")
    with Daemon(WARDEN, tmp_path / "home", WEB) as daemon:
        for name in NAMES:
            daemon.wait_state(name, "RUNNING")
        before = daemon.pids()
        command = [WARDEN.command("supervisorctl"), "-c", str(daemon.conf), "restart", *words]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as client:
            for _ in range(kills):
                pass_seconds(dice.uniform(0.1, 0.6))
                kill_brain(daemon)
            said, _ = client.communicate(timeout=ALARM)
        after = {name: daemon.info(name) for name in NAMES}

        assert sorted(said.splitlines()) == sorted(
            f"{name}: {what}" for name in NAMES for what in ("stopped", "started")
        )
        assert client.returncode == 0
        assert {row["statename"] for row in after.values()} == {"RUNNING"}
        assert not set(before.values()) & {row["pid"] for row in after.values()}
        assert len(numbers(daemon, "web.starts")) == 2 * len(NAMES)


def test_a_start_whose_startsecs_pass_while_no_brain_works_is_a_success(tmp_path: Path) -> None:
    idle = program("idle", "stubborn", autostart="false", startsecs=1, stopwaitsecs=1)
    with Daemon(WARDEN, tmp_path / "home", idle) as daemon:
        daemon.rpc("supervisor.startProcess", "idle", False)
        os.kill(brain(daemon), signal.SIGSTOP)
        pass_seconds(1.1)
        kill_brain(daemon)

        daemon.wait_state("idle", "RUNNING")

        assert len(numbers(daemon, "idle.starts")) == 1
