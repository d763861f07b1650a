"""A small daemon in memory: the Control that tests of rpc, http and web talk to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warden.errors import (
    AlreadyAdded,
    AlreadyStarted,
    BadName,
    BadSignal,
    NoFile,
    NotRunning,
    RequestError,
    ShuttingDown,
    StillRunning,
)
from warden.rpc.control import Changes, ConfigView, Outcome, ProcessView, Scaled
from warden.words import RUNNING_PHASES, Channel, Mood, Phase, make_namespec, split_namespec


def view(name: str, group: str | None = None, phase: Phase = Phase.RUNNING, **facts: object) -> ProcessView:
    values: dict[str, object] = {
        "name": name,
        "group": group or name,
        "phase": phase,
        "description": "pid 77, uptime 0:00:05" if phase is Phase.RUNNING else "Not started",
        "start": 1_795_226_537,
        "stop": 0,
        "now": 1_795_226_542,
        "spawnerr": "",
        "exitstatus": 0,
        "stdout_logfile": f"/logs/{name}.out",
        "stderr_logfile": f"/logs/{name}.err",
        "pid": 77 if phase is Phase.RUNNING else 0,
    }
    return ProcessView(**{**values, **facts})  # type: ignore[arg-type]


def altered(one: ProcessView, **facts: object) -> ProcessView:
    """The same process with other facts."""
    values = {name: getattr(one, name) for name in ProcessView.__annotations__}
    return ProcessView(**{**values, **facts})


@dataclass
class FakeControl:
    """Processes change state at once; ``blocked`` (unset) holds every waiting call, ``refusals`` fail by namespec."""

    views: list[ProcessView] = field(default_factory=list)
    configs: list[ConfigView] = field(default_factory=list)
    logs: dict[tuple[str | None, Channel], Path] = field(default_factory=dict)
    since: dict[tuple[str, Channel], int | None] = field(default_factory=dict)
    refusals: dict[str, RequestError] = field(default_factory=dict)
    mood: Mood = Mood.RUNNING
    identifier: str = "supervisor"
    pid: int = 4711
    done: list[tuple[object, ...]] = field(default_factory=list)
    blocked: asyncio.Event | None = None
    arrived: asyncio.Event | None = None
    watchers: list[Callable[[], None]] = field(default_factory=list)
    unwatched: asyncio.Event | None = None  # set when the last watcher leaves

    def process(self, namespec: str) -> ProcessView:
        group, name = split_namespec(namespec)
        for one in self.views:
            if (one.group, one.name) == (group, name):
                return one
        raise BadName(namespec)

    def processes(self) -> Sequence[ProcessView]:
        return sorted(self.views, key=lambda one: (one.group, one.name))

    def available(self) -> Sequence[ConfigView]:
        return self.configs

    async def start(self, namespec: str, *, wait: bool, may_run: bool = False) -> None:
        self._act()
        if not may_run and self.process(namespec).phase in RUNNING_PHASES:
            raise AlreadyStarted(namespec)
        await self._change("start", namespec, wait)

    async def stop(self, namespec: str, *, wait: bool) -> None:
        self._act()
        if self.process(namespec).phase not in RUNNING_PHASES:
            raise NotRunning(namespec)
        await self._change("stop", namespec, wait)

    def signal(self, namespec: str, signal: str | int) -> None:
        self._act()
        self.process(namespec)
        if signal == "nope":
            raise BadSignal(str(signal))
        self.done.append(("signal", namespec, signal))

    async def start_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        return await self._many("start", group, wait, running=False)

    async def stop_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        return await self._many("stop", group, wait, running=True)

    def signal_many(self, group: str | None, signal: str | int) -> Sequence[Outcome]:
        self._act()
        error = BadSignal(str(signal)) if signal == "nope" else None
        return [Outcome(name=one.name, group=one.group, error=error) for one in self._members(group)]

    def send_stdin(self, namespec: str, data: bytes) -> None:
        self._act()
        self.process(namespec)
        self.done.append(("stdin", namespec, data))

    def send_remote_event(self, type_: str, data: str) -> None:
        self.done.append(("event", type_, data))

    async def reload_config(self) -> Changes:
        self._act()
        return Changes(added=("new",), changed=("other",), removed=())

    async def update(self, groups: Collection[str] | None = None, *, confirm: float | None = None) -> Changes:
        self._act()
        self.done.append(("update", groups))
        return Changes(added=("new",), changed=(), removed=())

    def confirm_update(self) -> bool:
        self.done.append(("confirm update",))
        return self.done.count(("confirm update",)) == 1

    def add_group(self, name: str) -> None:
        self._act()
        if name in {one.group for one in self.views}:
            raise AlreadyAdded(name)
        raise BadName(name)

    def remove_group(self, name: str) -> None:
        self._act()
        if any(one.phase in RUNNING_PHASES for one in self._members(name)):
            raise StillRunning(name)
        self.done.append(("remove", name))

    def shutdown(self) -> None:
        self._act()
        self.mood = Mood.SHUTDOWN

    async def restart(self) -> None:
        self._act()
        self.mood = Mood.RESTARTING

    async def upgrade(self) -> None:
        self._act()

    def log_path(self, namespec: str | None, channel: Channel) -> str | None:
        self._act()
        if namespec is not None:
            self.process(namespec)
        path = self.logs.get((namespec, channel))
        return None if path is None else str(path)

    def clear_logs(self, namespec: str | None) -> None:
        self._act()
        if namespec is not None:
            self.process(namespec)
        self.done.append(("clear", namespec))

    def clear_all_logs(self) -> Sequence[Outcome]:
        self._act()
        return [Outcome(name=one.name, group=one.group) for one in self.views]

    def log_file(self, namespec: str | None, channel: Channel) -> str:
        path = self.log_path(namespec, channel)
        if path is None:
            raise NoFile
        return path

    def log_since(self, namespec: str, channel: Channel, when: float) -> int | None:
        self.process(namespec)
        return self.since.get((namespec, channel), 0)

    def watch_log(self, namespec: str | None, channel: Channel, wake: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(wake)

        def stop() -> None:
            self.watchers.remove(wake)
            if self.unwatched is not None and not self.watchers:
                self.unwatched.set()

        return stop

    async def until_ready(self, namespec: str, *, within: float | None = None) -> None:
        self._order("ready", namespec)

    async def until_ready_many(self, group: str | None, *, within: float | None = None) -> Sequence[Outcome]:
        return self._order_many("ready", group)

    async def reload(self, namespec: str) -> None:
        self._order("reload", namespec)

    async def reload_many(self, group: str | None) -> Sequence[Outcome]:
        return self._order_many("reload", group)

    def enable(self, namespec: str) -> None:
        self._order("enable", namespec)

    def disable(self, namespec: str) -> None:
        self._order("disable", namespec)

    def enable_many(self, group: str | None) -> Sequence[Outcome]:
        return self._order_many("enable", group)

    def disable_many(self, group: str | None) -> Sequence[Outcome]:
        return self._order_many("disable", group)

    async def scale(self, program: str, count: int | None) -> Scaled:
        self._order("scale", program)
        return Scaled(added=(f"{program}:{count}",))

    def _order(self, verb: str, namespec: str) -> None:
        self._act()
        self.process(namespec)
        self.done.append((verb, namespec))

    def _order_many(self, verb: str, group: str | None) -> Sequence[Outcome]:
        self._act()
        self.done.append((verb, group))
        return [Outcome(name=one.name, group=one.group) for one in self._members(group)]

    def _act(self) -> None:
        if self.mood < Mood.RUNNING:
            raise ShuttingDown

    def _members(self, group: str | None) -> list[ProcessView]:
        members = [one for one in self.processes() if group in (None, one.group)]
        if group is not None and not members:
            raise BadName(group)
        return members

    async def _many(self, verb: str, group: str | None, wait: bool, *, running: bool) -> Sequence[Outcome]:
        self._act()
        chosen = [one for one in self._members(group) if (one.phase in RUNNING_PHASES) is running]
        outcomes = []
        for one in chosen:
            error = None
            try:
                await self._change(verb, make_namespec(one.group, one.name), wait)
            except RequestError as refusal:
                error = refusal
            outcomes.append(Outcome(name=one.name, group=one.group, error=error))
        return outcomes

    async def _change(self, verb: str, namespec: str, wait: bool) -> None:
        self.done.append((verb, namespec, wait))
        if self.arrived is not None:
            self.arrived.set()
        if wait and self.blocked is not None:
            await self.blocked.wait()
        if namespec in self.refusals:
            raise self.refusals[namespec]
        old = self.process(namespec)
        phase = Phase.RUNNING if verb == "start" else Phase.STOPPED
        self.views[self.views.index(old)] = view(old.name, old.group, phase)
        self.done.append((f"{verb} done", namespec))
