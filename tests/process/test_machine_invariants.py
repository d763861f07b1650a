"""Whatever happens to a process in whatever order, these things hold."""

from __future__ import annotations

import signal
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from warden.config.model import Policy, RestartPolicy
from warden.process.machine import transition
from warden.process.step import (
    AgainRequested,
    Announce,
    BecameReady,
    Effect,
    EndErrand,
    Errand,
    ErrandDone,
    Event,
    Exited,
    Extended,
    GiveUp,
    RestartRequested,
    RunErrand,
    ScheduleDue,
    SendSignal,
    SignalFailed,
    Spawn,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    StopRequested,
    Tick,
)
from warden.words import Autorestart, ExitStatus, Moment, Phase

ARROWS = {
    Phase.STOPPED: {Phase.STARTING},
    Phase.STARTING: {Phase.RUNNING, Phase.BACKOFF, Phase.STOPPING, Phase.UNKNOWN},
    Phase.RUNNING: {Phase.STOPPING, Phase.EXITED, Phase.UNKNOWN},
    Phase.BACKOFF: {Phase.STARTING, Phase.FATAL, Phase.STOPPED},
    Phase.STOPPING: {Phase.STOPPED, Phase.UNKNOWN},
    Phase.EXITED: {Phase.STARTING, Phase.BACKOFF, Phase.FATAL},
    Phase.FATAL: {Phase.STARTING, Phase.STOPPED},
    Phase.UNKNOWN: {Phase.STOPPED, Phase.EXITED},
}
LIVE = {Phase.STARTING, Phase.RUNNING, Phase.STOPPING, Phase.UNKNOWN}
STATUSES = [ExitStatus(code=0), ExitStatus(code=3), ExitStatus(signum=signal.SIGKILL)]
HAPPENINGS: list[Event] = [
    StartRequested(),
    StopRequested(),
    RestartRequested("because"),
    AgainRequested("because"),
    ScheduleDue("schedule"),
    SignalFailed(),
    Extended(7),
    GiveUp(),
    BecameReady(),
    Tick(),
    Tick(may_start=False),
    *map(Exited, STATUSES),
]


class Life(RuleBasedStateMachine):
    @initialize(
        policy=st.builds(
            Policy,
            startretries=st.integers(0, 3),
            startsecs=st.sampled_from([0, 1, 5]),
            stopwaitsecs=st.sampled_from([0, 10]),
            autorestart=st.sampled_from(Autorestart),
            restart=st.builds(
                RestartPolicy,
                delay=st.sampled_from([None, 0.0, 7.0]),
                factor=st.sampled_from([1.0, 2.0]),
                max_delay=st.sampled_from([None, 20.0]),
                jitter=st.sampled_from([0.0, 0.5]),
                limit=st.sampled_from([None, (2, 30.0)]),
            ),
            revive_after=st.sampled_from([None, 40.0]),
            max_age=st.sampled_from([None, 25.0]),
            stop_sequence=st.sampled_from([(), ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))]),
            **{moment.value: st.sampled_from([None, "x"]) for moment in Moment},
            greets_when_ready=st.booleans(),
        )
    )
    def configure(self, policy: Policy) -> None:
        self.policy = policy
        self.state, self.now, self.next_pid = State(), 1000.0, 100
        self.spawning = self.unwanted = False
        self.errand: Errand | None = None  # as the daemon sees it
        self.to_tidy = False  # a child has ended and its after_stop is still to come

    def feed(self, event: Event) -> None:
        before = self.state
        if isinstance(event, Exited) and before.pid:
            self.to_tidy = self.policy.after_stop is not None
        self.state, effects = transition(before, event, self.now, self.policy)
        at = before.phase
        for effect in effects:
            at = self.check(effect, at, event)
        assert at is self.state.phase, "a phase never changes unannounced"

    def check(self, effect: Effect, at: Phase, event: Event) -> Phase:
        match effect:
            case Announce(phase, previous):
                assert previous is at, "announcements form one chain"
                assert phase in ARROWS[previous]
                return phase
            case SendSignal(pid):
                assert pid == self.state.pid > 0, "never signal a process we do not have"
                assert self.errand is None or self.errand.cut_short or self.errand.moment is not Moment.BEFORE_STOP
            case RunErrand(errand):
                assert self.errand is None, "never two errands at once"
                assert errand == self.state.errand
                assert errand.until >= self.now
                self.to_tidy &= errand.moment is not Moment.AFTER_STOP
                self.errand = errand
            case EndErrand():
                assert self.errand is not None, "only what is under way can be ended"
                self.errand = replace(self.errand, cut_short=True)
            case Spawn():
                assert not self.state.pid, "never two children for one process"
                assert event != Tick(may_start=False), "nothing starts while the daemon goes down"
                assert not self.spawning, "one start at a time"
                assert self.errand is None, "no start while an errand is under way"
                assert not self.to_tidy, "no start before after_stop"
                self.spawning, self.unwanted = True, False
        return at

    @precondition(lambda self: self.spawning)
    @rule(works=st.booleans())
    def the_runtime_answers(self, works: bool) -> None:
        self.spawning = False
        self.next_pid += 1
        self.feed(Spawned(self.next_pid) if works else SpawnFailed("no"))
        if self.unwanted:
            assert self.state.phase in (Phase.STOPPING, Phase.STOPPED, Phase.FATAL), "a stop is never forgotten"

    @precondition(lambda self: self.errand is not None)
    @rule(failure=st.sampled_from(["", "exit status 1"]))
    def an_errand_is_done(self, failure: str) -> None:
        before, self.errand = self.state, None
        self.feed(ErrandDone(failure))
        if before.phase is Phase.STOPPING and before.pid and self.errand is None:
            assert self.state.deadline is not None, "a stop goes on"

    @rule(event=st.sampled_from(HAPPENINGS))
    def something_happens(self, event: Event) -> None:
        self.feed(event)
        if self.spawning and isinstance(event, StartRequested | StopRequested):
            self.unwanted = isinstance(event, StopRequested)

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def a_child_exists_exactly_in_the_live_phases(self) -> None:
        unborn = self.errand is not None and self.errand.moment is Moment.BEFORE_START
        assert bool(self.state.pid) == (self.state.phase in LIVE and not self.spawning and not unborn)

    @invariant()
    def no_errand_is_lost(self) -> None:
        assert (self.errand is None) == (self.state.errand is None)
        assert self.errand is not None or not self.to_tidy, "after_stop comes after every end"

    @invariant()
    def what_waits_for_time_has_a_deadline(self) -> None:
        if self.state.phase in (Phase.STARTING, Phase.STOPPING) and self.errand is None:
            assert self.state.deadline is not None

    @invariant()
    def what_does_not_wait_for_time_has_none(self) -> None:
        allowed = {
            Phase.STOPPED: self.state.again,
            Phase.RUNNING: self.policy.max_age is not None,
            Phase.FATAL: self.policy.revive_after is not None,
            Phase.UNKNOWN: False,
        }
        if not allowed.get(self.state.phase, True):
            assert self.state.deadline is None, "an idle process costs no wake-up"

    @invariant()
    def a_tick_is_either_early_or_moves_the_deadline(self) -> None:
        if self.state.deadline is not None and self.state.deadline <= self.now and not self.spawning:
            after, _ = transition(self.state, Tick(), self.now, self.policy)
            moved = [getattr(after, name) != getattr(self.state, name) for name in ("deadline", "phase", "stage")]
            assert any(moved), "no busy loop"

    @invariant()
    def tries_never_exceed_the_budget(self) -> None:
        assert self.state.tries <= self.policy.startretries


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
