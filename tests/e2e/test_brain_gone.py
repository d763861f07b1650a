"""The brain ends at a chosen moment, or comes back to a world that has changed meanwhile."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.crowd import brain, events, is_in_state, kill_brain, logged, numbers, program
from harness.daemon import SERVER, Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]
SLEEP = "[program:sleep]\ncommand = sleep 1000\n"
IDLE = "[program:idle]\ncommand = sleep 1000\nautostart = false\n"


def memory_of(daemon: Daemon, name: str) -> Path:
    """Return where the keeper holds a file in memory."""
    for entry in Path(f"/proc/{daemon.popen.pid}/fd").iterdir():
        if os.readlink(entry) == f"/memfd:{name} (deleted)":
            return entry
    raise AssertionError(f"the keeper holds no {name}")


def log_text(daemon: Daemon) -> str:
    return (daemon.home / "main.log").read_text()


def test_a_program_that_ends_while_there_is_no_brain_leaves_its_exit_status(tmp_path: Path) -> None:
    home = tmp_path / "home"
    config = program("orphan", "orphan", "brain.pid", 7, autorestart="false", autostart="false", exitcodes="7")
    with Daemon(
        WARDEN, home, config + program("ear", "listener", kind="eventlistener", events="PROCESS_STATE")
    ) as daemon:
        (home / "brain.pid").write_text(str(brain(daemon)))
        daemon.rpc("supervisor.startProcess", "orphan")
        kill_brain(daemon)
        daemon.wait_state("orphan", "EXITED")

        assert daemon.info("orphan")["exitstatus"] == 7
        until(lambda: events(daemon, "ear"), lambda: "the listener hears of it")
        daemon.wait_line("exited: orphan .exit status 7; expected")
        assert len(numbers(daemon, "orphan.starts")) == 1


def test_a_stop_goes_on_and_ends_with_a_kill_in_time(tmp_path: Path) -> None:
    config = program("stubborn", "stubborn", stopwaitsecs=2, stdout_logfile="%(here)s/out")
    with Daemon(WARDEN, tmp_path / "home", config) as daemon:
        daemon.wait_state("stubborn", "RUNNING")
        until(lambda: logged(daemon, "out") == b"ready\n", lambda: "it ignores TERM")
        daemon.rpc("supervisor.stopProcess", "stubborn", False)
        kill_brain(daemon)
        daemon.wait_state("stubborn", "STOPPED")

        daemon.wait_line("killing 'stubborn' .* with SIGKILL")
        assert len(numbers(daemon, "stubborn.starts")) == 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_that_comes_while_there_is_no_brain_ends_the_daemon(tmp_path: Path, signum: signal.Signals) -> None:
    with Daemon(WARDEN, tmp_path / "home", SLEEP) as daemon:
        daemon.wait_state("sleep", "RUNNING")
        child = daemon.pids()["sleep:sleep"]
        kill_brain(daemon)
        daemon.signal(signum)

        assert daemon.wait_end() == 0
        assert not Path(f"/proc/{child}").exists()
        assert f"received {signum.name} indicating exit request" in log_text(daemon)
        assert not (daemon.home / "pid").exists()


def test_a_reload_goes_on(tmp_path: Path) -> None:
    config = program("stubborn", "stubborn", stopwaitsecs=2, stdout_logfile="%(here)s/out")
    with Daemon(WARDEN, tmp_path / "home", config) as daemon:
        daemon.wait_state("stubborn", "RUNNING")
        until(lambda: logged(daemon, "out") == b"ready\n", lambda: "it ignores TERM")
        daemon.rpc("supervisor.restart")
        daemon.wait_line("waiting for stubborn to die")
        daemon.rewrite(SLEEP)
        kill_brain(daemon)
        daemon.wait_line("supervisord started with pid", 2)
        daemon.wait_state("sleep", "RUNNING")

        assert list(daemon.pids()) == ["sleep:sleep"]
        assert (daemon.home / "pid").read_text() == f"{daemon.popen.pid}\n"


def test_a_reload_goes_on_with_the_old_configuration_if_the_new_one_is_unusable(tmp_path: Path) -> None:
    config = program("stubborn", "stubborn", stopwaitsecs=2, stdout_logfile="%(here)s/out")
    with Daemon(WARDEN, tmp_path / "home", config) as daemon:
        daemon.wait_state("stubborn", "RUNNING")
        until(lambda: logged(daemon, "out") == b"ready\n", lambda: "it ignores TERM")
        daemon.rpc("supervisor.restart")
        daemon.wait_line("waiting for stubborn to die")
        daemon.rewrite("[program:broken]\n")
        kill_brain(daemon)
        daemon.wait_line("supervisord started with pid", 2)
        daemon.wait_state("stubborn", "RUNNING")

        assert "the configuration is unusable, so the restart keeps the old one" in log_text(daemon)


def empty(record: Path) -> None:
    os.truncate(record, 0)


def from_the_future(record: Path) -> None:
    record.write_bytes(b"warden-record 999\n")


def scribble(record: Path) -> None:
    record.write_bytes(os.urandom(100_000))


@pytest.mark.parametrize("breaks", [empty, from_the_future, scribble])
def test_a_broken_record_costs_no_program(tmp_path: Path, breaks: Callable[[Path], None]) -> None:
    with Daemon(WARDEN, tmp_path / "home", SLEEP + IDLE) as daemon:
        daemon.wait_state("sleep", "RUNNING")
        before = daemon.pids()
        breaks(memory_of(daemon, "record"))
        kill_brain(daemon)
        daemon.wait_line("the record cannot be read: .*; going on with the configuration file")
        daemon.wait_line("went on: 1 process runs")
        daemon.rpc("supervisor.startProcess", "idle")
        idle = daemon.pids()["idle:idle"]
        kill_brain(daemon)
        daemon.wait_line("went on: 2 processes run")

        assert daemon.pids() == {**before, "idle:idle": idle}
        assert log_text(daemon).count("the record cannot be read") == 1, "from then on it is whole again"


def test_a_record_that_cannot_be_written_is_told_and_not_believed(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", SLEEP + IDLE) as daemon:
        daemon.wait_state("sleep", "RUNNING")
        pid = brain(daemon)
        limit = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        daemon.rpc("supervisor.startProcess", "idle")
        before = daemon.pids()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
        daemon.wait_line("cannot remember what happens for whoever comes after us")
        kill_brain(daemon)
        daemon.wait_line("went on: 2 processes run")

        assert daemon.pids() == before


@pytest.mark.parametrize("log", ["%(here)s/logs/out", "%(here)s/logs/out\nstdout_logfile_maxbytes = 0"])
def test_a_directory_of_logs_that_is_gone_keeps_no_brain_from_coming_back(tmp_path: Path, log: str) -> None:
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    with Daemon(WARDEN, home, program("lines", "lines", 1, 0.01, stdout_logfile=log)) as daemon:
        daemon.wait_state("lines", "RUNNING")
        before = daemon.pids()
        shutil.rmtree(home / "logs")
        kill_brain(daemon)
        daemon.wait_line("went on: 1 process runs")

        assert daemon.pids() == before
        (home / "logs").mkdir()
        until(lambda: (home / "logs" / "out").exists(), lambda: "the log is written again")


def test_an_activity_log_that_cannot_be_opened_keeps_no_brain_from_coming_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    server = SERVER.replace("%(here)s/main.log", "%(here)s/logs/main.log")
    with Daemon(WARDEN, home, SLEEP, server=server) as daemon:
        daemon.wait_state("sleep", "RUNNING")
        before = daemon.pids()
        shutil.rmtree(home / "logs")
        kill_brain(daemon)

        assert daemon.pids() == before
        (home / "logs").mkdir()
        until(lambda: (home / "logs" / "main.log").exists(), lambda: "the log is written again")


@pytest.mark.parametrize("who", ["brain", "keeper"])
def test_a_process_of_ours_that_is_stopped_for_a_while_goes_on_where_it_stood(tmp_path: Path, who: str) -> None:
    config = program("lines", "lines", 10, 0.002, stdout_logfile="%(here)s/out") + IDLE
    with Daemon(WARDEN, tmp_path / "home", config) as daemon:
        daemon.wait_state("lines", "RUNNING")
        before = daemon.pids()
        pid = brain(daemon) if who == "brain" else daemon.popen.pid
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_in_state(pid, "T"), lambda: "it is stopped")
        os.kill(pid, signal.SIGCONT)
        daemon.rpc("supervisor.startProcess", "idle")

        assert daemon.pids() == {**before, "idle:idle": daemon.pids()["idle:idle"]}
