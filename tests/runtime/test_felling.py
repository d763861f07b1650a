"""Remnants are found and ended, whatever they did to get away, and nobody else is touched."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from e2e.survivors import alive
from harness.cgroups import own_cgroup
from harness.waiting import until
from warden.runtime import felling, remnants
from warden.runtime.courier import new_life
from warden.runtime.felling import Felled, Feller
from warden.runtime.remnants import MARK, Traces, bearing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="how others are seen is the library's business")

SETPRIV = shutil.which("setpriv")
SLEEP = "sh -c 'echo $$ >> pids; exec sleep 1000'"
NESTED = 'sh -c "echo \\$\\$ >> pids; exec sleep 1000"'
WAYS = {
    "in the group": f"{SLEEP} &",
    "in a session": f"setsid {SLEEP} &",
    "a daemon": f"(setsid sh -c '({NESTED} &)' &)",
    "without environment in the group": f"env -i {SLEEP} &",
    "without environment below one who has it": f"setsid sh -c 'env -i setsid {NESTED}; exit 1' &",
}
STUBBORN = "setsid sh -c 'trap \"\" TERM; echo $$ >> pids; exec sleep 1000' &"
HALTED = "setsid sh -c 'echo $$ >> pids; kill -STOP $$; sleep 1000' &"
BOMB = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open("pids", "a") as pids:
    for _ in range(int(sys.argv[1])):  # each ends when it has started the next, for as long as nobody halts it
        if os.fork():
            os._exit(0)
        os.setsid()
        os.write(pids.fileno(), b"%d\\n" % os.getpid())
signal.pause()
"""


class Tree:
    """A child in ``folder`` that runs a script, and whoever writes a pid into the file ``pids`` there."""

    def __init__(self, folder: Path, script: str, user: int | None = None) -> None:
        self.mark = new_life()
        self._folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "pids").touch()
        folder.chmod(0o777)
        (folder / "pids").chmod(0o666)
        self.began = time.monotonic()
        environment = {**os.environ, MARK: bearing(self.mark, "")}
        self._child = subprocess.Popen(
            ["sh", "-c", f"{script}\nread _"],
            cwd=folder,
            env=environment,
            process_group=0,
            stdin=subprocess.PIPE,
            user=user,
            group=user,
        )

    def await_pids(self, expected: int) -> None:
        until(lambda: len(self.pids()) >= expected, lambda: f"{expected} have written their pids: {self.pids()}")

    @property
    def pid(self) -> int:
        return self._child.pid

    def pids(self) -> list[int]:
        return [int(line) for line in (self._folder / "pids").read_text().split()]

    def living(self) -> list[int]:
        return [pid for pid in self.pids() if alive(pid)]

    def end(self) -> Traces:
        """Let the child end, the others not."""
        self._child.kill()
        self._child.wait()
        assert self._child.stdin is not None
        self._child.stdin.close()
        return Traces(mark=self.mark, pid=self._child.pid, ended_at=time.monotonic())

    def close(self) -> None:
        self.end()
        for pid in self.living():
            os.kill(pid, signal.SIGKILL)


Plant = Callable[..., Tree]


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """Make trees: a script, how many pids are to be waited for, and a user."""
    with ExitStack() as trees:

        def make(script: str, expected: int, user: int | None = None) -> Tree:
            tree = Tree(Path(tempfile.mkdtemp(dir=tmp_path)), script, user)
            trees.callback(tree.close)
            tree.await_pids(expected)
            return tree

        yield make


@pytest.fixture
def cgroup() -> Iterator[Path]:
    with own_cgroup() as group:
        yield group


