"""Programs that wait for others, with real children."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from daemon.stage import SLEEP, Stage, alone, group, play, program, python
from warden.api.actions import Actions
from warden.config.dependencies import read_names
from warden.errors import AlreadyStarted, Failed
from warden.words import Autorestart, Mood, Phase


def needing(name: str, needs: str, /, **more: object):  # type: ignore[no-untyped-def]
    return program(name, SLEEP, depends_on=read_names(needs), **{"startsecs": 0, **more})


ONCE = {"startsecs": 0, "autorestart": Autorestart.NEVER}
FAILS = "/bin/false"
STORY = "FATAL, gave up after 1 try: exit status 1 before startsecs (1 s)"


def orders(stage: Stage) -> list[str]:
    """The names in the order in which they were spawned."""
    return [line.split("'")[1] for line in stage.said if line.startswith("INFO spawned:")]


def ends(stage: Stage) -> list[str]:
    return [line.split(" ")[2] for line in stage.said if line.startswith(("INFO stopped:", "WARN stopped:"))]


async def told(stage: Stage, name: str, text: str) -> None:
    """Wait until the process is described like that."""
    process, said = stage.find(name), asyncio.Event()

    def look() -> None:
        if stage.control.process(name).description == text:
            said.set()

    process.watchers.append(look)
    look()
    await said.wait()


def test_what_depends_on_others_starts_after_them_whatever_the_priorities(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        assert orders(stage) == ["db", "cache", "app", "web"]
        assert stage.find("app").waiting_for == ()

    play(
        tmp_path,
        scenario,
        alone(needing("web", "app", priority=1)),
        alone(needing("app", "db, cache:started", priority=2)),
        alone(program("db", priority=3)),
        alone(program("cache", startsecs=0, priority=4)),
    )


def test_a_start_waits_for_a_program_that_has_to_finish(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        assert orders(stage) == ["migrate", "web"]
        assert stage.find("migrate").state.phase is Phase.EXITED

    play(
        tmp_path,
        scenario,
        alone(needing("web", "migrate:finished", priority=1)),
        alone(program("migrate", "/bin/true", **ONCE)),
    )


def test_who_waits_is_stopped_and_says_for_what(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await told(stage, "app", f"waiting for web: waiting for db: {STORY}")

        view = stage.control.process("web")
        assert view.phase is Phase.STOPPED
        assert view.description == f"waiting for db: {STORY}"
        assert view == stage.control.processes()[2]

        await stage.control.stop("web", wait=True)
        assert stage.control.process("web").description == "Not started"
        assert stage.control.process("app").description == "waiting for web: STOPPED, not started"

    play(
        tmp_path,
        scenario,
        alone(program("db", FAILS, startretries=0)),
        alone(needing("web", "db")),
        alone(needing("app", "web")),
    )


def test_a_start_for_which_somebody_waits_fails_when_what_it_needs_does(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(Failed, match="app waits for db: FATAL"):
            await stage.control.start("app", wait=True)

    play(
        tmp_path,
        scenario,
        alone(program("db", FAILS, startretries=0)),
        alone(needing("web", "db")),
        alone(needing("app", "web")),
    )


def test_starting_one_starts_what_it_needs_but_nothing_else(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("web", wait=True)
        assert orders(stage) == ["db", "app", "web"]
        assert stage.find("other").state.phase is Phase.STOPPED

    play(
        tmp_path,
        scenario,
        alone(needing("web", "app")),
        alone(needing("app", "db")),
        alone(program("db", autostart=False, startsecs=0)),
        alone(program("other")),
    )


@pytest.mark.parametrize("selection", ["all", ["web", "app", "db"]])
def test_who_is_asked_for_and_is_brought_along_by_another_one_is_started_well(
    tmp_path: Path, selection: Literal["all"] | list[str]
) -> None:
    async def scenario(stage: Stage) -> None:
        actions = Actions(stage.control)

        outcomes = await actions.start_each(selection, wait=True)
        again = await actions.start_each(["db"], wait=True)

        assert [(outcome.name, outcome.error) for outcome in sorted(outcomes, key=lambda one: one.name)] == [
            ("app", None),
            ("db", None),
            ("web", None),
        ]
        assert isinstance(again[0].error, AlreadyStarted)

    db = alone(program("db", startsecs=0, priority=3))
    play(tmp_path, scenario, alone(needing("web", "app", priority=1)), alone(needing("app", "db", priority=2)), db)


def test_stopping_one_stops_who_needs_it_first_and_they_come_back_with_it(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)

        await stage.control.stop("db", wait=True)
        assert ends(stage) == ["web", "app", "db"]
        assert stage.control.process("web").description == "waiting for app: waiting for db: STOPPED"
        assert stage.find("other").state.phase is Phase.RUNNING

        await stage.control.start("db", wait=True)
        await stage.until("web", Phase.RUNNING)
        assert orders(stage)[-3:] == ["db", "app", "web"]

    play(
        tmp_path,
        scenario,
        alone(needing("web", "app")),
        alone(needing("app", "db")),
        alone(program("db", startsecs=0)),
        alone(program("other", startsecs=0)),
    )


def test_stopping_all_leaves_nobody_waiting(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        outcomes = await stage.control.stop_many(None, wait=True)
        assert [outcome.error for outcome in outcomes] == [None, None, None]
        assert ends(stage) == ["web", "app", "db"]
        assert {view.description for view in stage.control.processes()}.isdisjoint({"waiting"})
        assert not any(process.state.waiting or process.leaving for process in stage.supervisor.processes())

    play(
        tmp_path,
        scenario,
        alone(needing("web", "app")),
        alone(needing("app", "db")),
        alone(program("db", startsecs=0)),
    )


def test_a_shutdown_goes_in_reverse_whatever_the_priorities(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        await stage.down()
        assert ends(stage) == ["web", "app", "db"]
        assert stage.supervisor.mood is Mood.SHUTDOWN

    play(
        tmp_path,
        scenario,
        alone(needing("web", "app", priority=1)),
        alone(needing("app", "db", priority=2)),
        alone(program("db", startsecs=0, priority=3)),
    )


def test_a_restart_after_a_crash_waits_too(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        for name in ("db", "web"):
            stage.supervisor.signal(stage.find(name), 9)
            await stage.until(name, Phase.EXITED)
        assert stage.control.process("web").description == "waiting for db: EXITED, terminated by SIGKILL"

        await stage.control.start("db", wait=True)
        await stage.until("web", Phase.RUNNING)

    play(
        tmp_path,
        scenario,
        alone(needing("web", "db", autorestart=Autorestart.ALWAYS)),
        alone(program("db", **ONCE)),
    )


def test_a_crash_leaves_the_dependants_alone(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        pid = stage.find("web").state.pid
        stage.supervisor.signal(stage.find("db"), 9)
        await stage.until("db", Phase.EXITED)
        assert stage.find("web").state.pid == pid

    play(tmp_path, scenario, alone(needing("web", "db")), alone(program("db", **ONCE)))


def test_who_waits_for_a_group_that_is_not_active_starts_when_it_is(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        assert stage.control.process("web").description == "waiting for db: not active"
        db = stage.supervisor.add_group(alone(program("db", startsecs=0)))
        stage.supervisor.start_group(db)
        await stage.until("web", Phase.RUNNING)

    play(tmp_path, scenario, alone(needing("web", "db")))


def test_a_dependency_on_a_group_means_all_its_members(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        assert orders(stage) == ["one", "two", "web"]

    play(
        tmp_path,
        scenario,
        alone(needing("web", "both", priority=1)),
        group("both", program("one", startsecs=0), needing("two", "one"), priority=2),
    )


def test_a_dependant_that_ignores_its_stop_signal_is_waited_for(tmp_path: Path) -> None:
    stubborn = python("import os, signal\nsignal.signal(15, signal.SIG_IGN)\nos.write(1, b'ready')\nsignal.pause()")

    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stage.control.stop("db", wait=True))
            await stage.until("web", Phase.STOPPING)
            assert stage.find("db").state.phase is Phase.RUNNING
            stage.supervisor.signal(stage.find("web"), 9)
        assert ends(stage) == ["web", "db"]

    web = program("web", stubborn, depends_on=read_names("db"), startsecs=1, stopwaitsecs=1000)
    play(tmp_path, scenario, alone(web), alone(program("db", startsecs=0)))


def test_what_is_noted_of_a_stop_is_that_it_waits_for_nobody_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(stage: Stage) -> None:
        noted = []
        monkeypatch.setattr(
            stage.supervisor.notes, "step", lambda process, _effects: noted.append((process.name, process.leaving))
        )
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        await stage.control.stop("db", wait=True)
        assert {leaving for name, leaving in noted if name == "db"} == {None}

    play(tmp_path, scenario, alone(needing("web", "db")), alone(program("db", startsecs=0)))
