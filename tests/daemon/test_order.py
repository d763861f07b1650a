"""In which order a process comes back: first its child is asked for, and whatever is told keeps the order of events."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.stage import SLEEP, Stage, alone, play, program, python, written
from daemon.test_remains import Predecessor
from harness.waiting import until_true
from warden.config.dependencies import Dependency
from warden.config.model import ChannelConfig, GroupConfig
from warden.daemon.records import Process
from warden.events import types
from warden.events.types import Event
from warden.process.step import Announce, Spawn, StartRequested
from warden.runtime.parent import OwnParent
from warden.words import Autorestart, Condition, Phase

COMES_BACK = {"startsecs": 0, "autorestart": Autorestart.ALWAYS}
WEB = alone(program("web", SLEEP, **COMES_BACK))


async def started(stage: Stage, namespec: str = "web") -> Process:
    process = stage.find(namespec)
    stage.supervisor.feed(process, StartRequested("test"))
    return await stage.until(namespec, Phase.RUNNING)


async def replaced(process: Process) -> None:
    """Kill a child and wait for its successor."""
    pid = process.state.pid
    os.kill(pid, signal.SIGKILL)
    await until_true(lambda: process.state.pid not in (0, pid) and process.state.phase is Phase.RUNNING)


def at_the_next_spawn(stage: Stage, monkeypatch: pytest.MonkeyPatch, look: Callable[[], None]) -> None:
    spawn = OwnParent.spawn

    def asked(parent: OwnParent, *arguments: object) -> None:
        look()
        spawn(parent, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(OwnParent, "spawn", asked)


def deafen(stage: Stage) -> None:
    """Let nobody hear of events."""
    stage.bus.unsubscribe(Event, stage.events.append)


def test_a_child_is_asked_for_before_the_end_of_the_last_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    async def scenario(stage: Stage) -> None:
        deafen(stage)
        web = await started(stage)
        before = len(stage.said)
        at_the_next_spawn(stage, monkeypatch, lambda: told.append(len(stage.said) - before))
        await replaced(web)

        assert told == [0]
        assert [line.split(" (")[0] for line in stage.said[before:]][:2] == [
            "WARN exited: web",
            f"INFO spawned: 'web' with pid {web.state.pid}",
        ]
        assert [change.phase for change in web.history][-3:] == [Phase.EXITED, Phase.STARTING, Phase.RUNNING]

    play(tmp_path, scenario, WEB)


def test_who_hears_of_an_end_sees_the_process_as_it_is_then(tmp_path: Path) -> None:
    seen: list[tuple[str, Phase, int]] = []

    async def scenario(stage: Stage) -> None:
        web = await started(stage)
        stage.bus.subscribe(
            types.ProcessStateEvent, lambda event: seen.append((type(event).__name__, web.state.phase, web.state.pid))
        )
        await replaced(web)

        assert seen == [
            ("ProcessStateExitedEvent", Phase.EXITED, 0),
            ("ProcessStateStartingEvent", Phase.STARTING, 0),
            ("ProcessStateRunningEvent", Phase.RUNNING, web.state.pid),
        ]

    play(tmp_path, scenario, WEB)


def test_a_start_is_told_after_its_child_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[type[Event]] = []

    async def scenario(stage: Stage) -> None:
        stage.events.clear()
        at_the_next_spawn(stage, monkeypatch, lambda: heard.extend(type(event) for event in stage.events))
        await started(stage)

        assert heard == []
        assert [type(event) for event in stage.events if isinstance(event, types.ProcessStateEvent)] == [
            types.ProcessStateStartingEvent,
            types.ProcessStateRunningEvent,
        ]

    play(tmp_path, scenario, WEB)


def test_a_start_without_a_command_is_told_before_it_fails(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        process = stage.find("web")
        stage.supervisor.feed(process, StartRequested("test"))
        await stage.until("web", Phase.FATAL)

        kinds = [type(event) for event in stage.events if isinstance(event, types.ProcessStateEvent)]
        assert kinds == [
            types.ProcessStateStartingEvent,
            types.ProcessStateBackoffEvent,
            types.ProcessStateFatalEvent,
        ]

    play(tmp_path, scenario, alone(program("web", "/does/not/exist", startretries=0)))


def test_an_end_on_which_others_depend_is_told_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    needy = replace(program("needy"), depends_on=(Dependency(name="web", condition=Condition.STARTED),))

    async def scenario(stage: Stage) -> None:
        deafen(stage)
        web = await started(stage)
        at_the_next_spawn(stage, monkeypatch, lambda: told.append(stage.said[-1]))
        await replaced(web)

        assert told[0].startswith("WARN exited: web")

    play(tmp_path, scenario, WEB, alone(needy))


def test_when_a_child_is_asked_for_everything_is_noted_that_is_still_to_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = Predecessor()
    found: list[tuple[bool, list[object], str]] = []

    async def scenario(stage: Stage) -> None:
        deafen(stage)
        stage.supervisor.notes.all_made()
        web = await started(stage)

        def look() -> None:
            remains = brain.remains()
            facts = remains.process("web", 0.0)
            assert facts is not None
            found.append((facts.life == web.life, list(remains.effects().get("web", ())), str(facts.last_exit)))

        at_the_next_spawn(stage, monkeypatch, look)
        pid = web.state.pid
        await replaced(web)

        ended = Announce(Phase.EXITED, Phase.RUNNING, tries=0, pid=pid, expected=False)
        begins = Announce(Phase.STARTING, Phase.EXITED, tries=0, pid=0)
        assert found == [(True, [ended, begins, Spawn()], "terminated by SIGKILL")]
        assert brain.remains().effects() == {}
        history = [change.phase for change in brain.remains().history("web")]
        assert history[-3:] == [Phase.EXITED, Phase.STARTING, Phase.RUNNING]

    try:
        play(tmp_path, scenario, WEB, notes=brain.notes)
    finally:
        brain.close()


def logging(folder: Path) -> GroupConfig:
    speaks = python("import os, signal\nos.write(1, b'here %d\\\\n' % os.getpid())\nsignal.pause()")
    stdout = ChannelConfig(logfile=str(folder / "web.log"))
    return alone(program("web", speaks, stdout=stdout, **COMES_BACK))


def test_a_log_stays_open_for_a_child_that_comes_at_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"

    async def scenario(stage: Stage) -> None:
        web = await started(stage)
        await written(log, f"here {web.state.pid}\n")
        before = _opened(log)
        await replaced(web)
        await written(log, f"here {web.state.pid}\n")

        assert _opened(log) == before
        assert len(before) == 1

    play(tmp_path, scenario, logging(tmp_path))


def test_a_log_that_was_renamed_is_made_anew_for_the_next_child(tmp_path: Path) -> None:
    log, old = tmp_path / "web.log", tmp_path / "old.log"

    async def scenario(stage: Stage) -> None:
        web = await started(stage)
        first = f"here {web.state.pid}\n"
        await written(log, first)
        log.rename(old)
        await replaced(web)
        await written(log, f"here {web.state.pid}\n")

        assert old.read_text() == first
        assert _opened(old) == []

    play(tmp_path, scenario, logging(tmp_path))


def test_a_log_is_closed_when_no_child_follows(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    [group] = [logging(tmp_path)]
    [web] = group.processes
    once = replace(group, processes=(replace(web, policy=replace(web.policy, autorestart=Autorestart.NEVER)),))

    async def scenario(stage: Stage) -> None:
        process = await started(stage)
        await written(log, "here")
        os.kill(process.state.pid, signal.SIGKILL)
        await stage.until("web", Phase.EXITED)

        assert _opened(log) == []

    play(tmp_path, scenario, once)


def _opened(path: Path) -> list[str]:
    """Return our descriptors of a file."""
    return [
        entry.name for entry in os.scandir("/proc/self/fd") if os.path.exists(entry) and os.path.samefile(entry, path)
    ]
