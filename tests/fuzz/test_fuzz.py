"""Whoever reads bytes of others survives any of them, and where they are cut does not matter.

``FUZZ_COUNT=1000000 pytest tests/fuzz`` is the nightly run, CI takes a sample.  A
failure names its seed; ``FUZZ_SEED`` begins there.
"""

from __future__ import annotations

import os
import random
import re
from collections import deque
from collections.abc import Callable, Sequence

import pytest

from warden.events.effects import Effect, Judge, Send, default_verdict
from warden.events.listener import MAX_LINE_BYTES, MAX_RESULT_BYTES, Conversation, Ready
from warden.events.pool import Pool
from warden.events.types import Tick5Event
from warden.logs.capture import BEGIN, END, CaptureScanner, Message
from warden.rpc.xmlrpc import Malformed, parse
from warden.words import Phase

COUNT = int(os.environ.get("FUZZ_COUNT", "3000"))
SEED = int(os.environ["FUZZ_SEED"]) if "FUZZ_SEED" in os.environ else random.SystemRandom().getrandbits(48)

PROTOCOL = (
    b"READY\n",
    b"RESULT ",
    b"RESULT 2\nOK",
    b"RESULT 4\nFAIL",
    b"2",
    b"0",
    b"-1",
    b"999999999999",
    b"\n",
    b"\r\n",
    b"OK",
)
TOKENS = (BEGIN, END, BEGIN[:7], BEGIN[:-1], BEGIN[1:], END[:9], END[:-1], END[1:], b"<!--", b"<", b"text\n")
CALLS = (
    b"<?xml version='1.0'?><methodCall><methodName>supervisor.getState</methodName><params>",
    b"<param><value><string>web</string></value></param>",
    b"<param><value><int>7</int></value></param>",
    b"<param><value><boolean>1</boolean></value></param>",
    b"<param><value><double>1.5e308</double></value></param>",
    b"<param><value><base64>aGVsbG8=</base64></value></param>",
    b"<param><value><dateTime.iso8601>20260101T00:00:00</dateTime.iso8601></value></param>",
    b"<param><value><array><data><value><nil/></value><value>x</value></data></array></value></param>",
    b"<param><value><struct><member><name>a</name><value><i4>1</i4></value></member></struct></value></param>",
    b"</params></methodCall>",
    *(
        b"<!DOCTYPE x [<!ENTITY e 'boom'>]>",
        b"&e;",
        b"&#0;",
        b"&#xD800;",
        b"<value>",
        b"</value>",
        b"<struct>",
        b"\xff",
        b"\0",
    ),
)


def pieces(rng: random.Random, words: Sequence[bytes]) -> bytes:
    """Put words and noise together, then damage the whole a little, sometimes."""
    text = bytearray()
    for _ in range(rng.randint(0, 12)):
        text += rng.choice(words) if rng.random() < 0.85 else rng.randbytes(rng.randint(0, 6))
    for _ in range(rng.choice((0, 0, 1, 3)) if text else 0):
        place = rng.randrange(len(text))
        match rng.randrange(3):
            case 0:
                text[place] = rng.randrange(256)
            case 1:
                del text[place : place + rng.randint(1, 9)]
            case 2:
                text[place:place] = text[: rng.randint(0, 30)]
        if not text:
            break
    return bytes(text)


def cut(rng: random.Random, text: bytes) -> list[bytes]:
    edges = sorted(rng.randint(0, len(text)) for _ in range(rng.randint(0, 6)))
    return [text[a:b] for a, b in zip([0, *edges], [*edges, len(text)], strict=True)]


def protocol(rng: random.Random) -> None:
    text = pieces(rng, PROTOCOL)

    assert _converse(cut(rng, text)) == _converse([text])


