"""Starts that nobody asked for: waits, limits, revival, ages; stories in virtual time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.process.test_machine_stories import BAD, OK, Bench, Story
from warden.config.model import Policy, RestartPolicy
from warden.process import restarting
from warden.process.machine import transition
from warden.process.restarting import Streak
from warden.process.step import Announce, Exited, RestartRequested, Spawn, State, Tick
from warden.words import FOREVER, Autorestart, ExitStatus, Phase

ALWAYS = Autorestart.ALWAYS


def bench(*, spawns: bool = True, autorestart: Autorestart = ALWAYS, startsecs: int = 1, **more: object) -> Bench:
    """A bench with the options of ``RestartPolicy`` and ``Policy`` by name."""
    names = RestartPolicy.__dataclass_fields__
    rule = RestartPolicy(**{key: value for key, value in more.items() if key in names})  # type: ignore[arg-type]
    rest = {key: value for key, value in more.items() if key not in names}
    return Bench(spawns, autorestart=autorestart, startsecs=startsecs, restart=rule, **rest)


def restart(at: Bench) -> Bench:
    return at.feed(RestartRequested("because"))


STORIES: dict[str, Story] = {
    "restart_delay: an exit while RUNNING waits in BACKOFF, which can be stopped": (
        lambda: bench(delay=5).start().at(9).exit(OK).at(20).exit(OK).at(22).stop().at(60),
        [
            (0, "STARTING"), (1, "RUNNING"), (9, "EXITED"), (9, "BACKOFF"),
            (14, "STARTING"), (15, "RUNNING"), (20, "EXITED"), (20, "BACKOFF"), (22, "STOPPED"),
        ],
    ),
    "restart_delay=0: failed starts are tried again at once": (
        lambda: bench(delay=0, spawns=False, startretries=2).start().at(60),
        [
            (0, "STARTING"), (0, "BACKOFF"), (0, "STARTING"), (0, "BACKOFF"),
            (0, "STARTING"), (0, "BACKOFF"), (0, "FATAL"),
        ],
    ),
    "restart_factor and restart_max_delay: waits grow by the factor up to the maximum": (
        lambda: bench(delay=2, factor=3, max_delay=10, spawns=False, startretries=4).start().at(60),
        [
            (0, "STARTING"), (0, "BACKOFF"), (2, "STARTING"), (2, "BACKOFF"), (8, "STARTING"), (8, "BACKOFF"),
            (18, "STARTING"), (18, "BACKOFF"), (28, "STARTING"), (28, "BACKOFF"), (28, "FATAL"),
        ],
    ),
    "restart_max_delay: the old waits have a maximum too": (
        lambda: bench(max_delay=1.5, spawns=False, startretries=3).start().at(60),
        [
            (0, "STARTING"), (0, "BACKOFF"), (1, "STARTING"), (1, "BACKOFF"), (2.5, "STARTING"), (2.5, "BACKOFF"),
            (4, "STARTING"), (4, "BACKOFF"), (4, "FATAL"),
        ],
    ),
    "restart_reset: a long run makes the next wait short again": (
        lambda: bench(delay=2, factor=10, reset=30).start().at(5).exit(BAD).at(10).exit(BAD).at(90).exit(BAD).at(93),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "EXITED"), (5, "BACKOFF"),
            (7, "STARTING"), (8, "RUNNING"), (10, "EXITED"), (10, "BACKOFF"),
            (30, "STARTING"), (31, "RUNNING"), (90, "EXITED"), (90, "BACKOFF"), (92, "STARTING"), (93, "RUNNING"),
        ],
    ),
    "restart_limit: one start too many within the time is FATAL": (
        lambda: bench(limit=(2, 60)).start().at(5).exit(OK).at(10).exit(OK).at(15).exit(OK).at(99),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "EXITED"), (5, "STARTING"), (6, "RUNNING"),
            (10, "EXITED"), (10, "STARTING"), (11, "RUNNING"), (15, "EXITED"), (15, "FATAL"),
        ],
    ),
    "restart_limit: older starts do not count, and a start request clears the count": (
        lambda: bench(limit=(1, 10)).start().at(5).exit(OK).at(15.5).exit(OK).at(17).exit(OK).start().at(20).exit(OK),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "EXITED"), (5, "STARTING"), (6, "RUNNING"),
            (15.5, "EXITED"), (15.5, "STARTING"), (16.5, "RUNNING"), (17, "EXITED"), (17, "FATAL"),
            (17, "STARTING"), (18, "RUNNING"), (20, "EXITED"), (20, "STARTING"),
        ],
    ),
    "revive_after: FATAL is tried again with all its tries": (
        lambda: bench(spawns=False, startretries=1, revive_after=100).start().at(102),
        [
            (0, "STARTING"), (0, "BACKOFF"), (1, "STARTING"), (1, "BACKOFF"), (1, "FATAL"),
            (101, "STARTING"), (101, "BACKOFF"), (102, "STARTING"), (102, "BACKOFF"), (102, "FATAL"),
        ],
    ),
    "revive_after: a stop request cancels the revival": (
        lambda: bench(spawns=False, startretries=0, revive_after=100).start().at(50).stop().at(500),
        [(0, "STARTING"), (0, "BACKOFF"), (0, "FATAL"), (50, "STOPPED")],
    ),
    "FATAL without revive_after cannot be stopped": (
        lambda: bench(spawns=False, startretries=0).start().at(50).stop().at(500),
        [(0, "STARTING"), (0, "BACKOFF"), (0, "FATAL")],
    ),
    "max_age: an old process is stopped and started, its age counted from its start": (
        lambda: bench(max_age=10).start().at(12).exit(OK).at(13),
        [
            (0, "STARTING"), (1, "RUNNING"), (10, "STOPPING"), (10, "SIGTERM"), (12, "STOPPED"),
            (12, "STARTING"), (13, "RUNNING"),
        ],
    ),
    "max_age: who asks for a stop meanwhile gets it": (
        lambda: bench(max_age=10).start().at(12).stop().exit(OK).at(99),
        [(0, "STARTING"), (1, "RUNNING"), (10, "STOPPING"), (10, "SIGTERM"), (12, "STOPPED")],
    ),
    "a restart request replaces a running process once": (
        lambda: restart(bench(autorestart=Autorestart.NEVER).start().at(5)).at(6).exit(OK).at(9).exit(OK).at(20),
        [
            (0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (6, "STOPPED"),
            (6, "STARTING"), (7, "RUNNING"), (9, "EXITED"),
        ],
    ),
    "a restart request wakes a process that waits": (
        lambda: restart(bench(delay=50).start().at(5).exit(BAD).at(6)).at(6.5),
        [(0, "STARTING"), (1, "RUNNING"), (5, "EXITED"), (5, "BACKOFF"), (6, "STARTING")],
    ),
    "a restart request leaves alone what somebody stopped": (
        lambda: restart(bench().start().at(5).stop().at(6).exit(OK)).at(9),
        [(0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (6, "STOPPED")],
    ),
    "a shutdown overrides a restart under way": (
        lambda: restart(bench().start().at(5)).go_down().at(6).exit(OK).at(9),
        [(0, "STARTING"), (1, "RUNNING"), (5, "STOPPING"), (5, "SIGTERM"), (6, "STOPPED")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", STORIES)
def test_story(title: str) -> None:
    play, expected = STORIES[title]

    assert play().story == expected


def test_forever_never_gives_up() -> None:
    story = bench(startretries=FOREVER, delay=30, spawns=False)

    story.start().at(30 * 50)

    assert story.state.phase is Phase.BACKOFF
    assert story.state.tries == 51


def test_why_it_waits_and_why_it_gave_up_are_told() -> None:
    story = bench(delay=5, limit=(1, 60)).start().at(2).exit(OK)
    assert story.state.spawn_error == "exit status 0, starts again in 5 s"

    story.at(10).exit(OK).at(60)

    assert story.state.spawn_error == "restarted once within 60 s (restart_limit)"


@given(
    delay=st.floats(0, 1e6),
    factor=st.floats(1, 1e6),
    cap=st.floats(0.1, 1e6),
    jitter=st.floats(0, 1),
    count=st.integers(1, 10**6),
    seed=st.integers(0, 2**32),
)
def test_a_wait_is_never_longer_than_the_maximum_nor_shorter_than_jitter_allows(
    delay: float, factor: float, cap: float, jitter: float, count: int, seed: int
) -> None:
    rule = RestartPolicy(delay=delay, factor=factor, max_delay=cap, jitter=jitter)

    wait = restarting.pause(Streak(count=count, seed=seed), Policy(restart=rule), tries=count)

    assert min(delay, cap) * (1 - jitter) - 1e-6 <= wait <= cap


def test_waits_of_different_seeds_are_spread() -> None:
    policy = Policy(restart=RestartPolicy(delay=100, jitter=0.5))

    waits = {restarting.pause(Streak(count=1, seed=seed), policy, 1) for seed in range(200)}

    assert len(waits) == 200
    assert min(waits) < 55
    assert max(waits) > 95


def test_each_wait_of_one_process_is_another() -> None:
    story = bench(delay=10, jitter=1.0, spawns=False, startretries=FOREVER)
    story.state = State(streak=Streak(seed=7))

    story.start().at(100)

    starts = [moment for moment, phase in story.story if phase == "STARTING"]  # type: ignore[misc]
    waits = {round(later - earlier, 6) for earlier, later in itertools.pairwise(starts)}
    assert len(waits) == len(starts) - 1 > 5


def test_a_start_that_somebody_asked_for_keeps_nothing_of_the_streak_but_its_dice() -> None:
    untouched, long = Streak(seed=7), Streak(count=3, moments=(1.0, 2.0), seed=7)

    assert restarting.cleared(untouched) is untouched
    assert restarting.cleared(long) == untouched


RULES = st.builds(
    RestartPolicy,
    delay=st.none() | st.floats(0, 10),
    max_delay=st.none() | st.floats(0, 10),
    jitter=st.sampled_from([0, 0.5]),
    limit=st.none() | st.just((2, 60.0)),
)
POLICIES = st.builds(
    Policy,
    autorestart=st.sampled_from(Autorestart),
    startsecs=st.integers(0, 2),
    exitcodes=st.sampled_from([(), (0,), (0, 2)]),
    restart=RULES,
    before_start=st.sampled_from([None, "true"]),
    after_stop=st.sampled_from([None, "true"]),
    kill_tree=st.booleans(),
    max_age=st.none() | st.just(1000.0),
)
STATUSES = st.builds(ExitStatus, code=st.integers(0, 3)) | st.just(ExitStatus(signum=9))


@given(POLICIES, STATUSES, st.integers(0, 5), st.lists(st.floats(0, 100), max_size=3), st.floats(0, 100))
def test_what_comes_back_by_a_reflex_would_have_come_back_at_once(
    policy: Policy, status: ExitStatus, count: int, moments: list[float], ran_for: float
) -> None:
    unless = restarting.comes_back_unless(policy)
    assume(unless is not None)
    assert unless is not None
    streak = Streak(count=count, moments=tuple(moments), seed=1)
    state = State(phase=Phase.RUNNING, pid=7, started_at=100.0, streak=streak)
    now = 100.0 + ran_for

    exited, first = transition(state, Exited(status), now, policy)
    after, then = transition(exited, Tick(), now, policy)

    comes_back = status.code not in unless
    assert (after.phase is Phase.STARTING) == comes_back
    assert [effect for effect in (*first, *then) if not isinstance(effect, Announce)] == (
        [Spawn()] if comes_back else []
    )


@pytest.mark.parametrize(
    "more",
    [
        {"delay": 0.0},
        {"jitter": 0.1},
        {"limit": (3, 60.0)},
        {"kill_tree": True},
        {"essential": True},
        {"before_start": "true"},
        {"after_start": "true"},
        {"before_stop": "true"},
        {"after_stop": "true"},
        {"autorestart": Autorestart.NEVER},
    ],
    ids=str,
)
def test_what_takes_thought_does_not_come_back_by_a_reflex(more: dict[str, object]) -> None:
    assert restarting.comes_back_unless(bench().policy) == ()
    assert restarting.comes_back_unless(bench(**more).policy) is None
