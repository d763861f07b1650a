"""The daemon as the commands see it: XML-RPC calls, the JSON API and log streams."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

from warden.ctl import api
from warden.ctl.logstream import LogStream
from warden.ctl.marshal import Fault, dump_call, load_response
from warden.ctl.wire import BrokenAnswer, Connection, parse_url, quote

__all__ = ["Client", "Fault"]

Struct = dict[str, object]
READING = ("get", "read", "tail")  # how the names of methods begin that change nothing


class Client:
    """One server.

    Every method may raise ``Fault``, ``CannotConnect``, ``HttpStatus`` or
    ``BrokenAnswer`` (all are ClientError).  Raises ValueError for a URL of
    another kind than unix, http and https.
    """

    def __init__(self, url: str, username: str | None = None, password: str | None = None) -> None:
        self.url = url
        self.address = parse_url(url)
        self._connection = Connection(self.address, username, password)

    def call(self, method: str, *params: str | int | bool) -> object:
        """Call a method of the namespace ``supervisor``; one that only reads is called until somebody answers."""
        body = dump_call(f"supervisor.{method}", params)
        return load_response(self._connection.post("/RPC2", body, again=method.startswith(READING)))

    def text(self, method: str, *params: str | int | bool) -> str:
        """Call a method that answers text."""
        match self.call(method, *params):
            case str(answer):
                return answer
            case bytes(answer):
                return answer.decode("utf-8", "replace")
            case _:
                raise self._unexpected(method)

    def struct(self, method: str, *params: str | int | bool) -> Struct:
        """Call a method that answers one struct."""
        answer = self.call(method, *params)
        if not isinstance(answer, dict):
            raise self._unexpected(method)
        return answer

    def structs(self, method: str, *params: str | int | bool) -> list[Struct]:
        """Call a method that answers a list of structs."""
        answer = self.call(method, *params)
        if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
            raise self._unexpected(method)
        return answer

    def api(self, method: str, path: str, body: object = None, *, again: bool = False) -> object:
        """Ask the JSON API (``ctl.api.ask``)."""
        return api.ask(self._connection, method, path, body, again=again)

    def events(self, path: str, headers: str = "") -> Generator[tuple[str, dict[str, object]], None, None]:
        """Follow a stream of the JSON API (``ctl.api.events``)."""
        return api.events(self._connection, path, headers)

    def changes(self) -> tuple[list[str], list[str], list[str]]:
        """Let the server reread its configuration; return added, changed and removed groups."""
        match self.call("reloadConfig"):
            case [[list(added), list(changed), list(removed)]]:
                return added, changed, removed
            case _:
                raise self._unexpected("reloadConfig")

    def follow_log(self, namespec: str, channel: str) -> LogStream:
        """Open the endless stream of a process log."""
        return LogStream(partial(self._connection.stream, f"/logtail/{quote(namespec)}/{channel}"))

    def follow_main_log(self) -> LogStream:
        """Open the endless stream of the activity log."""
        return LogStream(partial(self._connection.stream, "/mainlogtail"))

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def _unexpected(self, method: str) -> BrokenAnswer:
        return BrokenAnswer(f"{self.url}: {method} answered something unexpected")
