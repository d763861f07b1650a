"""The event listener protocol as a pure machine: what one listener says, and the words it is told."""

from __future__ import annotations

import enum
from typing import assert_never

from warden.events.types import Event, name_of
from warden.frozen import frozen

READY_LINE = b"READY\n"
RESULT_WORD = b"RESULT "
OK_RESULT = b"RESULT 2\nOK"  # what nearly everybody says
MAX_LINE_BYTES = 256  # a result line is 30 bytes when it announces the longest result there can be
MAX_RESULT_BYTES = 1024 * 1024  # results are a word; a result handler of one's own may want more


class ListenerState(enum.IntEnum):
    """Where a listener is in its conversation; names are logged, numbers known to plugins."""

    READY = 10
    BUSY = 20
    ACKNOWLEDGED = 30
    UNKNOWN = 40


@frozen
class Ready:
    """The listener can be sent an event."""


@frozen
class Result:
    """The listener's judgement of the event it was sent."""

    data: bytes


@frozen
class Violation:
    """The listener broke the protocol; ``line`` is the result line that cannot be understood, if it was one."""

    line: bytes | None = None


class Conversation:
    """What one listener says, from its spawn to its end.

    | state        | input on stdout                   | outcome                |
    |--------------|-----------------------------------|------------------------|
    | ACKNOWLEDGED | ``READY`` LF                      | Ready, now READY       |
    | ACKNOWLEDGED | six other bytes                   | Violation, now UNKNOWN |
    | READY        | anything                          | Violation, now UNKNOWN |
    | BUSY         | ``RESULT N`` LF and N bytes       | Result, ACKNOWLEDGED   |
    | BUSY         | another line, N < 0, or too long  | Violation, now UNKNOWN |
    | UNKNOWN      | anything                          | discarded              |

    Where the input is cut does not matter.  What is kept is bounded by
    MAX_LINE_BYTES, MAX_RESULT_BYTES and the size of one chunk.
    """

    def __init__(self) -> None:
        self.state = ListenerState.ACKNOWLEDGED
        self._heard = bytearray()
        self._result_bytes: int | None = None  # set between a result line and the end of its data

    @property
    def heard(self) -> tuple[bytes, int | None]:
        """What was said and is not understood yet, and how long the result is that has begun."""
        return bytes(self._heard), self._result_bytes

    def resume(self, state: ListenerState, heard: bytes, result_bytes: int | None) -> None:
        """Go on where another conversation with the same listener stood."""
        self.state, self._result_bytes = state, result_bytes
        self._heard[:] = heard

    def feed(self, chunk: bytes) -> None:
        """Take in output of the listener; ask ``next_outcome`` until there is none."""
        if self.state is not ListenerState.UNKNOWN:
            self._heard += chunk

    def next_outcome(self) -> Ready | Result | Violation | None:
        """Return what the listener said next, None if that is not complete."""
        match self.state:
            case ListenerState.ACKNOWLEDGED:
                return self._expect_ready()
            case ListenerState.READY:
                return self._violate() if self._heard else None
            case ListenerState.BUSY:
                return self._expect_result()
            case ListenerState.UNKNOWN:
                return None
            case _:
                assert_never(self.state)

    def sent(self) -> None:
        """Note that the listener was sent an event."""
        self.state = ListenerState.BUSY

    def distrust(self) -> None:
        """Listen no more, until the process is restarted."""
        self.state = ListenerState.UNKNOWN
        self._heard.clear()

    def _expect_ready(self) -> Ready | Violation | None:
        if len(self._heard) < len(READY_LINE):
            return None
        if self._take(len(READY_LINE)) != READY_LINE:
            return self._violate()
        self.state = ListenerState.READY
        return Ready()

    def _expect_result(self) -> Result | Violation | None:
        if self._result_bytes is None:
            if self._heard.startswith(OK_RESULT):
                self._take(len(OK_RESULT))
                self.state = ListenerState.ACKNOWLEDGED
                return Result(b"OK")
            end = self._heard.find(b"\n", 0, MAX_LINE_BYTES)
            if end < 0:
                return self._violate(bytes(self._heard)) if len(self._heard) >= MAX_LINE_BYTES else None
            line = self._take(end + 1)[:-1]
            self._result_bytes = _announced_bytes(line)
            if self._result_bytes is None:
                return self._violate(line)
        if len(self._heard) < self._result_bytes:
            return None
        data = self._take(self._result_bytes)
        self._result_bytes = None
        self.state = ListenerState.ACKNOWLEDGED
        return Result(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._heard[:size])
        del self._heard[:size]
        return taken

    def _violate(self, line: bytes | None = None) -> Violation:
        self.distrust()
        return Violation(line if line is None else line[:MAX_LINE_BYTES])


def _announced_bytes(line: bytes) -> int | None:
    """Return N of ``RESULT N``, None for any other line; white space around N is allowed, as in Supervisor."""
    if not line.startswith(RESULT_WORD):
        return None
    try:
        size = int(line[len(RESULT_WORD) :])
    except ValueError:
        return None
    return size if 0 <= size <= MAX_RESULT_BYTES else None


@frozen(kw_only=True)
class Dialect:
    """How a pool wants its payloads.

    ``facts`` are added at the end of those that have some.  ``text`` is for
    listeners that read characters: ``len`` counts these, and bytes that are not
    UTF-8 are described, as Supervisor does; else they are sent as they are and
    ``len`` counts bytes, as Supervisor's manual says.
    """

    facts: bool = False
    text: bool = False


def envelope(
    event: Event, *, server: str, serial: int, pool: str, poolserial: int, dialect: Dialect | None = None
) -> bytes:
    """Return the header line and the body of one event as they are sent."""
    dialect = dialect or Dialect()
    body = event.payload().encode(errors="backslashreplace") if dialect.text else event.body()
    if dialect.facts and (facts := event.facts()):
        body += f" {facts}".encode()
    length = len(body.decode()) if dialect.text else len(body)
    head = (
        f"ver:3.0 server:{server} serial:{serial} pool:{pool} poolserial:{poolserial}"
        f" eventname:{name_of(type(event))} len:{length}\n"
    )
    return head.encode(errors="backslashreplace") + body