def as_nobody(work: Callable[[], object]) -> str:
    """Do something in a process of another user, and return the text of the result."""
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            os.write(writer, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text


def fell(traces: Traces, patience: float = 30) -> Felled:
    [found] = remnants.find([traces])
    return felling.fell(traces, found, patience)


@pytest.mark.parametrize("way", WAYS)
def test_remnants_are_asked_to_end(way: str, plant: Plant) -> None:
    tree = plant(WAYS[way], 1)

    felled = fell(tree.end())

    assert tree.living() == []
    assert {one.pid for one in felled.ended} >= set(tree.pids())
    assert felled.killed == felled.refused == felled.stuck == ()


@pytest.mark.parametrize("script", [STUBBORN, HALTED], ids=["ignores SIGTERM", "halted"])
def test_who_does_not_end_in_time_is_killed(script: str, plant: Plant) -> None:
    tree = plant(script, 1)

    felled = fell(tree.end(), patience=0.1 if script is STUBBORN else 30)

    assert tree.living() == []
    assert bool(felled.killed) is (script is STUBBORN)


def test_without_patience_nobody_is_asked(plant: Plant) -> None:
    tree = plant(f"{SLEEP} &", 1)
    name = Path(f"/proc/{tree.pids()[0]}/comm")
    until(lambda: name.read_text() == "sleep\n", lambda: f"it is what its name shall be: {name.read_text()}")

    felled = fell(tree.end(), patience=0)

    assert [one.pid for one in felled.killed] == tree.pids()
    assert [str(one) for one in felled.killed] == [f"sleep (pid {tree.pids()[0]})"]


def test_who_flees_from_process_to_process_is_caught(plant: Plant) -> None:
    tree = plant(f"{sys.executable} -S -c '{BOMB}' 100000 &", 20)

    felled = fell(tree.end(), patience=0.05)

    assert tree.living() == []
    assert felled.killed


def test_who_starts_many_others_without_end_is_caught(plant: Plant) -> None:
    crowd = "while true; do (sleep 1000 & echo $! >> pids); done"
    tree = plant(f"setsid sh -c 'ulimit -u 2000; {crowd}' &", 20)

    fell(tree.end(), patience=0)

    count = len(tree.pids())
    assert tree.living() == []
    assert len(tree.pids()) == count


def test_nobody_else_is_touched(plant: Plant) -> None:
    tree = plant(f"setsid {SLEEP} &", 1)
    other = plant("\n".join(WAYS.values()), len(WAYS))

    fell(tree.end())

    assert tree.living() == []
    assert len(other.living()) == len(WAYS)


def test_the_trees_of_a_supervisord_in_the_tree_belong_to_it(plant: Plant) -> None:
    inner = new_life()
    inner_mark = f"{MARK}=$SUPERVISOR_TREE:{inner}"
    tree = plant(f"{inner_mark} setsid {SLEEP} & setsid {SLEEP} &", 2)
    of_inner = remnants.find([Traces(mark=inner, pid=0, ended_at=time.monotonic())])

    felled = fell(tree.end())

    assert len(of_inner[0]) == 1
    assert tree.living() == []
    assert len(felled.ended) == 2


def test_several_are_searched_at_once(plant: Plant) -> None:
    trees = [plant(f"setsid {SLEEP} &", 1) for _ in range(3)]

    found = remnants.find([tree.end() for tree in trees])

    assert [[one.pid for one in each] for each in found] == [tree.pids() for tree in trees]


def test_who_was_seen_below_the_child_is_found_although_it_bears_no_mark(plant: Plant) -> None:
    tree = plant(f"env -i setsid {SLEEP} &", 1)
    seen = remnants.below(tree.pid, 30)

    traces = tree.end()

    assert remnants.find([traces]) == [[]]
    felled = fell(dataclasses.replace(traces, seen=seen))
    assert tree.living() == []
    assert [one.pid for one in felled.ended] == tree.pids()


def test_a_look_is_not_cut_short_by_what_others_do_meanwhile(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = plant(f"setsid {SLEEP} & setsid {SLEEP} & setsid {SLEEP} &", 3)
    a_busy_machine = itertools.count(step=100)
    monkeypatch.setattr("time.monotonic", lambda: float(next(a_busy_machine)))

    seen = remnants.below(tree.pid, 1)

    assert sorted(pid for pid, _ in seen) == sorted(tree.pids())


def test_a_group_that_was_made_after_the_end_is_somebody_elses(plant: Plant) -> None:
    """The pid of a child that was reaped may be given to another, which may lead a group of that number."""
    other = plant(f"{SLEEP} &", 1)
    until(lambda: time.monotonic() > other.began + 0.05, lambda: "some ticks pass")

    found = remnants.find([Traces(mark=new_life(), pid=other.pid, ended_at=other.began - 1)])

    assert found == [[]]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_plain_user_ends_what_is_its_own(plant: Plant) -> None:
    tree = plant("\n".join((*WAYS.values(), STUBBORN)), len(WAYS) + 1, 65534)
    traces = tree.end()

    told = as_nobody(lambda: fell(traces, 0.2).refused)

    assert told == "()"
    assert tree.living() == []


@pytest.mark.skipif(os.getuid() != 0 or SETPRIV is None, reason="needs root, and setpriv")
def test_root_in_a_container_ends_what_runs_as_other_users(plant: Plant) -> None:
    """It may signal them, but lacks the right to look into them."""
    tree = plant("\n".join((*WAYS.values(), STUBBORN)), len(WAYS) + 1, 65534)
    traces = tree.end()
    code = (
        "from warden.runtime import felling, remnants\n"
        f"traces = remnants.{traces}\n"
        "[found] = remnants.find([traces])\n"
        "print(felling.fell(traces, found, 0.2).refused)"
    )

    told = subprocess.run(
        [str(SETPRIV), "--bounding-set=-sys_ptrace", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "()\n"
    assert tree.living() == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make somebody whom another user may not signal")
def test_whom_the_system_does_not_let_us_signal_is_told(plant: Plant) -> None:
    tree = plant(f"{SLEEP} &", 1)
    traces = tree.end()

    told = as_nobody(lambda: [one.pid for one in fell(traces, 0.01).refused])

    assert told == str(tree.pids())


def test_a_control_group_is_emptied_and_removed(plant: Plant, cgroup: Path) -> None:
    """Whatever bears no mark, has no parent left and lives in a session of its own."""
    tree = plant(f"echo $$ > {cgroup}/cgroup.procs; (env -i setsid {SLEEP} &); {STUBBORN}", 2)
    (cgroup / "inner").mkdir()
    (cgroup / "inner" / "cgroup.procs").write_text(str(tree.pids()[0]))

    felled = fell(dataclasses.replace(tree.end(), mark=new_life(), cgroup=str(cgroup)), patience=0.2)

    assert tree.living() == []
    assert {one.pid for one in felled.ended + felled.killed} == set(tree.pids())
    assert not cgroup.exists()


@pytest.mark.parametrize("platform", ["linux", "another"])
def test_other_systems_see_the_same(platform: str, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = plant(f"setsid {SLEEP} & {SLEEP} & {STUBBORN}", 3)
    traces = tree.end()

    import_module("psutil")  # it asks for the platform, too
    monkeypatch.setattr(sys, "platform", platform)
    felled = fell(traces, patience=2)

    assert tree.living() == []
    pids = set(tree.pids())
    assert len(pids & {one.pid for one in felled.ended}) == 2
    assert len(pids & {one.pid for one in felled.killed}) == 1


def test_those_who_ask_at_once_share_a_look(plant: Plant) -> None:
    trees = [plant(f"setsid {SLEEP} &", 1) for _ in range(3)]
    all_traces = [tree.end() for tree in trees]

    async def scenario() -> list[Felled]:
        feller = Feller()
        async with asyncio.timeout(40):
            return await asyncio.gather(*(feller.fell(traces, 30) for traces in all_traces))

    felled = asyncio.run(scenario())

    assert [[one.pid for one in each.ended] for each in felled] == [tree.pids() for tree in trees]
