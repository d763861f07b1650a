"""The descriptors of children: kept, lent and let go of in the same way wherever they lie."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest

if sys.platform != "linux":
    pytest.skip("a keeper needs process descriptors", allow_module_level=True)

from warden.runtime import bundles
from warden.runtime.bundles import Bundles, in_lumps
from warden.runtime.polling import Poll
from warden.runtime.shelf import Shelf

ALARM_SECONDS = 40.0


class NoShelf:
    """What a system without is like."""

    def __init__(self) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


class Bench:
    """Children that do nothing, with two pipes each of which the test has the other ends."""

    def __init__(self) -> None:
        self.changed: list[int] = []
        self.bugs: list[str] = []
        self.poll = Poll(self.bugs.append)
        self.bundles = Bundles(self.poll, self.changed.append)
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.heard: dict[int, int] = {}  # what is read out of the pipe into which a kept end writes
        self.fed: dict[int, int] = {}

    def start(self, *lives: int) -> None:
        for life in lives:
            child = self.children[life] = subprocess.Popen(["/bin/sleep", "1000"])
            self.heard[life], writer = os.pipe()
            reader, self.fed[life] = os.pipe()
            self.bundles.add(life, child.pid, [writer, reader])

    def kill(self, life: int) -> None:
        os.kill(self.children[life].pid, signal.SIGKILL)
        while life not in self.changed:
            self.poll.turn(ALARM_SECONDS)

    def works(self, life: int, ends: Sequence[int]) -> bool:
        """Tell whether these are the ends that were kept for that child."""
        writer, reader = ends
        os.write(writer, b"%d" % life)
        os.write(self.fed[life], b"-%d" % life)
        return os.read(self.heard[life], 20) == b"%d" % life and os.read(reader, 20) == b"-%d" % life

    def remove(self, *lives: int) -> None:
        self.bundles.remove(lives)
        self.bundles.tidy()
        for life in lives:
            child = self.children.pop(life)
            child.kill()
            child.wait()

    def end(self) -> None:
        self.remove(*self.children)
        for fd in (*self.heard.values(), *self.fed.values()):
            os.close(fd)


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Shelf]]:
    """Those that are made, as soon as there are more than two children."""
    made: list[Shelf] = []

    class Known(Shelf):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    try:
        Shelf().close()
    except OSError as error:
        pytest.skip(f"no shelf on this system: {error}")
    monkeypatch.setattr(bundles, "Shelf", Known)
    monkeypatch.setattr(bundles, "_FEW", 2)
    monkeypatch.setattr(bundles, "_MOST_AT_HAND", 2)
    yield made
    for shelf in made:
        shelf.close()


@pytest.fixture(params=["with a shelf", "without"])
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    if request.param == "without":
        monkeypatch.setattr(bundles, "Shelf", NoShelf)
        monkeypatch.setattr(bundles, "_FEW", 2)
        monkeypatch.setattr(bundles, "_MOST_AT_HAND", 2)
    else:
        request.getfixturevalue("shelves")
    bench = Bench()
    yield bench
    bench.end()


def test_all_ends_are_lent_in_the_order_of_the_question(bench: Bench) -> None:
    bench.start(1, 2, 3)
    bench.bundles.tidy()
    bench.start(4, 5)  # not cleared away yet

    with bench.bundles.lent([5, 3, 1, 4]) as ends:
        found = [bench.works(life, some) for life, some in zip([5, 3, 1, 4], ends, strict=True)]

    assert found == [True] * 4


def test_they_can_be_lent_again(bench: Bench) -> None:
    bench.start(1, 2, 3)
    bench.bundles.tidy()

    for _ in range(2):
        with bench.bundles.lent([2]) as (ends,):
            assert bench.works(2, ends)


def test_what_was_lent_is_given_back(bench: Bench) -> None:
    bench.start(1, 2, 3)
    bench.bundles.tidy()
    before = os.listdir("/proc/self/fd")

    with bench.bundles.lent([1, 2, 3]):
        pass

    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("tidied", [True, False])
def test_the_end_of_each_is_told(bench: Bench, tidied: bool) -> None:
    bench.start(1, 2, 3, 4)
    if tidied:
        bench.bundles.tidy()

    for life in (3, 1, 4):
        bench.kill(life)

    assert bench.changed == [3, 1, 4]


def test_an_end_before_it_is_put_away_is_told(bench: Bench) -> None:
    bench.start(1, 2, 3)
    os.kill(bench.children[2].pid, signal.SIGKILL)
    os.waitid(os.P_PID, bench.children[2].pid, os.WEXITED | os.WNOWAIT)

    bench.bundles.tidy()
    bench.poll.turn(ALARM_SECONDS)

    assert bench.changed == [2]


def test_an_end_is_not_told_for_ever(bench: Bench) -> None:
    """Who traces a child may keep its parent from learning how it ended, for as long as he likes."""
    bench.start(1, 2, 3)
    bench.bundles.tidy()
    bench.start(4)
    bench.kill(1)
    bench.kill(4)

    for _ in range(3):
        bench.poll.turn(0)

    assert bench.changed == [1, 4]


@pytest.mark.parametrize("tidied", [True, False])
def test_ends_that_nobody_keeps_any_more_are_closed(bench: Bench, tidied: bool) -> None:
    bench.start(1, 2, 3)
    if tidied:
        bench.bundles.tidy()

    bench.remove(1, 2)

    assert [os.read(bench.heard[life], 1) for life in (1, 2)] == [b"", b""]
    with bench.bundles.lent([3]) as (ends,):
        assert bench.works(3, ends)


def test_who_was_let_go_of_is_not_mistaken_for_a_newcomer(bench: Bench) -> None:
    bench.start(*range(10))
    bench.bundles.tidy()
    for life in range(0, 100, 10):
        bench.kill(life + 3)
        bench.remove(*range(life, life + 10))
        bench.start(*range(life + 10, life + 20))
        bench.bundles.tidy()
        bench.poll.turn(0)

    with bench.bundles.lent(range(100, 110)) as ends:
        assert all(bench.works(life, some) for life, some in zip(range(100, 110), ends, strict=True))
    assert bench.changed == list(range(3, 100, 10))


def in_our_table() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_our_table_does_not_grow_with_the_number_of_children(shelves: list[Shelf]) -> None:
    bench = Bench()
    before = in_our_table()
    bench.start(*range(60))

    bench.bundles.tidy()

    ours = in_our_table() - before - 2 * 60  # the other ends are the test's
    assert ours < 40
    bench.end()


def test_few_do_not_make_a_shelf(bench: Bench) -> None:
    bench.start(1, 2)
    before = in_our_table()

    bench.bundles.tidy()

    assert in_our_table() == before


def test_things_are_divided_into_lumps() -> None:
    assert list(in_lumps(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(in_lumps([], 3)) == []


# --- trouble with the shelf


def test_what_finds_no_room_stays_at_hand_and_is_put_away_when_there_are_twice_as_many(
    shelves: list[Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_shelf: Shelf, _watched: object, _others: object) -> list[int]:
        tries.append(1)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    tries = list[int]()
    bench = Bench()
    bench.start(1, 2, 3)
    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "put", refuse)
        for _ in range(3):
            bench.bundles.tidy()
    bench.start(4, 5, 6)
    bench.bundles.tidy()
    before = in_our_table()
    bench.start(7)
    bench.bundles.tidy()

    assert tries == [1]
    assert in_our_table() < before
    with bench.bundles.lent([1, 7]) as ends:
        assert bench.works(1, ends[0])
        assert bench.works(7, ends[1])
    bench.end()


def test_when_its_thread_has_ended_the_end_of_children_is_told_and_the_loss_too(shelves: list[Shelf]) -> None:
    bench = Bench()
    bench.start(1, 2, 3)
    bench.bundles.tidy()

    with socket.socket(fileno=os.dup(shelves[0].fileno())) as counter:
        counter.shutdown(socket.SHUT_RDWR)
    while not bench.bugs:
        bench.poll.turn(ALARM_SECONDS)
    bench.start(4, 5, 6)
    bench.bundles.tidy()
    bench.kill(2)

    assert len(bench.bugs) == 1
    assert "the shelf has broken down" in bench.bugs[0]
    with bench.bundles.lent([1, 6]) as ends:
        assert ends[0] == []
        assert bench.works(6, ends[1])
    assert len(shelves) == 1
    bench.end()


def test_what_the_shelf_cannot_lend_is_missing_and_nobody_gets_what_is_anothers(
    shelves: list[Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    bench.start(1, 2, 3)
    bench.bundles.tidy()
    bench.start(4)
    lend: Callable[[Shelf, Sequence[int]], list[int]] = Shelf.lend
    monkeypatch.setattr(Shelf, "lend", lambda shelf, places: lend(shelf, places[:3]))

    with bench.bundles.lent([1, 2, 4]) as ends:
        lengths = [len(some) for some in ends]
        right = bench.works(1, ends[0]) and bench.works(4, ends[2])

    assert lengths == [2, 1, 2]
    assert right
    bench.end()
