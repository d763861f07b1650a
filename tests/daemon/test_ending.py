"""The end of the daemon because of what its programs have done."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.stage import Stage, alone, play, program
from warden.daemon.ending import Ending
from warden.words import Autorestart, Phase


@pytest.mark.parametrize("essential", [True, False])
def test_an_end_that_nobody_has_looked_at_is_looked_at_by_the_next_brain(tmp_path: Path, essential: bool) -> None:
    async def scenario(stage: Stage) -> None:
        ended = asyncio.get_running_loop().create_future()
        await stage.control.start("job", wait=True)
        await stage.until("job", Phase.EXITED)

        server = replace(stage.config.server, exit_when_finished=not essential)
        Ending(stage.supervisor, asyncio.get_running_loop(), server, ended.set_result).look_at_all()

        assert await ended == 3

    job = program("job", "/bin/sh -c 'exit 3'", startsecs=0, autorestart=Autorestart.NEVER, essential=essential)
    play(tmp_path, scenario, alone(job))
