"""What is asked of a process between its STARTING and the birth of its child."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import Stage, alone, play, program
from warden.daemon.control import DaemonControl
from warden.errors import NotRunning
from warden.words import Phase


def unborn(stage: Stage) -> None:
    """Let the process ``early`` be STARTING while the answer to its spawn is still to come."""
    process = stage.find("early")
    process.state = replace(process.state, phase=Phase.STARTING, started_at=0.0, deadline=1e9)


def test_nothing_is_done_while_the_answer_to_a_start_is_awaited(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        unborn(stage)
        process = stage.find("early")
        process.state = replace(process.state, deadline=0.0)  # as with startsecs=0
        before = stage.supervisor.revision

        stage.supervisor.arm(process)
        for _ in range(20):
            await asyncio.sleep(0)

        assert stage.supervisor.revision == before
        process.state = replace(process.state, phase=Phase.STOPPED, deadline=None)

    play(tmp_path, scenario, alone(program("early", autostart=False)))


@pytest.mark.parametrize(
    "ask",
    [lambda control: control.signal("early", "CONT"), lambda control: control.send_stdin("early", b"x")],
    ids=["signal", "stdin"],
)
def test_nobody_else_gets_what_was_meant_for_a_child(ask: Callable[[DaemonControl], None], tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        unborn(stage)

        with pytest.raises(NotRunning):
            ask(stage.control)

        stage.find("early").state = replace(stage.find("early").state, phase=Phase.STOPPED, deadline=None)

    play(tmp_path, scenario, alone(program("early", autostart=False)))
