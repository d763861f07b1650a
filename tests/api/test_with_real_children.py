"""The API over the real verbs and facts of the daemon, with real children."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.daemon.stage import Stage, group, play, program
from warden.api.app import Api, Request
from warden.api.problems import Answer
from warden.api.sse import Stream
from warden.config.model import ChannelConfig
from warden.daemon.insight import DaemonInsight


class Caller:
    """Calls the API without HTTP between."""

    def __init__(self, stage: Stage) -> None:
        self.insight = DaemonInsight(stage.supervisor, stage.control, stage.config, 1.5)
        self._api = Api(stage.control, self.insight)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json"}
        request = Request(method=method, raw_path=path, query={}, headers=headers, body=json.dumps(body or {}).encode())
        answer = await self._api.answer(request, lambda: None)
        assert isinstance(answer, Answer)
        return json.loads(answer.body)

    async def watch(self, path: str, **query: str) -> Watched:
        news = asyncio.Event()
        stream = await self._api.answer(Request(method="GET", raw_path=path, query=query, headers={}), news.set)
        assert not isinstance(stream, Answer)
        return Watched(stream, news)


class Watched:
    """A stream of the API, read until something is in it."""

    def __init__(self, stream: Stream, news: asyncio.Event) -> None:
        self.stream = stream
        self._news = news
        self._text = ""

    async def until(self, text: str) -> None:
        while text not in self._text:
            self._news.clear()
            if data := self.stream.read():
                self._text += data.decode()
            else:
                await self._news.wait()


def test_a_kill_is_told_with_its_cause_and_a_restart_has_its_history(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        caller = Caller(stage)
        events = await caller.watch("events")
        started = await caller.ask("POST", "processes/g:p/start", {"wait": True})
        pid = (await caller.ask("GET", "processes/g:p"))["pid"]
        await events.until(f'"pid": {pid}')
        os.kill(pid, signal.SIGKILL)
        await events.until('"last_exit": "terminated by SIGKILL"')
        restarted = await caller.ask("POST", "processes/g:*/restart", {"wait": True})
        history = (await caller.ask("GET", "processes/g:p/history"))["history"]
        events.stream.close()
        caller.insight.close()

        assert [one["ok"] for one in started["results"] + restarted["results"]] == [True, True]
        assert "terminated by SIGKILL" in [step["exit"] for step in history]
        assert history[-1]["state"] == "RUNNING"

    play(tmp_path, scenario, group("g", program("p", startsecs=0)))


def test_what_a_child_writes_is_followed_and_cleared(tmp_path: Path) -> None:
    log = ChannelConfig(logfile=str(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        caller = Caller(stage)
        await caller.ask("POST", "processes/g:p/start", {"wait": True})
        output = await caller.watch("processes/g:p/logs/stdout/stream")
        lines = await caller.watch("events", lines="1")
        await caller.ask("POST", "processes/g:p/stdin", {"data": "grüße\n"})
        await output.until('"text": "gr\\u00fc\\u00dfe\\n", "offset": 0')
        await lines.until('{"g:p": "gr\\u00fc\\u00dfe"}')
        await caller.ask("POST", "processes/g:p/clear")
        await output.until("event: cleared")
        for watched in (output, lines):
            watched.stream.close()
        caller.insight.close()

        assert (await caller.ask("GET", "processes/g:p/logs/stdout"))["size"] == 0

    play(tmp_path, scenario, group("g", program("p", "/bin/cat", startsecs=0, stdout=log)))
