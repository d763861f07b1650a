"""The logs of many processes as one stream."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import unquote

from warden.api.logview import COALESCE_SECONDS, LogSource
from warden.api.sse import Doorbell, Wake, event
from warden.errors import BadName, IncorrectParameters
from warden.logs.starts import last_lines
from warden.logs.tail import Place
from warden.rpc.control import Control, ProcessView
from warden.words import Channel, make_namespec, split_namespec

MAX_LOGS = 256  # each costs a descriptor that programs need too
UNKNOWN_LINES = 100  # shown where nobody knows when they were written


def select(control: Control, names: str) -> list[ProcessView]:
    """Return the processes that ``names`` mean: namespecs, ``group:*`` or ``*``, with commas.

    Raises:
        BadName: one of them means nothing.
    """
    found: dict[ProcessView, None] = {}
    for name in (word.strip() for word in names.split(",")):
        group, process = split_namespec(name)
        if name == "*":
            found |= dict.fromkeys(control.processes())
        elif process is None:
            members = [view for view in control.processes() if view.group == group]
            if not members:
                raise BadName(name)
            found |= dict.fromkeys(members)
        else:
            found[control.process(name)] = None
    return list(found)


def read_places(text: str | None) -> dict[str, Place]:
    """Read ``NAMESPEC/CHANNEL=PLACE,...`` with quoted namespecs; what is none is left out."""
    pairs = (pair.rpartition("=") for pair in (text or "").split(","))
    return {unquote(name): place for name, _, value in pairs if (place := Place.read(value)) is not None}


def _place(name: str, source: LogSource) -> dict[str, str]:
    return {"place": str(source.place)} if name == "log" else {}


class ManyLogs:
    """What is and will be written to the logs of ``views``, one log after the other, then as it comes.

    Begins with the last ``lines`` lines of each, or with those of the last
    ``since`` seconds; with both, with whatever is less.  A log that has a place
    in ``places``, by namespec and channel, goes on there instead.

    Raises:
        IncorrectParameters: these are more than MAX_LOGS logs.
    """

    def __init__(
        self,
        control: Control,
        views: Sequence[ProcessView],
        channels: Sequence[Channel],
        wake: Wake,
        *,
        lines: int | None,
        since: float | None,
        places: Mapping[str, Place],
    ) -> None:
        logs = [
            (make_namespec(view.group, view.name), channel, path)
            for view in views
            for channel in channels
            if (path := view.stdout_logfile if channel is Channel.STDOUT else view.stderr_logfile)
        ]
        if len(logs) > MAX_LOGS:
            raise IncorrectParameters(f"these are {len(logs)} logs, and at most {MAX_LOGS} can be followed at once")
        self._bell = Doorbell(wake, delay=COALESCE_SECONDS)
        self._first: list[bytes] = []
        self._turns: dict[LogSource, None] = {}  # those that may have something to tell
        self._sources: list[LogSource] = []
        self._unwatch = []
        self._told_present = False
        for namespec, channel, path in logs:
            start = places.get(f"{namespec}/{channel}") or self._start(control, namespec, channel, path, lines, since)
            source = LogSource({"process": namespec, "channel": channel.value}, path, start)
            self._sources.append(source)
            self._unwatch.append(control.watch_log(namespec, channel, partial(self._press, source)))
        self._turns = dict.fromkeys(self._sources)

    def _start(
        self, control: Control, namespec: str, channel: Channel, path: str, lines: int | None, since: float | None
    ) -> int:
        if since is None:
            return last_lines(path, UNKNOWN_LINES if lines is None else lines)
        recent = control.log_since(namespec, channel, time.time() - since)
        if recent is None:
            data = json.dumps({"process": namespec, "channel": channel.value})
            self._first.append(event("unknown", "", data))
            return last_lines(path, UNKNOWN_LINES if lines is None else lines)
        return recent if lines is None else max(recent, last_lines(path, lines))

    def _press(self, source: LogSource) -> None:
        self._turns[source] = None
        self._bell.press()

    def read(self) -> bytes:
        """Return the next events, empty if there are none."""
        if self._first:
            first, self._first = b"".join(self._first), []
            return first
        while self._turns:
            source = next(iter(self._turns))
            if told := source.read():
                return b"".join(event(name, "", json.dumps(data | _place(name, source))) for name, data in told)
            del self._turns[source]
        if not self._told_present:
            self._told_present = True
            places = [{**source.label, "place": str(source.place)} for source in self._sources]
            return event("present", "", json.dumps({"logs": places}))
        return b""

    def close(self) -> None:
        """Let go of the logs."""
        self._bell.close()
        for unwatch in self._unwatch:
            unwatch()
        for source in self._sources:
            source.close()
