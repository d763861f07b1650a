"""Everything that changes, as one stream of events that all readers share.

Each event is written once and kept in one ring; a reader only has a position in
it.  So a page more costs next to nothing, a page that went away for a moment
goes on where it was, and a reader that cannot follow has nothing waiting but the
ring, which is bounded.  While nobody reads, nothing is watched.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Mapping

from warden.api import translate
from warden.api.lines import LastLines
from warden.api.listing import Listing
from warden.api.sse import RETRY_MS, Doorbell, TooSlow, Wake, event
from warden.errors import BadName
from warden.frozen import frozen
from warden.rpc.control import Control
from warden.rpc.insight import Insight, Notice
from warden.words import make_namespec

COALESCE_SECONDS = 0.03
RING_EVENTS = 4096
RING_BYTES = 4 * 1024 * 1024
READ_BYTES = 256 * 1024  # for one reader at once, or one event if that is longer
_SLICE_SECONDS = 0.005  # of telling, then the loop has its turn


@frozen
class _Entry:
    number: int
    data: bytes
    is_line: bool


class Feed:
    """Turns notices into events for any number of readers."""

    def __init__(self, control: Control, insight: Insight, listing: Listing) -> None:
        self._control = control
        self._insight = insight
        self._listing = listing
        self._life = secrets.token_hex(4)  # numbers of another daemon's events mean nothing here
        self._number = 0
        self._ring: deque[_Entry] = deque()
        self._ring_bytes = 0
        self._readers: list[FeedStream] = []
        self._lines = LastLines(control, self._on_lines)
        self._dirty: dict[Notice, None] = {}
        self._groups_changed = False
        self._bell: Doorbell | None = None
        self._unwatch = _nothing

    def open(self, wake: Wake, last_event_id: str | None, *, lines: bool) -> FeedStream:
        """Begin a stream after that event if it is known, else with a snapshot."""
        if not self._readers:
            self._bell = Doorbell(self._tell, delay=COALESCE_SECONDS)
            self._unwatch = self._insight.watch(self._on_notice)
        if lines and not any(reader.lines for reader in self._readers):
            self._lines.start()
        reader = FeedStream(self, wake, self._position_of(last_event_id), lines=lines)
        self._readers.append(reader)
        return reader

    def leave(self, reader: FeedStream) -> None:
        """Forget a reader; after the last one nothing is watched."""
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        if not any(other.lines for other in self._readers):
            self._lines.stop()
        if not self._readers and self._bell is not None:
            self._unwatch()
            self._bell.close()
            self._bell = None
            self._dirty.clear()
            self._ring.clear()  # what happens now nobody notices: a resumption would have a hole
            self._ring_bytes = 0

    def snapshot(self, *, lines: bool) -> tuple[int, bytes]:
        """Return the whole truth, and the number of the event up to which it holds."""
        daemon = json.dumps({"daemon": translate.daemon(self._insight.daemon())})
        processes = self._listing.everything().body.decode()
        data = f"{daemon[:-1]}, {processes[1:]}"  # two objects become one
        first = f"retry: {RETRY_MS}\n".encode() + event("snapshot", self._id(), data)
        if lines and self._lines.now:
            first += event("log_line", self._id(), json.dumps(self._lines.now))
        return self._number, first

    def after(self, position: int, *, lines: bool) -> tuple[int, bytes]:
        """Return the next events after a position, and the position after them.

        Raises:
            TooSlow: some of them are gone from the ring.
        """
        if position >= self._number:
            return position, b""
        if not self._ring or self._ring[0].number > position + 1:
            raise TooSlow
        chosen = []
        size = 0
        for index in range(position + 1 - self._ring[0].number, len(self._ring)):
            entry = self._ring[index]
            position = entry.number
            if lines or not entry.is_line:
                chosen.append(entry.data)
                size += len(entry.data)
                if size >= READ_BYTES:
                    break
        return position, b"".join(chosen)

    def _position_of(self, last_event_id: str | None) -> int | None:
        life, _, number = (last_event_id or "").partition("-")
        if life != self._life or not number.isdecimal() or not number.isascii() or len(number) > 18:
            return None
        position = int(number)
        oldest = self._ring[0].number if self._ring else self._number + 1
        return position if self._readers and oldest - 1 <= position <= self._number else None

    def _id(self) -> str:
        return f"{self._life}-{self._number}"

    # --- what happens

    def _on_notice(self, notice: Notice) -> None:
        self._dirty[notice] = None
        if self._bell is not None:
            self._bell.press()

    def _on_lines(self, lines: Mapping[str, str]) -> None:
        self._publish("log_line", json.dumps(lines), is_line=True)
        self._wake()

    def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _SLICE_SECONDS
        while self._dirty and loop.time() < end:
            notice = next(iter(self._dirty))
            del self._dirty[notice]
            self._tell_of(notice)
        self._wake()
        if self._dirty and self._bell is not None:
            self._bell.again()
        elif self._groups_changed:
            self._groups_changed = False
            self._lines.renew()

    def _tell_of(self, notice: Notice) -> None:
        match notice.kind:
            case "process":
                self._tell_process(notice.name)
            case "group":
                self._tell_group(notice.name)
            case "daemon":
                self._publish("daemon", json.dumps(translate.daemon(self._insight.daemon())))
            case "usage":
                self._publish("usage", json.dumps(self._measurements()))

    def _tell_process(self, namespec: str) -> None:
        try:
            process = self._listing.one(namespec)
        except BadName:  # gone by now: the event of its group says so
            return
        self._publish("process", json.dumps(process))

    def _tell_group(self, name: str) -> None:
        members = self._listing.members(name)
        self._publish("group", json.dumps({"name": name, "active": bool(members), "processes": members}))
        self._groups_changed = True

    def _measurements(self) -> list[dict[str, object]]:
        found = []
        for view in self._control.processes():
            namespec = make_namespec(view.group, view.name)
            if view.pid and (usage := self._insight.usage(namespec)) is not None:
                measured = translate.sample(usage)
                found.append({"namespec": namespec, **measured})
        return found

    def _publish(self, name: str, data: str, *, is_line: bool = False) -> None:
        self._number += 1
        entry = _Entry(self._number, event(name, self._id(), data), is_line)
        self._ring.append(entry)
        self._ring_bytes += len(entry.data)
        while len(self._ring) > RING_EVENTS or (self._ring_bytes > RING_BYTES and len(self._ring) > 1):
            self._ring_bytes -= len(self._ring.popleft().data)

    def _wake(self) -> None:
        for reader in tuple(self._readers):
            reader.wake()


class FeedStream:
    """One reader's place in the feed; ``wake`` is called when there is more to read."""

    def __init__(self, feed: Feed, wake: Wake, position: int | None, *, lines: bool) -> None:
        self.wake = wake
        self.lines = lines
        self._feed = feed
        self._position = position

    def read(self) -> bytes:
        """Return the snapshot, or the events since the last call.

        Raises:
            TooSlow: some of them are no longer kept.
        """
        if self._position is None:
            self._position, data = self._feed.snapshot(lines=self.lines)
        else:
            self._position, data = self._feed.after(self._position, lines=self.lines)
        return data

    def close(self) -> None:
        """Leave the feed."""
        self._feed.leave(self)


def _nothing() -> None:
    """Watch nothing, so there is nothing to stop."""