def _converse(chunks: Sequence[bytes]) -> tuple[list[object], object]:
    conversation = Conversation()
    outcomes: list[object] = []
    for chunk in chunks:
        conversation.feed(chunk)
        while (outcome := conversation.next_outcome()) is not None:
            outcomes.append(outcome)
            if isinstance(outcome, Ready):
                conversation.sent()
        assert len(conversation._heard) <= max(MAX_LINE_BYTES, MAX_RESULT_BYTES)
    return outcomes, conversation.state


def pool(rng: random.Random) -> None:
    """Nothing is sent twice at a time and nothing raises, whatever two listeners say and do."""
    machine = Pool("p", "ab", [Tick5Event], buffer_size=rng.randint(1, 4), server="s")
    now, busy = 0.0, dict.fromkeys("ab", 0)

    def carry_out(effects: list[Effect]) -> None:
        inbox = deque(effects)
        while inbox:
            match inbox.popleft():
                case Send(listener):
                    busy[listener] += 1
                case Judge(listener, _, result):
                    inbox.extend(machine.judged(listener, default_verdict(result), now))

    for number in range(rng.randint(1, 5)):
        carry_out(machine.accept(Tick5Event(number), number, now))
        listener = rng.choice("ab")
        for phase in (Phase.STARTING, Phase.RUNNING) if rng.random() < 0.8 else [rng.choice(list(Phase))]:
            carry_out(machine.entered(listener, phase, now))
        for chunk in cut(rng, pieces(rng, PROTOCOL)):
            carry_out(machine.heard(listener, chunk, now))
        now += rng.random()
        carry_out(machine.due(now))
        assert machine.deadline is None or machine.deadline > now, "a busy loop"


def capture(rng: random.Random) -> None:
    text = pieces(rng, TOKENS)
    limit = rng.choice((1, 5, 1000))

    output, messages = _scan(cut(rng, text), limit)

    closed = re.findall(re.escape(BEGIN) + b"(.*?)" + re.escape(END), text, re.DOTALL)
    rest = re.sub(re.escape(BEGIN) + b".*?(" + re.escape(END) + b"|\\Z)", b"", text, flags=re.DOTALL)
    assert output == rest
    assert messages == [message[-limit:] for message in closed]
    assert (output, messages) == _scan([text], limit)


def _scan(chunks: Sequence[bytes], limit: int) -> tuple[bytes, list[bytes]]:
    scanner = CaptureScanner(limit)
    parts = [part for chunk in chunks for part in scanner.feed(chunk)]
    parts += scanner.close()
    messages = [part.data for part in parts if isinstance(part, Message)]
    return b"".join(part.data for part in parts if not isinstance(part, Message)), messages


def request(rng: random.Random) -> None:
    """A call, damaged and cut off somewhere, is read or refused; nothing else happens."""
    inside = b"".join(rng.choice(CALLS[1:9]) for _ in range(rng.randint(0, 4)))
    body = CALLS[0] + inside + CALLS[9] if rng.random() < 0.6 else pieces(rng, CALLS)
    for _ in range(rng.choice((0, 1, 1, 2))):
        place = rng.randint(0, len(body))
        body = (
            body[:place] + rng.choice((rng.choice(CALLS), rng.randbytes(2), b"")) + body[place + rng.randint(0, 20) :]
        )
    if rng.random() < 0.2:
        body = body[: rng.randint(0, len(body))]

    try:
        name, arguments = parse(body)
    except Malformed:
        return
    assert isinstance(name, str)
    assert name
    assert isinstance(arguments, list)


def trouble(target: Callable[[random.Random], None], seed: int) -> str:
    """Say how to see again what went wrong with the input of ``seed``, "" if nothing did."""
    try:
        target(random.Random(seed))
    except Exception as error:  # noqa: BLE001 - whatever it is, it was found
        return f"FUZZ_SEED={seed} FUZZ_COUNT=1 shows it: {error!r}"
    return ""


@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", [protocol, pool, capture, request], ids=lambda target: target.__name__)
def test_any_input_is_survived(target: Callable[[random.Random], None]) -> None:
    troubles = (trouble(target, SEED + number) for number in range(COUNT))
    assert next(filter(None, troubles), "") == ""
