"""What a listener pool wants done; plain data, carried out by the daemon in order."""

from __future__ import annotations

import enum

from warden.events.types import Event
from warden.frozen import frozen


class RejectEvent(Exception):
    """Raised by a result handler: the listener could not process the event, send it again."""


class Verdict(enum.Enum):
    """What a result handler made of a result."""

    PROCESSED = enum.auto()
    REJECTED = enum.auto()
    FAILED = enum.auto()  # the handler itself raised something else


def default_verdict(result: bytes) -> Verdict:
    """Judge as the default result handler does: ``OK`` to the byte, or rejected."""
    return Verdict.PROCESSED if result == b"OK" else Verdict.REJECTED


@frozen
class Send:
    """Write ``data`` to the stdin of a listener.

    If that is impossible answer with ``Pool.undeliverable``; if too much waits
    to be written already, with ``Pool.distrust``.
    """

    listener: str
    data: bytes


@frozen
class Judge:
    """Give a result to the pool's result handler and answer with ``Pool.judged``."""

    listener: str
    event: Event
    result: bytes


@frozen
class Note:
    """A line for the activity log; ``level`` is the name of one of its methods."""

    level: str
    text: str


Effect = Send | Judge | Note
