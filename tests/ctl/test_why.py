"""The action why."""

from __future__ import annotations

import json

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, problem, process
from warden.ctl.why import reason


def step(state: str, cause: str, *, pid: int = 0, exit: str = "", sent: str = "", at: float = 0.0) -> dict[str, object]:
    return {"at": at, "state": state, "previous": "", "cause": cause, "pid": pid, "exit": exit, "sent": sent}


@pytest.fixture
def told(daemon: FakeDaemon) -> FakeDaemon:
    steps = [
        step("STARTING", "autostart"),
        step("RUNNING", "stayed up for startsecs (1 s)", pid=7),
        step("EXITED", "exit status 3", pid=7, exit="exit status 3"),
    ]
    facts = {"namespec": "web", "state": "EXITED", "description": "Jan 01 12:00 AM"}
    daemon.json = {"GET /processes/web": (200, facts), "GET /processes/web/history": (200, {"history": steps})}
    return daemon


def test_the_story_begins_with_how_things_stand(run: Run, told: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")

    ran = run("why web")

    head, *story = ran.out.splitlines()
    assert head.startswith("web is EXITED since 19")
    assert head.endswith(": exit status 3")
    assert [line[23:] for line in story] == [
        "STARTING  autostart",
        "RUNNING   stayed up for startsecs (1 s)",
        "EXITED    exit status 3",
    ]
    assert ran.status == 0


def test_who_has_a_schedule_is_told_when_it_comes_next(run: Run, told: FakeDaemon) -> None:
    assert told.json is not None
    _, facts = told.json["GET /processes/web"]
    assert isinstance(facts, dict)
    told.json["GET /processes/web"] = (200, facts | {"next_run": 1_795_300_000, "schedule": "@daily"})

    _head, following, *story = run("why web").out.splitlines()

    assert following.startswith("  next run 2026-11-2")
    assert following.endswith(" (schedule @daily)")
    assert len(story) == 3


def test_a_reload_is_part_of_the_story_but_not_the_reason_of_the_state(run: Run, told: FakeDaemon) -> None:
    reload = step("RUNNING", "reload requested: SIGHUP", pid=7) | {"previous": "RUNNING"}
    assert told.json is not None
    told.json["GET /processes/web"] = (200, {"namespec": "web", "state": "RUNNING", "description": "pid 7"})
    told.json["GET /processes/web/history"] = (200, {"history": [step("RUNNING", "stayed up", pid=7), reload]})

    head, *story = run("why web").out.splitlines()

    assert head.endswith(": stayed up")
    assert story[-1].endswith("RUNNING   reload requested: SIGHUP")


def test_the_story_as_json(run: Run, told: FakeDaemon) -> None:
    [story] = json.loads(run("why --json web").out)

    assert (story["namespec"], story["history"][0]["cause"]) == ("web", "autostart")


def test_a_process_that_nobody_knows(run: Run, told: FakeDaemon) -> None:
    assert told.json is not None
    told.json["GET /processes/x"] = 404, problem(404, "BAD_NAME", "BAD_NAME: x", 10)

    ran = run("why x web")

    assert ran.out.splitlines()[0] == "x: ERROR (no such process)"
    assert ran.status == 1


def test_a_process_without_a_history(run: Run, told: FakeDaemon) -> None:
    assert told.json is not None
    told.json["GET /processes/web/history"] = 200, {"history": []}
    told.answers["getAllProcessInfo"] = [process("web")]

    assert run("why all").out == "web is EXITED: Jan 01 12:00 AM\n"


def test_supervisors_own_daemon_cannot_say_why(run: Run, daemon: FakeDaemon) -> None:
    ran = run("why web")

    assert ran.out.startswith("error: ")
    assert "has no JSON API" in ran.out
    assert ran.status == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (step("STOPPING", "stop requested by x", pid=7), "stop requested by x (pid 7)"),
        (
            step("STOPPED", "terminated by SIGTERM", pid=7, exit="terminated by SIGTERM", sent="to stop it"),
            "terminated by SIGTERM, sent by supervisord: to stop it",
        ),
        (
            step("EXITED", "terminated by SIGKILL", pid=7, exit="terminated by SIGKILL"),
            "terminated by SIGKILL, not sent by supervisord; the kernel's log says if memory ran out",
        ),
        (
            step("BACKOFF", "too quick", pid=7, exit="terminated by SIGSEGV (core dumped)"),
            "too quick: terminated by SIGSEGV (core dumped), not sent by supervisord",
        ),
    ],
)
def test_a_signal_is_told_with_its_sender(change: dict[str, object], said: str) -> None:
    assert reason(change) == said
