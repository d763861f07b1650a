"""Updates on trial: they go back by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import SLEEP, Stage, alone, play, program
from warden.errors import CannotReread
from warden.words import Phase

OLD = program("web", startsecs=0)
NEW = replace(OLD, command="/bin/sleep 2000")
BROKEN = replace(OLD, command="/no/such/program")
LONG = 1000.0


async def taken_back(stage: Stage) -> None:
    """Wait for the end of the way back."""
    done = asyncio.Event()
    log = stage.log.info

    def info(text: str) -> None:
        log(text)
        if text == "the update has been taken back":
            done.set()

    stage.log.info = info  # type: ignore[method-assign]
    await done.wait()


def commands(stage: Stage) -> dict[str, str]:
    return {process.namespec: process.config.command for process in stage.supervisor.processes()}


@pytest.mark.parametrize(("new", "why"), [(BROKEN, "web is FATAL"), (NEW, "nobody has confirmed it within 0.01 s")])
def test_an_update_goes_back_and_what_ran_runs_again(tmp_path: Path, new: object, why: str) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("gone", Phase.RUNNING)
        added = alone(program("added", startsecs=0))
        fallen = replace(new, policy=replace(OLD.policy, startretries=0))  # type: ignore[type-var]
        stage.next = replace(stage.config, groups=(alone(fallen), added))  # type: ignore[arg-type]

        await stage.control.update(confirm=LONG if new is BROKEN else 0.01)
        await taken_back(stage)

        assert f"WARN the update is taken back: {why}" in stage.said
        assert commands(stage) == {"web": SLEEP, "gone": SLEEP, "idle": SLEEP}
        await stage.until("web", Phase.RUNNING)
        await stage.until("gone", Phase.RUNNING)
        assert stage.find("idle").state.phase is Phase.STOPPED
        [start] = [step.cause for step in stage.find("web").history if "taken back" in step.cause]
        assert start == f"the update was taken back: {why}"
        assert not stage.control.confirm_update()

    idle = alone(program("idle", autostart=False))
    play(tmp_path, scenario, alone(OLD), alone(program("gone", startsecs=0)), idle)


def test_an_update_that_is_confirmed_stays_and_another_has_to_wait_for_that(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.next = replace(stage.config, groups=(alone(NEW),))
        await stage.control.update(confirm=LONG)

        for forbidden in (stage.control.update(), stage.control.reload_config(), stage.control.scale("web", 2)):
            with pytest.raises(CannotReread, match="another update waits for its confirmation"):
                await forbidden
        assert stage.control.confirm_update()
        await stage.control.update()

        assert commands(stage) == {"web": NEW.command}
        assert "INFO the update is confirmed" in stage.said

    play(tmp_path, scenario, alone(OLD))
