"""The daemon as plugins know it: what their factories are called with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

from warden.config.model import Config, ProcessConfig
from warden.daemon.facade.configs import GroupConfigView
from warden.daemon.facade.events import show_event
from warden.daemon.facade.fleet import Groups, GroupView, ProcessView
from warden.daemon.facade.logger import LoggerView
from warden.daemon.facade.options import OptionsView, http_server
from warden.daemon.facade.refusal import NotSupported
from warden.daemon.records import Group, Process
from warden.daemon.supervisor import Supervisor
from warden.errors import RequestError
from warden.events.types import Event
from warden.rpc.control import Control
from warden.rpc.faults import RPCError, fault_from
from warden.rpc.registry import NOT_DONE_YET
from warden.words import Mood

T = TypeVar("T")

DELAY_SECONDS = 0.05  # between two calls of a deferred answer


def deferred(poll: Callable[[], object], rpcinterface: object = None) -> Callable[[], object]:
    """Give a plain function what makes it a deferred answer."""
    vars(poll).update(delay=DELAY_SECONDS, rpcinterface=rpcinterface)
    return poll


class SupervisordView:
    """The daemon; plugins may add attributes of their own.

    ``request`` is called when a plugin assigns ``options.mood``.
    """

    def __init__(
        self,
        config: Config,
        supervisor: Supervisor,
        control: Control,
        loop: asyncio.AbstractEventLoop,
        request: Callable[[Mood], None],
    ) -> None:
        self.control = control
        self.options = OptionsView(
            config, LoggerView(supervisor.log, loop), self, mood=lambda: supervisor.mood, request=request
        )
        self.process_groups: Mapping[str, GroupView] = Groups(supervisor, self._view)
        self._supervisor = supervisor
        self._loop = loop
        self._home = threading.get_ident()
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def may_start(self) -> bool:
        """False while the daemon goes down."""
        return self._supervisor.may_start

    def get_state(self) -> int:
        """Return a number of ``supervisor.states.SupervisorStates``."""
        return self.options.mood

    def get_process_map(self) -> dict[int, ProcessView]:
        """Return the processes that have a child, by pid."""
        views = (process for group in self.process_groups.values() for process in group.processes.values())
        return {process.pid: process for process in views if process.pid}

    def add_process_group(self, config: GroupConfigView) -> bool:
        """Make a group active and start what is to start by itself; False if it is active already."""
        if config.name in self.process_groups:
            return False
        self._supervisor.start_group(self._supervisor.add_group(config.source))
        return True

    def remove_process_group(self, name: str) -> bool:
        """Forget a group; False if one of its processes runs.  Raises: KeyError."""
        group = self._supervisor.groups[name]
        if not all(process.state.at_rest for process in group.processes.values()):
            return False
        self._supervisor.remove_group(group)
        return True

    # --- what the daemon's rooms use

    def show(self, event: Event) -> object:
        """Return what a plugin gets for an event."""
        return show_event(self.process_groups, event)

    def serve(self, namespaces: Mapping[str, object]) -> None:
        """Let plugins find each other's namespaces."""
        self.options.httpservers = [(config, http_server(config, namespaces)) for config in self.options.server_configs]

    def defer(self, work: Coroutine[object, object, object], rpcinterface: object) -> Callable[[], object]:
        """Do ``work`` and return the function that answers with what comes of it."""
        task: asyncio.Task[object] = self._loop.create_task(_run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def answer() -> object:
            return task.result() if task.done() else NOT_DONE_YET

        return deferred(answer, rpcinterface)

    def on_loop(self, work: Callable[[], T]) -> T:
        """Do ``work`` on the loop and return or raise what it does; the thread of a plugin waits for it."""
        if threading.get_ident() == self._home:
            return work()

        async def call() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def close(self) -> None:
        """Let go of work that nobody will hear of."""
        for task in self._tasks:
            task.cancel()

    # --- configs.Maker: for configurations that no group has yet

    def make_process(self, group: object, config: ProcessConfig) -> ProcessView:
        """Make a process for a group; it is not yet a member."""
        if not isinstance(group, GroupView):
            raise NotSupported("make_process() without a group", "pass a group of supervisord.process_groups")
        return group.make_process(group, config)

    def reconfigure(self, record: Process, config: ProcessConfig) -> None:
        """Give a process another configuration."""
        self._supervisor.reconfigure(self._supervisor.groups[record.group], record, config)

    def _view(self, record: Group) -> GroupView:
        return GroupView(self._supervisor, self.options, record)


def old_fault(error: RequestError) -> RPCError:
    """Return what plugins expect to be raised."""
    return RPCError(fault_from(error).faultCode, str(error) if error.args else None)


async def _run(work: Coroutine[object, object, object]) -> object:
    try:
        return await work
    except RequestError as error:
        raise old_fault(error) from error
