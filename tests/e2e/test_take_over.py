"""The place of a running Supervisor 4.3.0 is taken without touching one of its twenty programs."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.survivors import COUNTER, ECHO, GREETER, LISTENER, Successor, alive, counted, linux_only, script
from harness import rpc
from harness.daemon import Daemon, run
from harness.sides import REFERENCE, WARDEN
from harness.waiting import until

pytestmark = linux_only

FLEET = """\
[program:chatty]
command={counter} 1 2
stdout_logfile=%(here)s/chatty.log
stderr_logfile=%(here)s/chatty.err
[program:rotating]
command={counter}
stdout_logfile=%(here)s/rotating.log
stdout_logfile_maxbytes=2KB
stdout_logfile_backups=200
[program:merged]
command={counter} 1 2
redirect_stderr=true
stdout_logfile=%(here)s/merged.log
[program:many]
command=sleep 1000
process_name=many_%(process_num)d
numprocs=5
[program:echo]
command={echo}
stdout_logfile=%(here)s/echo.log
[program:seven]
command=sh -c "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"
stdout_logfile=%(here)s/seven.log
[program:finished]
command=sh -c "sleep 1.2; exit 3"
autorestart=false
[program:waiting]
command=false
startretries=1000
[program:broken]
command=false
startretries=0
[program:idle]
command=cat
autostart=false
[program:halted]
command=cat
[program:stubborn]
command=sh -c "trap : TERM; echo up; while :; do sleep 0.05; done"
stopwaitsecs=8
stdout_logfile=%(here)s/stubborn.log
killasgroup=true
[program:early]
command=sleep 1000
startsecs=1000
[fcgi-program:greeter]
command={greeter}
socket=unix://%(here)s/f
process_name=greeter_%(process_num)d
numprocs=2
[eventlistener:ears]
command={listener}
events=PROCESS_STATE,REMOTE_COMMUNICATION
stderr_logfile=%(here)s/ears.log
"""
GONE_ON = ("chatty", "rotating", "merged", "echo", "seven", "early", "ears", "greeter:greeter_0", "many:many_3")


def fleet(home: Path) -> str:
    return FLEET.format(
        counter=script(home, "counter.py", COUNTER),
        echo=script(home, "echo.py", ECHO),
        greeter=script(home, "greeter.py", GREETER),
        listener=script(home, "listener.py", LISTENER),
    )


@contextmanager
def running(home: Path) -> Iterator[Daemon]:
    """A Supervisor 4.3.0 whose programs are in all the states there are."""
    with Daemon(REFERENCE, home, fleet(home)) as old:
        for name in GONE_ON:
            if name != "early":
                old.wait_state(name, "RUNNING")
        old.wait_state("broken", "FATAL")
        old.wait_state("finished", "EXITED")
        old.rpc("supervisor.stopProcess", "halted")
        for name in ("seven", "stubborn"):
            until(lambda: "up" in old.read(f"{name}.log"), lambda: f"{name} is up")  # noqa: B023 - used at once
        until(lambda: counted(home, "rotating.log") > 700, lambda: "there are several rotated logs")
        old.rpc("supervisor.stopProcess", "stubborn", False)
        yield old


def lasting(old: Daemon) -> dict[str, int]:
    """Return the pid of every child that is neither being stopped nor of a program that fails again and again."""
    return {name: pid for name, pid in old.pids().items() if name not in ("stubborn:stubborn", "waiting:waiting")}


def dry_run(old: Daemon) -> tuple[int, str]:
    command = [WARDEN.command("supervisord"), "--take-over", str(old.home / "pid"), "-c", str(old.conf), "--dry-run"]
    done = run(command, old.home)
    return done.rc, done.stdout + done.stderr


def test_a_running_supervisor_is_replaced_and_its_programs_do_not_notice(tmp_path: Path) -> None:
    home = tmp_path / "d"
    with running(home) as old:
        before = lasting(old)
        old_pid = old.popen.pid
        assert [kind["name"] for kind in old.rpc("supervisor.getAllProcessInfo")["value"]].count("waiting") == 1
        with connections(home / "s") as refused, Successor(WARDEN, old, "--take-over", str(home / "pid")) as new:
            new.wait_line(r"WARN took over from Supervisor 4\.3\.0 \(pid \d+\)")
            assert {name: pid for name, pid in new.pids().items() if name in before} == before
            assert not alive(old_pid)
            assert int((home / "pid").read_text()) == new.popen.pid == new.rpc("supervisor.getPID")["value"]
            assert refused == []
            check_states(new)
            check_stop(old, new)
            check_verbs(new)
            check_exit_statuses(new, before)
            check_listener(home, new)
            after = {log: counted(home, log) for log in ("chatty.log", "rotating.log", "merged.log")}
            until(
                lambda: all(counted(home, log) > count for log, count in after.items()),
                lambda: "the logs go on",
            )
            assert counted(home, "chatty.err", 2) > 0
            assert counted(home, "merged.log", 2) > 0


@contextmanager
def connections(path: Path) -> Iterator[list[str]]:
    """Connect again and again; the list tells what was refused."""
    refused: list[str] = []
    over = threading.Event()

    def knock() -> None:
        while not over.wait(0.01):
            with socket.socket(socket.AF_UNIX) as guest:
                try:
                    guest.connect(str(path))
                except OSError as error:
                    refused.append(str(error))

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield refused
    finally:
        over.set()
        thread.join()


def check_states(new: Daemon) -> None:
    states = {row["name"]: row["statename"] for row in new.rpc("supervisor.getAllProcessInfo")["value"]}
    assert states["idle"] == states["halted"] == "STOPPED"
    assert states["broken"] == "FATAL"
    assert states["finished"] == "EXITED"
    assert new.info("finished")["exitstatus"] == 3
    assert states["early"] == "STARTING"
    assert states["waiting"] in ("BACKOFF", "STARTING")


def check_stop(old: Daemon, new: Daemon) -> None:
    """A stop under way comes to its end: the wait is that of before, and whoever has the place then kills, once."""
    new.wait_state("stubborn", "STOPPED")
    assert len([text for _, text in [*old.log(), *new.log()] if text.startswith("killing 'stubborn'")]) == 1


def check_verbs(new: Daemon) -> None:
    assert new.rpc("supervisor.sendProcessStdin", "echo", "one line\n") == {"value": True}
    until(lambda: "got one line" in new.read("echo.log"), lambda: "stdin and stdout of echo work")
    with socket.socket(socket.AF_UNIX) as guest:
        guest.connect(str(new.home / "f"))
        assert guest.recv(16) == b"hello"
    assert new.ctl("start", "idle").stdout == "idle: started\n"


def check_exit_statuses(new: Daemon, before: dict[str, int]) -> None:
    """Those who were adopted are reaped by somebody else, and yet it is known how they ended."""
    new.rpc("supervisor.stopProcess", "seven")
    new.wait_line(r"WARN stopped: seven \(exit status 7\)")
    os.kill(before["many:many_3"], signal.SIGUSR1)
    new.wait_line(r"WARN exited: many_3 \(terminated by SIGUSR1; not expected\)")
    new.wait_state("many:many_3", "RUNNING")
    assert new.pids()["many:many_3"] != before["many:many_3"]


def check_listener(home: Path, new: Daemon) -> None:
    assert new.rpc("supervisor.sendRemoteCommEvent", "greeting", "from outside") == {"value": True}
    until(lambda: "from outside" in new.read("ears.log"), lambda: "the listener that was adopted hears events")


def test_a_dry_run_says_what_would_happen_and_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "d") as old:
        before = lasting(old)

        status, said = dry_run(old)

        assert status == 0
        assert said.startswith(
            f"Supervisor 4.3.0 (pid {old.popen.pid}) at unix://{old.socket}: nothing has been changed"
        )
        rows = {line.split()[0]: " ".join(line.split()[1:]) for line in said.splitlines() if line}
        assert rows["chatty"] == f"RUNNING pid {before['chatty:chatty']} goes on (stdin, stdout, stderr)"
        assert rows["merged"].endswith("goes on (stdin, stdout)")
        assert rows["greeter:greeter_0"].endswith("goes on (stdout, stderr)")
        assert rows["ears"].endswith("it is READY")
        assert rows["idle"] == "STOPPED stays as it is"
        assert lasting(old) == before


def test_what_is_not_configured_is_not_abandoned(tmp_path: Path) -> None:
    with Daemon(REFERENCE, tmp_path / "d", "[program:web]\ncommand=cat\n[program:gone]\ncommand=cat\n") as old:
        old.wait_state("gone", "RUNNING")
        old.rewrite("[program:web]\ncommand=cat\n")

        status, said = dry_run(old)

        assert status == 2
        assert "does not have what runs there: gone" in said
        assert old.info("gone")["statename"] == "RUNNING"


def test_a_process_that_is_no_supervisor_is_left_alone(tmp_path: Path) -> None:
    with Daemon(REFERENCE, tmp_path / "d", "[program:web]\ncommand=cat\n") as old:
        (tmp_path / "other").write_text(f"{os.getpid()}\n")
        command = [WARDEN.command("supervisord"), "--take-over", str(tmp_path / "other"), "-c", str(old.conf)]

        done = run(command, old.home)

        assert done.rc == 2
        assert "is no supervisord" in done.stderr


def test_ours_is_upgraded_and_not_taken_over(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "d", "[program:web]\ncommand=cat\n") as running_already:
        status, said = dry_run(running_already)

        assert status == 2
        assert "not 4.x" in said


def test_after_a_refusal_the_old_daemon_goes_on(tmp_path: Path) -> None:
    """The log file of the new one cannot be opened, which is noticed when the old one is halted already."""
    with Daemon(REFERENCE, tmp_path / "d", "[program:web]\ncommand=cat\n") as old:
        old.wait_state("web", "RUNNING")
        conf = tmp_path / "d" / "other"
        conf.write_text(old.conf.read_text().replace("%(here)s/main.log", "%(here)s/pid/log"))
        command = [WARDEN.command("supervisord"), "-n", "--take-over", str(tmp_path / "d" / "pid"), "-c", str(conf)]

        done = run(command, old.home)

        assert done.rc == 2
        assert old.info("web")["statename"] == "RUNNING"
        assert rpc.call(old.socket, "supervisor.getPID") == {"value": old.popen.pid}
