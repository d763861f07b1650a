"""The buffer of a listener pool: order, overflow, redelivery, and listeners that misbehave."""

from __future__ import annotations

import re
from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from warden.events import serials as serials_module
from warden.events.effects import Effect, Judge, Note, Send, Verdict, default_verdict
from warden.events.listener import ListenerState
from warden.events.pool import Pool
from warden.events.serials import Serials
from warden.events.types import Tick5Event, TickEvent
from warden.words import Phase

UNKNOWN_NOTE = (
    "{}: has entered the UNKNOWN state and will no longer receive events, "
    "this usually indicates the process violated the eventlistener protocol"
)
DEAD = (Phase.STARTING, Phase.BACKOFF, Phase.STOPPED, Phase.EXITED, Phase.FATAL)


class Bench:
    """One pool; serial n carries ``Tick5Event(n)``.  Collects what is sent and noted, and judges by default."""

    def __init__(self, *listeners: str, buffer_size: int = 10, verbose: bool = True) -> None:
        self.pool = Pool(
            "pool",
            listeners or ("a",),
            [TickEvent],
            buffer_size=buffer_size,
            server="supervisor",
            verbose=verbose,
        )
        self.serials = Serials()
        self.now = 1000.0
        self.verdicts: dict[bytes, Verdict] = {}
        self.sent: list[tuple[str, int]] = []
        self.notes: list[tuple[str, str]] = []

    def carry_out(self, effects: list[Effect]) -> Bench:
        inbox = deque(effects)
        while inbox:
            match inbox.popleft():
                case Send(listener, data):
                    self.sent.append((listener, int(data.rpartition(b"when:")[2])))
                case Judge(listener, event, result):
                    assert isinstance(event, Tick5Event)
                    verdict = self.verdicts.get(result) or default_verdict(result)
                    inbox.extend(self.pool.judged(listener, verdict, self.now))
                case Note(level, text):
                    self.notes.append((level, text))
        return self

    def publish(self, count: int = 1) -> Bench:
        for _ in range(count):
            serial = self.serials.take()
            self.carry_out(self.pool.accept(Tick5Event(serial), serial, self.now))
        return self

    def entered(self, phase: Phase, listener: str = "a") -> Bench:
        return self.carry_out(self.pool.entered(listener, phase, self.now))

    def says(self, text: bytes, listener: str = "a") -> Bench:
        return self.carry_out(self.pool.heard(listener, text, self.now))

    def up(self, *listeners: str) -> Bench:
        for listener in listeners or ("a",):
            self.entered(Phase.STARTING, listener).entered(Phase.RUNNING, listener).says(b"READY\n", listener)
        return self

    def until(self, moment: float) -> Bench:
        """Let time pass; the pool is woken only at its deadlines."""
        while (deadline := self.pool.deadline) is not None and deadline <= moment:
            assert deadline > self.now, "a busy loop"
            self.now = deadline
            self.carry_out(self.pool.due(self.now))
        self.now = moment
        return self

    def state(self, listener: str = "a") -> ListenerState:
        return self.pool.listener_state(listener)


def test_events_wait_for_a_listener_that_is_running_and_ready() -> None:
    bench = Bench().entered(Phase.STARTING).publish(2).says(b"READY\n")
    assert bench.sent == []

    bench.entered(Phase.RUNNING)
    assert bench.sent == [("a", 0)]

    bench.says(b"RESULT 2\nOKREADY\n")
    assert bench.sent == [("a", 0), ("a", 1)]


def test_what_is_sent_is_the_envelope_with_serial_and_poolserial() -> None:
    bench = Bench().up()
    bench.serials.take()

    effects = bench.pool.accept(Tick5Event(5), bench.serials.take(), bench.now)

    head = b"ver:3.0 server:supervisor serial:1 pool:pool poolserial:0 eventname:TICK_5 len:6\n"
    assert effects == [Send("a", head + b"when:5"), Note("debug", "event 1 sent to listener a")]


