"""What real children are told while they run: to reload, and how they answer."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.daemon.stage import SLEEP, Stage, alone, group, play, program, python
from warden.config import probe_readers
from warden.config.model import ProcessConfig
from warden.errors import AbnormalTermination, Failed, NotRunning
from warden.words import Autorestart, Phase

SERVER = (  # on SIGHUP it says each of these words, and then it goes on or ends
    "import os,socket,sys,signal\n"
    "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
    "say=lambda *words:[s.sendto(w.encode(),os.environ['NOTIFY_SOCKET']) for w in words]\n"
    "signal.signal(signal.SIGHUP,lambda *_:(say(*{words!r}),{then}))\n"
    "say('READY=1')\nwhile 1: signal.pause()"
)
READY = probe_readers.ready("notify")


def server(*words: str, then: str = "0") -> ProcessConfig:
    command = python(SERVER.format(words=words, then=then))
    never = Autorestart.NEVER
    return program("a", command, startsecs=0, autorestart=never, reload_signal=signal.SIGHUP, ready=READY)


def test_a_reload_signals_the_child_and_is_remembered_but_changes_no_phase(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        process = stage.find("a")
        stage.supervisor.start_all()
        await stage.until("a", Phase.RUNNING)
        before = stage.control.process("a")

        await stage.control.reload("a")

        after = stage.control.process("a")
        assert (after.since, after.cause) == (before.since, before.cause)
        last = process.history[-1]
        assert (last.phase, last.previous, last.cause) == (Phase.RUNNING, Phase.RUNNING, "reload requested: SIGHUP")
        assert stage.said[-1] == "INFO reloading: a (reload requested: SIGHUP)"
        await stage.until("a", Phase.EXITED)
        assert process.history[-1].sent == "reload requested"

    deadly = program("a", SLEEP, startsecs=0, autorestart=Autorestart.NEVER, reload_signal=signal.SIGHUP)
    play(tmp_path, scenario, alone(deadly))


def test_what_cannot_be_reloaded_is_told_for_one_and_left_out_of_many(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(NotRunning):
            await stage.control.reload("g:a")
        stage.supervisor.start_all()
        await stage.until("g:b", Phase.RUNNING)
        with pytest.raises(Failed, match="reload_signal=HUP"):
            await stage.control.reload("g:b")
        assert await stage.control.reload_many("g") == []

    able = program("a", SLEEP, autostart=False, reload_signal=signal.SIGHUP)
    play(tmp_path, scenario, group("g", able, program("b", SLEEP, startsecs=0)))


@pytest.mark.parametrize("words", [("RELOADING=1", "READY=1"), ("RELOADING=1\nREADY=1",)])
def test_a_program_that_says_so_is_waited_for(tmp_path: Path, words: tuple[str, ...]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.control.until_ready("a")

        [outcome] = await stage.control.reload_many(None)

        assert outcome.error is None
        assert [line for line in stage.said if "ready: " in line] == [
            "INFO ready: a",
            "INFO not ready: a (reloading)",
            "INFO ready: a",
        ]

    play(tmp_path, scenario, alone(server(*words)))


def test_a_program_that_says_nothing_is_not_waited_for_long(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.control.until_ready("a")
        await stage.control.reload("a")
        assert stage.find("a").state.phase is Phase.RUNNING

    play(tmp_path, scenario, alone(server()))


@pytest.mark.parametrize("words", [("RELOADING=1",), ()])
def test_a_program_that_ends_instead_of_reloading_is_an_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.control.until_ready("a")
        with pytest.raises(AbnormalTermination):
            await stage.control.reload("a")

    play(tmp_path, scenario, alone(server(*words, then="os._exit(1)")))
