"""Programs that restart or reload when files change: real children, real files."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import SLEEP, Stage, alone, group, play, program, python
from warden.config.model import ProcessConfig, Watch
from warden.runtime.lookout import Tower
from warden.words import Autorestart, Phase, WatchAction

DEBOUNCE = 0.05


def watching(folder: Path, name: str = "p", command: str = SLEEP, /, **more: object) -> ProcessConfig:
    reload = WatchAction.RELOAD if "reload_signal" in more else WatchAction.RESTART
    watch = Watch(wanted=(f"{folder}/src/**",), base=str(folder), debounce=DEBOUNCE, action=reload)
    return program(name, command, watch=watch, **{"startsecs": 0, **more})


def write(folder: Path, name: str = "a.py", text: str = "new") -> None:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / name).write_text(text)


async def ready(stage: Stage) -> None:
    """Start everything and wait until the files are watched."""
    stage.supervisor.start_all()
    await stage.hear("INFO watching ")


def test_a_program_restarts_when_a_file_changes_and_says_which(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        process = await stage.until("p", Phase.RUNNING)
        first = process.state.pid
        write(tmp_path)
        await stage.hear("spawned: 'p'", 2)
        await stage.until("p", Phase.RUNNING)
        assert process.state.pid != first
        assert [step.cause for step in process.history if step.phase is Phase.STOPPING] == ["changed: src/a.py"]
        assert "INFO restarting: p (changed: src/a.py)" in stage.said

    play(tmp_path, scenario, alone(watching(tmp_path)))


def test_hundreds_of_files_are_one_restart_of_every_process(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.until("g:a", Phase.RUNNING)
        await stage.until("g:b", Phase.RUNNING)
        for number in range(300):
            write(tmp_path, f"{number:03}.py")
        await stage.hear("spawned: ", 4)
        write(tmp_path, "one more")
        await stage.hear("spawned: ", 6)
        assert [line for line in stage.said if "restarting: a" in line] == [
            "INFO restarting: a (changed: src/000.py and 299 more)",
            "INFO restarting: a (changed: src/one more)",
        ]

    play(tmp_path, scenario, group("g", watching(tmp_path, "a"), watching(tmp_path, "b")))


def test_a_program_that_failed_starts_with_the_repaired_file_and_one_that_was_stopped_stays_so(tmp_path: Path) -> None:
    write(tmp_path, text="exit 1")

    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.until("p", Phase.FATAL)
        await stage.until("q", Phase.RUNNING)
        await stage.control.stop("q", wait=True)
        write(tmp_path, text="exec sleep 1000")
        await stage.until("p", Phase.RUNNING)
        assert stage.find("p").history[-2].cause == "changed: src/a.py"
        assert stage.find("q").state.phase is Phase.STOPPED

    broken = watching(tmp_path, "p", f"/bin/sh {tmp_path}/src/a.py", startsecs=1, startretries=0)
    play(tmp_path, scenario, alone(broken), alone(watching(tmp_path, "q")))


def test_a_program_can_reload_instead(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        process = await stage.until("p", Phase.RUNNING)
        first = process.state.pid
        write(tmp_path)
        await stage.hear("INFO reloading: p (changed: src/a.py: SIGWINCH)")
        assert (process.state.pid, process.state.phase) == (first, Phase.RUNNING)
        assert process.history[-1].cause == "changed: src/a.py: SIGWINCH"

    play(tmp_path, scenario, alone(watching(tmp_path, reload_signal=signal.SIGWINCH)))


def test_one_that_has_just_started_with_the_new_file_is_left_alone(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        process = await stage.until("p", Phase.RUNNING)
        watches = stage.supervisor._watches
        post, known = watches._post_of[process], process.files
        write(tmp_path)
        while post.first is None:
            await asyncio.sleep(0)
        await stage.control.stop("p", wait=True)
        await stage.control.start("p", wait=False)
        watches._due(post, math.inf)  # now it has been quiet for long enough
        while process.files == known:
            await asyncio.sleep(0)
        assert not [line for line in stage.said if "restarting" in line]

    config = watching(tmp_path)
    assert config.watch is not None
    play(tmp_path, scenario, alone(replace(config, watch=replace(config.watch, debounce=1000.0))))


def test_a_successor_compares_with_what_was_seen_before(tmp_path: Path) -> None:
    write(tmp_path)

    async def scenario(stage: Stage) -> None:
        await ready(stage)
        process = await stage.until("p", Phase.RUNNING)
        assert process.files
        stage.supervisor._watches.close()  # nobody watches, as while there is no brain
        write(tmp_path, text="unseen")
        stage.supervisor._watches._tower = None
        stage.supervisor._watches.follow(process)
        await stage.hear("INFO restarting: p (files changed while nobody watched)")
        stage.supervisor._watches.close()
        stage.supervisor._watches._tower = None
        stage.supervisor._watches.follow(process)
        while stage.supervisor._watches._post_of[process].sight is None:
            await asyncio.sleep(0)
        assert sum("restarting" in line for line in stage.said) == 1

    play(tmp_path, scenario, alone(watching(tmp_path)))


def test_groups_that_come_and_go_take_their_watches_along(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.control.stop("p", wait=True)
        watches = stage.supervisor._watches
        assert watches._tower is not None
        assert watches._tower._numbers
        stage.control.remove_group("p")
        assert watches._tower._numbers == set()
        stage.control.add_group("p")
        await stage.hear("INFO watching ", 2)
        write(tmp_path)
        await stage.hear("INFO restarting: p")
        process = stage.find("p")
        stage.supervisor.reconfigure(stage.supervisor.groups["p"], process, replace(process.config, watch=None))
        assert watches._post_of == {}

    play(tmp_path, scenario, alone(watching(tmp_path)))


def test_a_limit_of_the_system_is_told_once_and_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tower, "open", lambda self: None)

    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.until("p", Phase.RUNNING)
        [warning] = [line for line in stage.said if line.startswith("WARN ")]
        limit = Path("/proc/sys/fs/inotify/max_user_instances").read_text().strip()
        assert (
            f"not all files are watched for p: the system's limit fs.inotify.max_user_instances={limit} is" in warning
        )

    play(tmp_path, scenario, alone(watching(tmp_path)))


def test_who_watches_nothing_has_nothing(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.RUNNING)
        watches = stage.supervisor._watches
        assert (watches._tower, watches._posts, watches._post_of) == (None, {}, {})

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_files_that_do_not_rest_are_not_waited_for_for_ever(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.until("p", Phase.RUNNING)
        process, number = stage.find("p"), 0
        while process.state.phase is Phase.RUNNING:
            write(tmp_path, text=str(number := number + 1))
            await asyncio.sleep(0)
        assert process.history[-1].cause == "changed: src/a.py"

    play(tmp_path, scenario, alone(watching(tmp_path)))


def test_a_program_that_ended_well_runs_again_with_the_new_files(tmp_path: Path) -> None:
    built = tmp_path / "built"

    async def scenario(stage: Stage) -> None:
        await ready(stage)
        await stage.until("p", Phase.EXITED)
        os.unlink(built)
        write(tmp_path)
        await stage.hear("exited: p", 2)
        assert built.exists()

    build = watching(tmp_path, "p", python(f"open('{built}', 'w')"), autorestart=Autorestart.NEVER)
    play(tmp_path, scenario, alone(build))
