"""Programs that the clock starts: a real daemon, its client, and brains that are killed when somebody is due."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from e2e.crowd import kill_brain, pass_seconds, seconds_to_answer
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

JOB = "command=/bin/sh -c 'date +%%s >> %(here)s/%(program_name)s.runs'\n"
EVERY = 3  # seconds
RARELY = 6  # seconds; a brain that was killed comes back sooner, on a busy machine too
CONFIG = f"""
[program:often]
{JOB}schedule=*/{EVERY} * * * * *
[program:report]
{JOB}schedule=* * * * * *
depends_on=collect:finished
[program:collect]
{JOB}autostart=false
startsecs=0
[program:long]
command=/bin/sleep 1000
schedule=* * * * * *
[program:nightly]
{JOB}schedule=
    30 2 * * *
    30 14 * * SAT
schedule_timezone=America/New_York
"""


@pytest.fixture(params=["keeper", "alone"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    keeper = "" if request.param == "keeper" else "[supervisord]\nkeeper=false\n"
    with Daemon(WARDEN, tmp_path / "d", CONFIG + keeper) as running:
        yield running


def runs(daemon: Daemon, name: str) -> list[int]:
    """The seconds at which a job ran."""
    path = daemon.home / f"{name}.runs"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def ran(daemon: Daemon, name: str, count: int) -> list[int]:
    return until(
        lambda: found if len(found := runs(daemon, name)) >= count else [],
        lambda: f"{name} ran {count} times:\n" + "\n".join(daemon.lines[-30:]),
    )


def told(daemon: Daemon, name: str) -> dict[str, object]:
    (row,) = json.loads(daemon.ctl("status", "--json", name).stdout)
    return dict(row)


def disable(daemon: Daemon, name: str) -> int:
    """Let a job run no more; return how often it ran, when its last run is over."""
    daemon.ctl("disable", name)
    daemon.wait_state(name, "EXITED")
    return len(runs(daemon, name))


def next_nightly(now: datetime) -> datetime:
    """When it is half past two in New York next, or half past fourteen on a Saturday."""
    local = now.astimezone(ZoneInfo("America/New_York"))
    days = [local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day) for day in range(3)]
    times = [day.replace(hour=hour, minute=30) for day in days for hour in (2, 14) if hour == 2 or day.weekday() == 5]
    return min(moment for moment in times if moment > local)


def test_the_clock_starts_programs_and_everybody_is_told(daemon: Daemon) -> None:
    ran(daemon, "often", 2)

    facts = until(lambda: row if (row := told(daemon, "often"))["last_run_exit"] else {}, lambda: "a run is over")
    assert facts["schedule"] == f"*/{EVERY} * * * * *"
    assert isinstance(facts["next_run"], int)
    assert facts["next_run"] % EVERY == 0
    assert facts["last_run_exit"] == "exit status 0"
    line = until(
        lambda: text if "EXITED" in (text := daemon.ctl("status", "often").stdout) else "", lambda: "a run is over"
    )
    name, _, description = line.split(maxsplit=2)
    assert name == "often"
    assert description.startswith("next run ")
    assert "(exit status 0)" in description
    story = daemon.ctl("why", "often").stdout.splitlines()
    assert story[1].endswith(f"(schedule */{EVERY} * * * * *)")
    assert any(line.endswith(f"STARTING  schedule */{EVERY} * * * * *") for line in story)

    facts = told(daemon, "nightly")
    assert facts["schedule"] == "30 2 * * *; 30 14 * * SAT"
    assert facts["next_run"] == next_nightly(datetime.now(UTC)).timestamp()
    assert str(facts["description"]).endswith(", never ran")
    assert "schedule" not in told(daemon, "collect")

    assert ran(daemon, "report", 1)[0] >= ran(daemon, "collect", 1)[0]
    assert len(runs(daemon, "collect")) == 1
    daemon.wait_line("skipped: 'long'", count=2)
    seen = disable(daemon, "often")
    daemon.wait_line("skipped: 'long'", count=2 + 2 * EVERY)
    assert len(runs(daemon, "often")) == seen


def test_a_daemon_that_begins_again_knows_the_last_run(daemon: Daemon) -> None:
    ran(daemon, "often", 1)
    count = disable(daemon, "often")
    before = told(daemon, "often")

    daemon.ctl("reload")
    daemon.wait_line("supervisord started with pid", count=2)

    after = told(daemon, "often")
    assert (after["last_run"], after["last_run_exit"]) == (before["last_run"], "exit status 0")
    assert after["next_run"] == 0
    assert len(runs(daemon, "often")) == count


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux")
@pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run")
def test_what_is_due_while_no_brain_lives_is_started_once_and_nothing_twice(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "d", f"[program:often]\n{JOB}schedule=*/{RARELY} * * * * *\n") as daemon:
        ran(daemon, "often", 1)
        for before in (0.05, 0.01, 0.0, -0.01, -0.05):  # seconds from the end of a brain to the moment that is due
            due = (int(time.time()) // RARELY + 1) * RARELY
            pass_seconds(due - time.time() - before)
            kill_brain(daemon)
            seconds_to_answer(daemon)
        due = (int(time.time()) // RARELY + 1) * RARELY
        found = until(lambda: seen if (seen := runs(daemon, "often"))[-1] >= due else [], lambda: f"a run at {due}")

    moments = [second // RARELY for second in found]
    assert moments == list(range(moments[0], moments[-1] + 1)), "each moment once"
