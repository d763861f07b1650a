"""Readiness and health as stories in virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from warden.process.health import (
    Ail,
    Beat,
    CheckFailed,
    CheckHealth,
    CheckPassed,
    Due,
    Extended,
    Finding,
    NotReady,
    Ready,
    Rules,
    Said,
    Treatment,
    Tripped,
    TryReady,
    begin,
    observe,
)
from warden.words import Health


class Bench:
    """One child; probes and checks answer at once with what ``answer`` says."""

    def __init__(self, rules: Rules, answer: Finding | None = None) -> None:
        self.rules, self.answer = rules, answer
        self.now = 100.0
        self.vitals = begin(self.now, rules)
        self.story: list[tuple[float, str]] = []

    def hear(self, finding: Finding) -> None:
        inbox = [finding]
        while inbox:
            self.vitals, treatments = observe(self.vitals, inbox.pop(0), self.now, self.rules)
            for treatment in treatments:
                self.tell(treatment)
                if self.answer is not None and not isinstance(treatment, Ail):
                    inbox.append(self.answer)

    def tell(self, treatment: Treatment) -> None:
        text = treatment.reason if isinstance(treatment, Ail) else type(treatment).__name__
        self.story.append((round(self.now - 100, 3), text))

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.vitals.deadline is not None and self.vitals.deadline <= end:
            self.now = max(self.now, self.vitals.deadline)
            self.hear(Due())
        self.now = end


def test_a_ready_probe_is_tried_at_once_then_less_and_less_often() -> None:
    bench = Bench(Rules(tells=True, asked=True), NotReady("connection refused"))

    bench.pass_time(4)

    assert [at for at, _ in bench.story] == [0, 0.05, 0.15, 0.35, 0.75, 1.55, 2.55, 3.55]
    assert not bench.vitals.ready
    assert bench.vitals.trouble == "connection refused"


def test_what_is_ready_is_not_probed_again() -> None:
    bench = Bench(Rules(tells=True, asked=True), Ready())

    bench.pass_time(1000)

    assert bench.story == [(0, "TryReady")]
    assert bench.vitals.ready
    assert bench.vitals.deadline is None, "no wake-ups"


def test_what_tells_itself_needs_no_timer() -> None:
    bench = Bench(Rules(tells=True))

    assert bench.vitals.deadline is None
    bench.hear(Said("loading"))
    bench.hear(Ready())
    assert (bench.vitals.ready, bench.vitals.said) == (True, "loading")
    bench.hear(NotReady("reloading"))
    assert (bench.vitals.ready, bench.vitals.trouble) == (False, "reloading")
    bench.hear(Ready())
    assert (bench.vitals.ready, bench.vitals.trouble) == (True, "")


def test_who_is_not_ready_in_time_is_unhealthy_until_it_is() -> None:
    bench = Bench(Rules(tells=True, asked=True, ready_timeout=1), NotReady("connection refused"))

    bench.pass_time(1)
    assert bench.story[-1] == (1, "not ready within 1 s: connection refused")
    assert bench.vitals.health is Health.UNHEALTHY

    bench.answer = Ready()
    bench.pass_time(1)
    assert (bench.vitals.ready, bench.vitals.health) == (True, Health.UNKNOWN)


def test_health_is_lost_after_retries_failures_in_a_row_and_told_once() -> None:
    bench = Bench(Rules(interval=10, retries=3), CheckFailed("HTTP status 503"))

    bench.pass_time(50)

    assert bench.story == [
        *((at, "CheckHealth") for at in (10, 20, 30)),
        (30, "healthcheck failed 3 times in a row: HTTP status 503"),
        *((at, "CheckHealth") for at in (40, 50)),
    ]


def test_one_good_check_in_between_begins_the_count_again() -> None:
    bench = Bench(Rules(interval=10, retries=2))

    for finding in (CheckFailed("x"), CheckPassed(), CheckFailed("x"), CheckPassed()):
        bench.hear(finding)

    assert bench.story == []
    assert (bench.vitals.health, bench.vitals.failures) == (Health.HEALTHY, 0)


def test_failures_in_the_start_period_do_not_count_and_are_looked_at_again_soon() -> None:
    bench = Bench(Rules(interval=10, retries=1, start_period=3), CheckFailed("connection refused"))

    bench.pass_time(3.5)

    assert bench.story == [
        *((at, "CheckHealth") for at in (0, 1, 2, 3)),
        (3, "healthcheck failed once: connection refused"),
    ]


def test_checks_begin_when_the_program_is_ready() -> None:
    bench = Bench(Rules(tells=True, interval=10, retries=1))

    bench.pass_time(60)
    assert bench.story == []
    bench.hear(Ready())
    bench.pass_time(0)
    assert bench.story == [(60, "CheckHealth")]


def test_a_watchdog_that_is_fed_stays_quiet_and_bites_once_when_it_is_not() -> None:
    bench = Bench(Rules(watchdog=5))

    for _ in range(10):
        bench.pass_time(4)
        bench.hear(Beat())
    assert (bench.vitals.health, bench.story) == (Health.HEALTHY, [])
    bench.pass_time(100)
    assert bench.story == [(45, "no WATCHDOG=1 for 5 s")]
    bench.hear(Beat())
    assert bench.vitals.health is Health.HEALTHY


def test_a_watchdog_waits_for_readiness() -> None:
    bench = Bench(Rules(tells=True, watchdog=5))

    bench.hear(Beat())
    bench.pass_time(60)
    assert bench.story == []
    bench.hear(Ready())
    bench.pass_time(6)
    assert bench.story == [(65, "no WATCHDOG=1 for 5 s")]


def test_the_program_may_change_the_interval_and_ask_for_help() -> None:
    bench = Bench(Rules(watchdog=5))

    bench.hear(Beat(every=20))
    bench.pass_time(19)
    assert bench.story == []
    bench.hear(Tripped())
    assert bench.story == [(19, "it asks for help (WATCHDOG=trigger)")]


def test_who_asks_for_patience_gets_it_for_becoming_ready_and_for_the_next_sign_of_life() -> None:
    bench = Bench(Rules(tells=True, ready_timeout=10, watchdog=5))

    bench.pass_time(8)
    bench.hear(Extended(20))
    bench.pass_time(19)
    bench.hear(Ready())
    bench.pass_time(4)
    bench.hear(Extended(30))
    bench.pass_time(29)
    assert bench.story == []
    bench.hear(Beat())
    bench.pass_time(6)
    assert bench.story == [(65, "no WATCHDOG=1 for 5 s")]


def test_patience_is_never_shortened_and_where_there_is_no_limit_none_begins() -> None:
    bench = Bench(Rules(tells=True, ready_timeout=10))

    bench.hear(Extended(1))
    bench.pass_time(9)
    assert bench.story == []
    bench.hear(Ready())
    bench.hear(Extended(1))
    bench.pass_time(60)
    assert bench.story == []


FINDINGS: list[Finding] = [
    *(
        Ready(),
        NotReady("no"),
        CheckPassed(),
        CheckFailed("bad"),
        Beat(),
        Beat(3),
        Tripped(),
        Said("x"),
        Extended(2),
        Due(),
    )
]


@given(
    st.builds(
        Rules,
        tells=st.booleans(),
        asked=st.booleans(),
        ready_timeout=st.sampled_from([0, 2]),
        interval=st.sampled_from([0, 1]),
        retries=st.integers(1, 3),
        start_period=st.sampled_from([0, 2]),
        watchdog=st.sampled_from([0, 2]),
    ),
    st.lists(st.tuples(st.sampled_from(FINDINGS), st.floats(0, 3)), max_size=40),
)
def test_in_any_order_a_due_deadline_moves_and_an_illness_is_told_when_it_begins(
    rules: Rules, script: list[tuple[Finding, float]]
) -> None:
    now = 100.0
    vitals = begin(now, rules)
    for finding, pause in script:
        now += pause
        before = vitals
        vitals, treatments = observe(before, finding, now, rules)
        ails = [treatment for treatment in treatments if isinstance(treatment, Ail)]
        assert len(ails) == (vitals.health is Health.UNHEALTHY and before.health is not Health.UNHEALTHY)
        if isinstance(finding, Due):
            assert vitals.deadline is None or vitals.deadline > now, "no busy loop"
        assert TryReady() not in treatments or isinstance(finding, Due)
        assert CheckHealth() not in treatments or isinstance(finding, Due)
