"""Running it: what somebody at a terminal does with Warden's daemon, from the first question to the last."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    assert "  autostart" in later


def test_wildcards_and_exceptions(daemon: Daemon) -> None:
    assert daemon.ctl("stop", "w*", "!web:web_0").stdout == "web:web_1: stopped\n"
    assert daemon.ctl("stop", "!cron", "!web:web_1").stdout == "web:web_0: stopped\n"
    assert daemon.ctl("status", "c*").stdout.split()[:2] == ["cron", "RUNNING"]
    rows = json.loads(daemon.ctl("status", "--json", "w*").stdout)
    assert {row["name"]: row["state"] for row in rows} == {"web:web_0": "STOPPED", "web:web_1": "STOPPED"}
