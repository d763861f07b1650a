"""Who has to go when too many are connected."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from warden.http import connections
from warden.http.connections import Connections


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        self.aborted = False
        self.unsent = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    return 3


@pytest.mark.parametrize(
    ("silent", "gone"),
    [
        ({0, 1}, 0),  # who is silent for longest
        (set(), 3),  # all are busy: the new one
    ],
)
def test_one_has_to_go(few: int, silent: set[int], gone: int) -> None:
    async def scenario() -> None:
        clients = Connections(asyncio.get_running_loop())
        transports = [Transport() for _ in range(few + 1)]
        for number in range(few):
            clients.opened(number, transports[number])
            if number not in silent:
                clients.asking(number)

        clients.opened(few, transports[few])

        assert [number for number, transport in enumerate(transports) if transport.aborted] == [gone]

    asyncio.run(scenario())


@pytest.mark.parametrize("unsent", [0, 100])
def test_the_oldest_stream_has_to_go_by_itself_or_by_force_if_nobody_reads_it(few: int, unsent: int) -> None:
    async def scenario() -> None:
        clients = Connections(asyncio.get_running_loop())
        transports = [Transport() for _ in range(few + 1)]
        told = []
        for number in range(few):
            clients.opened(number, transports[number])
            connection = clients.asking(number)
            assert connection is not None
            if number:
                transports[number].unsent = unsent
                connection.on_end(partial(told.append, number))

        clients.opened(few, transports[few])

        assert told == [1]
        assert [number for number, transport in enumerate(transports) if transport.aborted] == ([1] if unsent else [])

    asyncio.run(scenario())
