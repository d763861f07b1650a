"""The ``supervisor`` namespace for calls within the process, from any thread: nothing is awaited, faults are RPCErrors.

A method answers at once, or with a function that has to be called until it
returns something else than NOT_DONE_YET.
"""

# ruff: noqa: N802 - the names are those on the wire

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeVar

from warden.daemon.facade.fleet import GroupView, ProcessView
from warden.daemon.facade.supervisord import SupervisordView, deferred, old_fault
from warden.errors import RequestError
from warden.rpc import logs
from warden.rpc.faults import Faults, RPCError
from warden.rpc.registry import NOT_DONE_YET, Registry, SystemApi
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import (
    RUNNING_PHASES,
    SIGNALLABLE_PHASES,
    STOPPED_PHASES,
    Channel,
    Phase,
    make_namespec,
    split_namespec,
)

T = TypeVar("T")
Member = tuple[GroupView, ProcessView]
Deferred = Callable[[], object]


class InProcessApi(SupervisorApi):
    """What plugins make of ``supervisor.rpcinterface.SupervisorNamespaceRPCInterface``."""

    def __init__(self, supervisord: SupervisordView) -> None:
        super().__init__(supervisord.control)
        self.supervisord = supervisord

    def startProcess(self, name: str, wait: bool = True) -> object:  # type: ignore[override] # deferred, not awaited
        """Start a process; with ``wait`` the function answers once it is RUNNING."""
        group, process = self._getGroupAndProcess(name)
        if process is None:
            return self.startProcessGroup(group.config.name, wait)
        _at_once(self._control.start(name, wait=False), process.settle)

        def started() -> object:
            phase = process.record.state.phase
            if phase is Phase.STARTING:
                return NOT_DONE_YET
            if phase in (Phase.BACKOFF, Phase.FATAL):
                raise RPCError(Faults.SPAWN_ERROR, name)
            if phase in (Phase.STOPPING, Phase.STOPPED, Phase.UNKNOWN):
                raise RPCError(Faults.ABNORMAL_TERMINATION, name)
            return True

        return deferred(started, self) if wait else True

    def stopProcess(self, name: str, wait: bool = True) -> object:  # type: ignore[override] # deferred, not awaited
        """Stop a process; with ``wait`` the function answers once it has ended."""
        group, process = self._getGroupAndProcess(name)
        if process is None:
            return self.stopProcessGroup(group.config.name, wait)
        _at_once(self._control.stop(name, wait=False), process.settle)

        def stopped() -> object:
            return True if process.record.state.phase in STOPPED_PHASES else NOT_DONE_YET

        return deferred(stopped, self) if wait else True

    def startProcessGroup(self, name: str, wait: bool = True) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Start those of a group that do not run."""
        return make_allfunc(self._members(name), isNotRunning, self.startProcess, wait=wait)

    def stopProcessGroup(self, name: str, wait: bool = True) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Stop those of a group that run."""
        return make_allfunc(self._members(name), isRunning, self.stopProcess, wait=wait)

    def startAllProcesses(self, wait: bool = True) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Start all that do not run."""
        self._update("startAllProcesses")
        return make_allfunc(self._getAllProcesses(), isNotRunning, self.startProcess, wait=wait)

    def stopAllProcesses(self, wait: bool = True) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Stop all that run."""
        self._update("stopAllProcesses")
        return make_allfunc(self._getAllProcesses(), isRunning, self.stopProcess, wait=wait)

    def getAllProcessInfo(self) -> list[dict[str, object]]:
        """Describe all processes, as structs that the caller may change."""
        return [dict(struct) for struct in super().getAllProcessInfo()]

    def signalProcess(self, name: object, signal: object) -> object:
        """Send a signal to a process."""
        return super().signalProcess(name, signal)

    def signalProcessGroup(self, name: object, signal: object) -> list[dict[str, object]]:
        """Send a signal to those of a group that run."""
        return super().signalProcessGroup(name, signal)

    def signalAllProcesses(self, signal: object) -> list[dict[str, object]]:
        """Send a signal to all that run."""
        return super().signalAllProcesses(signal)

    def sendRemoteCommEvent(self, type: object, data: object) -> bool:
        """Publish a REMOTE_COMMUNICATION event."""
        return super().sendRemoteCommEvent(type, data)

    def reloadConfig(self) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Read the configuration again; the function answers with added, changed, removed."""
        return self.supervisord.defer(super().reloadConfig(), self)

    def restart(self) -> Deferred:  # type: ignore[override] # deferred, not awaited
        """Begin again; the function answers once the new configuration was found to be usable."""
        return self.supervisord.defer(super().restart(), self)

    def _read_log(self, name: str | None, channel: Channel, offset: int, length: int) -> str:  # type: ignore[override] # at once
        return logs.read_now(self._control.log_path(name, channel), offset, length).decode("utf-8", "replace")

    def _tail_log(self, name: str, channel: Channel, offset: int, length: int) -> list[object]:  # type: ignore[override] # at once
        data, size, overflow = logs.tail_now(self._control.log_path(name, channel), offset, length)
        return [data.decode("utf-8", "replace"), size, overflow]

    def _update(self, text: str) -> None:
        """Refuse while the daemon goes down; called at the start of a method with its name."""
        if not self.supervisord.may_start:
            raise RPCError(Faults.SHUTDOWN_STATE)
        self.update_text = text

    def _getGroupAndProcess(self, name: str) -> tuple[GroupView, ProcessView | None]:
        group_name, process_name = split_namespec(name)
        group = self.supervisord.process_groups.get(group_name)
        if group is None:
            raise RPCError(Faults.BAD_NAME, name)
        if process_name is None:
            return group, None
        process = group.processes.get(process_name)
        if process is None:
            raise RPCError(Faults.BAD_NAME, name)
        return group, process

    def _getAllProcesses(self, lexical: bool = False) -> list[Member]:
        groups = list(self.supervisord.process_groups.values())
        groups.sort(key=(lambda group: group.config.name) if lexical else None)
        found = []
        for group in groups:
            members = list(group.processes.values())
            members.sort(key=(lambda process: process.record.name) if lexical else None)
            found += [(group, process) for process in members]
        return found

    def _members(self, name: str) -> list[Member]:
        self._update(name)
        group = self.supervisord.process_groups.get(name)
        if group is None:
            raise RPCError(Faults.BAD_NAME, name)
        return [(group, process) for process in sorted(group.processes.values())]


def _for_plugins(method: Callable[..., T]) -> Callable[..., T]:
    """Raise the old faults, and work in whatever thread the plugin calls."""

    @functools.wraps(method)
    def call(self: InProcessApi, *arguments: object, **options: object) -> T:
        try:
            return self.supervisord.on_loop(lambda: method(self, *arguments, **options))
        except RequestError as error:
            raise old_fault(error) from error

    return call


for _name in [name for name in dir(InProcessApi) if not name.startswith("_")]:
    setattr(InProcessApi, _name, _for_plugins(getattr(InProcessApi, _name)))


def _at_once(step: Coroutine[object, object, None], settle: Callable[[], None]) -> None:
    """Run a coroutine that at most waits for what ``settle`` brings about; if that does not help it is left alone."""
    try:
        step.send(None)
        settle()
        step.send(None)
    except StopIteration:
        return
    step.close()


def isRunning(process: ProcessView) -> bool:
    """Whether it can be stopped."""
    return process.get_state() in RUNNING_PHASES


def isNotRunning(process: ProcessView) -> bool:
    """Whether it can be started."""
    return not isRunning(process)


def isSignallable(process: ProcessView) -> bool:
    """Whether it can take a signal."""
    return process.get_state() in SIGNALLABLE_PHASES


def make_allfunc(
    processes: Iterable[Member],
    predicate: Callable[[ProcessView], bool],
    func: Callable[..., object],
    **extra_kwargs: object,
) -> Deferred:
    """Return a function that calls ``func`` for every process that ``predicate`` takes, and collects the answers.

    ``func`` gets the namespec and ``extra_kwargs``; it may answer with such a function.
    The final answer has one struct per process: name, group, status, description.
    """
    chosen = [(group, process) for group, process in processes if predicate(process)]
    waiting: list[tuple[Member, Deferred]] = []
    results: list[dict[str, object]] = []
    begun = False

    def settle(member: Member, ask: Deferred) -> None:
        status, text = Faults.SUCCESS, "OK"
        try:
            answer = ask()
        except RPCError as error:
            status, text = error.code, error.text
        else:
            if answer is NOT_DONE_YET:
                waiting.append((member, ask))
                return
            if callable(answer):
                settle(member, answer)
                return
        group, process = member
        results.append({"name": process.config.name, "group": group.config.name, "status": status, "description": text})

    def allfunc() -> object:
        nonlocal begun
        asked, waiting[:] = list(waiting), []
        if not begun:
            begun = True
            asked = [(member, functools.partial(func, _namespec(member), **extra_kwargs)) for member in chosen]
        for member, ask in asked:
            settle(member, ask)
        return NOT_DONE_YET if waiting else results

    return deferred(allfunc)


def _namespec(member: Member) -> str:
    group, process = member
    return make_namespec(str(group.config.name), str(process.config.name))


class InProcessSystem(SystemApi):
    """The ``system`` namespace over a list of (name, namespace)."""

    def __init__(self, namespaces: Iterable[tuple[str, object]]) -> None:
        super().__init__(Registry(dict(namespaces), trace=lambda _line: None))
