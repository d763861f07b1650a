"""Example stories in virtual time, at least one for every row of the transition table."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable

import pytest

from warden.config.model import Policy
from warden.process.machine import TOO_QUICK, transition
from warden.process.step import (
    Announce,
    Effect,
    Event,
    Exited,
    Extended,
    GiveUp,
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
from warden.words import Autorestart, ExitStatus, Phase

OK, BAD, KILLED = ExitStatus(code=0), ExitStatus(code=3), ExitStatus(signum=signal.SIGKILL)


class Bench:
    """One process on a virtual clock that starts at 0; ``story`` is everything it announced or asked for."""

    def __init__(self, spawns: bool = True, kills: bool = True, **policy: object) -> None:
        self.policy = Policy(**policy)  # type: ignore[arg-type]
        self.state, self.now = State(), 0.0
        self.spawns, self.kills, self.going_down = spawns, kills, False
        self.pid = 0
        self.story: list[object] = []

    def feed(self, event: Event) -> Bench:
        inbox = deque([event])
        while inbox:
            self.state, effects = transition(self.state, inbox.popleft(), self.now, self.policy)
            for effect in effects:
                inbox.extend(self.carry_out(effect))
        return self

    def carry_out(self, effect: Effect) -> list[Event]:
        match effect:
            case Announce(phase):
                self.story.append((self.now, phase.name))
            case SendSignal():
                self.story.append((self.now, signal.Signals(effect.signum).name))
                return [] if self.kills else [SignalFailed()]
            case Spawn():
                self.pid += 1
                return [Spawned(self.pid) if self.spawns else SpawnFailed("no such program")]
        return []

    def at(self, moment: float) -> Bench:
        """Let time pass until ``moment``; every deadline on the way is kept exactly."""
        for _ in range(100):
            if self.state.deadline is None or self.state.deadline > moment:
                break
            self.now = max(self.now, self.state.deadline)
            self.feed(Tick(may_start=not self.going_down))
        else:
            pytest.fail("a busy loop")
        self.now = moment
        return self

    def start(self) -> Bench:
        return self.feed(StartRequested())

    def stop(self) -> Bench:
        return self.feed(StopRequested())

    def exit(self, status: ExitStatus) -> Bench:
        return self.feed(Exited(status)).at(self.now)

    def go_down(self) -> Bench:
        self.going_down = True
        return self.feed(GiveUp()).stop()


Story = tuple[Callable[[], Bench], list[object]]

STORIES: dict[str, Story] = {
    "STOPPED to STARTING to RUNNING: a start request, and startsecs later it is up": (
        lambda: Bench(startsecs=5).start().at(60),
        [(0, "STARTING"), (5, "RUNNING")],
    ),
    "startsecs=0: RUNNING at once": (
        lambda: Bench(startsecs=0).start().at(0),
        [(0, "STARTING"), (0, "RUNNING")],
    ),
    "EXITED to STARTING: autorestart=true restarts after an expected exit, at once": (
        lambda: Bench(autorestart=Autorestart.ALWAYS).start().at(9).exit(OK).at(20),
        [(0, "STARTING"), (1, "RUNNING"), (9, "EXITED"), (9, "STARTING"), (10, "RUNNING")],
    ),
    "EXITED to STARTING: autorestart=unexpected restarts after an unexpected exit": (
        lambda: Bench().start().at(9).exit(BAD).at(20),
        [(0, "STARTING"), (1, "RUNNING"), (9, "EXITED"), (9, "STARTING"), (10, "RUNNING")],
    ),
    "EXITED stays: autorestart=unexpected does not restart after an expected exit": (
        lambda: Bench().start().at(9).exit(OK).at(20),
        [(0, "STARTING"), (1, "RUNNING"), (9, "EXITED")],
    ),
    "EXITED stays: autorestart=false never restarts": (
        lambda: Bench(autorestart=Autorestart.NEVER).start().at(9).exit(KILLED).at(20),
        [(0, "STARTING"), (1, "RUNNING"), (9, "EXITED")],
    ),
    "EXITED to STARTING: a start request always works": (
        lambda: Bench(autorestart=Autorestart.NEVER).start().at(9).exit(OK).at(20).start().at(20.5),
        [(0, "STARTING"), (1, "RUNNING"), (9, "EXITED"), (20, "STARTING")],
    ),
    "EXITED stays: nothing starts while the daemon goes down": (
        lambda: Bench(autorestart=Autorestart.ALWAYS, kills=False).start().at(9).go_down().exit(OK).at(20),
        [(0, "STARTING"), (1, "RUNNING"), (9, "STOPPING"), (9, "SIGTERM"), (9, "UNKNOWN"), (9, "STOPPED")],
    ),
    "FATAL to STARTING: only by a start request": (
        lambda: Bench(startretries=0, spawns=False).start().at(100).start().at(200),
        [(0, "STARTING"), (0, "BACKOFF"), (0, "FATAL"), (100, "STARTING"), (100, "BACKOFF"), (100, "FATAL")],
    ),
    "BACKOFF to STARTING to FATAL: waits grow by one second; startretries + 1 attempts": (
        lambda: Bench(startretries=2, spawns=False).start().at(3600),
        [
            (0, "STARTING"), (0, "BACKOFF"),
            (1, "STARTING"), (1, "BACKOFF"),
            (3, "STARTING"), (3, "BACKOFF"), (3, "FATAL"),
        ],
    ),
    "STARTING to BACKOFF: an exit before startsecs is a failed start, whatever the code": (
        lambda: Bench(startsecs=5).start().at(4.9).exit(OK).at(5),
        [(0, "STARTING"), (4.9, "BACKOFF")],
    ),
    "STARTING to RUNNING to EXITED: it lived long enough, but nobody looked in between": (
        lambda: late_exit(),
        [(0, "STARTING"), (7, "RUNNING"), (7, "EXITED")],
    ),
    "startsecs=0: an immediate exit is EXITED, never too quick": (
        lambda: Bench(startsecs=0).start().exit(OK),
        [(0, "STARTING"), (0, "RUNNING"), (0, "EXITED")],
    ),
    "BACKOFF to FATAL: the daemon goes down and does not wait for another try": (
        lambda: Bench(spawns=False).start().at(0.5).go_down().at(60),
        [(0, "STARTING"), (0, "BACKOFF"), (0.5, "FATAL")],
    ),
    "BACKOFF stays while the daemon goes down": (
        lambda: no_retry_while_going_down(),
        [(0, "STARTING"), (0, "BACKOFF")],
    ),
    "BACKOFF to STOPPED: a stop request needs no signal": (
        lambda: Bench(spawns=False).start().at(0.5).stop().at(60),
        [(0, "STARTING"), (0, "BACKOFF"), (0.5, "STOPPED")],
    ),
    "RUNNING to STOPPING to STOPPED: whatever the exit code": (
        lambda: Bench(stopsignal=signal.SIGINT).start().at(9).stop().at(10).exit(BAD).at(60),
        [(0, "STARTING"), (1, "RUNNING"), (9, "STOPPING"), (9, "SIGINT"), (10, "STOPPED")],
    ),
    "STARTING to STOPPING": (
        lambda: Bench(startsecs=5).start().at(1).stop().at(2).exit(KILLED).at(60),
        [(0, "STARTING"), (1, "STOPPING"), (1, "SIGTERM"), (2, "STOPPED")],
    ),
    "STOPPING: SIGKILL after stopwaitsecs, again after every further stopwaitsecs": (
        lambda: Bench(stopwaitsecs=10).start().at(5).stop().at(34).exit(KILLED),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"),
            (15, "SIGKILL"), (25, "SIGKILL"), (34, "STOPPED"),
        ],
    ),
    "STOPPING: who asks for patience is killed later, but never earlier": (
        lambda: Bench().start().at(5).stop().feed(Extended(30)).at(20).feed(Extended(1)).at(36).exit(BAD),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (35, "SIGKILL"), (36, "STOPPED"),
        ],
    ),
    "patience means nothing outside of STOPPING": (
        lambda: Bench(startsecs=5).start().feed(Extended(30)).at(6),
        [(0, "STARTING"), (5, "RUNNING")],
    ),
    "stopwaitsecs=0: SIGKILL at once, then once a second": (
        lambda: Bench(stopwaitsecs=0).start().at(5).stop().at(6.5),
        [(0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (5, "SIGKILL"), (6, "SIGKILL")],
    ),
    "STOPPING: start and stop requests are ignored": (
        lambda: Bench().start().at(5).stop().start().stop().at(6),
        [(0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM")],
    ),
    "STOPPING to UNKNOWN to STOPPED: a refused signal is survived": (
        lambda: Bench(kills=False).start().at(5).stop().at(60).exit(BAD).at(99),
        [(0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (5, "UNKNOWN"), (60, "STOPPED")],
    ),
    "RUNNING to UNKNOWN to EXITED: a refused signal by hand; autorestart goes on afterwards": (
        lambda: Bench().start().at(5).feed(SignalFailed()).start().stop().at(60).exit(BAD).at(60.5),
        [(0, "STARTING"), (1, "RUNNING"), (5, "UNKNOWN"), (60, "EXITED"), (60, "STARTING")],
    ),
}  # fmt: skip


def late_exit() -> Bench:
    bench = Bench(startsecs=5).start()
    bench.now = 7
    return bench.exit(OK)


def no_retry_while_going_down() -> Bench:
    bench = Bench(spawns=False).start()
    bench.going_down = True
    return bench.at(60)


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    play, expected = STORIES[name]

    bench = play()

    assert bench.story == expected


@pytest.mark.parametrize(
    ("status", "exitcodes", "expected", "reason"),
    [
        (OK, (0,), True, None),
        (BAD, (0, 3), True, None),
        (BAD, (0,), False, "Bad exit code 3"),
        (OK, (1,), False, "Bad exit code 0"),
        (KILLED, (0,), False, "Bad exit code -1"),
    ],
)
def test_an_exit_is_expected_exactly_when_its_code_is_in_exitcodes(
    status: ExitStatus, exitcodes: tuple[int, ...], expected: bool, reason: str | None
) -> None:
    policy = Policy(exitcodes=exitcodes)
    running = State(phase=Phase.RUNNING, pid=7, started_at=0.0)

    gone, effects = transition(running, Exited(status), 5.0, policy)

    assert effects == (Announce(Phase.EXITED, Phase.RUNNING, tries=0, pid=7, expected=expected),)
    assert (gone.pid, gone.exitstatus, gone.spawn_error) == (0, status, reason)


@pytest.mark.parametrize("stopasgroup", [False, True])
@pytest.mark.parametrize("killasgroup", [False, True])
def test_each_signal_has_its_own_rule_for_the_process_group(stopasgroup: bool, killasgroup: bool) -> None:
    policy = Policy(stopasgroup=stopasgroup, killasgroup=killasgroup, stopwaitsecs=10)
    running = State(phase=Phase.RUNNING, pid=7, started_at=0.0)

    stopping, asked = transition(running, StopRequested(), 5.0, policy)
    _, early = transition(stopping, Tick(), 14.9, policy)
    _, late = transition(stopping, Tick(), 15.0, policy)

    assert asked[-1] == SendSignal(7, signal.SIGTERM, to_group=stopasgroup)
    assert early == ()
    assert late == (SendSignal(7, signal.SIGKILL, to_group=killasgroup, forced=True),)


def test_tries_count_up_to_startretries_and_one_more_and_begin_anew_with_a_start_request() -> None:
    bench = Bench(startretries=5, spawns=False).start().at(1)
    assert bench.state.tries == 2

    bench.stop()
    assert bench.state.tries == 2

    bench.start()
    assert bench.state.tries == 1


def test_a_new_attempt_forgets_the_last_failure() -> None:
    bench = Bench(startsecs=5).start().at(1).exit(BAD)
    assert (bench.state.spawn_error, bench.state.exitstatus) == (TOO_QUICK, None)

    bench.at(2)

    assert (bench.state.phase, bench.state.spawn_error) == (Phase.STARTING, None)


ANSWERS: list[Event] = [Exited(OK), SignalFailed(), Spawned(9), SpawnFailed("no"), Tick()]


@pytest.mark.parametrize(
    ("phase", "event"),
    [
        (phase, event)
        for phase in Phase
        for event in ANSWERS
        if not (phase is Phase.STARTING and isinstance(event, Spawned | SpawnFailed))  # there they are awaited
    ],
)
def test_answers_for_a_child_that_is_not_there_change_nothing(phase: Phase, event: Event) -> None:
    state = State(phase=phase, tries=1)

    assert transition(state, event, 50.0, Policy()) == (state, ())


def test_the_answer_to_spawn_may_come_after_startsecs() -> None:
    waiting, _ = transition(State(), StartRequested(), 0.0, Policy(startsecs=1))

    still, nothing = transition(waiting, Tick(), 9.0, Policy(startsecs=1))
    spawned, _ = transition(still, Spawned(7), 9.0, Policy(startsecs=1))
    up, effects = transition(spawned, Tick(), 9.0, Policy(startsecs=1))

    assert (still, nothing) == (waiting, ())
    assert (up.phase, effects) == (Phase.RUNNING, (Announce(Phase.RUNNING, Phase.STARTING, tries=0, pid=7),))
