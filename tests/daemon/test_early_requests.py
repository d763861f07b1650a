"""What is asked of a process between its STARTING and the birth of its child."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stage import Stage, alone, play, program

from warden.errors import NotRunning
from warden.words import Phase


def unborn(stage: Stage) -> None:
    """Let the process ``early`` be STARTING while the answer to its spawn is still to come."""
    process = stage.find("early")
    process.state = replace(process.state, phase=Phase.STARTING, started_at=0.0, deadline=1e9)


@pytest.mark.parametrize("verb", ["signal", "send_stdin"])
def test_nobody_is_signalled_or_written_to_instead(verb: str, tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        unborn(stage)

        with pytest.raises(NotRunning):
            if verb == "signal":
                stage.control.signal("early", "CONT")
            else:
                stage.control.send_stdin("early", b"x")

        stage.find("early").state = replace(stage.find("early").state, phase=Phase.STOPPED, deadline=None)

    play(tmp_path, scenario, alone(program("early", autostart=False)))
