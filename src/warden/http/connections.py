"""Who is connected: how many, since when without a request, and who has to go when too many come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

MAX_CONNECTIONS = 256  # of all servers together; each costs a descriptor that programs need too
FIRST_REQUEST_SECONDS = 60.0


class Connection:
    """One client; ``ended`` once it is gone or has to go."""

    def __init__(self, transport: asyncio.Transport, deadline: asyncio.TimerHandle) -> None:
        self.ended = False
        self._transport = transport
        self._deadline = deadline
        self._on_end: Callable[[], None] | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the client follows something that has no end."""
        return self._on_end is not None

    def on_end(self, callback: Callable[[], None] | None) -> None:
        """Call ``callback`` when the client is gone or has to go; there is one at a time."""
        self._on_end = callback

    def end(self) -> None:
        """Tell who serves this client to stop."""
        self.ended = True
        self._deadline.cancel()
        if self._on_end is not None:
            self._on_end()

    def has_asked(self) -> None:
        """Note the first complete request: the client is not one that only keeps us waiting."""
        self._deadline.cancel()

    def make_room(self) -> None:
        """Go for the sake of somebody else: a stream that is read ends by its own rules, so that nobody resumes it."""
        if not self.is_stream or self._transport.get_write_buffer_size():
            self.abort()

    def abort(self) -> None:
        """Drop the client at once; what is not sent yet is lost."""
        self._transport.abort()


class Connections:
    """All clients by a key of their own.

    A client that has not sent a complete request for a minute after connecting is
    dropped.  Afterwards it may be silent for as long as it likes, since listeners
    keep a connection from one hour's event to the next; but when too many are
    connected, the one that is silent for longest is dropped in favour of the new one,
    and the oldest stream if nobody is silent: streams must not lock out who gives orders.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._all: dict[Hashable, Connection] = {}
        self._silent: dict[Hashable, None] = {}  # in order of their last word

    def opened(self, key: Hashable, transport: asyncio.Transport) -> None:
        """Take in a new client, or drop it if all others are busy."""
        if len(self._all) >= MAX_CONNECTIONS:
            dispensable = next(iter(self._silent), None)
            if dispensable is None:
                dispensable = self._oldest_stream()
            if dispensable is None:
                transport.abort()
                return
            self._all[dispensable].make_room()
            self.closed(dispensable)
        self._all[key] = Connection(transport, self._loop.call_later(FIRST_REQUEST_SECONDS, transport.abort))
        self._silent[key] = None

    def _oldest_stream(self) -> Hashable | None:
        return next((key for key, connection in self._all.items() if connection.is_stream), None)

    def closed(self, key: Hashable) -> None:
        """Forget a client."""
        self._silent.pop(key, None)
        if (connection := self._all.pop(key, None)) is not None:
            connection.end()

    def asking(self, key: Hashable) -> Connection | None:
        """Return the client whose request is served now, None if it is gone already."""
        self._silent.pop(key, None)
        if (connection := self._all.get(key)) is not None:
            connection.has_asked()
        return connection

    def answered(self, key: Hashable) -> None:
        """Note that the client is silent again."""
        if key in self._all:
            self._silent[key] = None

    def end_all(self, *, resumed: bool = False) -> None:
        """Tell everybody who serves a client to stop; streams that are ``resumed`` elsewhere break off."""
        for connection in tuple(self._all.values()):
            if resumed and connection.is_stream:
                connection.abort()
            connection.end()

    def abort_all(self) -> None:
        """Drop all clients."""
        for connection in tuple(self._all.values()):
            connection.abort()
