"""What pages and streams see of the daemon in memory of ``fakes_control``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.fakes_control import FakeControl
from warden.config.diff import Changes
from warden.config.model import GroupConfig, Kind, ProcessConfig
from warden.errors import ShuttingDown
from warden.rpc.control import ConfigView
from warden.rpc.insight import DaemonView, NeedView, Notice, OptionChange, Plan, TieView, Transition, Usage
from warden.words import Condition, Mood, Phase


@dataclass
class FakeInsight:
    """``tell`` sends a notice to all who watch."""

    control: FakeControl
    measured: dict[str, Usage] = field(default_factory=dict)
    watchers: list[Callable[[Notice], None]] = field(default_factory=list)
    asked: int = 0
    unwatched: asyncio.Event | None = None  # set when the last watcher leaves

    @property
    def revision(self) -> int:
        self.asked += 1
        return self.asked  # whatever a test does may have changed something

    def daemon(self) -> DaemonView:
        return DaemonView(
            identifier=self.control.identifier,
            version="1",
            pid=self.control.pid,
            brain=self.control.pid + 1,
            mood=self.control.mood,
            started=1.5,
            config_file="/etc/supervisord.conf",
            logfile="/log",
            warnings=("mind the gap",),
        )

    def watch(self, notify: Callable[[Notice], None]) -> Callable[[], None]:
        self.watchers.append(notify)

        def stop() -> None:
            self.watchers.remove(notify)
            if self.unwatched is not None and not self.watchers:
                self.unwatched.set()

        return stop

    def tell(self, *notices: Notice) -> None:
        for notify in tuple(self.watchers):
            for notice in notices:
                notify(notice)

    def history(self, namespec: str) -> Sequence[Transition]:
        self.control.process(namespec)
        return [Transition(at=2.5, phase=Phase.STARTING, previous=Phase.STOPPED, cause="autostart")]

    def usage(self, namespec: str) -> Usage | None:
        self.control.process(namespec)
        return self.measured.get(namespec)

    def usage_history(self, namespec: str) -> Sequence[Usage]:
        latest = self.usage(namespec)
        return [] if latest is None else [latest]

    def dependencies(self) -> Sequence[TieView]:
        needs = (NeedView(namespec="db", condition=Condition.READY, obstacle="db: FATAL"),)
        return [
            TieView(namespec="db", phase=Phase.FATAL, needs=(), started=1.5, waited=0.0, took=None),
            TieView(namespec="web", phase=Phase.STOPPED, needs=needs, started=0.0, waited=2.25, took=None),
        ]

    def config(self, namespec: str) -> ConfigView:
        view = self.control.process(namespec)
        process = ProcessConfig(
            name=view.name,
            command="/bin/run --password hunter2 redis://me:hunter3@host/",
            environment=(("API_TOKEN", "hunter4"),),
            umask=0o22,
        )
        return ConfigView(
            group=GroupConfig(name=view.group, kind=Kind.PROGRAM, processes=(process,)), process=process, inuse=True
        )

    async def plan(self) -> Plan:
        if self.control.mood < Mood.RUNNING:
            raise ShuttingDown
        change = OptionChange(group="other", process="other", option="command", old="a --token=hunter5", new=None)
        return Plan(changes=Changes(("new",), ("other",), ()), options=(change,), warnings=("unknown option",))
