"""Brains and time: how long the keeper waits before it starts another, and for a new version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from runtime.keeper_stage import ALARM_SECONDS, BrainRoom, FakeBrain
from warden.runtime import brains
from warden.runtime.brains import Brain, Brains
from warden.runtime.courier import ENVIRONMENT, Courier
from warden.runtime.polling import Poll

if sys.platform != "linux":
    pytest.skip("a keeper needs process descriptors", allow_module_level=True)


class Bench:
    """Brains that are started for real, on a clock that the test sets; bugs of ours are errors."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.room = BrainRoom(folder)
        self.poll = Poll(pytest.fail)
        self.pids: set[int] = set()
        self.brains = Brains(
            self.poll, self.pids, self.room.command, {}, inventory=lambda _programs: [], wishes={"pass": self._pass}
        )
        self._passed = False

    def _pass(self, _brain: Brain, _message: object, _fds: object) -> None:
        self._passed = True

    def first(self) -> FakeBrain:
        """Begin with a brain that is up."""
        self.courier, theirs = Courier.pair()
        with theirs:
            number = theirs.fileno()
            process = subprocess.Popen(self.room.command, env={ENVIRONMENT: str(number)}, pass_fds=[number])
        process.returncode = 0  # the keeper reaps it
        self.brains.begin(Brain(process.pid, self.courier))
        brain = self.room.brain_that_is_up()
        self.settle(brain)
        return brain

    def settle(self, brain: FakeBrain) -> None:
        """Let everything happen that ``brain`` wished before."""
        self._passed = False
        brain.wish("pass")
        while not self._passed:
            self.poll.turn(ALARM_SECONDS)

    def lose(self, brain: FakeBrain) -> float | None:
        """Let a brain be killed; return how long nothing is due then."""
        brain.kill()
        while brain.pid in self.pids:
            self.poll.turn(ALARM_SECONDS)
        return self.brains.seconds_left()

    def wait(self) -> float | None:
        """Let the time pass until something is due, and return how long nothing is due after it."""
        self.now += self.brains.seconds_left() or 0.0
        self.brains.on_time()
        return self.brains.seconds_left()

    def close(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        while self.pids:
            self.poll.turn(ALARM_SECONDS)
        self.room.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with closing(Bench(tmp_path)) as bench:
        monkeypatch.setattr(brains, "time", SimpleNamespace(monotonic=lambda: bench.now))
        yield bench


def test_while_a_brain_runs_nothing_is_due(bench: Bench) -> None:
    bench.first()

    assert bench.brains.seconds_left() is None


def test_a_brain_that_cannot_be_started_is_tried_again_after_longer_and_longer_waits(bench: Bench) -> None:
    brain = bench.first()
    bench.room.program.unlink()

    waits = [bench.lose(brain), *(bench.wait() for _ in range(10))]

    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_twenty_quick_losses_are_made_good_at_once_and_then_there_are_waits(bench: Bench) -> None:
    brain = bench.first()
    waits = []
    for _ in range(23):
        waits.append(bench.lose(brain))
        bench.wait()
        brain = bench.room.brain_that_is_up()
        bench.settle(brain)

    assert waits == [0.0] * 20 + [1, 2, 4]


@pytest.mark.parametrize(("kills", "failures"), [(3, 0), (19, 0), (21, 2)])
def test_a_few_kills_at_the_start_of_a_brain_say_nothing_about_its_record(
    bench: Bench, kills: int, failures: int
) -> None:
    bench.lose(bench.first())
    for _ in range(kills):
        bench.wait()
        bench.lose(bench.room.next_brain())
    bench.wait()

    brain = bench.room.next_brain()
    brain.wish("hello", first=True, programs=False)
    bench.settle(brain)

    assert brain.hears("part")["facts"]["failures"] == failures


def test_a_brain_that_was_up_for_a_second_is_made_good_at_once(bench: Bench) -> None:
    brain = bench.first()
    for _ in range(22):
        bench.now += 1.0
        assert bench.lose(brain) == 0.0
        bench.wait()
        brain = bench.room.brain_that_is_up()
        bench.settle(brain)


def test_a_new_version_has_twenty_seconds(bench: Bench) -> None:
    brain = bench.first()
    brain.wish("upgrade")
    bench.settle(brain)
    candidate = bench.room.next_brain()
    limit = bench.brains.seconds_left()
    bench.now += 19.9
    bench.brains.on_time()
    still = bench.brains.seconds_left()
    bench.now += 0.1
    bench.brains.on_time()

    assert limit == 20.0
    assert still == pytest.approx(0.1)
    assert brain.hears("refused")["why"] == "the new version was not ready within 20 seconds"
    while candidate.pid in bench.pids:
        bench.poll.turn(ALARM_SECONDS)
    assert candidate.is_cut_off()
    assert bench.brains.seconds_left() is None


def test_what_a_brain_does_not_read_waits_without_holding_up_the_keeper(bench: Bench) -> None:
    brain = bench.first()
    for number in range(2000):  # more than a socket takes
        bench.brains.tell({"say": "news", "number": number})

    assert bench.courier.waiting
    heard = []
    while len(heard) < 2000:
        heard.append(brain.hears("news")["number"])
        bench.poll.turn(0)
    assert heard == list(range(2000))
    assert not bench.courier.waiting
