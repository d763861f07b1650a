"""Spawn, reaper and pipes with real children: the child speaks, the test listens."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.harness.signals import ignored
from warden.runtime.pipes import InputPipe, OutputPipes
from warden.runtime.reaper import Reaper
from warden.runtime.slot import PlainReader
from warden.runtime.spawn import Identity, SpawnPlan, send_signal, spawn
from warden.words import ExitStatus

ALARM_SECONDS = 30  # an alarm, not a measurement


class Stage:
    """A reaper on a loop, with one line of code per child."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.strangers: list[tuple[int, ExitStatus]] = []
        self.reaper = Reaper(lambda pid, status: self.strangers.append((pid, status)))
        self.reaper.attach(self.loop)

    def start(self, plan: SpawnPlan) -> tuple[int, asyncio.Future[ExitStatus]]:
        ended: asyncio.Future[ExitStatus] = self.loop.create_future()
        pid = spawn(plan)
        self.reaper.register(pid, ended.set_result)
        return pid, ended


def play(scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        stage = Stage()
        async with asyncio.timeout(ALARM_SECONDS):
            await scenario(stage)
        stage.reaper.detach(stage.loop)

    asyncio.run(run())


class Ear:
    """The source of a pipe: two functions."""

    number = 0

    def __init__(self, take: Callable[[bytes], object], end: Callable[[], object] = lambda: None) -> None:
        self._take = take
        self._end = end

    def position(self) -> tuple[int, int]:
        return 0, 0

    def take(self, data: bytes) -> None:
        self._take(data)

    def end(self) -> None:
        self._end()


def python(code: str, **more: object) -> SpawnPlan:
    argv = (sys.executable, "-S", "-c", code)
    return SpawnPlan(argv=argv, executable=argv[0], env={}, **more)  # type: ignore[arg-type]


async def hear(fd: int) -> bytes:
    """Wait until ``fd`` has something to say and read what is there."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(fd, readable.set_result, None)
    try:
        await readable
    finally:
        loop.remove_reader(fd)
    return os.read(fd, 65536)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", ExitStatus(code=0)),
        ("raise SystemExit(3)", ExitStatus(code=3)),
        ("import os; os.kill(os.getpid(), 9)", ExitStatus(signum=9)),
    ],
)
def test_every_ending_is_told_once(code: str, status: ExitStatus) -> None:
    async def scenario(stage: Stage) -> None:
        _, ended = stage.start(python(code))

        assert await ended == status

    play(scenario)


def test_many_exits_behind_one_signal_are_all_told() -> None:
    async def scenario(stage: Stage) -> None:
        children = [stage.start(python("pass")) for _ in range(20)]

        assert [await ended for _, ended in children] == [ExitStatus(code=0)] * 20

    play(scenario)


def test_children_that_die_as_soon_as_they_are_started_again_do_not_keep_the_loop() -> None:
    plan = SpawnPlan(argv=("true",), executable="/bin/true", env={})
    chains, lives = 20, 3000

    async def scenario(stage: Stage) -> None:
        spawned = ended = 0
        turn: asyncio.Future[int] = stage.loop.create_future()
        all_ended = asyncio.Event()

        def again(_status: ExitStatus | None = None) -> None:
            nonlocal spawned, ended
            if spawned < lives and not turn.done():
                spawned += 1
                stage.reaper.register(spawn(plan), again)
            elif (ended := ended + 1) == chains:
                all_ended.set()

        stage.loop.call_later(0.1, lambda: turn.set_result(spawned))
        for _ in range(chains):
            again()
        await all_ended.wait()

        assert await turn < lives

    play(scenario)


def test_an_owner_that_fails_keeps_no_exit_from_the_others() -> None:
    async def scenario(stage: Stage) -> None:
        failures: list[object] = []
        stage.loop.set_exception_handler(lambda _loop, context: failures.append(context["exception"]))

        def fail(status: ExitStatus) -> None:
            raise RuntimeError(str(status))

        pids = [spawn(python("pass")) for _ in range(2)]
        for pid in pids:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # both are dead when the reaper looks
        ended: asyncio.Future[ExitStatus] = stage.loop.create_future()
        stage.reaper.register(pids[0], fail)
        stage.reaper.register(pids[1], ended.set_result)

        assert await ended == ExitStatus(code=0)
        assert len(failures) == 1

    play(scenario)


def test_a_child_leads_a_process_group_of_its_own() -> None:
    async def scenario(stage: Stage) -> None:
        ours, theirs = os.pipe()
        pid, ended = stage.start(python("import os; print(os.getpgrp(), flush=True)", stdout=theirs))
        os.close(theirs)

        assert int(await hear(ours)) == pid
        await ended
        os.close(ours)

    play(scenario)


def test_a_stubborn_child_is_only_ended_by_kill_to_its_group() -> None:
    stubborn = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"t"))
os.write(1, b"r")
while True:
    signal.pause()
"""

    async def scenario(stage: Stage) -> None:
        ours, theirs = os.pipe()
        pid, ended = stage.start(python(stubborn, stdout=theirs))
        os.close(theirs)
        assert await hear(ours) == b"r"
        send_signal(pid, signal.SIGTERM, to_group=False)
        assert await hear(ours) == b"t"

        send_signal(pid, signal.SIGKILL, to_group=True)

        assert await ended == ExitStatus(signum=signal.SIGKILL)
        os.close(ours)

    play(scenario)


def test_signalling_a_child_that_is_gone_is_no_error() -> None:
    async def scenario(stage: Stage) -> None:
        pid, ended = stage.start(python("pass"))
        assert await ended == ExitStatus(code=0)

        for to_group in (False, True):
            send_signal(pid, signal.SIGTERM, to_group=to_group)  # raises nothing

    play(scenario)


def test_python_s_ignored_signals_are_default_again_in_the_child() -> None:
    async def scenario(stage: Stage) -> None:
        ours, theirs = os.pipe()
        cat = SpawnPlan(argv=("cat", "/proc/self/status"), executable="/bin/cat", env={}, stdout=theirs)
        _, ended = stage.start(cat)
        os.close(theirs)
        await ended
        told = os.read(ours, 65536).decode()
        status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)

        assert ignored(told) == set()
        assert int(status["SigBlk"], 16) == 0
        os.close(ours)

    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    play(scenario)


