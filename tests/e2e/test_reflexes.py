"""A program that dies is replaced though the brain does nothing; it makes the new child its own, or does not want it.

The brain is halted while a program dies, which makes a short moment as long as a test needs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.crowd import answer, brain, children, kill_brain
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

PROGRAM = """\
[program:p]
command = /bin/sh -c "echo $$ >>{here}/lives; echo I am $$; read -r word; exit $word"
startsecs = 0
autorestart = {autorestart}
stdout_logfile = {here}/p.log
{more}
[eventlistener:ear]
command = {python} -S {here}/ear
events = PROCESS_STATE
"""
EAR = """\
import sys
sys.stdout.write("READY\\n")
while True:
    sys.stdout.flush()
    head = dict(word.split(":") for word in sys.stdin.readline().split())
    payload = sys.stdin.read(int(head["len"]))
    if "processname:p " in payload:
        with open("events", "a") as file:
            file.write(head["eventname"] + " " + payload + "\\n")
    sys.stdout.write("RESULT 2\\nOKREADY\\n")
"""


@contextmanager
def daemon(tmp_path: Path, *, autorestart: str = "true", more: str = "") -> Iterator[Daemon]:
    """A daemon whose program p runs."""
    (tmp_path / "ear").write_text(EAR)
    config = PROGRAM.format(here=tmp_path, python=sys.executable, autorestart=autorestart, more=more)
    with Daemon(WARDEN, tmp_path, config) as daemon:
        daemon.wait_state("p", "RUNNING")
        daemon.wait_state("ear", "RUNNING")
        until(lambda: lives(daemon), lambda: "p has begun")
        yield daemon


def lives(daemon: Daemon) -> list[int]:
    """Return the pids of all that p ever was."""
    path = daemon.home / "lives"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def begun(daemon: Daemon, count: int) -> int:
    """Wait until p has begun that often; return its latest pid."""
    return until(lambda: len(lives(daemon)) == count and lives(daemon)[-1], lambda: f"{lives(daemon)}: {count} lives")


@contextmanager
def halted(daemon: Daemon) -> Iterator[None]:
    """Let the brain do nothing."""
    pid = brain(daemon)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def die(daemon: Daemon) -> int:
    """Kill p; return its pid."""
    pid = lives(daemon)[-1]
    os.kill(pid, signal.SIGKILL)
    return pid


def story(daemon: Daemon) -> list[str]:
    """Return what the activity log has of p, without pids."""
    words = [message for _level, message in daemon.log() if "'p'" in message or " p " in message]
    return [message.partition(" with pid ")[0] for message in words]


LIFE = ["spawned: 'p'", "success: p entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)"]


def test_a_program_is_replaced_while_the_brain_does_nothing(tmp_path: Path) -> None:
    with daemon(tmp_path) as there:
        with halted(there):
            first = die(there)
            second = begun(there, 2)
        until(lambda: there.info("p")["pid"] == second, lambda: "the brain knows the new child")
        there.wait_state("p", "RUNNING")
        until(lambda: there.read("p.log") == f"I am {first}\nI am {second}\n", lambda: there.read("p.log"))
        assert there.rpc("supervisor.stopProcess", "p") == {"value": True}
        until(lambda: "PROCESS_STATE_STOPPED" in there.read("events"), lambda: there.read("events"))

        events = [line.split() for line in there.read("events").splitlines()]
        assert [words[0].removeprefix("PROCESS_STATE_") for words in events] == [
            "STARTING", "RUNNING", "EXITED", "STARTING", "RUNNING", "STOPPING", "STOPPED",
        ]  # fmt: skip
        pids = [word.removeprefix("pid:") for words in events for word in words if word.startswith("pid:")]
        assert list(map(int, pids)) == [first, first, second, second, second]
        exited = "exited: p (terminated by SIGKILL; not expected)"
        assert story(there)[:-2] == [*LIFE, exited, *LIFE]
        assert lives(there) == [first, second]


def test_the_next_brain_makes_the_new_child_its_own(tmp_path: Path) -> None:
    with daemon(tmp_path) as there:
        os.kill(brain(there), signal.SIGSTOP)
        die(there)
        second = begun(there, 2)
        kill_brain(there)

        until(lambda: (answer(there, "supervisor.getProcessInfo", "p") or {}).get("value"), lambda: "an answer")
        until(lambda: there.info("p")["pid"] == second, lambda: "the next brain knows the new child")
        there.wait_state("p", "RUNNING")
        os.kill(second, signal.SIGKILL)
        third = begun(there, 3)
        until(lambda: there.info("p")["pid"] == third, lambda: "the brain knows the third")

        until(lambda: there.read("p.log").count("I am") == 3, lambda: there.read("p.log"))
        assert not [message for message in there.lines if "which nobody asked for" in message]


def test_the_next_brain_learns_that_the_new_child_has_ended_too(tmp_path: Path) -> None:
    with daemon(tmp_path) as there:
        os.kill(brain(there), signal.SIGSTOP)
        die(there)
        os.kill(begun(there, 2), signal.SIGKILL)
        kill_brain(there)

        third = begun(there, 3)
        until(lambda: answer(there, "supervisor.getState"), lambda: "an answer")
        until(lambda: there.info("p")["pid"] == third, lambda: "the next brain knows the third child")
        there.wait_state("p", "RUNNING")
        assert story(there).count("exited: p (terminated by SIGKILL; not expected)") == 2


def test_each_death_is_answered_once(tmp_path: Path) -> None:
    with daemon(tmp_path) as there:
        with halted(there):
            die(there)
            second = begun(there, 2)
            os.kill(second, signal.SIGKILL)
            until(lambda: "State:\tZ" in Path(f"/proc/{second}/status").read_text(), lambda: "it is dead")
            assert len(lives(there)) == 2  # the brain has not seen it run
        begun(there, 3)
        there.wait_state("p", "RUNNING")
        assert story(there).count("spawned: 'p'") == 3


def test_a_stop_that_comes_too_late_for_the_keeper_is_one(tmp_path: Path) -> None:
    with daemon(tmp_path) as there:
        with halted(there):
            asking = threading.Thread(target=answer, args=(there, "supervisor.stopProcess", "p"))
            asking.start()
            die(there)
            second = begun(there, 2)
        asking.join()

        there.wait_state("p", "STOPPED")
        until(lambda: second not in children(there.popen.pid), lambda: "nobody is left")
        assert len(lives(there)) == 2


@pytest.mark.parametrize(
    ("autorestart", "more"),
    [("unexpected", "exitcodes = 0"), ("false", "")],
)
def test_a_program_that_is_done_stays_so(tmp_path: Path, autorestart: str, more: str) -> None:
    with daemon(tmp_path, autorestart=autorestart, more=more) as there:
        pid = lives(there)[-1]
        there.rpc("supervisor.sendProcessStdin", "p", "0\n")
        there.wait_state("p", "EXITED")
        assert lives(there) == [pid]


def test_a_log_that_cannot_be_opened_ends_the_new_child(tmp_path: Path) -> None:
    with daemon(tmp_path, more="startretries = 0") as there:
        with halted(there):
            die(there)
            second = begun(there, 2)
            (tmp_path / "p.log").rename(tmp_path / "old.log")
            (tmp_path / "p.log").mkdir()

        there.wait_state("p", "FATAL")
        there.wait_line(f"killing p \\(pid {second}\\), which nobody asked for")
        until(lambda: second not in children(there.popen.pid), lambda: "nobody is left")
        assert "dispatchers for 'p': EISDIR" in there.info("p")["spawnerr"]


def test_a_daemon_that_goes_down_replaces_nobody(tmp_path: Path) -> None:
    slow = '[program:slow]\ncommand = /bin/sh -c "trap : TERM; echo up; while :; do sleep 1; done"\nstopwaitsecs = 2\n'
    more = f"priority = 1\n{slow}stdout_logfile = {tmp_path}/slow.log\npriority = 2\n"
    with daemon(tmp_path, more=more) as there:
        until(lambda: "up" in there.read("slow.log"), lambda: "slow is up")
        there.signal(signal.SIGTERM)
        there.wait_line("waiting for .* to die")
        with halted(there):
            pid = die(there)
            until(lambda: "State:\tZ" in Path(f"/proc/{pid}/status").read_text(), lambda: "it is dead")
        assert there.wait_end() == 0
        assert lives(there) == [pid]
