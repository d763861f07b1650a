"""The listener protocol: every row of the table, whatever the chunk borders, whatever the input."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.events.listener import (
    MAX_LINE_BYTES,
    MAX_RESULT_BYTES,
    Conversation,
    Dialect,
    ListenerState,
    Ready,
    Result,
    Violation,
    envelope,
)
from warden.events.types import (
    Event,
    ProcessCommunicationStdoutEvent,
    ProcessLogStdoutEvent,
    ProcessStateExitedEvent,
    RemoteCommunicationEvent,
    SupervisorRunningEvent,
    Tick5Event,
)
from warden.words import ExitStatus, Phase

ACKNOWLEDGED, READY, BUSY, UNKNOWN = (
    ListenerState.ACKNOWLEDGED,
    ListenerState.READY,
    ListenerState.BUSY,
    ListenerState.UNKNOWN,
)
NOT_TEXT = ProcessCommunicationStdoutEvent(processname="p", groupname="g", pid=7, data=b"\xffabc\xc3\xa9\r\n")
CRASHED = ProcessStateExitedEvent(
    processname="p",
    groupname="g",
    from_state=Phase.RUNNING,
    pid=7,
    expected=False,
    exitstatus=ExitStatus(signum=11),
    cause="exit",
)
CRASHED_PAYLOAD = b"processname:p groupname:g from_state:RUNNING expected:0 pid:7"
Outcomes = list[Ready | Result | Violation]


def in_state(state: ListenerState) -> Conversation:
    conversation = Conversation()
    if state in (READY, BUSY):
        assert hear(conversation, [b"READY\n"]) == [Ready()]
    if state is BUSY:
        conversation.sent()
    if state is UNKNOWN:
        conversation.distrust()
    return conversation


def hear(conversation: Conversation, chunks: Iterable[bytes], answer: bool = False) -> Outcomes:
    """Feed all chunks; with ``answer`` every READY is sent an event at once."""
    outcomes: Outcomes = []
    for chunk in chunks:
        conversation.feed(chunk)
        while (outcome := conversation.next_outcome()) is not None:
            outcomes.append(outcome)
            if answer and isinstance(outcome, Ready):
                conversation.sent()
    return outcomes


@pytest.mark.parametrize(
    ("state", "said", "outcomes", "after"),
    [
        (ACKNOWLEDGED, b"", [], ACKNOWLEDGED),
        (ACKNOWLEDGED, b"READY", [], ACKNOWLEDGED),
        (ACKNOWLEDGED, b"junk", [], ACKNOWLEDGED),
        (ACKNOWLEDGED, b"READY\n", [Ready()], READY),
        (ACKNOWLEDGED, b"READY\r\n", [Violation()], UNKNOWN),
        (ACKNOWLEDGED, b"\nREADY\n", [Violation()], UNKNOWN),
        (ACKNOWLEDGED, b"ready\n", [Violation()], UNKNOWN),
        (ACKNOWLEDGED, b"READY\nREADY\n", [Ready(), Violation()], UNKNOWN),
        (READY, b"\n", [Violation()], UNKNOWN),
        (READY, b"RESULT 2\nOK", [Violation()], UNKNOWN),
        (BUSY, b"RESULT 2", [], BUSY),
        (BUSY, b"RESULT 2\nO", [], BUSY),
        (BUSY, b"RESULT 2\nOK", [Result(b"OK")], ACKNOWLEDGED),
        (BUSY, b"RESULT 2\nOKREADY\n", [Result(b"OK"), Ready()], READY),
        (BUSY, b"RESULT 4\nFAIL", [Result(b"FAIL")], ACKNOWLEDGED),
        (BUSY, b"RESULT 2\r\nOK", [Result(b"OK")], ACKNOWLEDGED),
        (BUSY, b"RESULT 0\n", [Result(b"")], ACKNOWLEDGED),
        (BUSY, b"RESULT 3\n\n\xff\0", [Result(b"\n\xff\0")], ACKNOWLEDGED),
        (BUSY, b"RESULT -1\nOK", [Violation(b"RESULT -1")], UNKNOWN),
        (BUSY, b"RESULT x\nOK", [Violation(b"RESULT x")], UNKNOWN),
        (BUSY, b"RESULT \n", [Violation(b"RESULT ")], UNKNOWN),
        (BUSY, b"RESULTS2\nOK", [Violation(b"RESULTS2")], UNKNOWN),
        (BUSY, b"\n", [Violation(b"")], UNKNOWN),
        (BUSY, b"x" * (MAX_LINE_BYTES - 1), [], BUSY),
        (BUSY, b"x" * (MAX_LINE_BYTES + 1), [Violation(b"x" * MAX_LINE_BYTES)], UNKNOWN),
        (BUSY, b"RESULT %d\n" % MAX_RESULT_BYTES, [], BUSY),
        (BUSY, b"RESULT %d\n" % (MAX_RESULT_BYTES + 1), [Violation(b"RESULT %d" % (MAX_RESULT_BYTES + 1))], UNKNOWN),
        (UNKNOWN, b"READY\n", [], UNKNOWN),
    ],
)
def test_row(state: ListenerState, said: bytes, outcomes: Outcomes, after: ListenerState) -> None:
    conversation = in_state(state)

    assert hear(conversation, [said]) == outcomes
    assert conversation.state is after


def test_after_a_violation_nothing_is_heard_any_more() -> None:
    conversation = in_state(READY)

    assert hear(conversation, [b"x", b"READY\n", b"RESULT 2\nOK"]) == [Violation()]


words = st.sampled_from(
    [b"READY\n", b"RESULT 2\nOK", b"RESULT 4\nFAIL", b"RESULT 0\n", b"RESULT ", b"12\n", b"-", b"\n", b"REA", b"x" * 99]
)
streams = st.lists(words | st.binary(max_size=12), max_size=20).map(b"".join)
mostly_correct = st.lists(st.just(b"READY\nRESULT 2\nOK"), max_size=5).map(b"".join)


@given(mostly_correct, streams, st.data())
def test_chunk_borders_do_not_matter(good: bytes, rest: bytes, data: st.DataObject) -> None:
    text = good + rest
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    edges = [0, *cuts, len(text)]
    chunks = [text[a:b] for a, b in itertools.pairwise(edges)]
    whole, pieces = Conversation(), Conversation()

    assert hear(pieces, chunks, answer=True) == hear(whole, [text], answer=True)
    assert pieces.state is whole.state


@pytest.mark.parametrize(
    ("event", "wire"),
    [
        (Tick5Event(1795219185), b"eventname:TICK_5 len:15\nwhen:1795219185"),
        (SupervisorRunningEvent(), b"eventname:SUPERVISOR_STATE_CHANGE_RUNNING len:0\n"),
        (Event(), b"eventname:EVENT len:0\n"),
        (
            ProcessLogStdoutEvent(processname="p", groupname="g", pid=7, data="é\n".encode()),
            b"eventname:PROCESS_LOG_STDOUT len:50\nprocessname:p groupname:g pid:7 channel:stdout\n\xc3\xa9\n",
        ),
    ],
)
def test_the_envelope_has_its_keys_in_order_and_counts_bytes(event: Event, wire: bytes) -> None:
    sent = envelope(event, server="supervisor", serial=90, pool="mypool", poolserial=7)

    assert sent == b"ver:3.0 server:supervisor serial:90 pool:mypool poolserial:7 " + wire


@pytest.mark.parametrize(
    ("event", "dialect", "wire"),
    [
        (RemoteCommunicationEvent("t", "é☃"), Dialect(), b" len:12\ntype:t\n\xc3\xa9\xe2\x98\x83"),
        (RemoteCommunicationEvent("t", "é☃"), Dialect(text=True), b" len:9\ntype:t\n\xc3\xa9\xe2\x98\x83"),
        (NOT_TEXT, Dialect(), b" len:40\nprocessname:p groupname:g pid:7\n\xffabc\xc3\xa9\r\n"),
        (
            NOT_TEXT,
            Dialect(text=True),
            b" len:67\nprocessname:p groupname:g pid:7\nUndecodable: b'\\xffabc\\xc3\\xa9\\r\\n'",
        ),
        (CRASHED, Dialect(), b" len:61\n" + CRASHED_PAYLOAD),
        (CRASHED, Dialect(facts=True), b" len:99\n" + CRASHED_PAYLOAD + b" signal:SIGSEGV requested:0 cause:exit"),
        (Tick5Event(5), Dialect(facts=True), b" len:6\nwhen:5"),
    ],
)
def test_a_pool_chooses_what_its_payloads_are_like(event: Event, dialect: Dialect, wire: bytes) -> None:
    sent = envelope(event, server="s", serial=1, pool="p", poolserial=2, dialect=dialect)

    assert sent.endswith(wire)


def test_a_type_without_a_name_is_sent_as_none() -> None:
    class Nameless(Event):
        pass

    assert b" eventname:None len:0\n" in envelope(Nameless(), server="s", serial=0, pool="p", poolserial=0)