def test_only_the_three_descriptors_are_inherited() -> None:
    async def scenario(stage: Stage) -> None:
        leak = os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(leak, True)
        ours, theirs = os.pipe()
        _, ended = stage.start(
            python(f"import os\ntry: os.fstat({leak})\nexcept OSError: os.write(1, b'closed')", stdout=theirs)
        )
        os.close(theirs)

        assert await hear(ours) == b"closed"
        await ended
        os.close(ours)
        os.close(leak)

    play(scenario)


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ({"argv": ("nope",), "executable": "/nonexistent/nope"}, "couldn't exec nope: ENOENT"),
        (
            {"argv": ("true",), "executable": "/bin/true", "cwd": "/nonexistent"},
            "couldn't chdir to /nonexistent: ENOENT",
        ),
        (
            {"argv": ("true",), "executable": "/bin/true", "refusal": "couldn't setuid to 5: no"},
            "couldn't setuid to 5: no",
        ),
        ({"argv": ("a\0b",), "executable": "/bin/true"}, "couldn't exec a\\0b: embedded null byte"),
    ],
)
def test_a_program_that_cannot_run_says_why_and_exits_with_127(plan: dict[str, object], text: str) -> None:
    async def scenario(stage: Stage) -> None:
        ours, theirs = os.pipe()
        _, ended = stage.start(SpawnPlan(env={}, stderr=theirs, **plan))  # type: ignore[arg-type]
        os.close(theirs)

        assert await ended == ExitStatus(code=127)
        assert os.read(ours, 4096).decode() == f"supervisor: {text}\nsupervisor: child process was not spawned\n"
        os.close(ours)

    play(scenario)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_child_becomes_its_user_with_all_groups() -> None:
    async def scenario(stage: Stage) -> None:
        ours, theirs = os.pipe()
        who = Identity(uid=65534, gid=65533, groups=(65533, 5))
        argv = ("sh", "-c", "id -u; id -g; id -G")
        _, ended = stage.start(SpawnPlan(argv=argv, executable="/bin/sh", env={}, stdout=theirs, identity=who))
        os.close(theirs)
        await ended

        uid, gid, groups = os.read(ours, 4096).decode().splitlines()
        assert (uid, gid, set(groups.split())) == ("65534", "65533", {"65533", "5"})
        os.close(ours)

    play(scenario)


def test_output_arrives_whole_and_in_order_from_many_children() -> None:
    lines = 2000

    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        said: list[bytearray] = []
        ends = []
        for _ in range(5):
            ours, theirs = os.pipe()
            heard = bytearray()
            end: asyncio.Future[None] = stage.loop.create_future()
            pipes.add(ours, Ear(heard.extend, partial(end.set_result, None)))
            stage.start(python(f"for i in range({lines}): print(i, flush=not i % 50)", stdout=theirs))
            os.close(theirs)
            said.append(heard)
            ends.append((ours, end))
        for fd, end in ends:
            await end
            os.close(fd)
        pipes.close()

        expected = b"".join(b"%d\n" % i for i in range(lines))
        assert all(bytes(heard) == expected for heard in said)

    play(scenario)


def test_a_flood_on_many_pipes_is_read_in_turns_and_keeps_nobody_from_the_loop() -> None:
    count = 100

    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        ends = [os.pipe() for _ in range(count)]
        taken: list[int] = []
        turns = 0
        done = asyncio.Event()

        def turn() -> None:
            nonlocal turns
            turns += 1
            if not done.is_set():
                stage.loop.call_soon(turn)

        def take(number: int, data: bytes) -> None:
            hashlib.sha256(data * 16).digest()  # something that takes its time
            taken.append(number)
            os.write(ends[number][1], data)
            if len(taken) == 2 * count:
                done.set()

        for number, (reader, writer) in enumerate(ends):
            os.write(writer, b"x" * 60_000)
            pipes.add(reader, Ear(partial(take, number)))
        turn()
        await done.wait()

        assert sorted(taken[:count]) == sorted(taken[count : 2 * count]) == list(range(count))
        assert turns > 10
        pipes.close()
        for reader, writer in ends:
            os.close(reader)
            os.close(writer)

    play(scenario)


