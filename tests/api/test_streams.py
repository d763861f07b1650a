"""Streams over real sockets: what they say, how they go on, how they end, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.api.asking import get, stream
from tests.fakes_control import FakeControl, altered, view
from tests.fakes_insight import FakeInsight
from tests.http.serving import Log, Served, serve
from warden.api import feed
from warden.api.feed import Feed
from warden.api.listing import Listing
from warden.api.sse import TooSlow
from warden.http import api, logtail
from warden.rpc.insight import Notice, Usage
from warden.words import Channel, Mood, Phase


class Stage:
    """A daemon in memory whose facts a test changes."""

    def __init__(self, tmp_path: Path) -> None:
        self.control = FakeControl(views=[view("web"), view("a", "g")])
        self.insight = FakeInsight(self.control)
        self.tmp_path = tmp_path

    def play(self, scenario: Callable[[Served], Awaitable[None]]) -> Log:
        return serve(self.tmp_path, self.control, scenario, insight=self.insight)

    def change(self, namespec: str, phase: Phase) -> None:
        old = self.control.process(namespec)
        self.control.views[self.control.views.index(old)] = altered(old, phase=phase)
        self.insight.tell(Notice(kind="process", name=namespec))

    def log(self, namespec: str | None, text: str, channel: Channel = Channel.STDOUT) -> Path:
        path = self.control.logs.setdefault((namespec, channel), self.tmp_path / f"{namespec}.{channel}.log")
        with path.open("ab") as file:
            file.write(text.encode())
        if namespec is not None:
            old = self.control.process(namespec)
            self.control.views[self.control.views.index(old)] = altered(old, **{f"{channel}_logfile": str(path)})
        self.wake()
        return path

    def wake(self) -> None:
        for wake in tuple(self.control.watchers):
            wake()

    async def nobody_watches(self) -> None:
        """Wait until all that was watched is left."""
        self.insight.unwatched = self.control.unwatched = left = asyncio.Event()
        while self.insight.watchers or self.control.watchers:
            await left.wait()
            left.clear()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_events_begin_with_the_whole_truth_and_go_on_with_what_changes(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        first = await events.next()
        stage.change("web", Phase.STOPPED)
        second = await events.next()
        stage.control.mood = Mood.SHUTDOWN
        stage.insight.tell(Notice(kind="daemon"))
        third = await events.next()

        assert first.name == "snapshot"
        assert first.data["daemon"]["state"] == "RUNNING"
        assert [one["namespec"] for one in first.data["processes"]] == ["g:a", "web"]
        assert (second.name, second.data["namespec"], second.data["state"]) == ("process", "web", "STOPPED")
        assert (third.name, third.data["state"]) == ("daemon", "SHUTDOWN")
        assert len({first.id, second.id, third.id}) == 3

    stage.play(scenario)


def test_of_several_changes_at_once_only_the_last_is_told(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        await events.next("snapshot")
        for phase in (Phase.STOPPING, Phase.STOPPED, Phase.STARTING):
            stage.change("web", phase)
        stage.change("g:a", Phase.STOPPED)
        told = [await events.next() for _ in range(2)]

        assert [(one.data["namespec"], one.data["state"]) for one in told] == [("web", "STARTING"), ("g:a", "STOPPED")]

    stage.play(scenario)


def test_a_group_that_comes_or_goes_is_told_with_its_members(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        await events.next("snapshot")
        stage.control.views = [view("n", "new")]
        stage.insight.tell(
            Notice(kind="group", name="g"), Notice(kind="process", name="g:a"), Notice(kind="group", name="new")
        )
        gone, new = await events.next(), await events.next()

        assert gone.data == {"name": "g", "active": False, "processes": []}
        assert (new.data["name"], new.data["active"]) == ("new", True)
        assert [one["namespec"] for one in new.data["processes"]] == ["new:n"]

    stage.play(scenario)


def test_measurements_are_told_of_all_that_run(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        stage.insight.measured["web"] = Usage(at=1.0, cpu=2.0, memory=3, processes=4)
        stage.insight.tell(Notice(kind="usage"))

        assert (await events.next("usage")).data == [
            {"namespec": "web", "at": 1.0, "cpu": 2.0, "memory": 3, "processes": 4}
        ]

    stage.play(scenario)


def test_the_last_line_of_each_process_is_told_to_those_who_ask(stage: Stage) -> None:
    stage.log("web", "old\nlast\n")

    async def scenario(served: Served) -> None:
        plain = await stream(served, "events")
        events = await stream(served, "events?lines=1")
        first = await events.next("log_line")
        stage.log("web", "new ü\r\n\n")
        second = await events.next("log_line")
        late = await (await stream(served, "events?lines=1")).next("log_line")
        stage.change("web", Phase.STOPPED)

        assert first.data == {"web": "last"}
        assert second.data == {"web": "new ü"}
        assert late.data == {"web": "new ü"}
        assert [(await plain.next()).name for _ in range(2)] == ["snapshot", "process"]

    stage.play(scenario)


def test_lines_of_a_group_that_comes_later_are_told_and_of_one_that_went_forgotten(stage: Stage) -> None:
    stage.log("web", "old\n")

    async def scenario(served: Served) -> None:
        events = await stream(served, "events?lines=1")
        await events.next("log_line")
        stage.control.views = [view("new", stdout_logfile="")]
        stage.log("new", "hello\n", Channel.STDERR)
        stage.insight.tell(Notice(kind="group", name="web"), Notice(kind="group", name="new"))
        told = await events.next("log_line")
        late = await (await stream(served, "events?lines=1")).next("log_line")

        assert told.data == late.data == {"new": "hello"}

    stage.play(scenario)


def test_a_thousand_changes_at_once_are_all_told(stage: Stage) -> None:
    stage.control.views = [view(f"p{number}") for number in range(1000)]

    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        await events.next("snapshot")
        stage.insight.tell(*(Notice(kind="process", name=one.name) for one in stage.control.views))
        told = {(await events.next("process")).data["namespec"] for _ in range(1000)}

        assert told == {one.name for one in stage.control.views}

    stage.play(scenario)


def test_a_stream_goes_on_after_the_last_event_that_was_seen(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        await stream(served, "events")  # somebody else keeps the feed alive
        events = await stream(served, "events")
        await events.next("snapshot")
        stage.change("web", Phase.STOPPING)
        seen = await events.next("process")
        events.client.close()
        stage.change("web", Phase.STOPPED)
        stage.change("g:a", Phase.STOPPED)
        again = await stream(served, "events", f"Last-Event-ID: {seen.id}")
        told = [await again.next() for _ in range(2)]

        assert [(one.name, one.data["namespec"]) for one in told] == [("process", "web"), ("process", "g:a")]

    stage.play(scenario)


@pytest.mark.parametrize("unknown", ["", "nonsense", "00000000-0", "-1", "{life}-999", "{life}-٣"])
def test_an_event_that_is_not_known_means_a_new_snapshot(stage: Stage, unknown: str) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        life = (await events.next()).id.partition("-")[0]
        again = await stream(served, "events", f"Last-Event-ID: {unknown.format(life=life)}")

        assert (await again.next()).name == "snapshot"

    stage.play(scenario)


def test_a_client_that_leaves_leaves_nothing_behind(stage: Stage) -> None:
    stage.log("web", "text\n")
    stage.log("g:a", "text\n", Channel.STDERR)
    stage.log(None, "text\n")

    async def scenario(served: Served) -> None:
        for path in ("events", "events?lines=1", "processes/web/logs/both/stream", "log/stream"):
            events = await stream(served, path)
            await events.next()
            assert stage.insight.watchers or stage.control.watchers
            events.client.close()
            await stage.nobody_watches()

    log = stage.play(scenario)

    assert [line for line in log.lines if line[0] != "trace"] == []


def test_what_is_behind_the_ring_is_too_slow(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RING_EVENTS", 3)
    monkeypatch.setattr(feed, "COALESCE_SECONDS", 0.0)

    async def scenario() -> None:
        told = asyncio.Event()
        shared = Feed(stage.control, stage.insight, Listing(stage.control, stage.insight))
        slow = shared.open(lambda: None, None, lines=False)
        quick = shared.open(told.set, None, lines=False)
        slow.read()
        quick.read()
        for phase in (Phase.STOPPING, Phase.STOPPED, Phase.STARTING, Phase.RUNNING):
            told.clear()
            stage.change("web", phase)
            await told.wait()
            assert phase.name.encode() in quick.read()

        with pytest.raises(TooSlow):
            slow.read()
        assert quick.read() == b""
        slow.close()
        quick.close()
        quick.close()
        assert stage.insight.watchers == []

    asyncio.run(scenario())


def test_a_reader_that_does_not_read_is_dropped(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logtail, "STALLED_SECONDS", 0.1)

    async def scenario(served: Served) -> None:
        stage.log("web", "x" * (32 * 1024 * 1024))
        await stream(served, "processes/web/logs/stdout/stream?offset=0")
        assert stage.control.watchers
        await stage.nobody_watches()

    assert stage.play(scenario).texts("critical") == []


def test_there_are_no_more_streams_than_are_allowed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.ApiRoutes.__init__, "__kwdefaults__", {"max_streams": 1})

    async def scenario(served: Served) -> None:
        first = await stream(served, "events")
        await first.next()
        refused = await get(served, "events")
        first.client.close()
        await stage.nobody_watches()
        await (await stream(served, "events")).next()

        assert refused.status == 503
        assert json.loads(refused.body)["detail"] == "too many streams are open"

    stage.play(scenario)


def test_in_silence_a_comment_keeps_the_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "KEEP_ALIVE_SECONDS", 0.01)

    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        await events.next("snapshot")

        assert await events.client.chunk() == b": keep-alive\n\n"

    stage.play(scenario)


def test_a_log_is_followed_with_positions_in_bytes(stage: Stage) -> None:
    stage.log("web", "old\nold ü\n")

    async def scenario(served: Served) -> None:
        events = await stream(served, "processes/web/logs/stdout/stream?tail=8")
        first = await events.next()
        stage.log("web", "new\n")
        second = await events.next()
        again = await stream(served, "processes/web/logs/stdout/stream", f"Last-Event-ID: {first.id}")

        assert (first.id, first.data) == ("11", {"channel": "stdout", "text": "old ü\n", "offset": 4})
        assert (second.id, second.data) == ("15", {"channel": "stdout", "text": "new\n", "offset": 11})
        assert (await again.next()).data == second.data

    stage.play(scenario)


def test_a_character_that_comes_in_two_parts_is_one(stage: Stage) -> None:
    path = stage.log("web", "a")

    async def scenario(served: Served) -> None:
        events = await stream(served, "processes/web/logs/stdout/stream?offset=0")
        first = await events.next()
        for part in (b"b\xc3", b"\xbc\n"):
            with path.open("ab") as file:
                file.write(part)
            stage.wake()
            if part == b"b\xc3":
                second = await events.next()
        third = await events.next()

        assert [(one.id, one.data["text"], one.data["offset"]) for one in (first, second, third)] == [
            ("1", "a", 0),
            ("2", "b", 1),
            ("5", "ü\n", 2),
        ]

    stage.play(scenario)


def test_both_channels_come_labelled_and_are_resumed_together(stage: Stage) -> None:
    stage.log("web", "out\n")
    stage.log("web", "err\n", Channel.STDERR)

    async def scenario(served: Served) -> None:
        events = await stream(served, "processes/web/logs/both/stream")
        first = [await events.next() for _ in range(2)]
        stage.log("web", "more\n", Channel.STDERR)
        third = await events.next()
        again = await stream(served, "processes/web/logs/both/stream", f"Last-Event-ID: {first[1].id}")

        assert [(one.id, one.data["channel"], one.data["text"]) for one in [*first, third]] == [
            ("4,0", "stdout", "out\n"),
            ("4,4", "stderr", "err\n"),
            ("4,9", "stderr", "more\n"),
        ]
        assert (await again.next()).data == third.data

    stage.play(scenario)


def test_a_cleared_and_a_rotated_log_are_told(stage: Stage) -> None:
    path = stage.log("web", "one\n")

    async def scenario(served: Served) -> None:
        events = await stream(served, "processes/web/logs/stdout/stream")
        await events.next()
        path.unlink()
        stage.log("web", "two\n")
        cleared = [await events.next(), await events.next()]
        path.rename(f"{path}.1")
        stage.log("web", "three\n")
        rotated = [await events.next(), await events.next()]

        assert [(one.name, one.data.get("text"), one.data.get("offset")) for one in [*cleared, *rotated]] == [
            ("cleared", None, None),
            ("log", "two\n", 0),
            ("rotated", None, None),
            ("log", "three\n", 0),
        ]

    stage.play(scenario)


def test_the_activity_log_is_followed_and_read(stage: Stage) -> None:
    stage.log(None, "one\ntwo\n")

    async def scenario(served: Served) -> None:
        events = await stream(served, "log/stream?offset=4")
        part = json.loads((await get(served, "log?tail=5")).body)

        assert (await events.next()).data["text"] == "two\n"
        assert part == {"text": "two\n", "offset": 4, "size": 8, "next_offset": 8}

    stage.play(scenario)


@pytest.mark.parametrize("path", ["processes/nope/logs/both/stream", "processes/g:a/logs/stdout/stream", "log/stream"])
def test_a_log_that_cannot_be_is_not_followed(stage: Stage, path: str) -> None:
    stage.control.views[1] = altered(stage.control.views[1], stdout_logfile="")

    async def scenario(served: Served) -> None:
        assert (await get(served, path)).status == 404

    stage.play(scenario)


def test_streams_end_when_the_daemon_goes(stage: Stage) -> None:
    async def scenario(served: Served) -> None:
        events = await stream(served, "events")
        await events.next("snapshot")
        await served.server.close()

        assert await events.client.chunk() == b""
        assert stage.insight.watchers == []

    stage.play(scenario)


def test_the_logs_of_many_come_in_one_stream_one_after_the_other_then_as_they_are_written(stage: Stage) -> None:
    stage.log("web", "".join(f"web {number}\n" for number in range(20)))
    stage.log("g:a", "a 1\na 2\nhalf")
    stage.log("g:a", "err\n", Channel.STDERR)

    async def scenario(served: Served) -> None:
        logs = await stream(served, "logs/stream?names=web,g:*&lines=2")
        told = [await logs.next() for _ in range(4)]
        stage.log("g:a", " whole\n")
        more = await logs.next()

        assert [(one.name, one.data.get("process"), one.data.get("channel"), one.data.get("text")) for one in told] == [
            ("log", "web", "stdout", "web 18\nweb 19\n"),
            ("log", "g:a", "stdout", "a 2\nhalf"),
            ("log", "g:a", "stderr", "err\n"),
            ("present", None, None, None),
        ]
        assert (more.data["process"], more.data["text"]) == ("g:a", " whole\n")

    stage.play(scenario)


def test_logs_since_a_time_begin_where_the_daemon_says_and_tell_when_nobody_knows(stage: Stage) -> None:
    stage.log("web", "old\nnew 1\nnew 2\n")
    stage.log("g:a", "who knows\n")
    stage.control.since = {("web", Channel.STDOUT): 4, ("g:a", Channel.STDOUT): None}

    async def scenario(served: Served) -> None:
        logs = await stream(served, "logs/stream?since=60&channel=stdout")
        told = [await logs.next() for _ in range(4)]
        few = await (await stream(served, "logs/stream?since=60&channel=stdout&lines=1&names=web")).next()

        assert [(one.name, one.data.get("process"), one.data.get("text")) for one in told] == [
            ("unknown", "g:a", None),
            ("log", "g:a", "who knows\n"),
            ("log", "web", "new 1\nnew 2\n"),
            ("present", None, None),
        ]
        assert few.data["text"] == "new 2\n"

    stage.play(scenario)


def test_logs_go_on_at_the_places_that_were_told(stage: Stage) -> None:
    stage.log("web", "web 1\n")
    stage.log("g:a", "a 1\n")

    async def scenario(served: Served) -> None:
        logs = await stream(served, "logs/stream?channel=stdout&names=web,g:*")
        first = await logs.next()
        await logs.next()
        present = await logs.next()
        places = {log["process"]: log["place"] for log in present.data["logs"]}
        stage.log("web", "web 2\n")
        stage.log("g:a", "a 2\n")
        header = f"Last-Event-ID: web/stdout={places['web']},g%3Aa/stdout={places['g:a']},x/stdout=odd"
        again = await stream(served, "logs/stream?channel=stdout&names=web,g:*", header)
        told = [await again.next() for _ in range(2)]

        assert first.data["place"] == places["web"]
        assert [one.data["text"] for one in told] == ["web 2\n", "a 2\n"]

    stage.play(scenario)


def test_of_too_many_logs_and_of_unknown_names_no_stream_is_made(stage: Stage) -> None:
    stage.control.views += [view(f"p{number}") for number in range(200)]

    async def scenario(served: Served) -> None:
        assert (await get(served, "logs/stream")).status == 422
        assert (await get(served, "logs/stream?names=nobody")).status == 404
        assert (await get(served, "logs/stream?names=none:*")).status == 404

    stage.play(scenario)
