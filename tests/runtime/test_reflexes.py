"""The keeper replaces a child by itself: where a brain has ordered it, as long as the order stands, and once."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from runtime.keeper_stage import FakeBrain, KeeperStage
from warden.runtime.courier import Message
from warden.runtime.reflex import FLAGS, Flags, flags_file
from warden.runtime.spawn import SpawnPlan

if sys.platform != "linux":
    pytest.skip("a keeper needs process descriptors", allow_module_level=True)

FLAG = 7
SLEEP = ("/bin/sleep", "1000")


@pytest.fixture
def flags(brain: FakeBrain) -> Flags:
    """The flags that brain and keeper share; the order at FLAG stands."""
    fd = flags_file()
    shared = Flags(fd)
    brain.wish("flags", [fd])
    os.close(fd)
    shared.put(FLAG, stands=True)
    return shared


def start(
    brain: FakeBrain, *argv: str, unless: tuple[int, ...] = (), ends: tuple[str, ...] = ("stdin", "stdout")
) -> int:
    """Let the keeper start a program as life 1, with an order for its successor; return its pid."""
    with open(os.devnull, "r+b") as nothing:
        plan = SpawnPlan(argv, argv[0], {"PATH": os.environ["PATH"]}).pack()
        tag = {"name": "p", "ends": ends}
        brain.wish("spawn", [nothing.fileno()] * 3, life=1, tag=tag, plan=plan, fds=3, order=[FLAG, unless])
    return int(brain.hears("spawned")["pid"])


def end(brain: FakeBrain) -> tuple[Message, list[int]]:
    """Return what is told of the next end."""
    message, fds = brain.hear()
    assert message["say"] == "ended", message
    return message, fds


def replaced(brain: FakeBrain) -> tuple[Message, list[int]]:
    """Return the successor of which the next end tells, and our ends of its pipes."""
    message, fds = end(brain)
    assert message["next"]["life"] > message["life"]
    return message["next"], fds


def close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def test_the_successor_of_a_child_is_told_together_with_its_end(brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, "/bin/sh", "-c", "read -r word; echo $word; exec sleep 1000")

    os.kill(pid, signal.SIGKILL)
    message, fds = end(brain)

    assert (message["life"], message["status"]) == (1, {"signum": signal.SIGKILL})
    assert message["next"]["tag"] == {"name": "p", "ends": ["stdin", "stdout"]}
    assert message["next"]["pid"] not in (0, pid)
    stdin, stdout = fds
    os.write(stdin, b"hello\n")
    assert os.read(stdout, 100) == b"hello\n"
    close_all(fds)


def test_a_successor_has_its_stderr_where_its_predecessor_had_it(brain: FakeBrain, flags: Flags) -> None:
    together = start(brain, "/bin/sh", "-c", "echo out; echo err >&2; exec sleep 1000")
    os.kill(together, signal.SIGKILL)
    _, (stdin, stdout) = replaced(brain)
    with open(stdout, "rb") as said:
        assert [said.readline(), said.readline()] == [b"out\n", b"err\n"]
    os.close(stdin)


def test_a_pipe_of_its_own_is_made_for_stderr(brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, "/bin/sh", "-c", "echo out; echo err >&2; exec sleep 1000", ends=("stdin", "stdout", "stderr"))
    os.kill(pid, signal.SIGKILL)
    _, fds = replaced(brain)
    assert os.read(fds[2], 100) == b"err\n"
    close_all(fds)


def test_a_successor_is_replaced_when_the_brain_has_seen_it_run(brain: FakeBrain, flags: Flags) -> None:
    os.kill(start(brain, *SLEEP), signal.SIGKILL)
    first, fds = replaced(brain)
    assert not flags.stands(FLAG)
    close_all(fds)

    flags.put(FLAG, stands=True)
    os.kill(first["pid"], signal.SIGKILL)
    second, fds = replaced(brain)

    assert second["life"] > first["life"]
    close_all(fds)


def test_a_successor_that_ends_before_the_brain_has_seen_it_run_is_not_replaced(brain: FakeBrain, flags: Flags) -> None:
    os.kill(start(brain, *SLEEP), signal.SIGKILL)
    successor, fds = replaced(brain)

    os.kill(successor["pid"], signal.SIGKILL)
    message, _ = end(brain)

    assert message["life"] == successor["life"]
    assert "next" not in message
    close_all(fds)


def test_nobody_is_replaced_while_the_order_does_not_stand(brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, *SLEEP)
    flags.put(FLAG, stands=False)
    os.kill(pid, signal.SIGKILL)
    assert "next" not in end(brain)[0]


def test_the_flags_of_others_do_not_matter(brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, *SLEEP)
    for flag in range(FLAGS):
        flags.put(flag, stands=flag != FLAG)
    os.kill(pid, signal.SIGKILL)
    assert "next" not in end(brain)[0]


@pytest.mark.parametrize(("code", "comes_back"), [(0, False), (2, False), (1, True)])
def test_exit_codes_decide(brain: FakeBrain, flags: Flags, code: int, comes_back: bool) -> None:
    start(brain, "/bin/sh", "-c", f"test -e /proc/$PPID && exit {code}", unless=(0, 2))

    message, fds = end(brain)

    assert message["status"] == {"code": code}
    assert ("next" in message) == comes_back
    close_all(fds)


def test_what_cannot_be_executed_any_more_is_left_to_the_brain(brain: FakeBrain, flags: Flags, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.symlink_to("/bin/sleep")
    pid = start(brain, str(program), "1000")

    program.unlink()
    os.kill(pid, signal.SIGKILL)
    message, _ = end(brain)
    assert "next" not in message


def test_a_brain_that_has_ended_orders_nothing(stage: KeeperStage, brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, *SLEEP)
    brain.kill()
    successor = stage.brain_that_is_up()
    successor.ask()
    assert not flags.stands(FLAG)

    os.kill(pid, signal.SIGKILL)

    assert "next" not in end(successor)[0]


def test_the_next_brain_learns_whom_the_keeper_has_started(stage: KeeperStage, brain: FakeBrain, flags: Flags) -> None:
    pid = start(brain, *SLEEP)
    os.kill(brain.pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    told, fds = replaced(brain)
    close_all(fds)
    brain.kill()

    _, _, children = stage.brain_that_is_up().ask()

    rows = {row["life"]: row for row, _ends in children}
    assert rows[1]["after"] is None
    assert rows[1]["status"] == {"signum": signal.SIGKILL}
    assert (rows[told["life"]]["after"], rows[told["life"]]["pid"]) == (1, told["pid"])
    assert rows[told["life"]]["status"] is None
    for _row, ends in children:
        close_all(ends)
