"""What signals, plugins and the keeper want of the daemon as a whole."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from warden.config.model import Config
from warden.daemon.supervisor import Supervisor
from warden.daemon.upgrade import Upgrade
from warden.errors import ConfigError, Failed
from warden.logs.mainlog import MainLog
from warden.rpc.caller import set_caller
from warden.runtime.courier import Message
from warden.runtime.kept import KeeperParent, stranger
from warden.runtime.signals import on_signal
from warden.runtime.threads import in_thread
from warden.words import ExitStatus, Mood


class Orders:
    """Listens from now on, across restarts: what comes in between counts for the session that follows.

    ``leave`` begins the end of the present session; with a configuration
    another one follows.  The others are asked for when they are needed: they change.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        log: Callable[[], MainLog],
        supervisor: Callable[[], Supervisor],
        keeper: Callable[[], KeeperParent | None],
        read: Callable[[], Config],
        leave: Callable[[Config | None], None],
        upgrade: Upgrade,
    ) -> None:
        self._loop = loop
        self._log = log
        self._supervisor = supervisor
        self._keeper = keeper
        self._read = read
        self._leave = leave
        self._upgrade = upgrade
        self._reread: asyncio.Task[None] | None = None
        self._upgrading: asyncio.Task[None] | None = None
        self._on_signal: dict[int, Callable[[], None]] = {
            signal.SIGTERM: partial(self._on_exit_signal, signal.SIGTERM),
            signal.SIGINT: partial(self._on_exit_signal, signal.SIGINT),
            signal.SIGQUIT: partial(self._on_exit_signal, signal.SIGQUIT),
            signal.SIGHUP: self._on_hup,
            signal.SIGUSR2: self._on_usr2,
            signal.SIGUSR1: self._on_usr1,
        }
        for signum, callback in self._on_signal.items():
            on_signal(loop, signum, callback)

    def hear(self, message: Message) -> None:
        """Hear from the keeper what is no program's business."""
        match message["say"]:
            case "signal":
                self._on_signal[message["signum"]]()
            case "stranger":
                pid, status = stranger(message)
                keeper = self._keeper()
                if keeper is not None and keeper.pid == 1:
                    self.on_stranger(pid, status)
                else:  # elsewhere orphans are nobody's business: they came to us only because of the keeper
                    self._log().debug(f"reaped orphan {pid} ({status})")
            case "bug":
                self._log().critical(f"keeper: {message['text']}")
            case _:
                self._upgrade.hear(message)

    def _on_exit_signal(self, signum: signal.Signals) -> None:
        self._log().warn(f"received {signum.name} indicating exit request")
        set_caller(lambda: signum.name)
        self._leave(None)

    def _on_hup(self) -> None:
        if self._supervisor().mood is Mood.SHUTDOWN:
            self._log().warn("ignored SIGHUP indicating restart request (shutdown in progress)")
            return
        self._log().warn("received SIGHUP indicating restart request")
        set_caller(lambda: "SIGHUP")
        self._ask_for_restart()

    def on_mood(self, mood: Mood) -> None:
        """Do what a plugin asks for when it assigns the mood."""
        if mood is Mood.SHUTDOWN:
            self._leave(None)
        elif mood is Mood.RESTARTING and self._supervisor().may_start:
            self._ask_for_restart()

    def _ask_for_restart(self) -> None:
        if self._reread is None or self._reread.done():
            self._reread = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        try:
            config = await in_thread(self._read)
        except ConfigError as error:
            self._log().critical(f"cannot restart, the configuration is unusable: {error}")
            return
        if self._supervisor().may_start:
            self._leave(config)

    def _on_usr1(self) -> None:
        if self._keeper() is None:
            self._log().debug("received SIGUSR1, ignored")
        else:
            self._log().info("received SIGUSR1 indicating upgrade request")
            self._upgrading = self._loop.create_task(self._upgrade_or_say_why())

    async def _upgrade_or_say_why(self) -> None:
        with suppress(Failed):  # the log has it
            await self._upgrade.ask()

    def _on_usr2(self) -> None:
        self._log().info("received SIGUSR2 indicating log reopen request")
        self._log().info("supervisord logreopen")
        self._log().reopen()
        for process in self._supervisor().processes():
            for output in process.outputs.values():
                output.reopen()

    def on_stranger(self, pid: int, status: ExitStatus) -> None:
        """Say that a child of nobody here has ended."""
        self._log().info(f"reaped unknown pid {pid} ({status})")
