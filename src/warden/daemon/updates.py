"""Applies what a new configuration changes, for good or on trial: then it is taken back unless somebody confirms it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from warden.config.diff import Changes
from warden.config.model import GroupConfig
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.errors import AlreadyAdded, BadName, CannotReread, RequestError
from warden.events import types
from warden.frozen import frozen
from warden.process.step import StartRequested
from warden.process.trial import Trial, objection
from warden.rpc.control import Outcome
from warden.words import RUNNING_PHASES


class Groups(Protocol):
    """The verbs of the daemon that an update is made of."""

    async def stop_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        """Stop the members of a group."""
        ...

    def add_group(self, name: str) -> None:
        """Activate a group of the configuration as last read."""
        ...

    def remove_group(self, name: str) -> None:
        """Forget a group that does not run."""
        ...


@frozen
class _Before:
    """What an update has replaced: the groups that it touched, their old configurations, and what of them ran."""

    touched: tuple[str, ...]
    groups: tuple[GroupConfig, ...]
    running: frozenset[str]


class Updates:
    """Makes updates; one at a time may be on trial."""

    def __init__(self, supervisor: Supervisor, groups: Groups) -> None:
        self._supervisor = supervisor
        self._groups = groups
        self._before: _Before | None = None
        self._trial: Trial | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._return: asyncio.Task[None] | None = None  # the way back, while it is gone

    async def apply(self, changes: Changes, seconds: float | None) -> None:
        """Stop and remove what is gone or changed, then add what is new or changed.

        With ``seconds`` it is on trial for that time: a process of these groups
        that becomes FATAL, or the end of the time, takes it back.

        Raises:
            CannotReread: another update is on trial.
            RequestError: a step failed; what was on trial is taken back.
        """
        self.require_settled()
        if seconds is not None:
            self._before = self._remember(changes)
        try:
            await self._apply(changes)
        except RequestError as error:
            if seconds is not None:
                self._take_back(f"it could not be made: {error}")
            raise
        if seconds is not None:
            self._begin_trial(seconds)

    def require_settled(self) -> None:
        """Refuse what would change what can still be taken back.

        Raises:
            CannotReread: an update is on trial, or is being taken back.
        """
        if self._before is not None or not (self._return is None or self._return.done()):
            raise CannotReread("another update waits for its confirmation")

    async def _apply(self, changes: Changes) -> None:
        for name in (*changes.removed, *changes.changed):
            await self._groups.stop_many(name, wait=True)
            self._groups.remove_group(name)
            if name in changes.changed:
                self._groups.add_group(name)
        for name in changes.added:
            self._groups.add_group(name)

    def confirm(self) -> bool:
        """Keep the update that is on trial; return False if there is none."""
        if self._end_trial() is None:
            return False
        self._supervisor.log.info("the update is confirmed")
        return True

    def _remember(self, changes: Changes) -> _Before:
        replaced = [self._supervisor.groups[name] for name in (*changes.removed, *changes.changed)]
        return _Before(
            touched=(*changes.changed, *changes.added),
            groups=tuple(group.config for group in replaced),
            running=frozenset(
                process.namespec
                for group in replaced
                for process in group.processes.values()
                if process.state.phase in RUNNING_PHASES
            ),
        )

    def _begin_trial(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._trial = Trial(seconds, loop.time() + seconds)
        self._timer = loop.call_later(seconds, self._look)
        self._supervisor.bus.subscribe(types.ProcessStateFatalEvent, self._on_fatal)
        self._supervisor.log.info(f"the update is taken back in {seconds:g} s unless somebody confirms it")
        self._look()

    def _on_fatal(self, _event: types.Event) -> None:
        asyncio.get_running_loop().call_soon(self._look)  # events come before the new state is stored

    def _look(self) -> None:
        if self._trial is None or self._before is None or not self._supervisor.may_start:
            return
        members = ((process.namespec, process.state.phase) for process in self._touched(self._before))
        if why := objection(self._trial, asyncio.get_running_loop().time(), members):
            self._take_back(why)

    def _touched(self, before: _Before) -> Iterator[Process]:
        for name in before.touched:
            if name in self._supervisor.groups:
                yield from self._supervisor.groups[name].processes.values()

    def _end_trial(self) -> _Before | None:
        before, self._before = self._before, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._trial is not None:
            self._trial = None
            self._supervisor.bus.unsubscribe(types.ProcessStateFatalEvent, self._on_fatal)
        return before

    def _take_back(self, why: str) -> None:
        before = self._end_trial()
        if before is not None:
            self._supervisor.log.warn(f"the update is taken back: {why}")
            self._return = asyncio.get_running_loop().create_task(self._go_back(before, why))

    async def _go_back(self, before: _Before, why: str) -> None:
        try:
            await self._clear_away(before.touched)
        except RequestError as error:  # the daemon goes down, or something will not stop
            self._supervisor.log.error(f"the update cannot be taken back: {error}")
            return
        for config in before.groups:
            try:
                self._restore(config, before, why)
            except (OSError, AlreadyAdded) as error:
                self._supervisor.log.error(f"cannot bring {config.name} back: {error}")
        self._supervisor.log.info("the update has been taken back")

    async def _clear_away(self, names: Sequence[str]) -> None:
        for name in names:
            with suppress(BadName):  # it was not added, or somebody has removed it
                await self._groups.stop_many(name, wait=True)
                self._groups.remove_group(name)

    def _restore(self, config: GroupConfig, before: _Before, why: str) -> None:
        if config.name in self._supervisor.groups:
            raise AlreadyAdded(config.name)
        group = self._supervisor.add_group(config)
        for process in group.processes.values():
            if process.namespec in before.running:
                self._supervisor.feed(process, StartRequested(f"the update was taken back: {why}"))
