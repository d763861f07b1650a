"""The listener's side of the conversation, over streams of text and of bytes."""

from __future__ import annotations

import io
import sys

import pytest

from supervisor import childutils

EVENT = "ver:3.0 server:supervisor serial:1 pool:p poolserial:1 eventname:TICK_5 len:{}\n{}"


def wired(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


@pytest.mark.parametrize(
    "payload", ["when:5", "a:b\nüber", "", "x" * 10_000], ids=["plain", "not ascii", "none", "long"]
)
def test_len_counts_bytes_of_a_real_standard_input(payload: str) -> None:
    data = EVENT.format(len(payload.encode()), payload).encode()
    stdin, stdout = wired(data * 2), io.StringIO()

    first = childutils.listener.wait(stdin, stdout)
    second = childutils.listener.wait(stdin, stdout)

    assert first == second
    assert first[0]["eventname"] == "TICK_5"
    assert first[1] == payload
    assert stdout.getvalue() == "READY\nREADY\n"


def test_a_stream_of_text_alone_is_read_as_text() -> None:
    headers, payload = childutils.listener.wait(io.StringIO(EVENT.format(6, "when:5tail")), io.StringIO())

    assert (headers["len"], payload) == ("6", "when:5")


def test_the_end_of_the_daemon_is_an_eoferror() -> None:
    with pytest.raises(EOFError, match="closed our standard input"):
        childutils.listener.wait(wired(b""), io.StringIO())


def test_streams_are_looked_up_when_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    childutils.listener.ok()
    childutils.listener.fail()
    childutils.listener.send("ü")

    assert sys.stdout.getvalue() == "RESULT 2\nOKRESULT 4\nFAILRESULT 2\nü"


@pytest.mark.parametrize("message", ["hello", b"hello"])
@pytest.mark.parametrize("stream", [io.StringIO, io.BytesIO, lambda: wired(b"")], ids=["text", "bytes", "wrapped"])
def test_messages_can_be_sent_on_any_stream(message: str | bytes, stream: type[io.StringIO]) -> None:
    out = stream()

    childutils.pcomm.send(message, out)

    told = out.buffer.getvalue() if isinstance(out, io.TextIOWrapper) else out.getvalue()
    assert childutils.as_string(told) == "<!--XSUPERVISOR:BEGIN-->hello<!--XSUPERVISOR:END-->"