def test_a_pipe_that_is_removed_in_the_middle_of_a_batch_is_left_alone() -> None:
    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        heard: list[bytes] = []
        first, second = os.pipe(), os.pipe()
        done: asyncio.Future[None] = stage.loop.create_future()

        def take(data: bytes) -> None:
            heard.append(data)
            pipes.remove(first[0])
            pipes.remove(second[0])
            done.set_result(None)

        for reader, writer in (first, second):
            os.write(writer, b"x")
            pipes.add(reader, Ear(take))
        await done

        assert heard == [b"x"]
        pipes.close()
        for fd in (*first, *second):
            os.close(fd)

    play(scenario)


def test_who_answers_us_is_heard_while_other_pipes_gather_a_batch() -> None:
    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        chatty, listener = os.pipe(), os.pipe()
        pipes.add(chatty[0], Ear(heard.put_nowait))
        pipes.add(listener[0], Ear(heard.put_nowait), prompt=True)
        rounds = []
        for _ in range(20):  # one is enough: a slow machine may let a batch pass unseen
            for word in (b"a", b"b"):  # one little write after the other: the next batch waits
                os.write(chatty[1], word)
                await heard.get()
            os.write(chatty[1], b"c")
            os.write(listener[1], b"READY")
            rounds.append([await heard.get(), await heard.get()])

        assert [b"READY", b"c"] in rounds
        pipes.close()
        for fd in (*chatty, *listener):
            os.close(fd)

    play(scenario)


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="only Linux can change what a pipe holds")
def test_a_pipe_that_was_full_holds_more_afterwards_but_only_a_few_pipes_may() -> None:
    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        heard: asyncio.Queue[int] = asyncio.Queue()
        floods = [os.pipe() for _ in range(10)]
        before = fcntl.fcntl(floods[0][0], fcntl.F_GETPIPE_SZ)
        for reader, writer in floods:
            os.set_blocking(writer, False)
            os.write(writer, bytes(before))
            pipes.add(reader, Ear(lambda data: heard.put_nowait(len(data))))
        told = [await heard.get() for _ in floods]

        sizes = sorted(fcntl.fcntl(reader, fcntl.F_GETPIPE_SZ) for reader, _ in floods)
        assert told == [before] * 10
        assert sizes == [before] * 2 + [4 * before] * 8
        pipes.close()
        for fd in (fd for ends in floods for fd in ends):
            os.close(fd)

    play(scenario)


@pytest.mark.parametrize("written", [b"last words", b"x" * 60_000, b""])
def test_the_rest_is_what_stands_in_the_pipe_now_even_if_somebody_else_could_still_write(written: bytes) -> None:
    async def scenario(stage: Stage) -> None:
        pipes = OutputPipes(stage.loop, PlainReader())
        reader, writer = os.pipe()
        heard = bytearray()
        os.write(writer, written)

        pipes.drain(reader, Ear(heard.extend))

        assert heard == written
        pipes.close()
        os.close(reader)
        os.close(writer)

    play(scenario)


def test_input_that_does_not_fit_waits_and_arrives_whole() -> None:
    async def scenario(stage: Stage) -> None:
        reader, writer = os.pipe()
        pipe = InputPipe(stage.loop, writer)
        data = bytes(range(256)) * 4096
        pipe.write(data[:5])
        pipe.write(data[5:])
        got = bytearray()
        while len(got) < len(data):
            got += await hear(reader)

        assert bytes(got) == data
        assert len(pipe) == 0
        pipe.close()
        pipe.close()
        os.close(reader)

    play(scenario)


def test_input_has_a_bound_and_refuses_whole() -> None:
    async def scenario(stage: Stage) -> None:
        reader, writer = os.pipe()
        pipe = InputPipe(stage.loop, writer, limit=1000)
        pipe.write(b"x" * 1_000_000)  # the first write is taken whatever its size
        waiting = len(pipe)

        with pytest.raises(BlockingIOError):
            pipe.write(b"y" * 1000)

        assert len(pipe) == waiting
        pipe.close()
        os.close(reader)

    play(scenario)


def test_input_to_a_child_that_closed_its_stdin_is_refused() -> None:
    async def scenario(stage: Stage) -> None:
        reader, writer = os.pipe()
        pipe = InputPipe(stage.loop, writer)
        os.close(reader)

        with pytest.raises(BrokenPipeError):
            pipe.write(b"x")

        pipe.close()
        with pytest.raises(BrokenPipeError):
            pipe.write(b"x")

    play(scenario)
