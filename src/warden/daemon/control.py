"""The verbs of the daemon (``rpc.control.Control``) over the supervisor's records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter

from warden.config.diff import Changes, diff
from warden.config.model import Config, GroupConfig
from warden.daemon.messages import Messages
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.daemon.ties import is_ready, what_is_missing
from warden.daemon.updates import Updates
from warden.daemon.views import Views, process_view
from warden.daemon.waiting import noticing, tidied, together, watching
from warden.errors import (
    AbnormalTermination,
    AlreadyAdded,
    AlreadyStarted,
    BadName,
    CannotReread,
    ConfigError,
    Failed,
    NotRunning,
    ShuttingDown,
    SpawnFailed,
    StillRunning,
)
from warden.events.types import RemoteCommunicationEvent
from warden.process.fleet import rank
from warden.process.step import StartRequested, StopRequested
from warden.process.stopping import revives
from warden.process.trial import Trial
from warden.rpc.caller import requested
from warden.rpc.control import ConfigView, Outcome, ProcessView, Scaled
from warden.runtime.threads import in_thread
from warden.words import (
    RUNNING_PHASES,
    STOPPED_PHASES,
    Health,
    Mood,
    Phase,
)

_REPORT_SECONDS = 2.0  # how often a request that waits for a stop says so in the log


class DaemonControl(Messages):
    """What the faces ask for, done by the supervisor.

    ``read`` reads the configuration anew (it may take long and runs in a
    thread); ``leave`` begins the end: with a configuration it is a restart.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        config: Config,
        *,
        read: Callable[[], Config],
        leave: Callable[[Config | None], None],
        upgrade: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(supervisor)
        self._server = config.server
        self._available = config.groups
        self._read = read
        self._leave = leave
        self._upgrade = upgrade
        self._updates = Updates(supervisor, self)
        self._views = Views()

    @property
    def identifier(self) -> str:
        """The name of this daemon among others."""
        return self._server.identifier

    @property
    def pid(self) -> int:
        """The daemon's pid."""
        return self._supervisor.pid

    @property
    def mood(self) -> Mood:
        """The daemon's state."""
        return self._supervisor.mood

    # --- questions

    def process(self, namespec: str) -> ProcessView:
        """Describe one process."""
        return process_view(self.find(namespec), time.time())

    def processes(self) -> Sequence[ProcessView]:
        """Describe all, sorted by group, then name."""
        return sorted(self._views.of(self._supervisor.processes(), time.time()), key=attrgetter("group", "name"))

    def available(self) -> Sequence[ConfigView]:
        """Show the configuration as last read."""
        active = self._supervisor.groups
        rows = [
            ConfigView(group=group, process=process, inuse=group.name in active)
            for group in self._available
            for process in group.processes
        ]
        return sorted(rows, key=lambda row: row.process.name)

    # --- start and stop

    async def start(self, namespec: str, *, wait: bool, may_run: bool = False) -> None:
        """Start one process."""
        self.require_up()
        await self._start(self.find(namespec), namespec, wait=wait, may_run=may_run)

    async def stop(self, namespec: str, *, wait: bool) -> None:
        """Stop one process."""
        self.require_up()
        await self._stop(self.find(namespec), namespec, wait=wait)

    async def start_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        """Start those that do not run."""
        self.require_up()
        chosen = [
            process
            for process in self.members(group)
            if process.state.phase not in RUNNING_PHASES and not process.disabled
        ]
        return await together(chosen, lambda process: self._start(process, process.namespec, wait=wait))

    async def stop_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        """Stop those that run, and wait also for those that are stopping already.

        With ``wait``, none is told to stop before all of a higher priority have ended.
        """
        self.require_up()
        chosen = [
            process
            for process in reversed(self.members(group))
            if process.state.phase in RUNNING_PHASES or process.state.waiting or (wait and not process.state.at_rest)
        ]
        if not wait:
            return await together(chosen, lambda process: self._stop(process, process.namespec, wait=False))
        outcomes: list[Outcome] = []
        for _, equals in groupby(sorted(chosen, key=self._rank, reverse=True), self._rank):
            outcomes += await together(equals, self._stop_for_all)
        return outcomes

    async def _stop_for_all(self, process: Process) -> None:
        """Stop one of many; one that has ended meanwhile needs no order, unless it is to come back."""
        if process.state.phase not in STOPPED_PHASES or process.state.waiting:
            await self._stop(process, process.namespec, wait=True)
        else:
            await tidied(process)

    def _rank(self, process: Process) -> tuple[int, int]:
        return rank(self._supervisor.groups[process.group].config, process.config)

    async def _start(self, process: Process, asked: str, *, wait: bool, may_run: bool = True) -> None:
        """Start a process; one that somebody else has started meanwhile is waited for like our own."""
        self._supervisor.plans.resolve(process.config, process.config.command)
        if process.state.phase in RUNNING_PHASES and not may_run:
            raise AlreadyStarted(asked)
        if process.state.phase is Phase.UNKNOWN:
            raise Failed(f"{asked} is in an unknown process state")
        if process.state.phase is Phase.STOPPING:
            if not wait:
                raise AbnormalTermination(asked)
            with watching(process, lambda state: state.phase is not Phase.STOPPING) as ended:
                await ended
            self.require_up()
        if process.state.phase not in RUNNING_PHASES:  # somebody else may have been quicker
            self._supervisor.feed(process, StartRequested(requested("start")))
        if not process.state.waiting:
            starting = Phase.STARTING  # a hook comes before the child
            with watching(process, lambda state: state.pid or state.errand or state.phase is not starting) as answered:
                _judge(await answered, asked)
        if wait:
            await self._released(process, asked)
            with watching(process, lambda state: state.phase is not Phase.STARTING) as decided:
                _judge(await decided, asked)

    async def _released(self, process: Process, asked: str) -> None:
        """Wait until a process no longer waits for others.

        Raises:
            Failed: what it waits for does not come by itself.
        """

        def find() -> str | None:
            return (self._supervisor.ties.stuck(process) or None) if process.state.waiting else ""

        with noticing(process, find) as decided:
            if stuck := await decided:
                raise Failed(f"{asked} waits for {stuck}")

    async def _stop(self, process: Process, asked: str, *, wait: bool) -> None:
        state = process.state
        stops = state.phase in RUNNING_PHASES or (wait and state.phase is Phase.STOPPING)
        if not (stops or state.waiting or revives(state)):
            raise NotRunning(asked)
        self._supervisor.ties.stop(process, requested("stop"))
        if (await self._stopped(process) if wait else process.state.phase) is Phase.UNKNOWN:
            raise Failed(f"cannot signal {asked}")

    async def _stopped(self, process: Process) -> Phase:
        """Wait until a stop is done with, whoever starts the process afterwards, and say now and then that we wait."""
        with watching(process, lambda state: state.phase in STOPPED_PHASES) as ended:
            while not ended.done():
                self._supervisor.log.info(f"waiting for {process.name} to stop")
                await asyncio.wait({ended}, timeout=_REPORT_SECONDS)
        await tidied(process)
        return ended.result()

    async def until_ready(self, namespec: str, *, within: float | None = None) -> None:
        """Wait until a process can do its work.

        Raises:
            AbnormalTermination: it is unhealthy before, for instance after its ``ready_timeout``, or does not run.
            Failed: it is not ready ``within`` so many seconds.
        """
        await self._until_ready(self.find(namespec), within)

    async def until_ready_many(self, group: str | None, *, within: float | None = None) -> Sequence[Outcome]:
        """Wait for all members of a group."""
        return await together(self.members(group), lambda process: self._until_ready(process, within))

    async def _until_ready(self, process: Process, within: float | None) -> None:
        def find() -> bool | None:
            if is_ready(process):
                return True
            if process.vitals is not None and process.vitals.health is Health.UNHEALTHY:
                return False
            coming = process.state.phase in (Phase.STARTING, Phase.RUNNING) or process.state.waiting
            return None if coming else False

        try:
            with noticing(process, find) as decided:
                async with asyncio.timeout(within):
                    ready = await decided
        except TimeoutError:
            raise Failed(f"not ready: {what_is_missing(process)}") from None
        if not ready:
            raise AbnormalTermination(process.namespec)

    # --- events

    def send_remote_event(self, type_: str, data: str) -> None:
        """Publish an event of a caller."""
        self._supervisor.bus.publish(RemoteCommunicationEvent(type_, data))

    # --- configuration and life of the daemon

    async def reload_config(self) -> Changes:
        """Read the configuration again.

        Raises:
            CannotReread: not now, or it cannot be used.
        """
        self._updates.require_settled()
        config = await self.read_config()
        self._supervisor.notes.available(self._available, config.groups)
        self._available = config.groups
        active = [group.config for group in self._supervisor.groups.values()]
        return diff(active, config.groups)

    async def read_config(self) -> Config:
        """Read the configuration anew, off the loop, and keep nothing of it.

        Raises:
            ShuttingDown: now, or meanwhile.
            CannotReread: it cannot be used.
        """
        self.require_up()
        try:
            config = await in_thread(self._read)
        except ConfigError as error:
            raise CannotReread(str(error)) from None
        self.require_up()
        return config

    def add_group(self, name: str) -> None:
        """Activate a group of the configuration as last read."""
        self.require_up()
        if name in self._supervisor.groups:
            raise AlreadyAdded(name)
        config = self._available_group(name)
        try:
            group = self._supervisor.add_group(config)
        except OSError as error:
            raise Failed(str(error)) from None
        self._supervisor.start_group(group, requested("add"))

    def _available_group(self, name: str) -> GroupConfig:
        for group in self._available:
            if group.name == name:
                return group
        raise BadName(name)

    def remove_group(self, name: str) -> None:
        """Forget a group that does not run."""
        self.require_up()
        group = self._supervisor.groups.get(name)
        if group is None:
            raise BadName(name)
        if not all(process.state.at_rest for process in group.processes.values()):
            raise StillRunning(name)
        self._supervisor.remove_group(group)

    async def scale(self, program: str, count: int | None) -> Scaled:
        """Change the number of processes of a program."""
        self._updates.require_settled()
        return await self.rescale(program, count, self.read_config, self._stop_for_good)

    async def _stop_for_good(self, process: Process) -> None:
        """Stop a process that nobody will need, so that nobody stops with it; who cannot be stopped is let go."""
        self._supervisor.feed(process, StopRequested(requested("scale")))
        await self._stopped(process)

    async def update(self, groups: Collection[str] | None = None, *, confirm: float | None = None) -> Changes:
        """Apply the configuration."""
        changes = await self.reload_config()
        if groups is not None:
            for name in groups:
                if name not in self._supervisor.groups and name not in changes.added:
                    raise BadName(name)
            changes = Changes(*(tuple(name for name in names if name in groups) for names in changes))
        await self._updates.apply(changes, confirm)
        return changes

    def confirm_update(self) -> bool:
        """Keep the update that is on trial."""
        return self._updates.confirm()

    def go_on_with_update(self, trial: Trial) -> None:
        """Go on with an update that was on trial when a brain before us ended."""
        self._updates.go_on(trial)

    def close(self) -> None:
        """Look after nothing any more."""
        self._updates.close()

    def shutdown(self) -> None:
        """Begin the shutdown."""
        if self.mood is Mood.SHUTDOWN:
            raise ShuttingDown
        self._leave(None)

    async def upgrade(self) -> None:
        """Let the installed version take over."""
        self.require_up()
        if self._upgrade is None:
            raise Failed("cannot upgrade")
        await self._upgrade()

    async def restart(self) -> None:
        """Begin a restart, unless the new configuration cannot be used."""
        self._leave(await self.read_config())


def _judge(phase: Phase, asked: str) -> None:
    """Say what the phase after a request to start means for who asked."""
    if phase in (Phase.BACKOFF, Phase.FATAL):
        raise SpawnFailed(asked)
    if phase in (Phase.STOPPING, Phase.STOPPED, Phase.UNKNOWN):
        raise AbnormalTermination(asked)
