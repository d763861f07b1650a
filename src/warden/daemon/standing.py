"""The verbs whose effect outlives the daemon: enable, disable, scale."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from warden.config.diff import member_changes
from warden.config.model import Config, GroupConfig, Kind
from warden.daemon.logverbs import LogVerbs
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.errors import BadArguments, BadName, CannotReread, Failed, RequestError
from warden.process.step import StartRequested
from warden.rpc.caller import requested
from warden.rpc.control import Outcome, Scaled


class StandingOrders(LogVerbs):
    """Orders that are remembered."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__(supervisor)
        self._scaling = asyncio.Lock()  # numbers are tried out one at a time

    def enable(self, namespec: str) -> None:
        """Let a process start by itself, as its configuration says."""
        self._set_disabled(self.find(namespec), disabled=False)

    def disable(self, namespec: str) -> None:
        """Do not let a process start by itself."""
        self._set_disabled(self.find(namespec), disabled=True)

    def enable_many(self, group: str | None) -> Sequence[Outcome]:
        """Enable the members of a group."""
        return [self._set_disabled(process, disabled=False) for process in self.members(group)]

    def disable_many(self, group: str | None) -> Sequence[Outcome]:
        """Disable the members of a group."""
        return [self._set_disabled(process, disabled=True) for process in self.members(group)]

    def _set_disabled(self, process: Process, *, disabled: bool) -> Outcome:
        self.require_up()
        persistence = self._supervisor.persistence
        (persistence.disable if disabled else persistence.enable)(process.namespec)
        process.disabled = disabled
        self._supervisor.schedules.follow(process)
        self._supervisor.touch(process)
        return Outcome(name=process.name, group=process.group)

    async def rescale(
        self,
        program: str,
        count: int | None,
        read: Callable[[], Awaitable[Config]],
        stop: Callable[[Process], Coroutine[None, None, None]],
    ) -> Scaled:
        """Give a program ``count`` processes (None: as the files say), and remember that.

        ``read`` reads the configuration with the numbers that are remembered;
        ``stop`` stops one process and waits for its end.
        """
        async with self._scaling:
            self._require_scalable(program)
            persistence = self._supervisor.persistence
            before = persistence.scale_of(program)
            persistence.scale(program, count)
            try:
                config = await read()
                wanted = [group for group in config.groups if any(one.program == program for one in group.processes)]
                _require_count(program, count, wanted)
            except RequestError:
                persistence.scale(program, before)
                raise
            changes = [await self._change_members(program, group, stop) for group in wanted]
            return Scaled(
                added=tuple(name for change in changes for name in change.added),
                removed=tuple(name for change in changes for name in change.removed),
            )

    def _require_scalable(self, program: str) -> None:
        self.require_up()
        kinds = {process.config.kind for process in self.members(None) if process.config.program == program}
        if not kinds:
            raise BadName(program)
        if Kind.LISTENER in kinds:
            raise BadArguments(f"{program}: the number of event listeners can only be changed in the configuration")

    async def _change_members(
        self, program: str, config: GroupConfig, stop: Callable[[Process], Coroutine[None, None, None]]
    ) -> Scaled:
        group = self._supervisor.groups.get(config.name)
        if group is None:  # configured, but not added yet: then it will have the right number from the start
            return Scaled()
        added, removed = member_changes(group.config, config, program)
        new = []
        for process in added:
            try:
                record = self._supervisor.make_process(config.name, process)
            except OSError as error:
                raise Failed(str(error)) from None
            self._supervisor.adopt(group, record)
            new.append(record)
        for record in new:
            if record.starts_by_itself:
                self._supervisor.feed(record, StartRequested(requested("scale")))
                await asyncio.sleep(0)  # a thousand starts in a row would keep the loop from everything else
        leaving = [group.processes[process.name] for process in removed]
        async with asyncio.TaskGroup() as tasks:
            for record in leaving:
                tasks.create_task(stop(record))
        for record in leaving:
            self._supervisor.dismiss(group, record)
        group.arrange([process.name for process in config.processes])
        self._supervisor.notes.group(group)
        return Scaled(
            added=tuple(record.namespec for record in new), removed=tuple(record.namespec for record in leaving)
        )


def _require_count(program: str, count: int | None, groups: Sequence[GroupConfig]) -> None:
    """Refuse a number that the configuration cannot have."""
    if not groups:
        raise BadName(program)
    found = [sum(one.program == program for one in group.processes) for group in groups]
    if count is not None and set(found) != {count}:
        raise CannotReread(
            f"{program} cannot have {count} processes: its process_name needs %(process_num), "
            "for example process_name=%(program_name)s_%(process_num)02d"
        )
