"""Asks the JSON API over real sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.http.serving import Answer, Client, Served, request

JSON = "Content-Type: application/json"


async def get(served: Served, path: str, *headers: str) -> Answer:
    return await served.get(f"/api/v1/{path}", *headers)


async def post(served: Served, path: str, body: object = None, *headers: str) -> Answer:
    return await served.post(f"/api/v1/{path}", json.dumps({} if body is None else body).encode(), JSON, *headers)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    data: Any


class Events:
    """One open stream of events."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._text = ""

    async def next(self, name: str = "") -> Event:
        """Return the next event, of that name if there is one given; comments are passed over."""
        while True:
            while "\n\n" not in self._text:
                self._text += (await self.client.chunk()).decode()
            block, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            if fields.get("event", "") and name in ("", fields["event"]):
                return Event(fields["id"], fields["event"], json.loads(fields["data"]))


async def stream(served: Served, path: str, *headers: str) -> Events:
    client = await served.connect()
    client.writer.write(request("GET", f"/api/v1/{path}", *headers))
    status, found = await client.head()
    assert status == 200
    assert found["Content-Type"] == "text/event-stream;charset=utf-8"
    return Events(client)
