"""Ends the daemon when an essential program, or all of them, have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from warden.config.model import Kind, ServerConfig
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.daemon.ties import fate_of
from warden.process.ending import FAILED_START, Fate, exit_status, is_final, when_all_finished
from warden.rpc.caller import set_caller
from warden.words import Phase


class Ending:
    """Watches the ends of processes; ``end`` shuts the daemon down with an exit status."""

    def __init__(
        self, supervisor: Supervisor, loop: asyncio.AbstractEventLoop, server: ServerConfig, end: Callable[[int], None]
    ) -> None:
        self._supervisor = supervisor
        self._loop = loop
        self._when_finished = server.exit_when_finished
        self._end = end
        supervisor.on_rest = self._on_rest

    def _on_rest(self, process: Process) -> None:
        if process.state.phase in (Phase.EXITED, Phase.FATAL):  # a restart follows in the same turn of the loop
            self._loop.call_soon(self._look, *process.key)

    def look_at_all(self) -> None:
        """Look at those who have ended already: a brain before us may not have come to it."""
        for process in self._supervisor.processes():
            if process.state.phase in (Phase.EXITED, Phase.FATAL):
                self._loop.call_soon(self._look, *process.key)

    def _look(self, group_name: str, name: str) -> None:
        group = self._supervisor.groups.get(group_name)
        process = group.processes.get(name) if group is not None else None
        if process is None or not self._supervisor.may_start or not is_final(fate := self._fate(process)):
            return
        log = self._supervisor.log
        set_caller(lambda: f"the end of {process.namespec}")
        if fate.policy.essential:
            status = exit_status(fate)
            log.critical(f"{process.namespec} is essential and has ended: supervisord ends with exit status {status}")
            self._end(status)
            return
        for other, text in self._supervisor.ties.waiting_in_vain(process):
            if other.config.policy.essential:
                status = exit_status(fate) or FAILED_START
                told = f"is essential and waits in vain for {text}"
                log.critical(f"{other.namespec} {told}: supervisord ends with exit status {status}")
                self._end(status)
                return
        if self._when_finished:
            counted = (
                one for one in self._supervisor.processes_in_start_order() if one.config.kind is not Kind.LISTENER
            )
            finished = when_all_finished(map(self._fate, counted))
            if finished is not None:
                log.info(f"all programs have finished: supervisord ends with exit status {finished}")
                self._end(finished)

    def _fate(self, process: Process) -> Fate:
        return fate_of(process)._replace(in_vain=self._supervisor.ties.waits_in_vain(process))
