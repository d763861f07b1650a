"""Schedules and the runs that they find still going on; stories in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.process.test_machine_stories import BAD, OK, Bench
from warden.config.model import Policy, RestartPolicy
from warden.process.machine import transition
from warden.process.schedules import begins_anew, due
from warden.process.step import Announce, ErrandDone, Exited, Released, ScheduleDue, Spawn, Spawned, State, Tick
from warden.words import Autorestart, Overlap, Phase

CAUSE = "schedule */10 * * * * *"
NEVER = Autorestart.NEVER


class Clock(Bench):
    """A process with a schedule that is due every ten seconds."""

    def __init__(self, overlap: Overlap, *, startsecs: int = 0, autorestart: Autorestart = NEVER, **more: object):
        super().__init__(startsecs=startsecs, autorestart=autorestart, **more)  # type: ignore[arg-type]
        self.overlap = overlap
        self.next = 10

    def until(self, moment: float) -> Clock:
        """Let time pass; each moment of the schedule on the way is dealt with when it comes."""
        while self.next <= moment:
            self.at(self.next)
            self.next += 10
            for event in due(self.state, self.overlap, CAUSE):
                self.feed(event)
            self.at(self.now)
        self.at(moment)
        return self

    def ends(self) -> Clock:
        self.exit(OK)
        return self


def job(overlap: Overlap = Overlap.SKIP, **more: object) -> Clock:
    return Clock(overlap, **more)  # type: ignore[arg-type]


RUN = ("STARTING", "RUNNING")


def run(moment: float) -> list[object]:
    return [(moment, phase) for phase in RUN]


STORIES: dict[str, tuple[Callable[[], Bench], list[object]]] = {
    "each moment starts a run": (
        lambda: job().until(12).ends().until(21).ends(),
        [*run(10), (12, "EXITED"), *run(20), (21, "EXITED")],
    ),
    "skip: a run that is due while the last one goes on is none": (
        lambda: job().until(45).ends().until(51),
        [*run(10), (45, "EXITED"), *run(50)],
    ),
    "queue: it comes when the last one has ended": (
        lambda: job(Overlap.QUEUE).until(21).ends().until(22).ends().until(31),
        [*run(10), (21, "EXITED"), *run(21), (22, "EXITED"), *run(30)],
    ),
    "queue: only one waits, however many were due": (
        lambda: job(Overlap.QUEUE).until(55).ends().until(56).ends().until(59),
        [*run(10), (55, "EXITED"), *run(55), (56, "EXITED")],
    ),
    "queue: a stop ends the run and the one that waits; the schedule goes on": (
        lambda: queued_and_stopped(),
        [*run(10), (25, "STOPPING"), (25, "SIGTERM"), (26, "STOPPED"), *run(30)],
    ),
    "replace: the last one is stopped first": (
        lambda: replaced(),
        [*run(10), (20, "STOPPING"), (20, "SIGTERM"), (22, "STOPPED"), *run(22)],
    ),
    "replace: one that does not stop in time is killed, and moments on the way change nothing": (
        lambda: replaced(wait=25),
        [
            *run(10), (20, "STOPPING"), (20, "SIGTERM"), (30, "SIGKILL"), (40, "SIGKILL"), (45, "STOPPED"), *run(45),
        ],
    ),
    "a run that failed is started again by the next moment": (
        lambda: failed(),
        [*run(10), (11, "EXITED"), *run(20)],
    ),
    "a process that gave up is started by the next moment": (
        lambda: job(spawns=False, startretries=0).until(21),
        [(10, "STARTING"), (10, "BACKOFF"), (10, "FATAL"), (20, "STARTING"), (20, "BACKOFF"), (20, "FATAL")],
    ),
    "skip: a run that waits for another try goes on": (
        lambda: job(spawns=False, restart=RestartPolicy(delay=15), startretries=1).until(29),
        [(10, "STARTING"), (10, "BACKOFF"), (25, "STARTING"), (25, "BACKOFF"), (25, "FATAL")],
    ),
    "replace: a run that waits for another try is tried now": (
        lambda: job(Overlap.REPLACE, spawns=False, restart=RestartPolicy(delay=15), startretries=5).until(21),
        [(10, "STARTING"), (10, "BACKOFF"), (20, "STARTING"), (20, "BACKOFF")],
    ),
    "a start and a stop by hand in between are allowed": (
        lambda: by_hand(),
        [*run(3), (4, "STOPPING"), (4, "SIGTERM"), (5, "STOPPED"), *run(10)],
    ),
}  # fmt: skip


def replaced(wait: float = 2) -> Bench:
    clock = job(Overlap.REPLACE).until(20 + wait)
    return clock.ends().until(clock.now + 1)


def failed() -> Bench:
    clock = job().until(11)
    clock.exit(BAD)
    return clock.until(21)


def by_hand() -> Bench:
    clock = job().until(3)
    clock.start().at(4).stop().at(5)
    return clock.ends().until(11)


def queued_and_stopped() -> Bench:
    clock = job(Overlap.QUEUE).until(25)
    clock.stop().at(26)
    return clock.ends().until(31)


@pytest.mark.parametrize("title", STORIES)
def test_story(title: str) -> None:
    play, expected = STORIES[title]

    assert play().story == expected


@pytest.mark.parametrize("overlap", Overlap)
def test_a_run_that_waits_for_others_serves_all_moments_that_come_meanwhile(overlap: Overlap) -> None:
    state = State()
    for event in due(state, overlap, CAUSE):
        state, effects = transition(state, event, 10.0, job().policy, held=True)
        assert effects == ()

    assert state.waiting == CAUSE
    assert due(state, overlap, CAUSE) == ()
    assert Spawn() in transition(state, Released(), 15.0, job().policy)[1]


def test_a_start_that_has_no_child_yet_is_not_replaced() -> None:
    state, _ = transition(State(), ScheduleDue(CAUSE), 10.0, Policy(before_start="prepare"))

    assert (state.phase, state.pid) == (Phase.STARTING, 0)
    assert due(state, Overlap.REPLACE, CAUSE) == ()


@pytest.mark.parametrize("overlap", Overlap)
def test_a_run_that_is_due_while_the_last_one_is_cleared_away_waits_for_that(overlap: Overlap) -> None:
    policy = Policy(startsecs=0, autorestart=NEVER, after_stop="clear")
    state = State()
    for event in (ScheduleDue(CAUSE), Spawned(7), Tick(), Exited(OK), *due(State(), overlap, "the next one")):
        state, _ = transition(state, event, 10.0, policy)
    assert (state.phase, state.waiting) == (Phase.EXITED, "the next one")

    state, effects = transition(state, ErrandDone(""), 12.0, policy)

    assert state.phase is Phase.STARTING
    assert Spawn() in effects


@pytest.mark.parametrize("overlap", [Overlap.QUEUE, Overlap.REPLACE])
def test_a_run_that_comes_later_says_that_the_schedule_wanted_it(overlap: Overlap) -> None:
    clock = job(overlap).until(20)

    after, _ = transition(clock.state, Exited(OK), 21.0, clock.policy)
    _, effects = transition(after, Tick(), 21.0, clock.policy)

    assert [effect.cause for effect in effects if isinstance(effect, Announce)] == [CAUSE]


def test_only_a_clock_that_was_far_ahead_makes_schedules_begin_anew() -> None:
    assert [begins_anew(seconds) for seconds in (3600.0, 0.1, -0.1, -3600.0, -3 * 3600.0)] == [False] * 5
    assert begins_anew(-4 * 3600.0)


class Job(RuleBasedStateMachine):
    """Whatever happens, each moment leads to one start at most, and never are there two children."""

    @initialize(
        overlap=st.sampled_from(Overlap),
        startsecs=st.sampled_from([0, 3]),
        autorestart=st.sampled_from([NEVER, Autorestart.UNEXPECTED]),
    )
    def configure(self, overlap: Overlap, startsecs: int, autorestart: Autorestart) -> None:
        self.clock = Clock(overlap, startsecs=startsecs, autorestart=autorestart)

    @rule(seconds=st.integers(1, 25))
    def time_passes(self, seconds: int) -> None:
        self.clock.until(self.clock.now + seconds)

    @rule(status=st.sampled_from([OK, BAD]))
    def the_child_ends(self, status: object) -> None:
        if self.clock.state.pid:
            self.clock.exit(status)  # type: ignore[arg-type]

    @rule()
    def somebody_starts_it(self) -> None:
        self.clock.start().at(self.clock.now)

    @rule()
    def somebody_stops_it(self) -> None:
        self.clock.stop()
        assert not self.clock.state.again, "a stop takes back the run that waits"

    @invariant()
    def who_is_at_rest_will_be_started(self) -> None:
        state = self.clock.state
        if state.phase in (Phase.STOPPED, Phase.EXITED, Phase.FATAL):
            assert due(state, self.clock.overlap, CAUSE) == (ScheduleDue(CAUSE),)
            assert not state.again, "what waited for the end has been started"

    @invariant()
    def never_two_children(self) -> None:
        phases = [what for _, what in self.clock.story if what in Phase.__members__]  # type: ignore[misc,operator]
        for one, other in pairwise(phases):
            assert other != "STARTING" or one in ("STOPPED", "EXITED", "BACKOFF", "FATAL")


TestJob = Job.TestCase
TestJob.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
