"""A whole supervisor on a loop, with real children and everything it says kept."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from harness.waiting import until_true
from warden.config.model import ChannelConfig, Config, GroupConfig, Kind, Policy, ProcessConfig, ServerConfig
from warden.daemon.control import DaemonControl
from warden.daemon.flusher import Flusher
from warden.daemon.notes import Notes
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.events.bus import Bus
from warden.events.serials import Serials
from warden.events.types import Event
from warden.logs.mainlog import MainLog
from warden.runtime.parent import OwnParent
from warden.runtime.reaper import Reaper
from warden.words import Mood, Phase, split_namespec

ALARM_SECONDS = 60  # an alarm, not a measurement


def python(code: str) -> str:
    """A command that runs ``code``, which must not contain double quotes."""
    return f'{sys.executable} -S -c "{code}"'


SLEEP = "/bin/sleep 1000"
STUBBORN = python(
    "import os, signal\nsignal.signal(15, lambda *_: os.write(1, b'term\\\\n'))\n"
    "os.write(1, b'ready\\\\n')\nwhile 1: signal.pause()"
)


async def written(path: Path, text: str) -> None:
    """Wait until ``text`` stands in the file."""
    await until_true(lambda: path.exists() and text in path.read_text())


def program(name: str, command: str = SLEEP, /, **more: object) -> ProcessConfig:
    """A program; policy options and others by name.  Without a log file unless ``stdout`` is given."""
    names = Policy.__dataclass_fields__
    policy = Policy(**{key: value for key, value in more.items() if key in names})  # type: ignore[arg-type]
    rest = {key: value for key, value in more.items() if key not in names}
    quiet = ChannelConfig(logfile=None)
    return replace(
        ProcessConfig(name=name, command=command, policy=policy, stdout=quiet, stderr=quiet),
        **rest,  # type: ignore[arg-type]
    )


def group(name: str, *processes: ProcessConfig, priority: int = 999) -> GroupConfig:
    return GroupConfig(name=name, kind=None, priority=priority, processes=processes)


def alone(process: ProcessConfig) -> GroupConfig:
    return GroupConfig(name=process.name, kind=Kind.PROGRAM, priority=process.priority, processes=(process,))


class Stage:
    """The supervisor, its control, and what was said: ``said`` are log messages, ``events`` what was published."""

    def __init__(self, folder: Path, groups: tuple[GroupConfig, ...], level: str, notes: Notes) -> None:
        self.folder = folder
        loop = asyncio.get_running_loop()
        self.log = MainLog(level)
        self.log.add_file(str(folder / "main.log"))
        flusher = Flusher()
        flusher.attach(loop)
        server = ServerConfig(logfile=str(folder / "main.log"), pidfile=str(folder / "pid"), childlogdir=str(folder))
        self.config = Config(path=str(folder / "conf"), server=server, groups=groups)
        self.reaper = Reaper(lambda pid, status: None)
        self.reaper.attach(loop)
        self.errors: list[Exception] = []
        self.events: list[Event] = []
        self.bus = Bus(lambda _subscriber, _event, error: self.errors.append(error))
        self.bus.subscribe(Event, self.events.append)
        self.supervisor = Supervisor(
            self.config,
            loop=loop,
            parent=OwnParent(loop, self.reaper, os.getpid()),
            notes=notes,
            log=self.log,
            bus=self.bus,
            flusher=flusher,
            token="test",
            serials=Serials(),
        )
        self.next = self.config
        self.left: list[Config | None] = []
        self.control = DaemonControl(self.supervisor, self.config, read=lambda: self.next, leave=self.left.append)
        for config in groups:
            self.supervisor.add_group(config)

    @property
    def said(self) -> list[str]:
        """The log without its time stamps: ``INFO spawned: ...``."""
        lines = (self.folder / "main.log").read_text().splitlines()
        return [line[24:] for line in lines]

    async def hear(self, text: str, times: int = 1) -> None:
        """Wait for so many lines of the log that have ``text`` in them."""
        await until_true(lambda: sum(text in line for line in self.said) >= times)

    def find(self, namespec: str) -> Process:
        group_name, name = split_namespec(namespec)
        assert name is not None
        return self.supervisor.groups[group_name].processes[name]

    async def until(self, namespec: str, *phases: Phase) -> Process:
        """Wait for the process to enter one of ``phases`` (or to be in it)."""
        process = self.find(namespec)
        done = asyncio.Event()

        def look() -> None:
            if process.state.phase in phases:
                done.set()

        process.watchers.append(look)
        look()
        await done.wait()
        process.watchers.remove(look)
        return process

    async def down(self) -> None:
        done = asyncio.Event()
        self.supervisor.go_down(Mood.SHUTDOWN, done.set)
        await done.wait()


def play(
    folder: Path,
    scenario: Callable[[Stage], Awaitable[None]],
    *groups: GroupConfig,
    level: str = "info",
    notes: Notes | None = None,
) -> None:
    """Run ``scenario`` with these groups and leave nothing behind."""

    async def run() -> None:
        stage = Stage(folder, groups, level, notes or Notes())
        try:
            async with asyncio.timeout(ALARM_SECONDS):
                await scenario(stage)
        finally:
            for process in stage.supervisor.processes():
                if process.state.pid:
                    stage.supervisor.signal(process, 9)
            if stage.supervisor.may_start:
                async with asyncio.timeout(ALARM_SECONDS):
                    await stage.down()
            stage.supervisor.close()
            stage.reaper.detach(asyncio.get_running_loop())
            stage.log.close()
        assert stage.errors == []

    asyncio.run(run())
