"""Who has to go when too many are connected."""

from __future__ import annotations

import asyncio

import pytest

from warden.http import connections
from warden.http.connections import Connections


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    return 3


@pytest.mark.parametrize(
    ("silent", "streams", "gone"),
    [
        ({0, 1}, {2}, 0),  # who is silent for longest
        (set(), {1, 2}, 1),  # the oldest stream
        (set(), set(), 3),  # all are busy: the new one
    ],
)
def test_one_has_to_go(few: int, silent: set[int], streams: set[int], gone: int) -> None:
    async def scenario() -> None:
        clients = Connections(asyncio.get_running_loop())
        transports = [Transport() for _ in range(few + 1)]
        for number in range(few):
            clients.opened(number, transports[number])
            if number not in silent:
                connection = clients.asking(number)
                assert connection is not None
                if number in streams:
                    connection.on_end(lambda: None)

        clients.opened(few, transports[few])

        assert [number for number, transport in enumerate(transports) if transport.aborted] == [gone]

    asyncio.run(scenario())
