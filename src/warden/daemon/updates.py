"""Applies what a new configuration changes, for good or on trial: then it is taken back unless somebody confirms it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from warden.config.diff import Changes
from warden.config.model import GroupConfig
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.errors import AlreadyAdded, BadName, CannotReread, RequestError
from warden.events import types
from warden.process.step import AgainRequested, StartRequested
from warden.process.trial import Trial, objection
from warden.rpc.control import Outcome
from warden.words import RUNNING_PHASES, Phase


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


class Updates:
    """Makes updates; one at a time may be on trial, also across the ends of brains."""

    def __init__(self, supervisor: Supervisor, groups: Groups) -> None:
        self._supervisor = supervisor
        self._groups = groups
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
        if seconds is None:
            await self._apply(changes)
            return
        trial = self._trial_of(changes, seconds)
        self._remember(trial)
        try:
            await self._apply(changes)
        except RequestError as error:
            self._take_back(trial, f"it could not be made: {error}")
            raise
        deadline = asyncio.get_running_loop().time() + seconds
        self._supervisor.log.info(f"the update is taken back in {seconds:g} s unless somebody confirms it")
        self._watch(replace(trial, deadline=deadline), deadline)

    def go_on(self, trial: Trial) -> None:
        """Go on with an update that was on trial when a brain before us ended."""
        self._trial = trial
        if trial.why or trial.deadline is None:
            self._take_back(trial, trial.why or "supervisord was interrupted while it was being made")
        else:
            self._watch(trial, trial.deadline)

    def close(self) -> None:
        """Look after no update any more: the session ends, or somebody else does."""
        self._stop_watching()
        if self._return is not None:
            self._return.cancel()

    def require_settled(self) -> None:
        """Refuse what would change what can still be taken back.

        Raises:
            CannotReread: an update is on trial, or is being taken back.
        """
        if self._trial is not None:
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
        if self._timer is None:
            return False
        self._stop_watching()
        self._remember(None)
        self._supervisor.log.info("the update is confirmed")
        return True

    def _trial_of(self, changes: Changes, seconds: float) -> Trial:
        replaced = [self._supervisor.groups[name] for name in (*changes.removed, *changes.changed)]
        return Trial(
            seconds=seconds,
            touched=(*changes.changed, *changes.added),
            groups=tuple(group.config for group in replaced),
            running=tuple(
                process.namespec
                for group in replaced
                for process in group.processes.values()
                if process.state.phase in RUNNING_PHASES
            ),
        )

    def _remember(self, trial: Trial | None) -> None:
        self._trial = trial
        self._supervisor.notes.trial(trial)

    # --- while it waits for its confirmation

    def _watch(self, trial: Trial, deadline: float) -> None:
        self._remember(trial)
        self._timer = asyncio.get_running_loop().call_at(deadline, self._look)
        self._supervisor.bus.subscribe(types.ProcessStateFatalEvent, self._on_fatal)
        self._look()

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._supervisor.bus.unsubscribe(types.ProcessStateFatalEvent, self._on_fatal)

    def _on_fatal(self, _event: types.Event) -> None:
        asyncio.get_running_loop().call_soon(self._look)  # events come before the new state is stored

    def _look(self) -> None:
        if self._trial is None or self._timer is None or not self._supervisor.may_start:
            return
        members = ((process.namespec, process.state.phase) for process in self._touched(self._trial))
        if why := objection(self._trial, asyncio.get_running_loop().time(), members):
            self._take_back(self._trial, why)

    def _touched(self, trial: Trial) -> Iterator[Process]:
        for name in trial.touched:
            if name in self._supervisor.groups:
                yield from self._supervisor.groups[name].processes.values()

    # --- the way back

    def _take_back(self, trial: Trial, why: str) -> None:
        self._stop_watching()
        self._remember(replace(trial, why=why))
        self._supervisor.log.warn(f"the update is taken back: {why}")
        self._return = asyncio.get_running_loop().create_task(self._go_back(trial, why))

    async def _go_back(self, trial: Trial, why: str) -> None:
        try:
            await self._clear_away(trial)
        except RequestError as error:  # the daemon goes down, or something will not stop
            self._supervisor.log.error(f"the update cannot be taken back: {error}")
        else:
            for config in trial.groups:
                try:
                    self._restore(config, trial, why)
                except (OSError, AlreadyAdded) as error:
                    self._supervisor.log.error(f"cannot bring {config.name} back: {error}")
            self._supervisor.log.info("the update has been taken back")
        self._remember(None)

    async def _clear_away(self, trial: Trial) -> None:
        for name in trial.touched:
            group = self._supervisor.groups.get(name)
            if group is None or group.config in trial.groups:
                continue  # it was not added, somebody has removed it, or it is back already
            with suppress(BadName):
                await self._groups.stop_many(name, wait=True)
                self._groups.remove_group(name)

    def _restore(self, config: GroupConfig, trial: Trial, why: str) -> None:
        group = self._supervisor.groups.get(config.name)
        if group is not None and group.config != config:
            raise AlreadyAdded(config.name)
        if group is None:
            group = self._supervisor.add_group(config)
        cause = f"the update was taken back: {why}"
        for process in group.processes.values():
            if process.namespec not in trial.running:
                continue
            if process.state.phase is Phase.STOPPED:
                self._supervisor.feed(process, StartRequested(cause))
            elif process.state.phase is Phase.STOPPING:  # the update was interrupted just there
                self._supervisor.feed(process, AgainRequested(cause))
