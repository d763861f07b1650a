"""One daemon from its first fact to its last, across restarts: what is set up, in which order, and taken down."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import Callable
from functools import partial

from warden.config.model import Config
from warden.daemon.control import DaemonControl
from warden.daemon.ending import Ending
from warden.daemon.flusher import Flusher
from warden.daemon.insight import DaemonInsight
from warden.daemon.interfaces import Interfaces
from warden.daemon.leftovers import Settlement
from warden.daemon.notes import Notes
from warden.daemon.opening import announce_servers, announce_start, open_log
from warden.daemon.orders import Orders
from warden.daemon.persistence import Persistence
from warden.daemon.remains import Remains
from warden.daemon.resume import Resumption, read_or_keep
from warden.daemon.servers import Listeners
from warden.daemon.supervisor import Supervisor
from warden.daemon.ticks import Ticks
from warden.daemon.upgrade import Upgrade
from warden.errors import StartupError
from warden.events import types
from warden.events.bus import Bus
from warden.events.serials import Serials
from warden.frozen import frozen
from warden.http.server import HttpServer
from warden.logs import autolog, syslog
from warden.logs.mainlog import MainLog
from warden.rpc.registry import Registry
from warden.runtime.foster import FosterParent
from warden.runtime.identity import PidFile
from warden.runtime.kept import KeeperParent
from warden.runtime.parent import OwnParent, Parent
from warden.runtime.reaper import Reaper
from warden.runtime.record import Record
from warden.runtime.roster import Roster
from warden.runtime.slot import Slot
from warden.words import VERSION, Mood, counted


@frozen
class _Session:
    """The life of one fleet, until ``down`` is set."""

    supervisor: Supervisor
    ending: Ending
    down: asyncio.Event


class Life:
    """The daemon while it runs.

    ``read`` reads the configuration with the original command line.  ``ready``
    is called once, when the pid file is written.  With a ``keeper`` the
    programs outlive us; ``remains`` are those of a brain before us.
    """

    def __init__(
        self,
        config: Config,
        log: MainLog,
        listeners: Listeners,
        pidfile: PidFile,
        flusher: Flusher,
        *,
        persistence: Persistence,
        read: Callable[[], Config],
        ready: Callable[[], None],
        keeper: KeeperParent | None = None,
        remains: Remains | None = None,
    ) -> None:
        self._config = config
        self._log = log
        self._listeners = listeners
        self._pidfile = pidfile
        self._flusher = flusher
        self._persistence = persistence
        self._read = read
        self._ready = ready
        self._keeper = keeper
        self._remains = remains
        self._roster = Roster(self._log_critical)
        self._serials = Serials(0 if remains is None else remains.serials)
        self._started = remains is not None
        self.exit_status = 0  # of the daemon, once ``run`` has returned
        self._upgrade = Upgrade(keeper, lambda: self._log, lambda: self._present.down.set())
        self._next: Config | None = None
        self._present: _Session  # set before anything that uses it is connected, as are the ticks
        self._ticks: Ticks

    async def run(self) -> None:
        """Run until the shutdown is complete, or until another version has taken over."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_bug)
        self._flusher.attach(loop)
        syslog.LOCAL.on_wait = self._flusher.wait
        self._orders = Orders(
            loop,
            log=lambda: self._log,
            supervisor=lambda: self._present.supervisor,
            keeper=lambda: self._keeper,
            read=self._read,
            leave=self._leave,
            upgrade=self._upgrade,
        )
        reaper = Reaper(self._orders.on_stranger)
        reaper.attach(loop, partial(self._log_debug, "received SIGCHLD indicating a child quit"))
        own = OwnParent(loop, reaper, os.getpid())
        given = {} if self._remains is None else self._remains.found.given
        parent = FosterParent(loop, self._keeper or own, self._roster, given)
        notes = self._take_notes(loop)
        if self._keeper is not None:
            self._keeper.on_loss = partial(self._go_on_alone, self._keeper.pid, parent, own)
        while True:
            await self._session(loop, parent, notes)
            if self._upgrade.making_way:
                parent.let_go()
                if await self._upgrade.is_over():
                    return
                notes = self._come_back(loop)
            elif self._next is None:
                break
            else:
                self._config, self._next = self._next, None
                self._begin_again()
        reaper.detach(loop)
        parent.close()
        self._roster.close()
        self._listeners.close()
        self._pidfile.remove()
        self._log.close()

    def _come_back(self, loop: asyncio.AbstractEventLoop) -> Notes:
        """Go on where the other version has stopped, which may be further than we got."""
        assert self._keeper is not None
        self._keeper.detach()
        self._remains = Remains.of(self._keeper.ask(programs=True))
        self._log.reopen()
        return self._take_notes(loop)

    def _take_notes(self, loop: asyncio.AbstractEventLoop) -> Notes:
        keeper, remains = self._keeper, self._remains
        if keeper is None:
            return Notes()
        keeper.on_say = self._orders.hear
        keeper.attach(loop)
        self._listeners.hold(keeper)
        slot = Slot() if remains is None else remains.slot
        keeper.hold("slot", slot.fd)
        record = Record(partial(keeper.hold, "record"), partial(self._on_record_lost, keeper))
        if remains is not None and remains.whole:
            record.begin(remains.facts)
        return Notes(record, slot)

    def _on_record_lost(self, keeper: KeeperParent, error: OSError) -> None:
        keeper.drop("record")
        self._log.critical(f"cannot remember what happens for whoever comes after us: {error.strerror}")

    async def _session(self, loop: asyncio.AbstractEventLoop, parent: FosterParent, notes: Notes) -> None:
        config, log = self._config, self._log
        remains, self._remains = self._remains, None
        if remains is None or not remains.whole:
            notes.begin(config)
        self._persistence.open(config.server.statefile, log.warn)
        claim = self._claim(config, parent)
        supervisor = self._supervisor(loop, parent, notes, "" if claim is None else claim.token)
        control = DaemonControl(supervisor, config, read=self._read, leave=self._leave, upgrade=self._upgrade.ask)
        interfaces = Interfaces(config, supervisor, control, loop, self._orders.on_mood)
        begin = self._settle(supervisor, parent, remains)
        registry = Registry(interfaces.namespaces(self._refuse), trace=log.trace)
        since = time.time() if remains is None else remains.since
        notes.since(since)
        insight = DaemonInsight(supervisor, control, config, since, lambda: self._upgrade.failure)
        server = HttpServer(self._listeners.copies(), registry, control, insight, log)
        server.start(loop)
        begin()
        if remains is not None and remains.trial is not None:
            control.go_on_with_update(remains.trial)
        del begin, remains  # they are large
        await self._present.down.wait()
        control.close()
        await server.close(resumed=self._upgrade.making_way)
        insight.close()
        interfaces.close()
        self._ticks.close()
        self._persistence.save()
        if self._upgrade.making_way:
            supervisor.leave()
            notes.close()
            await self._flusher.settle()  # before somebody else rotates the same logs
            return
        supervisor.close()
        await self._flusher.settle()
        if claim is not None:
            claim.release()
            parent.drop("claim")

    def _supervisor(
        self, loop: asyncio.AbstractEventLoop, parent: FosterParent, notes: Notes, token: str
    ) -> Supervisor:
        """Make the fleet of a session, which is the present one from now on."""
        config = self._config
        bus = Bus(self._on_subscriber_error, lambda: self._ticks.adjust())
        self._ticks = Ticks(loop, bus)
        supervisor = Supervisor(
            config,
            loop=loop,
            parent=parent,
            notes=notes,
            log=self._log,
            bus=bus,
            flusher=self._flusher,
            token=token,
            serials=self._serials,
            persistence=self._persistence,
        )
        self._present = _Session(supervisor, Ending(supervisor, loop, config.server, self._end), asyncio.Event())
        return supervisor

    def _settle(self, supervisor: Supervisor, parent: FosterParent, remains: Remains | None) -> Callable[[], None]:
        """Make the groups, anew or as they were; return what is to be done once somebody can ask about them."""
        loop = asyncio.get_running_loop()
        settlement = Settlement(supervisor, parent, loop, self._config.server.leftovers)
        if remains is not None:
            resumption = Resumption(supervisor, remains, parent, loop.time())
            resumption.connect()
            return partial(self._go_on, resumption, remains, supervisor, settlement)
        left = settlement.prepare(self._config, self._roster)
        self._add_groups(supervisor, self._config)
        settlement.take_in(left)
        supervisor.notes.all_made()
        return partial(self._begin, self._config, supervisor, settlement)

    def _begin(self, config: Config, supervisor: Supervisor, settlement: Settlement) -> None:
        """Tell the world that a session begins, and start what is to start by itself."""
        self._write_pidfile(config, supervisor.pid)
        self._ready()
        self._started = True
        supervisor.bus.publish(types.SupervisorRunningEvent())
        loop = asyncio.get_running_loop()
        settlement.then(  # on the loop, where a failure of ours does not end the daemon
            partial(loop.call_soon, supervisor.start_all)
        )

    def _go_on(self, resumption: Resumption, remains: Remains, supervisor: Supervisor, settlement: Settlement) -> None:
        """Go on with a session that a brain before us has begun."""
        resumption.go_on()
        self._keep_roster()
        alive = counted(
            sum(1 for process in supervisor.processes() if process.state.pid), "process runs", "processes run"
        )
        if remains.found.facts["trial"]:
            self._log.info(f"version {VERSION} took over; {alive}, nothing was touched")
        else:
            self._log.warn(f"{remains.why}; went on: {alive}, nothing was touched")
        if not remains.announced:
            self._begin(self._config, supervisor, settlement)
            return
        self._ready()
        if remains.begun:
            supervisor.notes.all_started()
        else:
            supervisor.start_untouched()
        supervisor.schedules.begin()
        self._present.ending.look_at_all()
        if remains.mood < Mood.RUNNING:
            self._leave(None if remains.mood is Mood.SHUTDOWN else read_or_keep(self._read, self._config, self._log))

    def _claim(self, config: Config, parent: Parent) -> autolog.Claim | None:
        fd = parent.inherit("claim")
        if fd is not None:
            return autolog.Claim.inherited(os.readlink(f"/proc/self/fd/{fd}"), fd)
        try:
            claim = autolog.Claim(config.server.childlogdir, config.server.identifier)
            parent.hold("claim", claim.fd)
            return claim
        except OSError as error:
            self._refuse(f"cannot create a log file in {config.server.childlogdir}: {error.strerror}")
            return None

    def _add_groups(self, supervisor: Supervisor, config: Config) -> None:
        for group in config.groups:
            try:
                supervisor.add_group(group)
            except OSError as error:
                self._refuse(f"cannot create the log files of {group.name}: {error}")

    def _refuse(self, text: str) -> None:
        """End a start that cannot succeed; a restart goes on with what works: too late to refuse."""
        self._log.critical(text)
        if not self._started:
            raise StartupError(text)

    def _begin_again(self) -> None:
        """Set up what a restart may change: the log, its messages, AUTO logs, sockets, the pid file."""
        try:
            log = open_log(self._config, self._flusher)
        except StartupError as error:
            self._refuse(str(error))  # and go on with the log there is
        else:
            self._log.close()
            self._log = log
        announce_start(self._config, self._log)
        self._pidfile.remove()
        self._roster.close()
        self._pidfile = PidFile(self._config.server.pidfile)
        try:
            self._listeners.adopt(self._config.http)
        except StartupError as error:
            self._refuse(str(error))
        announce_servers(self._config, self._log)

    def _write_pidfile(self, config: Config, pid: int) -> None:
        if self._pidfile.write(pid):
            self._log.info(f"supervisord started with pid {pid}")
            self._keep_roster()
        else:
            self._log.critical(f"could not write pidfile {config.server.pidfile}")

    def _go_on_alone(self, keeper: int, parent: FosterParent, own: OwnParent) -> None:
        """The keeper was killed: be the parent of new programs, and watch over those that live."""
        self._keeper = None
        self._log.critical(
            f"the keeper (pid {keeper}) is gone; going on alone with pid {own.pid}: the programs are not touched, "
            "but if this process is killed, too, nobody keeps them"
        )
        parent.replace(own)
        if self._pidfile.names(keeper) and not self._pidfile.write(own.pid):
            self._log.critical(f"could not write pidfile {self._config.server.pidfile}")

    def _keep_roster(self) -> None:
        """Write down who lives, beside the pid file; there is no such place if that is /dev/null, say."""
        if self._pidfile.is_ours:
            self._roster.open(self._config.server.pidfile)

    def _end(self, status: int) -> None:
        """Shut down because of what became of the programs."""
        self.exit_status = status
        self._leave(None)

    def _leave(self, config: Config | None) -> None:
        """Begin the end of the present session; with a configuration another one follows."""
        self._next = config
        present = self._present
        present.supervisor.go_down(Mood.SHUTDOWN if config is None else Mood.RESTARTING, present.down.set)

    # --- boundaries

    def _log_debug(self, text: str) -> None:
        self._log.debug(text)

    def _log_critical(self, text: str) -> None:
        self._log.critical(text)

    def _on_subscriber_error(self, subscriber: object, event: types.Event, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self._log.critical(f"{subscriber!r} failed on {types.name_of(type(event))}:\n{trace}".rstrip())

    def _on_bug(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """The last net: whatever went wrong in a callback is logged, and the daemon goes on."""
        error = context.get("exception")
        text = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
        self._log.critical(f"{context.get('message')}\n{text}".rstrip())
