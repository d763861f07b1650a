"""Hooks, stop commands and stop sequences with real programs."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import SLEEP, Stage, alone, play, program, python
from warden.config import probe_readers
from warden.daemon.waiting import tidied
from warden.errors import SpawnFailed, StillRunning
from warden.words import ExitStatus, Phase

LOYAL = python(
    "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nprint('up', flush=True)\nsignal.pause()"
)
DEAF = {"ready": probe_readers.ready("log:up"), "startsecs": 0}  # once it is ready it ignores SIGTERM and SIGINT
FIRM = ((signal.SIGTERM, 0.1), (signal.SIGINT, 0.1), (signal.SIGUSR1, 60.0))


def sh(script: str) -> str:
    """A hook that runs ``script``, which must not contain double quotes."""
    return f'/bin/sh -c "{script}"'


def lines(stage: Stage, what: str) -> list[str]:
    return [line.partition(what)[2] for line in stage.said if what in line]


def test_signals_follow_one_another_until_one_works(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    last = f"def last(*_): open('{gate}').read(); signal.signal(10, signal.SIG_DFL); os.kill(os.getpid(), 10)"
    obedient = LOYAL.replace("import signal", f"import os, signal\n{last}\nsignal.signal(10, last)")

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.control.until_ready("p")
        shown: list[str] = []
        stage.supervisor.onlookers.append(lambda _process: shown.append(stage.control.process("p").description))
        stopping = asyncio.create_task(stage.control.stop("p", wait=True))
        await stage.hear("step 3 of 3")
        assert shown[-2:] == ["step 2 of 3: SIGINT sent", "step 3 of 3: SIGUSR1 sent"], "open pages show it at once"
        assert stage.control.process("p").description == "step 3 of 3: SIGUSR1 sent"
        await asyncio.to_thread(gate.write_text, "")  # when it is heard, it may end
        await stopping
        assert stage.find("p").last_exit == ExitStatus(signum=signal.SIGUSR1)
        assert lines(stage, "INFO p: step ") == ["1 of 3: SIGTERM sent", "2 of 3: SIGINT sent", "3 of 3: SIGUSR1 sent"]
        assert stage.control.process("p").cause == "terminated by SIGUSR1"

    play(tmp_path, scenario, alone(program("p", obedient, **DEAF, stop_sequence=FIRM)))


def test_hooks_run_in_order_and_know_what_they_are_about(tmp_path: Path) -> None:
    said = sh("echo $SUPERVISOR_HOOK:$SUPERVISOR_PROCESS_NAME:$SUPERVISOR_GROUP_NAME:$SUPERVISOR_CHILD_PID")
    ends = sh("echo $SUPERVISOR_CHILD_PID:$SUPERVISOR_STOP_REQUESTED:$SUPERVISOR_EXIT_CODE:$SUPERVISOR_EXIT_SIGNAL")
    hooks = dict.fromkeys(("before_start", "after_start", "before_stop"), said)

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        pid = stage.find("p").state.pid
        await stage.hear("INFO after_start of p: ")
        await stage.control.stop("p", wait=True)
        told = [line.removeprefix("INFO ") for line in stage.said if " of p: " in line and "step" not in line]
        assert told == [
            "before_start of p: before_start:p:p:",
            f"after_start of p: after_start:p:p:{pid}",
            f"before_stop of p: before_stop:p:p:{pid}",
            f"after_stop of p: {pid}:true::TERM",
        ]

    play(tmp_path, scenario, alone(program("p", startsecs=0, **hooks, after_stop=ends)))


def test_after_stop_learns_the_exit_code_and_comes_before_the_next_start(tmp_path: Path) -> None:
    said = sh("echo $SUPERVISOR_STOP_REQUESTED:$SUPERVISOR_EXIT_CODE")

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await tidied(await stage.until("p", Phase.FATAL))
        assert lines(stage, "INFO after_stop of p: ") == ["false:3", "false:3"]
        kinds = [line.split(":")[0] for line in stage.said]
        assert kinds.index("INFO after_stop of p") < kinds.index("INFO spawned", kinds.index("INFO spawned") + 1)

    play(tmp_path, scenario, alone(program("p", sh("exit 3"), startretries=1, after_stop=said)))


def test_a_hook_runs_with_the_environment_and_directory_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        assert lines(stage, "before_start of p: ") == [f"blue in {tmp_path}/here"]

    config = program("p", startsecs=0, before_start=sh("echo $COLOUR in $PWD"))
    config = replace(config, directory=str(tmp_path / "here"), environment=(("COLOUR", "blue"),))
    play(tmp_path, scenario, alone(config))


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (sh("exit 4"), "before_start failed: exit status 4"),
        (SLEEP, "before_start failed: took longer than 0.1 s"),
        ("no-such-command", "before_start failed: cannot run 'no-such-command': can't find command 'no-such-command'"),
    ],
)
def test_a_failed_before_start_is_a_failed_start(tmp_path: Path, hook: str, reason: str) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(SpawnFailed):
            await stage.control.start("p", wait=True)
        await stage.until("p", Phase.FATAL)
        assert stage.control.process("p").description == reason
        assert lines(stage, "INFO spawnerr: p: ") == [reason]
        assert not stage.find("p").started

    play(tmp_path, scenario, alone(program("p", startretries=0, before_start=hook, hook_timeout=0.1)))


def test_a_stop_ends_before_start_and_all_it_has_started(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=False)
        await stage.hear("begun")
        assert stage.control.process("p").description == "before_start is running"
        assert stage.control.process("p").errand == "before_start"
        await stage.control.stop("p", wait=True)
        assert stage.find("p").state.phase is Phase.STOPPED
        assert stage.find("p").history[-1].cause == "before_start was ended"

    play(tmp_path, scenario, alone(program("p", before_start=sh("echo begun; sleep 1000; true"))))


def test_after_start_waits_for_readiness(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    config = program(
        "p",
        startsecs=0,
        ready=probe_readers.ready(f"exec:test -e {flag}"),
        after_start=sh("echo hello"),
        greets_when_ready=True,
    )

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        assert not lines(stage, "after_start of p: ")
        flag.touch()
        await stage.hear("after_start of p: hello")
        assert "INFO ready: p" in stage.said

    play(tmp_path, scenario, alone(config))


def test_a_failure_of_other_hooks_is_only_told(tmp_path: Path) -> None:
    fails = dict.fromkeys(("after_start", "before_stop", "after_stop"), sh("exit 9"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.hear("after_start failed")
        await stage.control.stop("p", wait=True)
        assert stage.find("p").state.phase is Phase.STOPPED
        causes = [step.cause for step in stage.find("p").history]
        for hook in fails:
            assert f"{hook} failed: exit status 9" in causes
            assert f"INFO p: {hook} failed: exit status 9" in stage.said

    play(tmp_path, scenario, alone(program("p", startsecs=0, **fails)))


def test_a_stop_command_stops_and_no_signal_is_sent(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.control.until_ready("p")
        await stage.control.stop("p", wait=True)
        assert stage.find("p").last_exit == ExitStatus(signum=signal.SIGUSR1)
        assert lines(stage, "INFO p: ") == ["step 1 of 2: stop_command is running"]

    command = sh("kill -USR1 $SUPERVISOR_CHILD_PID")
    play(tmp_path, scenario, alone(program("p", LOYAL, **DEAF, stop_command=command)))


def test_a_stop_command_that_fails_is_followed_by_the_stop_signal(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.control.stop("p", wait=True)
        assert lines(stage, "INFO p: ") == [
            "step 1 of 2: stop_command is running",
            "stop_command failed: exit status 1",
            "step 2 of 2: SIGTERM sent",
        ]

    play(tmp_path, scenario, alone(program("p", startsecs=0, stop_command=sh("exit 1"))))


def test_a_stop_is_over_when_after_stop_is(tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        stopping = asyncio.create_task(stage.control.stop("p", wait=True))
        await stage.hear("tidying")
        assert stage.find("p").state.phase is Phase.STOPPED
        assert stage.control.process("p").description.endswith(", after_stop is running")
        assert stage.control.process("p").errand == "after_stop"
        with pytest.raises(StillRunning):
            stage.control.remove_group("p")
        await stage.control.start("p", wait=False)
        assert stage.control.process("p").waiting_for == ("its after_stop to end",)
        assert not stopping.done()
        gate.touch()
        await stopping
        await stage.until("p", Phase.RUNNING)

    hook = sh(f"echo tidying; until test -e {gate}; do sleep 0.01; done")
    play(tmp_path, scenario, alone(program("p", startsecs=0, after_stop=hook)))


def test_a_shutdown_waits_for_after_stop(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.down()
        assert lines(stage, "after_stop of p: ") == ["tidied"]

    play(tmp_path, scenario, alone(program("p", startsecs=0, after_stop=sh("sleep 0.2; echo tidied"))))


def test_what_a_hook_writes_is_bounded(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        said = lines(stage, "before_start of p: ")
        assert said[:2] == ["1", "2"]
        assert said[-1] == "(200 more lines)"
        assert len(said) == 101

    play(tmp_path, scenario, alone(program("p", startsecs=0, before_start="/usr/bin/seq 300")))
