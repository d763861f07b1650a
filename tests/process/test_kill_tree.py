"""What a child has left ends after it and before anything else: stories in virtual time."""

from __future__ import annotations

import pytest

from tests.process.test_machine_stories import BAD, OK, Story
from tests.process.test_stopping import hooked, up
from warden.config.model import Policy
from warden.process.errands import seconds
from warden.process.machine import transition
from warden.process.step import ErrandDone, Remark, Spawn, StopRequested
from warden.words import Moment

STORIES: dict[str, Story] = {
    "a start that is asked for waits until nobody of the tree is left": (
        lambda: up(slow="kill_tree").stop().at(11).exit(OK).start().at(12.5).done().at(14),
        [
            *((10, "STOPPING"), (10, "SIGTERM"), (11, "STOPPED"), (11, "kill_tree")),
            *((12.5, "STARTING"), (13.5, "RUNNING")),
        ],
    ),
    "so does one that nobody has asked for": (
        lambda: up(slow="kill_tree").exit(BAD).at(11).done().at(12),
        [(10, "EXITED"), (10, "kill_tree"), (11, "STARTING"), (12, "RUNNING")],
    ),
    "so does another try": (
        lambda: hooked(slow="kill_tree").start().at(0.5).exit(BAD).at(2).done(),
        [(0, "STARTING"), (0.5, "BACKOFF"), (0.5, "kill_tree"), (2, "STARTING")],
    ),
    "the tree is gone when after_stop begins": (
        lambda: up("after_stop", slow="kill_tree").exit(BAD).at(11).done(),
        [(10, "EXITED"), (10, "kill_tree"), (11, "after_stop"), (11, "STARTING")],
    ),
    "a hook that is under way ends before it": (
        lambda: up(slow="before_stop kill_tree").stop().at(12).exit(OK).at(15).done().at(17).done(),
        [(10, "STOPPING"), (10, "before_stop"), (12, "STOPPED"), (15, "kill_tree")],
    ),
    "where no child was born there is no tree": (
        lambda: hooked("kill_tree", spawns=False, startretries=0).start().at(9),
        [(0, "STARTING"), (0, "BACKOFF"), (0, "FATAL")],
    ),
}


@pytest.mark.parametrize("title", STORIES)
def test_story(title: str) -> None:
    play, story = STORIES[title]

    assert play().story == story


@pytest.mark.parametrize(("stopwaitsecs", "patience"), [(10, 2), (1, 1), (0, 0)])
def test_remnants_have_two_seconds_or_what_the_child_had(stopwaitsecs: int, patience: float) -> None:
    assert seconds(Moment.KILL_TREE, Policy(stopwaitsecs=stopwaitsecs)) == patience


def test_a_tree_that_cannot_be_ended_is_told_and_keeps_nobody_from_starting() -> None:
    bench = up(slow="kill_tree").exit(BAD)

    state, effects = transition(bench.state, ErrandDone("nobody may end sudo (pid 7)"), 11, bench.policy)

    assert effects[0] == Remark("kill_tree failed: nobody may end sudo (pid 7)")
    assert Spawn() in effects
    assert state.errand is None


def test_a_stop_meanwhile_calls_the_next_start_off_and_not_the_end_of_the_tree() -> None:
    bench = up(slow="kill_tree").exit(BAD)

    bench.feed(StopRequested())
    running = bench.state.errand
    bench.at(11).done().at(60)

    assert running is not None
    assert not running.cut_short
    assert bench.story == [(10, "EXITED"), (10, "kill_tree")]