def test_the_first_ready_listener_in_configuration_order_is_sent_the_oldest_event() -> None:
    bench = Bench("a", "b", "c").up("c", "b").publish(3)
    assert bench.sent == [("b", 0), ("c", 1)]

    bench.up("a")
    assert bench.sent[2:] == [("a", 2)]


def test_a_full_buffer_loses_its_oldest_event() -> None:
    bench = Bench(buffer_size=2).publish(4)

    assert bench.notes == [
        ("error", "pool pool event buffer overflowed, discarding event 0"),
        ("error", "pool pool event buffer overflowed, discarding event 1"),
    ]
    assert bench.pool.lost == 2
    assert bench.up().says(b"RESULT 2\nOKREADY\n").sent == [("a", 2), ("a", 3)]


def test_a_burst_of_losses_is_summed_up_in_one_line_when_it_is_over() -> None:
    bench = Bench(buffer_size=2).publish(5)
    assert (bench.pool.lost, bench.pool.deadline) == (3, 1001)

    bench.until(1001)
    assert bench.notes[3:] == [("warn", "pool pool lost 3 events (3 since it was added): its buffer of 2 was full")]
    assert bench.pool.deadline is None, "nothing to wake up for"

    bench.publish().until(1010)
    assert bench.notes[5:] == [("warn", "pool pool lost 1 event (4 since it was added): its buffer of 2 was full")]


def test_a_flood_is_summed_up_once_a_second() -> None:
    bench = Bench(buffer_size=1)
    for _ in range(300):
        bench.publish().until(bench.now + 0.01)

    assert len([text for _, text in bench.notes if "lost" in text]) in (2, 3)


def test_the_last_burst_can_be_summed_up_at_any_time() -> None:
    bench = Bench(buffer_size=1).publish(2)

    assert len(bench.pool.sum_up()) == 1
    assert bench.pool.sum_up() == []


def test_a_whole_conversation_is_noted_as_the_reference_does() -> None:
    bench = Bench().up().publish().says(b"RESULT 2\nOK")
    bench.says(b"READY\n").publish().says(b"RESULT 4\nFAIL")

    assert bench.notes == [
        ("debug", "a: ACKNOWLEDGED -> READY"),
        ("debug", "event 0 sent to listener a"),
        ("debug", "a: event was processed"),
        ("debug", "a: BUSY -> ACKNOWLEDGED"),
        ("debug", "a: ACKNOWLEDGED -> READY"),
        ("debug", "event 1 sent to listener a"),
        ("warn", "a: event was rejected"),
        ("debug", "a: BUSY -> ACKNOWLEDGED"),
        ("debug", "rebuffering event 1 for pool pool (buf size=0, max=10)"),
    ]


def test_a_rejected_event_comes_again_before_the_others_with_the_same_serials() -> None:
    bench = Bench().up().publish(2).says(b"RESULT 4\nFAILREADY\n")
    assert bench.sent == [("a", 0)], "not before its pause is over, and nothing overtakes it"

    bench.until(1001).says(b"RESULT 2\nOKREADY\n")
    assert bench.sent == [("a", 0), ("a", 0), ("a", 1)]


def test_rejected_events_keep_their_order_whoever_answers_first() -> None:
    bench = Bench("a", "b").up("a", "b").publish(3)

    bench.says(b"RESULT 4\nFAILREADY\n", "a").says(b"RESULT 4\nFAILREADY\n", "b").until(1001)

    assert bench.sent == [("a", 0), ("b", 1), ("a", 0), ("b", 1)]


def test_a_rejected_event_in_a_full_buffer_takes_the_place_of_the_oldest() -> None:
    bench = Bench(buffer_size=2).up().publish(3).says(b"RESULT 4\nFAIL")

    assert bench.notes[-2:] == [
        ("debug", "rebuffering event 0 for pool pool (buf size=2, max=2)"),
        ("error", "pool pool event buffer overflowed, discarding event 1"),
    ]
    bench.says(b"READY\n").until(1001).says(b"RESULT 2\nOKREADY\n")
    assert bench.sent == [("a", 0), ("a", 0), ("a", 2)]


