"""Children whose parent is gone: they are watched, whoever has told of them, and known to whoever comes after us."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from warden.runtime.foster import FosterParent, found_in
from warden.runtime.parent import FoundChild, Order, Owner
from warden.runtime.reflex import Flags
from warden.runtime.roster import Roster
from warden.runtime.spawn import SpawnPlan
from warden.words import ExitStatus

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs process descriptors")


class FakeParent:
    """Starts nothing by itself: the test says what becomes of a spawn; keeps what it is to hold."""

    pid = 4711
    crowded = False

    def __init__(self) -> None:
        self.owners: dict[int, Owner] = {}
        self.held: dict[str, int] = {}
        self.buried: list[int] = []

    def spawn(
        self,
        life: int,
        tag: Mapping[str, object],
        plan: SpawnPlan,
        ends: Sequence[int],
        owner: Owner,
        order: Order | None = None,
    ) -> None:
        self.owners[life] = owner

    def reflexes(self) -> Flags | None:
        return None

    def successor(self, life: int) -> FoundChild | None:
        return None

    def adopt(self, child: FoundChild, owner: Owner) -> None:
        self.owners[child.life] = owner

    def settle(self, life: int) -> None:
        self.owners[life].born(12345)

    def bury(self, life: int) -> None:
        self.buried.append(life)

    def hold(self, name: str, fd: int) -> None:
        self.held[name] = fd

    def drop(self, name: str) -> None:
        del self.held[name]

    def inherit(self, name: str) -> int | None:
        return self.held.pop(name, None)


class Told:
    """An owner who writes down what it hears."""

    def __init__(self) -> None:
        self.births: list[int] = []
        self.refusals: list[int | None] = []
        self.end: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()

    def born(self, pid: int) -> None:
        self.births.append(pid)

    def refused(self, error: OSError) -> None:
        self.refusals.append(error.errno)

    def ended(self, status: ExitStatus, at: float) -> None:
        self.end.set_result(status)


class Home:
    """A foster parent on a loop, in front of a parent that the test plays."""

    def __init__(self) -> None:
        self.keeper = FakeParent()
        self.foster = FosterParent(asyncio.get_running_loop(), self.keeper, Roster(pytest.fail))

    def spawn(self, life: int, ends: Sequence[int] = ()) -> Told:
        told = Told()
        self.foster.spawn(life, {"name": "web", "ends": []}, SpawnPlan(("cat",), "cat", {}), ends, told)
        return told

    def lose_keeper(self) -> FakeParent:
        """Let the first parent be gone, and return the next one."""
        after = FakeParent()
        self.foster.replace(after)
        return after


def play(scenario: Callable[[Home], Awaitable[None]]) -> None:
    async def run() -> None:
        home = Home()
        async with asyncio.timeout(60):
            await scenario(home)
        home.foster.close()

    asyncio.run(run())


@pytest.fixture
def cat() -> Iterator[subprocess.Popen[bytes]]:
    """A child of somebody else: it ends with its stdin."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, process_group=0) as child:
        yield child


def test_while_the_parent_lives_it_tells(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        told = home.spawn(7)
        home.foster.settle(7)
        home.keeper.owners[7].ended(ExitStatus(code=3), 1.0)
        home.foster.bury(7)

        assert told.births == [12345]
        assert await told.end == ExitStatus(code=3)
        assert home.keeper.buried == [7]

    play(scenario)


def test_a_child_whose_parent_is_gone_is_watched(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        told = home.spawn(7)
        home.keeper.owners[7].born(cat.pid)

        after = home.lose_keeper()
        cat.kill()

        assert await told.end == ExitStatus(signum=9)
        held = dict(after.held)
        home.foster.bury(7)
        assert (len(held), after.held, after.buried) == (1, {}, [])
        assert '"name": "web"' in next(iter(held)), "what was told at its birth is still known"

    play(scenario)


def test_a_child_of_whose_birth_nobody_told_is_found_by_its_pipe(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        assert cat.stdin is not None
        told = home.spawn(7, ends=[cat.stdin.fileno()])

        home.lose_keeper()
        assert told.births == [cat.pid]
        cat.stdin.close()

        assert await told.end == ExitStatus(code=0)

    play(scenario)


def test_a_child_that_was_never_born_is_refused() -> None:
    async def scenario(home: Home) -> None:
        ours, theirs = os.pipe()
        os.close(theirs)
        told = home.spawn(7, ends=[ours])

        home.lose_keeper()

        assert (told.births, told.refusals) == ([], [errno.ESRCH])
        os.close(ours)

    play(scenario)


def test_a_child_that_has_gone_with_its_parent_has_ended_nobody_knows_how(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        told = home.spawn(7)
        home.keeper.owners[7].born(cat.pid)
        cat.kill()
        cat.wait()

        home.lose_keeper()

        assert await told.end == ExitStatus()

    play(scenario)


def test_a_start_that_was_refused_is_forgotten() -> None:
    async def scenario(home: Home) -> None:
        told = home.spawn(7)
        home.keeper.owners[7].refused(OSError(errno.EAGAIN, "no"))

        home.lose_keeper()

        assert told.refusals == [errno.EAGAIN]

    play(scenario)


def test_foreign_children_are_known_to_whoever_comes_after_us(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        ours, theirs = os.pipe()
        tag: dict[str, Any] = {"name": "web", "ends": ["stdin", "stdout"]}
        pidfd = os.pidfd_open(cat.pid)
        child = FoundChild(life=7, tag=tag, pid=cat.pid, ends=[ours, theirs], born=5.0, pidfd=pidfd)
        home.foster.adopt(child, Told())
        held = {"record": 99, **home.keeper.held}

        found = found_in(held)

        assert found == [child]
        assert held == {"record": 99}
        child.close()

    play(scenario)


def test_a_child_of_the_parents_is_adopted_with_it(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        told = Told()
        home.foster.adopt(FoundChild(life=7, tag={"name": "web"}, pid=cat.pid, ends=[], born=5.0), told)

        home.lose_keeper()
        cat.kill()

        assert await told.end == ExitStatus(signum=9)

    play(scenario)


def test_what_is_given_is_inherited_once_and_held_meanwhile() -> None:
    async def scenario(home: Home) -> None:
        home.foster.endow("socket", 5)
        held = dict(home.keeper.held)
        home.keeper.held = {"other": 6}

        assert held == {"socket": 5}
        assert [home.foster.inherit(name) for name in ("socket", "socket", "other")] == [5, None, 6]
        assert (home.foster.pid, home.foster.crowded) == (4711, False)

    play(scenario)


def test_letting_go_leaves_the_child_to_others(cat: subprocess.Popen[bytes]) -> None:
    async def scenario(home: Home) -> None:
        told = home.spawn(7)
        home.keeper.owners[7].born(cat.pid)
        home.lose_keeper()

        home.foster.let_go()
        cat.kill()
        await asyncio.to_thread(cat.wait)

        assert not told.end.done()

    play(scenario)
