"""Keeper and brain are killed at once, as by the OOM killer; the next start deals with what they have left."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.survivors import COUNTER, GREETER, Successor, alive, brain_of, counted, kill_both, linux_only, numbers, script
from harness.daemon import SERVER, Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    linux_only,
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="these kill keepers"),
]

FLEET = """\
[program:counter]
command={counter}
stdout_logfile=%(here)s/counter.log
[program:seven]
command=sh -c "trap 'exit 7' TERM; trap '' PIPE; while :; do sleep 0.05; done"
[program:stubborn]
command=sh -c "trap '' TERM; while :; do sleep 0.05; done"
stopwaitsecs=1
killasgroup=true
[program:cat]
command=cat
[fcgi-program:greeter]
command={greeter}
socket=unix://%(here)s/f
process_name=greeter
"""
SURVIVORS = ("counter", "seven", "stubborn", "greeter:greeter")


def server(mode: str) -> str:
    return f"{SERVER}leftovers = {mode}\n"


@contextlib.contextmanager
def left_by(home: Path, mode: str) -> Iterator[tuple[Daemon, dict[str, int]]]:
    """A daemon that was killed together with its keeper, and who still runs."""
    fleet = FLEET.format(counter=script(home, "counter.py", COUNTER), greeter=script(home, "greeter.py", GREETER))
    with Daemon(WARDEN, home, fleet, server=server(mode)) as daemon:
        for name in (*SURVIVORS, "cat"):
            daemon.wait_state(name, "RUNNING")
        until(lambda: counted(home, "counter.log") > 0, lambda: "the counter counts")
        before = daemon.pids()
        kill_both(daemon)
        until(lambda: not alive(before["cat:cat"]), lambda: "cat has ended with its stdin")
        yield daemon, before


def test_by_default_they_are_stopped_properly_before_anything_starts(tmp_path: Path) -> None:
    with left_by(tmp_path / "d", "stop") as (dead, before), Successor(WARDEN, dead) as daemon:
        daemon.wait_line("INFO spawned: 'counter'")
        said = [message for _level, message in daemon.log()]
        first_start = next(i for i, message in enumerate(said) if message.startswith("spawned:"))
        assert "stopped: seven (exit status 7)" in said[:first_start]
        assert f"killing 'stubborn' ({before['stubborn:stubborn']}) with SIGKILL" in said[:first_start]
        assert not any(alive(pid) for pid in before.values())
        for name in (*SURVIVORS, "cat"):
            daemon.wait_state(name, "RUNNING")
        assert set(daemon.pids()) == set(before)
        assert not set(daemon.pids().values()) & set(before.values())


def test_they_can_be_adopted(tmp_path: Path) -> None:
    home = tmp_path / "d"
    with left_by(home, "adopt") as (dead, before), Successor(WARDEN, dead) as daemon:
        daemon.wait_line("WARN adopted: ", len(SURVIVORS))
        after = daemon.pids()
        assert {name: after[name] for name in before if name != "cat:cat"} == {
            name: pid for name, pid in before.items() if name != "cat:cat"
        }
        daemon.wait_state("cat", "RUNNING")
        count = len(numbers(home, "counter.log"))
        until(lambda: len(numbers(home, "counter.log")) > count, lambda: "its output is read again")
        daemon.rpc("supervisor.stopProcess", "seven")
        daemon.wait_line(r"WARN stopped: seven \(exit status 7\)")
        daemon.ctl("restart", "greeter:greeter")
        daemon.wait_state("greeter:greeter", "RUNNING")
        brain = brain_of(daemon)
        os.kill(brain, signal.SIGKILL)
        daemon.wait_line(r"WARN the brain \(pid \d+\) ended")
        assert daemon.pids()["counter:counter"] == before["counter:counter"]


def test_they_can_be_ignored_as_they_always_were(tmp_path: Path) -> None:
    with left_by(tmp_path / "d", "ignore") as (dead, before), Successor(WARDEN, dead) as daemon:
        daemon.wait_state("seven", "RUNNING")

        assert daemon.pids()["seven:seven"] != before["seven:seven"]
        assert alive(before["seven:seven"])
        assert not any("leftover" in message or "adopted" in message for _level, message in daemon.log())


def test_what_is_no_longer_configured_is_stopped(tmp_path: Path) -> None:
    with left_by(tmp_path / "d", "adopt") as (dead, before):
        dead.rewrite("[program:new]\ncommand=cat\n")
        with Successor(WARDEN, dead) as daemon:
            daemon.wait_state("new", "RUNNING")

            assert not any(alive(pid) for pid in before.values())


def test_a_daemon_that_ends_leaves_no_list_behind(tmp_path: Path) -> None:
    home = tmp_path / "d"
    with Daemon(WARDEN, home, "[program:cat]\ncommand=cat\n") as daemon:
        daemon.wait_state("cat", "RUNNING")
        assert (home / "pid.programs").exists()
        daemon.ctl("reload")
        daemon.wait_line("supervisord started with pid", 2)
        daemon.wait_state("cat", "RUNNING")
        daemon.signal(signal.SIGTERM)

        assert daemon.wait_end() == 0
        assert not (home / "pid.programs").exists()


@pytest.mark.parametrize("kept", ["true", "false"])
def test_one_process_alone_leaves_the_same(tmp_path: Path, kept: str) -> None:
    """Without a keeper its death is enough."""
    home = tmp_path / "d"
    fleet = f"[program:counter]\ncommand={script(home, 'counter.py', COUNTER)}\nstdout_logfile=%(here)s/counter.log\n"
    with Daemon(WARDEN, home, fleet, server=f"{server('adopt')}keeper = {kept}\n") as daemon:
        until(lambda: counted(home, "counter.log") > 0, lambda: "the counter counts")
        before = daemon.pids()
        if kept == "true":
            kill_both(daemon)
        else:
            daemon.popen.kill()
            daemon.popen.wait(40)
        with Successor(WARDEN, daemon) as successor:
            successor.wait_line("WARN adopted: 'counter'")

            assert successor.pids() == before


def test_the_brain_goes_on_alone_when_the_keeper_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "d"
    fleet = FLEET.format(counter=script(home, "counter.py", COUNTER), greeter=script(home, "greeter.py", GREETER))
    with Daemon(WARDEN, home, fleet) as daemon:
        for name in (*SURVIVORS, "cat"):
            daemon.wait_state(name, "RUNNING")
        before, brain = daemon.pids(), brain_of(daemon)
        until(lambda: counted(home, "counter.log") > 0, lambda: "the counter counts")
        count = counted(home, "counter.log")

        daemon.popen.kill()
        daemon.wait_line(rf"CRIT the keeper \(pid {daemon.popen.pid}\) is gone; going on alone with pid {brain}")

        assert daemon.pids() == before
        assert daemon.rpc("supervisor.getPID") == {"value": brain}
        until(lambda: (home / "pid").read_text() == f"{brain}\n", lambda: "the pid file names the brain")
        until(lambda: counted(home, "counter.log") > count + 100, lambda: "no line is lost")
        daemon.rpc("supervisor.stopProcess", "seven")
        daemon.wait_line(r"WARN stopped: seven \(exit status 7\)")
        assert daemon.ctl("start", "seven").stdout == "seven: started\n"
        os.kill(brain, signal.SIGTERM)
        daemon.wait_line("WARN killing 'stubborn'")
        until(lambda: not alive(brain), lambda: "the brain shuts down on SIGTERM")
        assert not any(alive(pid) for pid in before.values())
        assert not (home / "pid").exists()


def test_a_pid_file_that_is_no_file_has_no_list_beside_it(tmp_path: Path) -> None:
    """``pidfile=/dev/null`` must leave nothing in /dev, and keep what is there."""
    home = tmp_path / "d"
    home.mkdir()
    (home / "pid").symlink_to("/dev/null")
    with Daemon(WARDEN, home, "[program:cat]\ncommand=cat\n") as daemon:
        daemon.wait_state("cat", "RUNNING")
        os.kill(brain_of(daemon), signal.SIGKILL)
        daemon.wait_line(r"WARN the brain \(pid \d+\) ended")

        assert not (home / "pid.programs").exists()

    assert (home / "pid").is_symlink()
