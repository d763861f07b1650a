"""What a listener pool keeps account of: events on their way, as letters, and the listeners that get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from warden.events.listener import Conversation, ListenerState
from warden.events.types import Event
from warden.frozen import frozen
from warden.words import Phase

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 60.0  # seconds before an event that came back is sent again


@dataclass(slots=True, kw_only=True)
class Letter:
    """One event on its way through one pool."""

    event: Event
    serial: int
    number: int  # position in the pool's sequence; never wraps
    not_before: float = 0.0
    pause: float = FIRST_PAUSE  # before it is sent again if it comes back
    told: bool = False  # ``take_changes`` has told of it
    over: bool = False  # processed, or lost


class Changes(NamedTuple):
    """What is different in a pool: letters that came, that are to wait, and that are over; listeners by name."""

    came: list[Letter]
    waiting: list[Letter]
    over: list[Letter]
    listeners: set[str]


@frozen(kw_only=True)
class Standing:
    """Where a listener is: what another pool has to know to go on.  ``letter`` is the number of one."""

    phase: Phase
    state: ListenerState
    heard: bytes = b""
    result_bytes: int | None = None
    deaf: bool = False
    letter: int | None = None


@dataclass(slots=True, kw_only=True)
class Listener:
    """A listener as its pool knows it."""

    name: str
    conversation: Conversation = field(default_factory=Conversation)
    phase: Phase = Phase.STOPPED
    deaf: bool = False  # its stdin is closed: it can be sent nothing more
    letter: Letter | None = None  # what it was sent and has not answered

    @property
    def free(self) -> bool:
        """Whether it can be sent an event."""
        if self.letter is not None or self.conversation.state is not ListenerState.READY:
            return False
        return self.phase is Phase.RUNNING and not self.deaf
