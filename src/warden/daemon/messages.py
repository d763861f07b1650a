"""The verbs that tell a child something while it runs: signals, the wish to reload, input."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from warden.config.probes import Way
from warden.config.readers import signal_number
from warden.daemon.records import Process
from warden.daemon.standing import StandingOrders
from warden.daemon.waiting import noticing, together
from warden.errors import AbnormalTermination, BadSignal, Failed, NoFile, NotRunning, RequestError
from warden.rpc.caller import requested
from warden.rpc.control import Outcome
from warden.words import SIGNALLABLE_PHASES, Phase

_RELOADING_SECONDS = 1.0  # within which a program that tells says RELOADING=1 if it ever does


class Messages(StandingOrders):
    """Words to children."""

    def signal(self, namespec: str, signal: str | int) -> None:
        """Signal one process."""
        self.require_up()
        self._signal(self.find(namespec), namespec, signal)

    def signal_many(self, group: str | None, signal: str | int) -> Sequence[Outcome]:
        """Signal those that can be signalled."""
        self.require_up()
        outcomes = []
        for process in self.members(group):
            if process.state.phase not in SIGNALLABLE_PHASES:
                continue
            error = None
            try:
                self._signal(process, process.namespec, signal)
            except RequestError as refused:
                error = refused
            outcomes.append(Outcome(name=process.name, group=process.group, error=error))
        return outcomes

    def _signal(self, process: Process, asked: str, signal: str | int) -> None:
        try:
            asks_only = str(signal).strip() == "0"  # kill -0: whether it is there and may be signalled
            signum = 0 if asks_only else signal_number(str(signal))
        except ValueError:
            raise BadSignal(str(signal)) from None
        self._await_birth(process)
        if process.state.phase not in SIGNALLABLE_PHASES or not process.state.pid:
            raise NotRunning(asked)
        try:
            self._supervisor.signal(process, signum, requested("a signal"))
        except OSError as error:
            raise _unsent(process, error) from None

    async def reload(self, namespec: str) -> None:
        """Let one process read its configuration again."""
        self.require_up()
        await self._reload(self.find(namespec), namespec)

    async def reload_many(self, group: str | None) -> Sequence[Outcome]:
        """Reload those that run and know how to."""
        self.require_up()
        chosen = [
            process
            for process in self.members(group)
            if process.state.phase is Phase.RUNNING and process.config.reload_signal is not None
        ]
        return await together(chosen, lambda process: self._reload(process, process.namespec))

    async def _reload(self, process: Process, asked: str) -> None:
        signum = process.config.reload_signal
        if signum is None:
            raise Failed(f"{asked} has no reload_signal; its section needs one, for example reload_signal=HUP")
        if process.state.phase is not Phase.RUNNING:
            raise NotRunning(asked)
        try:
            self._supervisor.reload(process, signum, requested("reload"))
        except OSError as error:
            raise _unsent(process, error) from None
        ready = process.config.ready
        if ready is not None and ready.way is Way.NOTIFY and not await self._reloaded(process):
            raise AbnormalTermination(asked)

    async def _reloaded(self, process: Process) -> bool:
        """Wait for READY=1 after RELOADING=1; tell whether the process still runs then.

        A program that does not say RELOADING=1 in time never will: then nobody waits.
        """
        begun = False

        def find() -> bool | None:
            nonlocal begun
            if process.state.phase is not Phase.RUNNING or process.vitals is None:
                return False
            begun = begun or not process.vitals.ready
            return True if begun and process.vitals.ready else None

        with noticing(process, find) as decided:
            await asyncio.wait({decided}, timeout=_RELOADING_SECONDS)
            return await decided if begun or decided.done() else True

    def send_stdin(self, namespec: str, data: bytes) -> None:
        """Write to the stdin of a process."""
        self.require_up()
        process = self.find(namespec)
        self._await_birth(process)
        child = process.child
        if child is None or process.state.killing:
            raise NotRunning(namespec)
        if child.stdin is None:
            raise NoFile(namespec)
        try:
            child.stdin.write(data)
        except BlockingIOError as error:
            raise Failed(f"{namespec}: {error.strerror}") from None
        except OSError:
            raise NoFile(namespec) from None

    def _await_birth(self, process: Process) -> None:
        """Let a process that is STARTING have its child, as everybody expects: that takes a millisecond."""
        if process.state.phase is Phase.STARTING and not process.state.pid:
            self._supervisor.children.settle(process)


def _unsent(process: Process, error: OSError) -> Failed:
    return Failed(f"unknown problem sending sig {process.name} ({process.state.pid}): {error}")
