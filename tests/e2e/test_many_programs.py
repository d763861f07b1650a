"""So many programs that the keeper has a second table for their descriptors: all that survives with few, survives."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.crowd import kill_brain
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

MANY = 220
EACH = 4  # descriptors: three pipes and one for its process
CATS = f"""
[program:cat]
command = cat
process_name = %(process_num)d
numprocs = {MANY}
startsecs = 0
stdout_logfile = %(here)s/%(process_num)d.log
"""


def descriptors(pid: int) -> list[int]:
    """Return how many descriptors stand in the table of each thread of a process."""
    return [len(list((task / "fd").iterdir())) for task in Path(f"/proc/{pid}/task").iterdir()]


def all_run(daemon: Daemon) -> bool:
    states = [row["statename"] for row in daemon.rpc("supervisor.getAllProcessInfo")["value"]]
    return states == ["RUNNING"] * MANY


def check_pipes(daemon: Daemon, word: str) -> None:
    """Check that each hears what is said to it, and that its log gets what it answers."""
    wanted = {number: f"{word} {number}\n" for number in range(MANY)}
    for number, text in wanted.items():
        daemon.rpc("supervisor.sendProcessStdin", f"cat:{number}", text)

    def silent() -> list[int]:
        return [number for number, text in wanted.items() if not daemon.read(f"{number}.log").endswith(text)]

    until(lambda: not silent(), lambda: f"these say {word!r}: {silent()}")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(WARDEN, tmp_path / "home", CATS) as daemon:
        until(lambda: all_run(daemon), lambda: "all cats run")
        yield daemon


def test_the_table_that_children_copy_holds_the_descriptors_of_a_few(daemon: Daemon) -> None:
    ours, other = descriptors(daemon.popen.pid)
    begun = ours + other

    for number in range(0, MANY, 2):
        os.kill(daemon.info(f"cat:{number}")["pid"], signal.SIGKILL)
    daemon.wait_line("exited: ", MANY // 2)
    until(lambda: all_run(daemon), lambda: "all cats run again")

    ended = descriptors(daemon.popen.pid)
    assert begun >= EACH * MANY
    assert sum(ended) == pytest.approx(begun, abs=5)
    assert max(ours, ended[0]) < EACH * 50 + 60
    check_pipes(daemon, "hello")


def kill_keeper(daemon: Daemon) -> None:
    daemon.popen.kill()
    daemon.wait_line("CRIT the keeper .* is gone")


def lose_brain(daemon: Daemon) -> None:
    kill_brain(daemon)
    daemon.wait_line(f"went on: {MANY} processes run")


def upgrade(daemon: Daemon) -> None:
    assert daemon.ctl("upgrade").rc == 0


@pytest.mark.parametrize("change", [lose_brain, upgrade, kill_keeper])
def test_no_program_notices_and_no_pipe_is_lost(daemon: Daemon, change: Callable[[Daemon], None]) -> None:
    before = daemon.pids()
    check_pipes(daemon, "before")

    change(daemon)

    assert daemon.pids() == before
    check_pipes(daemon, "after")
    os.kill(before["cat:7"], signal.SIGKILL)
    daemon.wait_line("exited: 7 ")
    until(lambda: all_run(daemon), lambda: "it runs again")


def test_all_are_stopped_and_started_again_by_a_reload_and_end_with_the_daemon(daemon: Daemon) -> None:
    before = daemon.pids()

    daemon.ctl("reload")
    daemon.wait_line("success: ", 2 * MANY)
    after = daemon.pids()
    daemon.signal(signal.SIGTERM)
    status = daemon.wait_end()

    assert set(before.values()).isdisjoint(after.values())
    assert len(after) == MANY
    assert status == 0
    assert not [pid for pid in after.values() if Path(f"/proc/{pid}").exists()]
