"""Hooks of a real daemon: each runs once, alone, whatever becomes of the brain, the keeper or the version."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from e2e.crowd import brain, kill_brain, pass_seconds, seconds_to_answer
from e2e.survivors import Successor, alive, kill_both
from harness.daemon import Daemon, Ran
from harness.sides import WARDEN
from harness.waiting import until

needs_keeper = pytest.mark.skipif(
    not hasattr(os, "pidfd_open") or os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper"
)
HOOKS = ("before_start", "after_start", "before_stop", "stop_command", "after_stop")
# Says when it begins and ends.  A gate of its own name has to be open, if there is a directory of gates.
HOOK = """\
say() { echo "$1 $SUPERVISOR_HOOK $$ ${SUPERVISOR_CHILD_PID:-0}" >> $HOME_OF_TEST/said; }
say begin
until [ ! -d $HOME_OF_TEST/gates ] || [ -e $HOME_OF_TEST/gates/$SUPERVISOR_HOOK ]; do sleep 0.02; done
[ $SUPERVISOR_HOOK = stop_command ] && kill $SUPERVISOR_CHILD_PID
say end
"""
SEED = int(os.environ.get("WARDEN_TEST_SEED", "0")) or random.randrange(10**6)


def config(home: Path, *hooks: str, command: str = "sleep 1000", **options: object) -> str:
    """A program ``p`` with these hooks."""
    home.mkdir()
    (home / "hook").write_text(HOOK)
    rows = {"command": command, "environment": f"HOME_OF_TEST={home}", "startsecs": 0, "autostart": "false"}
    rows |= dict.fromkeys(hooks, f"/bin/sh {home}/hook") | {key: str(value) for key, value in options.items()}
    return "[program:p]\n" + "".join(f"{key}={value}\n" for key, value in rows.items())


def said(daemon: Daemon) -> list[list[str]]:
    """What the hooks have said: begin or end, which one, its pid, the pid of the child."""
    path = daemon.home / "said"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def told(daemon: Daemon) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in said(daemon)]


def open_gate(daemon: Daemon, *hooks: str) -> None:
    for hook in hooks:
        (daemon.home / "gates" / hook).touch()


def in_background(daemon: Daemon, verb: str) -> None:
    daemon.rpc(f"supervisor.{verb}Process", "p", False)


def until_begun(daemon: Daemon, hook: str) -> int:
    """Wait until a hook is under way; return its pid."""
    until(lambda: ["begin", hook] in [row[:2] for row in said(daemon)], lambda: f"{hook} has begun: {said(daemon)}")
    return next(int(row[2]) for row in said(daemon) if row[:2] == ["begin", hook])


def check_ctl(ran: Ran, text: str) -> None:
    assert (ran.rc, ran.stdout) == (0, text)


@pytest.mark.parametrize("keeper", ["true", "false"])
def test_a_life_has_its_hooks_in_order_with_and_without_a_keeper(tmp_path: Path, keeper: str) -> None:
    home = tmp_path / "h"
    text = config(home, *HOOKS) + f"[supervisord]\nkeeper={keeper}\n"
    with Daemon(WARDEN, home, text) as daemon:
        check_ctl(daemon.ctl("start", "p"), "p: started\n")
        pid = daemon.info("p")["pid"]
        until(lambda: ("end", "after_start") in told(daemon), lambda: "after_start has run")
        check_ctl(daemon.ctl("stop", "p"), "p: stopped\n")

        assert told(daemon) == [(word, hook) for hook in HOOKS for word in ("begin", "end")]
        assert [int(row[3]) for row in said(daemon)] == [0, 0, *[pid] * 8]


@pytest.mark.parametrize("keeper", ["true", "false"])
def test_a_shutdown_waits_for_the_hooks(tmp_path: Path, keeper: str) -> None:
    home = tmp_path / "h"
    slow = dict.fromkeys(("before_stop", "after_stop"), "/bin/sh -c 'sleep 0.2; echo done'")
    text = config(home, **slow) + f"[supervisord]\nkeeper={keeper}\n"
    with Daemon(WARDEN, home, text) as daemon:
        daemon.rpc("supervisor.startProcess", "p")
        daemon.ctl("shutdown")
        assert daemon.wait_end() == 0
        assert [line.split("INFO ")[1] for line in daemon.lines if line.endswith(" of p: done")] == [
            "before_stop of p: done",
            "after_stop of p: done",
        ]


@needs_keeper
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("end", ["kill", "upgrade"])
def test_a_hook_that_is_under_way_goes_on_when_the_brain_changes(tmp_path: Path, hook: str, end: str) -> None:
    home = tmp_path / "h"
    with Daemon(WARDEN, home, config(home, *HOOKS, stopwaitsecs=60)) as daemon:
        (home / "gates").mkdir()
        open_gate(daemon, *(other for other in HOOKS if other != hook))
        in_background(daemon, "start")
        if hook not in HOOKS[:2]:
            until(lambda: ("end", "after_start") in told(daemon), lambda: "after_start has run")
            in_background(daemon, "stop")
        pid = until_begun(daemon, hook)
        if end == "kill":
            kill_brain(daemon)
        else:
            assert daemon.ctl("upgrade").rc == 0
        seconds_to_answer(daemon)
        assert alive(pid)
        open_gate(daemon, hook)
        until(lambda: ("end", hook) in told(daemon), lambda: f"{hook} is done")
        if hook in HOOKS[:2]:
            until(lambda: ("end", "after_start") in told(daemon), lambda: "after_start has run")
            in_background(daemon, "stop")
        until(lambda: ("end", "after_stop") in told(daemon), lambda: "after_stop has run")

        assert told(daemon) == [(word, one) for one in HOOKS for word in ("begin", "end")]
        daemon.wait_state("p", "STOPPED")


@needs_keeper
def test_the_time_of_a_hook_is_kept_by_the_next_brain(tmp_path: Path) -> None:
    home = tmp_path / "h"
    slow = f"/bin/sh -c 'sleep 1000 & echo $$ $! > {home}/pids; wait'"
    with Daemon(WARDEN, home, config(home, after_stop=slow, hook_timeout=10)) as daemon:
        daemon.rpc("supervisor.startProcess", "p")
        in_background(daemon, "stop")
        pids = until(lambda: (home / "pids").exists() and (home / "pids").read_text().split(), lambda: "it runs")
        kill_brain(daemon)
        seconds_to_answer(daemon)
        assert "after_stop is running" in daemon.info("p")["description"]
        daemon.wait_line("p: after_stop failed: took longer than 10 s")
        until(lambda: not any(alive(int(pid)) for pid in pids), lambda: "its process group is gone")


@needs_keeper
def test_a_hook_that_ends_while_there_is_no_brain_is_not_run_again(tmp_path: Path) -> None:
    home = tmp_path / "h"
    orphan = f"/bin/sh -c 'echo begun >> {home}/said; while kill -0 $(cat {home}/brain); do sleep 0.01; done; exit 7'"
    with Daemon(WARDEN, home, config(home, before_start=orphan, startretries=0)) as daemon:
        (home / "brain").write_text(str(brain(daemon)))
        in_background(daemon, "start")
        until(lambda: said(daemon), lambda: "the hook has begun")
        kill_brain(daemon)
        daemon.wait_state("p", "FATAL")

        assert daemon.info("p")["description"] == "before_start failed: exit status 7"
        assert said(daemon) == [["begun"]]


@needs_keeper
def test_a_hook_that_both_left_behind_is_ended_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "h"
    with Daemon(WARDEN, home, config(home, "after_stop")) as dead:
        (home / "gates").mkdir()
        dead.rpc("supervisor.startProcess", "p")
        in_background(dead, "stop")
        pid = until_begun(dead, "after_stop")
        kill_both(dead)
        assert alive(pid)
        with Successor(WARDEN, dead) as daemon:
            daemon.wait_line("stopping 'after_stop of p'")
            until(lambda: not alive(pid), lambda: "the hook is gone")
            check_ctl(daemon.ctl("start", "p"), "p: started\n")
            open_gate(daemon, "after_stop")  # or the end of the daemon would wait for it


@needs_keeper
def test_hooks_never_overlap_and_none_is_missing_whenever_the_brain_is_killed(tmp_path: Path) -> None:
    """The program ends by itself all the time; what its hooks have said must be one life after the other."""
    home = tmp_path / "h"
    print("WARDEN_TEST_SEED", SEED)
    dice = random.Random(SEED)
    command = f"/bin/sh -c 'echo begin child $$ 0 >> {home}/said; sleep 0.05'"
    hooks = ("before_start", "after_start", "after_stop")
    with Daemon(WARDEN, home, config(home, *hooks, command=command, autorestart="true")) as daemon:
        in_background(daemon, "start")
        for _ in range(12):
            pass_seconds(dice.uniform(0, 0.4))
            kill_brain(daemon)
            seconds_to_answer(daemon)
        check_ctl(daemon.ctl("stop", "p"), "p: stopped\n")
        rows = told(daemon)

    lives = [index for index, row in enumerate(rows) if row == ("begin", "before_start")]
    assert len(lives) > 3
    for start, end in pairwise(lives):
        life = rows[start:end]
        assert life[:2] == [("begin", "before_start"), ("end", "before_start")]
        assert life.count(("begin", "child")) == 1
        assert life[-2:] == [("begin", "after_stop"), ("end", "after_stop")]
        assert life.count(("begin", "after_start")) <= 1  # a child that ends at once needs none
        assert len(life) in (5, 6, 7)  # after_start may have been ended with its child


def test_many_whose_hooks_fail_do_not_keep_others_from_starting(tmp_path: Path) -> None:
    many = "[program:p]\ncommand=cat\nnumprocs=80\nprocess_name=%(process_num)d\nbefore_start=false\nstartretries=0\n"
    with Daemon(WARDEN, tmp_path / "h", f"{many}[program:z]\ncommand=cat\npriority=1000\n") as daemon:
        daemon.wait_line("gave up", count=80)
        daemon.wait_line("success: z")
        assert daemon.info("z")["statename"] == "RUNNING"


@needs_keeper
@pytest.mark.parametrize("status", [0, 3])
def test_a_hook_outlives_the_keeper(tmp_path: Path, status: int) -> None:
    home = tmp_path / "h"
    slow = f"/bin/sh -c 'echo begun > {home}/said; until test -e {home}/gate; do sleep 0.02; done; exit {status}'"
    with Daemon(WARDEN, home, config(home, after_stop=slow)) as daemon:
        daemon.rpc("supervisor.startProcess", "p")
        in_background(daemon, "stop")
        until(lambda: said(daemon), lambda: "the hook has begun")
        left = brain(daemon)
        try:
            daemon.popen.kill()
            daemon.wait_line("keeper")
            until(lambda: daemon.read("pid") == f"{left}\n", lambda: "the brain looks after the hook now")
            (home / "gate").touch()
            check_ctl(daemon.ctl("start", "p"), "p: started\n")
            failed = [message for _, message in daemon.log() if message.startswith("p: after_stop failed")]
            assert len(failed) == (status != 0)
        finally:
            daemon.ctl("shutdown")
            until(lambda: not alive(left), lambda: "the brain has ended")
