"""What is said of a change of phase."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.stage import Stage, alone, play, program
from warden.daemon.children import Children
from warden.daemon.records import Process
from warden.events.types import ProcessStateStoppingEvent
from warden.process.step import StartRequested, StopRequested
from warden.words import Phase


def test_a_stop_that_came_before_the_child_is_announced_when_there_is_one(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        process = stage.find("a")
        start = Children.start

        def answer_late(children: Children, starting: Process) -> None:
            stage.supervisor.feed(starting, StopRequested("somebody was quick"))
            start(children, starting)

        stage.supervisor.children.start = answer_late.__get__(stage.supervisor.children)  # type: ignore[method-assign]
        stage.supervisor.feed(process, StartRequested("test"))
        await stage.until("a", Phase.STOPPED)

        assert [type(event) for event in stage.events].count(ProcessStateStoppingEvent) == 1
        assert not any("internal error" in line for line in stage.said)

    play(tmp_path, scenario, alone(program("a")))