def test_a_listener_that_always_fails_is_asked_less_and_less_often() -> None:
    bench = Bench().up().publish()
    asked: list[float] = []
    while bench.now < 1000 + 24 * 3600:
        bench.says(b"RESULT 4\nFAILREADY\n")
        deadline = bench.pool.deadline
        assert deadline is not None
        asked.append(deadline - bench.now)
        bench.until(deadline)

    assert asked[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert asked[-1] == pytest.approx(60)
    assert len(asked) < 1500


def test_an_event_that_waits_costs_no_wake_up_while_nobody_is_free() -> None:
    bench = Bench().up().publish().says(b"RESULT 4\nFAIL")

    assert bench.pool.deadline is None


@pytest.mark.parametrize("phase", DEAD)
def test_a_listener_that_ends_while_busy_gives_its_event_back(phase: Phase) -> None:
    bench = Bench().up().publish().entered(phase)
    assert bench.state() is ListenerState.ACKNOWLEDGED

    bench.up().until(1001)

    assert bench.sent == [("a", 0), ("a", 0)]


@pytest.mark.parametrize("phase", [Phase.STOPPING, Phase.UNKNOWN])
def test_a_listener_that_is_about_to_end_may_finish_but_gets_nothing_new(phase: Phase) -> None:
    bench = Bench().up().publish(2).entered(phase).says(b"RESULT 2\nOKREADY\n")

    assert bench.sent == [("a", 0)]
    assert bench.notes[-2:] == [("debug", "a: BUSY -> ACKNOWLEDGED"), ("debug", "a: ACKNOWLEDGED -> READY")]


def test_a_bad_result_line_makes_the_listener_unknown_until_it_is_started_again() -> None:
    bench = Bench().up().publish().says(b"RESULT x'\xc3\xa9\xff\n")

    assert bench.notes[-4:] == [
        ("warn", "a: bad result line: 'RESULT x'é\\xff'"),
        ("debug", "a: BUSY -> UNKNOWN"),
        ("warn", UNKNOWN_NOTE.format("a")),
        ("debug", "rebuffering event 0 for pool pool (buf size=0, max=10)"),
    ]
    bench.says(b"READY\n").until(2000)
    assert bench.sent == [("a", 0)]
    bench.up()
    assert bench.sent == [("a", 0), ("a", 0)]


@pytest.mark.parametrize(("before", "said", "name"), [(b"", b"READY\r\n", "ACKNOWLEDGED"), (b"READY\n", b"x", "READY")])
def test_a_violation_without_a_result_line_is_noted_without_one(before: bytes, said: bytes, name: str) -> None:
    bench = Bench().entered(Phase.STARTING).says(before)
    bench.notes.clear()

    bench.says(said)

    assert bench.notes == [("debug", f"a: {name} -> UNKNOWN"), ("warn", UNKNOWN_NOTE.format("a"))]


def test_a_handler_that_raises_makes_the_listener_unknown_and_its_ready_is_not_heard() -> None:
    bench = Bench().up().publish(2)
    bench.verdicts[b"OK"] = Verdict.FAILED

    bench.says(b"RESULT 2\nOKREADY\n").until(2000)

    assert bench.state() is ListenerState.UNKNOWN
    assert bench.sent == [("a", 0)]
    assert bench.notes[-4:] == [
        ("warn", "a: event caused an error"),
        ("debug", "a: BUSY -> UNKNOWN"),
        ("warn", UNKNOWN_NOTE.format("a")),
        ("debug", "rebuffering event 0 for pool pool (buf size=1, max=10)"),
    ]


def test_only_ok_to_the_byte_is_processed() -> None:
    assert default_verdict(b"OK") is Verdict.PROCESSED
    assert {default_verdict(result) for result in (b"FAIL", b"OK\n", b"ok", b"")} == {Verdict.REJECTED}


def test_a_listener_that_closed_its_stdin_is_sent_nothing_more_until_it_is_started_again() -> None:
    bench = Bench().up().publish()

    bench.carry_out(bench.pool.undeliverable("a", bench.now)).until(2000)

    assert bench.notes[-2:] == [
        ("debug", "epipe occurred while sending event 0 to listener a, listener state unchanged"),
        ("debug", "rebuffering event 0 for pool pool (buf size=0, max=10)"),
    ]
    assert bench.sent == [("a", 0)]
    assert bench.up().sent == [("a", 0), ("a", 0)]


def test_a_late_answer_of_a_listener_that_closed_its_stdin_changes_nothing() -> None:
    bench = Bench("a", "b").up("a").publish()
    bench.carry_out(bench.pool.undeliverable("a", bench.now))

    bench.says(b"RESULT 2\nOKREADY\n").up("b").until(1001)

    assert bench.sent == [("a", 0), ("b", 0)]


def test_a_closed_stdin_of_an_idle_listener_is_not_worth_a_note() -> None:
    bench = Bench().up()
    bench.notes.clear()

    bench.carry_out(bench.pool.undeliverable("a", bench.now)).publish()

    assert (bench.notes, bench.sent) == ([], [])


def test_a_listener_that_does_not_read_becomes_unknown_once() -> None:
    bench = Bench().up().publish()
    bench.carry_out(bench.pool.distrust("a", bench.now))
    noted = list(bench.notes)

    bench.carry_out(bench.pool.distrust("a", bench.now))

    assert noted[-3:-1] == [("debug", "a: BUSY -> UNKNOWN"), ("warn", UNKNOWN_NOTE.format("a"))]
    assert bench.notes == noted


def test_while_a_result_is_being_judged_the_listener_is_sent_nothing() -> None:
    bench = Bench().up().publish(2)

    (judge,) = bench.pool.heard("a", b"RESULT 2\nOK", bench.now)
    bench.says(b"READY\n")
    assert (judge, bench.sent) == (Judge("a", Tick5Event(0), b"OK"), [("a", 0)])

    bench.carry_out(bench.pool.judged("a", Verdict.PROCESSED, bench.now))
    assert bench.sent == [("a", 0), ("a", 1)]


def test_changes_are_told_once_and_what_came_and_is_over_meanwhile_never() -> None:
    bench = Bench(buffer_size=2).up().publish(3)
    came, waiting, over, listeners = bench.pool.take_changes()
    assert [letter.number for letter in came] == [0, 1, 2]
    assert (waiting, over, listeners) == ([], [], {"a"})

    bench.says(b"RESULT 4\nFAIL")
    came, waiting, over, listeners = bench.pool.take_changes()
    assert (came, [letter.number for letter in waiting], [letter.number for letter in over]) == ([], [0], [1])

    bench.publish(3)
    came, waiting, over, listeners = bench.pool.take_changes()
    assert [letter.number for letter in came] == [4, 5], "3 was lost before anybody asked"
    assert [letter.number for letter in over] == [0, 2]
    assert (waiting, listeners) == ([], set())


def test_who_is_not_verbose_says_nothing_of_what_every_event_brings() -> None:
    bench = Bench(verbose=False).up().publish(2).says(b"RESULT 2\nOKREADY\n").says(b"RESULT 4\nFAIL")

    assert bench.sent == [("a", 0), ("a", 1)]
    assert bench.notes[0] == ("warn", "a: event was rejected")


def test_serials_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serials_module, "SERIAL_WRAP", 3)
    serials = Serials()

    assert [serials.take() for _ in range(5)] == [0, 1, 2, 0, 1]


