"""What is said of the trees that end with their children, and that a process never waits in vain for that."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from tests.daemon.stage import program
from warden.daemon.records import Process
from warden.daemon.trees import Trees
from warden.runtime import felling, remnants
from warden.runtime.census import Pinned
from warden.runtime.felling import Felled


def fell(monkeypatch: pytest.MonkeyPatch, *outcomes: Felled | Exception) -> tuple[list[str], str]:
    """Let trees end with these outcomes; return what was said and the failure."""
    said: list[str] = []
    rest = list(outcomes)

    def answer(*_: object) -> Felled:
        outcome = rest.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(remnants, "find", lambda asked: [[] for _ in asked])
    monkeypatch.setattr(felling, "fell", answer)

    async def scenario() -> str:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        trees = Trees(loop, lambda _process, text: said.append(text))
        trees.fell(Process(program("web", kill_tree=True), "web", {}), 7, loop.time(), done.set_result)
        async with asyncio.timeout(30):
            return await done

    failure = asyncio.run(scenario())
    assert rest == []
    return said, failure


def some(count: int, name: str = "sh") -> tuple[Pinned, ...]:
    return tuple(Pinned(pid, 1.0, name, 1, pid) for pid in range(1, count + 1))


def test_nobody_left_is_not_worth_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fell(monkeypatch, Felled()) == ([], "")


def test_who_ended_and_who_was_killed_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    said, failure = fell(monkeypatch, Felled(ended=some(1), killed=some(12, "node")))

    names = ", ".join(f"node (pid {pid})" for pid in range(1, 11))
    assert said == [
        "ended 1 process that it had left: sh (pid 1)",
        f"killed 12 processes that it had left: {names} and 2 more",
    ]
    assert not failure


def test_who_does_not_end_by_sigkill_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said, failure = fell(monkeypatch, Felled(stuck=some(1, "dd")), Felled(killed=some(1, "dd")))

    assert said == [
        "waiting for dd (pid 1) to die, which it had left",
        "killed 1 process that it had left: dd (pid 1)",
    ]
    assert not failure


def test_whom_nobody_may_signal_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fell(monkeypatch, Felled(refused=some(1, "sudo"))) == ([], "the system does not let us end sudo (pid 1)")


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, os.strerror(errno.EMFILE)), ZeroDivisionError("a bug")])
def test_a_process_does_not_wait_for_a_look_that_fails(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    said, failure = fell(monkeypatch, error)

    assert said == []
    assert failure.startswith("cannot look for what it has left: ")
