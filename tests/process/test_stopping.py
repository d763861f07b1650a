"""Stop sequences, stop commands and hooks; stories in virtual time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.process.test_machine_stories import BAD, OK, Bench, Story
from warden.config.model import Policy
from warden.process.errands import seconds
from warden.process.step import (
    BecameReady,
    Effect,
    EndErrand,
    ErrandDone,
    Event,
    Extended,
    Remark,
    RunErrand,
    StartRequested,
    Tick,
)
from warden.process.stopping import describe, stages
from warden.words import Autorestart, Moment, Phase

TERM, INT, KILL, QUIT = signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGQUIT
FIRM = ((TERM, 10.0), (INT, 5.0), (KILL, 7.0))


class Hooked(Bench):
    """A bench with hooks; each has done its work at the moment when it begins, but those in ``slow``.

    One that is told to end does so at once, unless ``lingers`` is set.
    """

    lingers = False

    def __init__(self, *hooks: str, slow: str = "", spawns: bool = True, **policy: object) -> None:
        super().__init__(spawns, **{"hook_timeout": 30.0, **dict.fromkeys((*hooks, *slow.split()), "x"), **policy})
        self.slow = slow.split()

    def carry_out(self, effect: Effect) -> list[Event]:
        match effect:
            case RunErrand(errand):
                self.story.append((self.now, str(errand.moment)))
                return [] if errand.moment in self.slow else [ErrandDone()]
            case EndErrand():
                self.story.append((self.now, "killed"))
                return [] if self.lingers else [ErrandDone("ended")]
        return super().carry_out(effect)

    def at(self, moment: float) -> Hooked:
        """Let time pass; an errand that takes too long is answered at its time."""
        errand = self.state.errand
        if errand is not None and errand.until <= moment:
            super().at(errand.until)
            if self.state.errand == errand:  # else its time was the deadline of the stop, too
                self.done("took too long")
            return self.at(moment)
        super().at(moment)
        return self

    def done(self, failure: str = "") -> Hooked:
        self.feed(ErrandDone(failure))
        super().at(self.now)
        return self


def hooked(*hooks: str, slow: str = "", spawns: bool = True, **policy: object) -> Hooked:
    return Hooked(*hooks, slow=slow, spawns=spawns, **policy)


def up(*hooks: str, slow: str = "", **policy: object) -> Hooked:
    """A process that has been RUNNING since 1, and is at 10; the story begins there."""
    bench = hooked(*hooks, slow=slow, **policy)
    bench.start()
    bench.at(10)
    bench.story.clear()
    return bench


def ready(bench: Bench) -> Bench:
    return bench.feed(BecameReady())


STORIES: dict[str, Story] = {
    "stopsignal: a sequence takes its time, and SIGKILL comes after all of it": (
        lambda: up(stop_sequence=FIRM[:2], stopwaitsecs=3).stop().at(30),
        [(10, "STOPPING"), (10, "SIGTERM"), (20, "SIGINT"), (25, "SIGKILL"), (28, "SIGKILL")],
    ),
    "stopsignal: a sequence ends with the child": (
        lambda: up(stop_sequence=FIRM).stop().at(20).exit(OK).at(99),
        [(10, "STOPPING"), (10, "SIGTERM"), (20, "SIGINT"), (20, "STOPPED")],
    ),
    "stopsignal: a second stop begins anew": (
        lambda: up(stop_sequence=FIRM).stop().at(20).exit(OK).start().at(25).stop().at(26).exit(OK),
        [
            (10, "STOPPING"), (10, "SIGTERM"), (20, "SIGINT"), (20, "STOPPED"), (20, "STARTING"), (21, "RUNNING"),
            (25, "STOPPING"), (25, "SIGTERM"), (26, "STOPPED"),
        ],
    ),
    "stopsignal: a stop that is asked for twice goes on as it was": (
        lambda: up(stop_sequence=FIRM).stop().at(21).stop().at(26),
        [(10, "STOPPING"), (10, "SIGTERM"), (20, "SIGINT"), (25, "SIGKILL")],
    ),
    "stop_command: it has done its work, and the child has the rest of stopwaitsecs": (
        lambda: up("stop_command", stopwaitsecs=10).stop().at(40),
        [(10, "STOPPING"), (10, "stop_command"), (20, "SIGTERM"), (30, "SIGKILL"), (40, "SIGKILL")],
    ),
    "stop_command: if it fails the signals follow at once": (
        lambda: up(slow="stop_command").stop().at(12).done("exit status 1").at(15).exit(OK),
        [(10, "STOPPING"), (10, "stop_command"), (12, "SIGTERM"), (15, "STOPPED")],
    ),
    "stop_command: if it takes stopwaitsecs it is killed and the signals follow": (
        lambda: up(slow="stop_command").stop().at(25).exit(OK),
        [(10, "STOPPING"), (10, "stop_command"), (20, "killed"), (20, "SIGTERM"), (25, "STOPPED")],
    ),
    "stop_command: a child that asks for more time has it before the signals": (
        lambda: up(slow="stop_command").stop().at(15).feed(Extended(20)).at(36),
        [(10, "STOPPING"), (10, "stop_command"), (35, "SIGTERM")],
    ),
    "stop_command: one that outlives the child may finish, and no start comes before": (
        lambda: up(slow="stop_command").stop().at(12).exit(OK).start().at(15).done().at(16),
        [(10, "STOPPING"), (10, "stop_command"), (12, "STOPPED"), (15, "STARTING"), (16, "RUNNING")],
    ),
    "before_start: it comes before the child, and startsecs count from the child": (
        lambda: hooked(slow="before_start").start().at(9).done().at(20),
        [(0, "STARTING"), (0, "before_start"), (10, "RUNNING")],
    ),
    "before_start: a failure is a failed start, tried again until startretries are used up": (
        lambda: hooked(slow="before_start", startretries=1).start().at(2).done("exit status 1").at(4).done("no"),
        [
            (0, "STARTING"), (0, "before_start"), (2, "BACKOFF"), (3, "STARTING"), (3, "before_start"),
            (4, "BACKOFF"), (4, "FATAL"),
        ],
    ),
    "before_start: if it takes too long the start has failed": (
        lambda: hooked(slow="before_start", startretries=0).start().at(60),
        [(0, "STARTING"), (0, "before_start"), (30, "BACKOFF"), (30, "FATAL")],
    ),
    "before_start: a stop ends it": (
        lambda: hooked(slow="before_start").start().at(5).stop().at(60),
        [(0, "STARTING"), (0, "before_start"), (5, "STOPPING"), (5, "killed"), (5, "STOPPED")],
    ),
    "after_start: it comes with RUNNING": (
        lambda: hooked("after_start").start().at(5),
        [(0, "STARTING"), (1, "RUNNING"), (1, "after_start")],
    ),
    "after_start: with a ready option it comes when the process is ready, once": (
        lambda: ready(ready(hooked("after_start", greets_when_ready=True).start().at(5)).at(9)),
        [(0, "STARTING"), (1, "RUNNING"), (5, "after_start")],
    ),
    "after_start: readiness may come before startsecs are over": (
        lambda: ready(hooked("after_start", greets_when_ready=True, startsecs=9).start().at(2)).at(20),
        [(0, "STARTING"), (2, "after_start"), (9, "RUNNING")],
    ),
    "after_start: readiness means nothing to a hook that does not wait for it": (
        lambda: ready(hooked("after_start", startsecs=9).start().at(2)).at(20),
        [(0, "STARTING"), (9, "RUNNING"), (9, "after_start")],
    ),
    "after_start: its failure changes nothing": (
        lambda: hooked(slow="after_start").start().at(40),
        [(0, "STARTING"), (1, "RUNNING"), (1, "after_start")],
    ),
    "after_start: a stop ends it, and does not wait for that": (
        lambda: up(slow="after_start").stop().at(12).exit(OK),
        [(10, "STOPPING"), (10, "killed"), (10, "SIGTERM"), (12, "STOPPED")],
    ),
    "after_start: an end of the child ends it before the next start": (
        lambda: up(slow="after_start").exit(BAD).at(11),
        [(10, "EXITED"), (10, "killed"), (10, "STARTING"), (11, "RUNNING"), (11, "after_start")],
    ),
    "before_stop: the stop signal waits for it": (
        lambda: up(slow="before_stop").stop().at(30).done().at(32).exit(OK),
        [(10, "STOPPING"), (10, "before_stop"), (30, "SIGTERM"), (32, "STOPPED")],
    ),
    "before_stop: the stop goes on when it fails or takes too long": (
        lambda: up(slow="before_stop").stop().at(45).exit(OK),
        [(10, "STOPPING"), (10, "before_stop"), (40, "SIGTERM"), (45, "STOPPED")],
    ),
    "before_stop: after_start is over before it begins, then the stop command, then signals": (
        lambda: up("before_stop", "stop_command", slow="after_start", stopwaitsecs=10).stop().at(22).exit(OK),
        [
            (10, "STOPPING"), (10, "killed"), (10, "before_stop"), (10, "stop_command"), (20, "SIGTERM"),
            (22, "STOPPED"),
        ],
    ),
    "before_stop: if the child ends meanwhile there is nothing to stop any more": (
        lambda: up("after_stop", slow="before_stop").stop().at(12).exit(OK).at(15).done().at(99),
        [(10, "STOPPING"), (10, "before_stop"), (12, "STOPPED"), (15, "after_stop")],
    ),
    "after_stop: it comes after every end, and before any start": (
        lambda: up(slow="after_stop").exit(BAD).at(15).done().at(17),
        [(10, "EXITED"), (10, "after_stop"), (15, "STARTING"), (16, "RUNNING")],
    ),
    "after_stop: a failed start that had a child counts as an end": (
        lambda: hooked("after_stop").start().at(0.5).exit(BAD).at(1.5),
        [(0, "STARTING"), (0.5, "BACKOFF"), (0.5, "after_stop"), (1.5, "STARTING")],
    ),
    "after_stop: where no child was born there is nothing to clean": (
        lambda: hooked("after_stop", spawns=False, startretries=0).start().at(9),
        [(0, "STARTING"), (0, "BACKOFF"), (0, "FATAL")],
    ),
    "after_stop: a try that is due waits for it": (
        lambda: hooked(slow="after_stop").start().at(0.5).exit(BAD).at(9).done().at(10),
        [(0, "STARTING"), (0.5, "BACKOFF"), (0.5, "after_stop"), (9, "STARTING"), (10, "RUNNING")],
    ),
    "after_stop: a start that is asked for waits for it, and a stop calls that off": (
        lambda: up(slow="after_stop").stop().at(11).exit(OK).start().at(12).stop().at(20).done().at(60),
        [(10, "STOPPING"), (10, "SIGTERM"), (11, "STOPPED"), (11, "after_stop")],
    ),
    "after_stop: before_start comes after it": (
        lambda: up("before_start", slow="after_stop", autorestart=Autorestart.ALWAYS).exit(OK).at(15).done().at(16),
        [(10, "EXITED"), (10, "after_stop"), (15, "STARTING"), (15, "before_start"), (16, "RUNNING")],
    ),
    "after_stop: nothing starts afterwards while the daemon goes down": (
        lambda: up(slow="after_stop").exit(BAD).go_down().at(15).feed(ErrandDone()).at(60),
        [(10, "EXITED"), (10, "after_stop")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", STORIES)
def test_story(title: str) -> None:
    play, expected = STORIES[title]

    assert play().story == expected


@given(
    policy=st.builds(
        Policy,
        stop_sequence=st.lists(st.tuples(st.sampled_from([TERM, INT, KILL]), st.floats(0, 100)), max_size=4).map(tuple),
        stopwaitsecs=st.integers(0, 20),
        hook_timeout=st.floats(1, 100),
        **{moment.value: st.sampled_from([None, "x"]) for moment in Moment},
    ),
    answers=st.lists(st.sampled_from(["", "exit status 1", None])).map(iter),
    began=st.floats(0, 30),
)
def test_every_stop_comes_to_sigkill_in_time(policy: Policy, answers: Iterator[str | None], began: float) -> None:
    """Whatever the hooks answer (None: nothing until their time is over): no stop is longer than all its times."""
    bench = Hooked(slow=" ".join(Moment))
    bench.policy = replace(policy, before_start=None)
    bench.start()
    bench.at(began)
    plan = stages(policy)
    longest = sum(seconds(stage, policy) if isinstance(stage, Moment) else stage.seconds for stage in plan)

    bench.stop()
    while bench.state.stage <= len(plan):
        answer = next(answers, None) if bench.state.errand is not None else None
        if answer is not None:
            bench.done(answer)
        else:
            errand, deadline = bench.state.errand, bench.state.deadline
            bench.at(min(moment for moment in (errand and errand.until, deadline) if moment is not None))

    assert bench.now <= began + longest + 0.001
    assert (bench.now, "SIGKILL") in bench.story


def test_before_stop_does_not_begin_before_after_start_is_gone() -> None:
    bench = up("before_stop", slow="after_start")
    bench.lingers = True

    bench.stop().at(12)
    assert bench.story == [(10, "STOPPING"), (10, "killed")]
    bench.done("ended")

    assert bench.story[2:] == [(12, "before_stop"), (12, "SIGTERM")]


def test_an_errand_is_told_to_end_once() -> None:
    bench = up(slow="stop_command", stop_sequence=FIRM)
    bench.lingers = True

    bench.stop()
    bench.feed(Tick())
    for moment in (20, 30, 35):
        bench.now = moment
        bench.feed(Tick())

    assert [word for _, word in bench.story].count("killed") == 1
    assert bench.story[-1] == (35, "SIGKILL")


def test_each_step_says_which_one_it_is() -> None:
    bench = up(stop_sequence=FIRM[:2], slow="before_stop")
    told = []

    bench.stop()
    for moment in (10, 40, 50, 55, 65):
        bench.at(moment)
        told.append(describe(bench.state, bench.policy))

    assert told == [
        "step 1 of 3: before_stop is running",
        "step 2 of 3: SIGTERM sent",
        "step 3 of 3: SIGINT sent",
        "SIGKILL sent after all 3 steps",
        "SIGKILL sent after all 3 steps",
    ]


def test_a_single_signal_is_not_commented() -> None:
    bench = up().stop()

    assert not describe(bench.state, bench.policy)
    assert not describe(bench.at(99).state, bench.policy)


def test_sigkill_in_a_sequence_is_for_the_group_if_the_last_one_is() -> None:
    bench = up(stop_sequence=FIRM, killasgroup=True)
    sent: list[object] = []
    carry_out = bench.carry_out
    bench.carry_out = lambda effect: sent.append(effect) or carry_out(effect)  # type: ignore[method-assign, func-returns-value]

    bench.stop().at(26)

    groups = [effect.to_group for effect in sent if hasattr(effect, "to_group")]
    assert groups == [False, False, True]


def test_why_a_hook_failed_is_told() -> None:
    bench = up(slow="before_stop")
    remarks: list[str] = []
    carry_out = bench.carry_out

    def listen(effect: Effect) -> list[Event]:
        if isinstance(effect, Remark):
            remarks.append(effect.text)
        return carry_out(effect)

    bench.carry_out = listen  # type: ignore[method-assign]
    bench.stop().at(12)
    bench.done("exit status 3")

    assert remarks == [
        "step 1 of 2: before_stop is running", "before_stop failed: exit status 3", "step 2 of 2: SIGTERM sent",
    ]  # fmt: skip


def test_a_failed_before_start_says_so() -> None:
    bench = hooked(slow="before_start")

    bench.start().at(2)
    bench.done("exit status 1")

    assert bench.state.phase is Phase.BACKOFF
    assert bench.state.spawn_error == "before_start failed: exit status 1"


def test_after_stop_knows_the_child_and_whether_its_end_was_asked_for() -> None:
    asked, by_itself = up(slow="after_stop"), up(slow="after_stop")

    asked.stop().exit(OK)
    by_itself.exit(OK)

    assert asked.state.errand is not None
    assert by_itself.state.errand is not None
    assert (asked.state.errand.pid, asked.state.errand.asked) == (1, True)
    assert (by_itself.state.errand.pid, by_itself.state.errand.asked) == (1, False)


def test_what_nobody_uses_costs_nothing() -> None:
    bench = hooked()

    bench.start().at(5).stop()

    assert bench.state.errand is None
    assert not Policy().stop_sequence


@pytest.mark.parametrize("event", [Tick(), StartRequested(), BecameReady(), ErrandDone()])
def test_an_answer_that_nobody_waits_for_changes_nothing(event: Event) -> None:
    bench = up()
    before = bench.state

    bench.feed(event)

    assert bench.state == before
