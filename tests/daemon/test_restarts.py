"""Restarts by rule, with real programs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.waiting import until_true
from tests.daemon.stage import Stage, alone, group, play, program, python
from warden.config.model import RestartPolicy
from warden.daemon.memory_guard import MemoryGuard
from warden.errors import NotRunning
from warden.runtime.tree import resident_bytes, tree
from warden.words import Autorestart, Phase


def test_a_program_that_exits_while_running_waits_before_it_starts_again(tmp_path: Path) -> None:
    rule = RestartPolicy(delay=0.3)

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.BACKOFF)
        assert stage.control.process("p").description == "exit status 0, starts again in 0.3 s"
        ended = process.stopped
        await stage.until("p", Phase.STARTING, Phase.RUNNING)
        assert process.started - ended >= 0.25
        assert "INFO waiting: p (exit status 0, starts again in 0.3 s)" in stage.said

    play(
        tmp_path, scenario, alone(program("p", "/bin/true", startsecs=0, autorestart=Autorestart.ALWAYS, restart=rule))
    )


def test_processes_whose_waits_are_spread_have_dice_of_their_own(tmp_path: Path) -> None:
    spread = RestartPolicy(jitter=0.5)
    plain, first, second = (program(name, autostart=False) for name in ("a", "b", "c"))

    async def scenario(stage: Stage) -> None:
        members = stage.supervisor.groups["g"]
        for config in (first, second):
            stage.supervisor.reconfigure(
                members, stage.find(f"g:{config.name}"), replace(config, policy=replace(config.policy, restart=spread))
            )
        seeds = [stage.find(f"g:{name}").state.streak.seed for name in ("a", "b", "c", "d")]
        assert seeds[0] == 0
        assert len(set(seeds)) == 4

    play(tmp_path, scenario, group("g", plain, first, second, program("d", autostart=False, restart=spread)))


def test_a_fatal_program_is_revived_and_a_stop_prevents_it(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.FATAL)
        await stage.until("p", Phase.STARTING)
        await stage.until("p", Phase.FATAL)
        await stage.control.stop("p", wait=True)
        assert stage.find("p").state.phase is Phase.STOPPED
        with pytest.raises(NotRunning):
            await stage.control.stop("p", wait=True)

    play(tmp_path, scenario, alone(program("p", "/bin/false", startretries=0, revive_after=0.2)))


GREEDY = python("import os, signal\nif os.fork() == 0: hoard = bytearray(64 << 20)\nsignal.pause()")


def test_a_program_whose_descendants_use_too_much_memory_is_replaced(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        guard = MemoryGuard(stage.supervisor.feed, interval=0.05)
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        first = process.state.pid
        guard.follow(process)
        await stage.until("p", Phase.STOPPING)
        assert "more than its memory_limit of 48 MB" in stage.find("p").history[-1].cause
        await stage.until("p", Phase.RUNNING)
        assert process.state.pid != first
        guard.close()
        await asyncio.sleep(0)

    play(
        tmp_path,
        scenario,
        alone(program("p", GREEDY, startsecs=0, stopasgroup=True, killasgroup=True, memory_limit=48 << 20)),
    )


def test_a_tree_has_all_descendants_and_their_memory(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        await until_true(lambda: len(list(tree(process.state.pid))) >= 2)  # its child comes a little later
        members = list(tree(process.state.pid))
        assert members[0] == process.state.pid
        assert resident_bytes(process.state.pid) > resident_bytes(members[1]) > 0

    play(
        tmp_path,
        scenario,
        alone(program("p", "/bin/sh -c 'sleep 1000; true'", startsecs=0, stopasgroup=True, killasgroup=True)),
    )