SAYINGS = [
    b"READY\n",
    b"RESULT 2\nOK",
    b"RESULT 4\nFAIL",
    b"RESULT 2\nOKREADY\n",
    b"RESULT 4\nFAILREADY\n",
    b"RES",
    b"x\n",
]
NAMES = ("a", "b", "c")


class Life(RuleBasedStateMachine):
    """No event is lost unnoted, none overtakes another, none is delivered more often than it came back."""

    @initialize(buffer_size=st.integers(1, 4))
    def configure(self, buffer_size: int) -> None:
        self.pool = Pool("pool", NAMES, [TickEvent], buffer_size=buffer_size, server="s")
        self.buffer_size, self.now, self.accepted = buffer_size, 0.0, 0
        self.waiting: set[int] = set()
        self.out: dict[str, int] = {}  # listener: the event it has
        self.processed: set[int] = set()
        self.lost = 0

    def carry_out(self, effects: list[Effect]) -> None:
        inbox = deque(effects)
        while inbox:
            match inbox.popleft():
                case Send(listener, data):
                    number = int(data.rpartition(b"when:")[2])
                    assert number == min(self.waiting), "the oldest first"
                    assert listener not in self.out, "one event at a time"
                    self.waiting.remove(number)
                    self.out[listener] = number
                case Judge(listener, event, result):
                    assert event == Tick5Event(self.out[listener])
                    verdict = default_verdict(result)
                    if verdict is Verdict.PROCESSED:
                        self.processed.add(self.out.pop(listener))
                    inbox.extend(self.pool.judged(listener, verdict, self.now))
                case Note(_, text):
                    self.note(text)
        assert self.pool.deadline is None or self.pool.deadline > self.now, "no busy loop"

    def note(self, text: str) -> None:
        if match := re.search(r"rebuffering event (\d+)", text):
            number = int(match[1])
            self.out = {listener: event for listener, event in self.out.items() if event != number}
            self.returned = number
            self.waiting.add(number)
        elif match := re.search(r"discarding event (\d+)", text):
            number = int(match[1])
            assert number == min(self.waiting - {self.returned}), "the oldest in the buffer is lost"
            self.waiting.remove(number)
            self.lost += 1

    @rule()
    def an_event_happens(self) -> None:
        number, self.accepted = self.accepted, self.accepted + 1
        self.returned = number  # the newcomer is not what an overflow discards
        self.waiting.add(number)
        self.carry_out(self.pool.accept(Tick5Event(number), number, self.now))

    @rule(listener=st.sampled_from(NAMES))
    def a_listener_starts_and_is_ready(self, listener: str) -> None:
        for phase in (Phase.STARTING, Phase.RUNNING):
            self.carry_out(self.pool.entered(listener, phase, self.now))
        self.carry_out(self.pool.heard(listener, b"READY\n", self.now))

    @rule(listener=st.sampled_from(NAMES), said=st.sampled_from(SAYINGS))
    def a_listener_speaks(self, listener: str, said: bytes) -> None:
        self.carry_out(self.pool.heard(listener, said, self.now))

    @rule(listener=st.sampled_from(NAMES), phase=st.sampled_from(Phase))
    def its_process_changes(self, listener: str, phase: Phase) -> None:
        self.carry_out(self.pool.entered(listener, phase, self.now))

    @rule(listener=st.sampled_from(NAMES), distrust=st.booleans())
    def it_does_not_read(self, listener: str, distrust: bool) -> None:
        self.carry_out((self.pool.distrust if distrust else self.pool.undeliverable)(listener, self.now))

    @rule(seconds=st.floats(0, 5))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.carry_out(self.pool.due(self.now))

    @invariant()
    def every_event_is_somewhere(self) -> None:
        assert len(self.waiting) <= self.buffer_size
        assert len(self.waiting) + len(self.out) + len(self.processed) + self.lost == self.accepted
        assert self.lost == self.pool.lost


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
