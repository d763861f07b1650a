"""One daemon from its first fact to its last, across restarts: what is set up, in which order, and taken down."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from warden.config.model import Config, HttpServerConfig
from warden.config.values import Severity
from warden.daemon.control import DaemonControl
from warden.daemon.ending import Ending
from warden.daemon.flusher import Flusher
from warden.daemon.insight import DaemonInsight, open_to_all
from warden.daemon.interfaces import Interfaces
from warden.daemon.memory import Memory
from warden.daemon.supervisor import Supervisor
from warden.daemon.ticks import Ticks
from warden.errors import ConfigError, StartupError
from warden.events import types
from warden.events.bus import Bus
from warden.events.pool import Serials
from warden.http.server import HttpServer
from warden.logs import autolog, syslog
from warden.logs.mainlog import MainLog
from warden.rpc.registry import Registry
from warden.runtime.identity import PidFile
from warden.runtime.reaper import Reaper
from warden.runtime.signals import on_signal
from warden.runtime.sockets import HttpListener
from warden.runtime.threads import in_thread
from warden.words import ExitStatus, Mood

_ROOT = (
    "Supervisor is running as root.  Privileges were not dropped because no user is specified in the config file.  "
    "If you intend to run as root, you can set user=root in the config file to avoid this message."
)
_EXIT_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def open_log(config: Config, flusher: Flusher) -> MainLog:
    """Open the activity log; ``flusher`` looks after it when it cannot be written.

    Raises:
        StartupError: the file cannot be opened.
    """
    server = config.server
    log = MainLog(server.loglevel, on_wait=flusher.wait)
    try:
        if server.logfile is None:
            log.add_syslog()
        else:
            log.add_file(server.logfile, server.logfile_maxbytes, server.logfile_backups)
    except OSError as error:
        raise StartupError(f"cannot open the log file {server.logfile}: {error.strerror}") from None
    if server.nodaemon and not server.silent:
        log.add_stdout()
    return log


class Listeners:
    """The listening sockets of our HTTP servers; those that stay the same survive a restart."""

    def __init__(self) -> None:
        self._open: dict[HttpServerConfig, HttpListener] = {}

    def adopt(self, configs: tuple[HttpServerConfig, ...]) -> None:
        """Open what is new or lost its file, and close what is gone.

        Raises:
            StartupError: an address cannot be used; the others are open all the same.
        """
        for config, listener in tuple(self._open.items()):
            if config not in configs or not listener.is_reachable:
                listener.close()
                del self._open[config]
        refused: StartupError | None = None
        for config in configs:
            if config not in self._open:
                try:
                    self._open[config] = HttpListener(config)
                except StartupError as error:
                    refused = refused or error
        if refused is not None:
            raise refused

    def copies(self) -> list[tuple[HttpServerConfig, socket.socket]]:
        """Duplicates for a server that closes what it is given."""
        return [(config, listener.socket.dup()) for config, listener in self._open.items()]

    def close(self) -> None:
        """Close all and remove their files."""
        self.adopt(())


@dataclass(frozen=True, slots=True)
class _Session:
    """The life of one fleet, until ``down`` is set."""

    supervisor: Supervisor
    down: asyncio.Event


class Life:
    """The daemon while it runs.

    ``read`` reads the configuration with the original command line.  ``ready``
    is called once, when the pid file is written.
    """

    def __init__(
        self,
        config: Config,
        log: MainLog,
        listeners: Listeners,
        pidfile: PidFile,
        flusher: Flusher,
        *,
        memory: Memory,
        read: Callable[[], Config],
        ready: Callable[[], None],
    ) -> None:
        self._config = config
        self._log = log
        self._listeners = listeners
        self._pidfile = pidfile
        self._flusher = flusher
        self._memory = memory
        self._read = read
        self._ready = ready
        self._ticks: Ticks | None = None
        self._serials = Serials()
        self._started = False
        self.exit_status = 0  # of the daemon, once ``run`` has returned
        self._next: Config | None = None
        self._reread: asyncio.Task[None] | None = None
        self._present: _Session  # set before anything that uses it is connected

    async def run(self) -> None:
        """Run until the shutdown is complete."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_bug)
        self._flusher.attach(loop)
        syslog.LOCAL.on_wait = self._flusher.wait
        reaper = Reaper(self._on_stranger)
        reaper.attach(loop, partial(self._log_debug, "received SIGCHLD indicating a child quit"))
        while True:
            await self._session(loop, reaper)
            if self._next is None:
                break
            self._config, self._next = self._next, None
            self._begin_again()
        reaper.detach(loop)
        self._listeners.close()
        self._pidfile.remove()
        self._log.close()

    async def _session(self, loop: asyncio.AbstractEventLoop, reaper: Reaper) -> None:
        config, log = self._config, self._log
        bus = Bus(self._on_subscriber_error, self._adjust_ticks)
        self._ticks = Ticks(loop, bus)
        self._memory.open(config.server.statefile, log.warn)
        claim = self._claim(config)
        supervisor = Supervisor(
            config,
            loop=loop,
            reaper=reaper,
            log=log,
            bus=bus,
            flusher=self._flusher,
            token=claim.token if claim is not None else "",
            serials=self._serials,
            memory=self._memory,
        )
        down = asyncio.Event()
        self._present = _Session(supervisor, down)
        Ending(supervisor, loop, config.server, self._end)
        control = DaemonControl(supervisor, config, read=self._read, leave=self._leave)
        interfaces = Interfaces(config, supervisor, control, loop, partial(self._on_mood, loop))
        self._add_groups(supervisor, config)
        registry = Registry(interfaces.namespaces(self._refuse), trace=log.trace)
        insight = DaemonInsight(supervisor, control, config)
        server = HttpServer(self._listeners.copies(), registry, control, insight, log)
        server.start(loop)
        if not self._started:
            self._listen_to_signals(loop)
        self._write_pidfile(config)
        self._ready()
        self._started = True
        bus.publish(types.SupervisorRunningEvent())
        loop.call_soon(supervisor.start_all)  # on the loop, where a failure of ours does not end the daemon
        await down.wait()
        await server.close()
        insight.close()
        interfaces.close()
        self._ticks.close()
        supervisor.close()
        self._memory.save()
        if claim is not None:
            claim.release()

    def _claim(self, config: Config) -> autolog.Claim | None:
        try:
            return autolog.Claim(config.server.childlogdir, config.server.identifier)
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
        self._pidfile = PidFile(self._config.server.pidfile)
        try:
            self._listeners.adopt(self._config.http)
        except StartupError as error:
            self._refuse(str(error))
        announce_servers(self._config, self._log)

    def _write_pidfile(self, config: Config) -> None:
        if self._pidfile.write():
            self._log.info(f"supervisord started with pid {os.getpid()}")
        else:
            self._log.critical(f"could not write pidfile {config.server.pidfile}")

    # --- signals

    def _listen_to_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen from now on, across restarts: one that comes in between counts for the session that follows."""
        for signum in _EXIT_SIGNALS:
            on_signal(loop, signum, partial(self._on_exit_signal, signum))
        on_signal(loop, signal.SIGHUP, partial(self._on_hup, loop))
        on_signal(loop, signal.SIGUSR2, self._on_usr2)
        on_signal(loop, signal.SIGUSR1, partial(self._log_debug, "received SIGUSR1, ignored"))

    def _on_exit_signal(self, signum: signal.Signals) -> None:
        self._log.warn(f"received {signum.name} indicating exit request")
        self._leave(None)

    def _on_hup(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._present.supervisor.mood is Mood.SHUTDOWN:
            self._log.warn("ignored SIGHUP indicating restart request (shutdown in progress)")
            return
        self._log.warn("received SIGHUP indicating restart request")
        self._ask_for_restart(loop)

    def _on_mood(self, loop: asyncio.AbstractEventLoop, mood: Mood) -> None:
        """Do what a plugin asks for when it assigns the mood."""
        if mood is Mood.SHUTDOWN:
            self._leave(None)
        elif mood is Mood.RESTARTING and self._present.supervisor.may_start:
            self._ask_for_restart(loop)

    def _ask_for_restart(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._reread is None or self._reread.done():
            self._reread = loop.create_task(self._restart())

    async def _restart(self) -> None:
        try:
            config = await in_thread(self._read)
        except ConfigError as error:
            self._log.critical(f"cannot restart, the configuration is unusable: {error}")
            return
        if self._present.supervisor.may_start:
            self._leave(config)

    def _on_usr2(self) -> None:
        self._log.info("received SIGUSR2 indicating log reopen request")
        self._log.info("supervisord logreopen")
        self._log.reopen()
        for process in self._present.supervisor.processes():
            for output in process.outputs.values():
                output.reopen()

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

    def _adjust_ticks(self) -> None:
        if self._ticks is not None:
            self._ticks.adjust()

    def _log_debug(self, text: str) -> None:
        self._log.debug(text)

    def _on_stranger(self, pid: int, status: ExitStatus) -> None:
        self._log.info(f"reaped unknown pid {pid} ({status})")

    def _on_subscriber_error(self, subscriber: object, event: types.Event, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self._log.critical(f"{subscriber!r} failed on {types.name_of(type(event))}:\n{trace}".rstrip())

    def _on_bug(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """The last net: whatever went wrong in a callback is logged, and the daemon goes on."""
        error = context.get("exception")
        text = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
        self._log.critical(f"{context.get('message')}\n{text}".rstrip())


def announce_start(config: Config, log: MainLog, limits: Sequence[str] = ()) -> None:
    """Write what waited for the log to be opened, the gravest first, and clean up after the previous run."""
    user = config.server.user
    if user is not None:
        messages = [(Severity.INFO, f"Set uid to user {user} succeeded")]
    else:
        messages = [(Severity.CRITICAL, _ROOT)] if os.getuid() == 0 else []
    messages = [*config.messages, *messages, *((Severity.INFO, text) for text in limits)]
    for severity in (Severity.CRITICAL, Severity.WARNING, Severity.INFO):
        for level, text in messages:
            if level is severity:
                log.log(severity, text)
    if not config.server.nocleanup:
        try:
            failed = autolog.cleanup(config.server.childlogdir, config.server.identifier)
        except OSError:
            log.warn("Could not clear childlog dir")
        else:
            for path in failed:
                log.warn(f"Failed to clean up {path!r}")


def announce_servers(config: Config, log: MainLog) -> None:
    """Say which interfaces each server has, and which server lets everybody in."""
    for http in config.http:
        for plugin in config.rpcinterfaces:
            log.info(f"RPC interface {plugin.name!r} initialized")
        if not http.username:
            log.critical(f"Server {http.section!r} running without any HTTP authentication checking")
    for text in open_to_all(config):
        log.critical(text)
