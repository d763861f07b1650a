"""Verbs on one process, a group, a selection or all, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from warden.errors import BadName, NotRunning, RequestError
from warden.rpc.control import Control, Outcome
from warden.words import RUNNING_PHASES, split_namespec

EVERYTHING = "*"

Act = Callable[[str], Awaitable[Sequence[Outcome]]]


class Actions:
    """Gives orders to the daemon.

    Each method takes a namespec; ``group:*`` means all members and ``*`` all
    processes.  A refusal for a single process is raised, within a group it
    stands in the outcome.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    async def start(self, namespec: str, *, wait: bool) -> Sequence[Outcome]:
        """Start what does not run."""
        if (group := _group(namespec)) is not None:
            return await self._control.start_many(group or None, wait=wait)
        await self._control.start(namespec, wait=wait)
        return [_done(namespec)]

    async def start_each(
        self, namespecs: Sequence[str] | Literal["all"], *, wait: bool, may_run: bool = False
    ) -> Sequence[Outcome]:
        """Start a selection; what one of them brings along, because it needs it, has not been running before.

        With ``may_run`` one that is named and runs already is as good as one that we start.
        """
        if namespecs == "all":
            return await self.start(EVERYTHING, wait=wait)
        idle = set(filter(self._is_idle, namespecs))

        async def act(namespec: str) -> Sequence[Outcome]:
            if _group(namespec) is not None or (namespec not in idle and not may_run):
                return await self.start(namespec, wait=wait)
            await self._control.start(namespec, wait=wait, may_run=True)
            return [_done(namespec)]

        return await on_each(namespecs, act)

    def _is_idle(self, namespec: str) -> bool:
        try:
            return _group(namespec) is None and self._control.process(namespec).phase not in RUNNING_PHASES
        except BadName:
            return False

    async def stop(self, namespec: str, *, wait: bool) -> Sequence[Outcome]:
        """Stop what runs."""
        if (group := _group(namespec)) is not None:
            return await self._control.stop_many(group or None, wait=wait)
        await self._control.stop(namespec, wait=wait)
        return [_done(namespec)]

    async def restart(self, namespec: str, *, wait: bool) -> Sequence[Outcome]:
        """Stop what runs and wait for its end, then start."""
        if (group := _group(namespec)) is not None:
            stopped = await self._control.stop_many(group or None, wait=True)
            failed = [outcome for outcome in stopped if outcome.error is not None]
            return [*failed, *await self._control.start_many(group or None, wait=wait)]
        try:
            await self._control.stop(namespec, wait=True)
        except NotRunning:  # then it only has to be started
            return await self.start(namespec, wait=wait)
        return await self.start(namespec, wait=wait)

    async def signal(self, namespec: str, signal: str | int) -> Sequence[Outcome]:
        """Send a signal."""
        if (group := _group(namespec)) is not None:
            return self._control.signal_many(group or None, signal)
        self._control.signal(namespec, signal)
        return [_done(namespec)]

    async def reload(self, namespec: str) -> Sequence[Outcome]:
        """Let it read its configuration again."""
        if (group := _group(namespec)) is not None:
            return await self._control.reload_many(group or None)
        await self._control.reload(namespec)
        return [_done(namespec)]

    async def until_ready(self, namespec: str, *, within: float | None) -> Sequence[Outcome]:
        """Wait until it can do its work."""
        if (group := _group(namespec)) is not None:
            return await self._control.until_ready_many(group or None, within=within)
        await self._control.until_ready(namespec, within=within)
        return [_done(namespec)]

    async def enable(self, namespec: str) -> Sequence[Outcome]:
        """Let it start by itself."""
        if (group := _group(namespec)) is not None:
            return self._control.enable_many(group or None)
        self._control.enable(namespec)
        return [_done(namespec)]

    async def disable(self, namespec: str) -> Sequence[Outcome]:
        """Do not let it start by itself."""
        if (group := _group(namespec)) is not None:
            return self._control.disable_many(group or None)
        self._control.disable(namespec)
        return [_done(namespec)]

    async def clear(self, namespec: str) -> Sequence[Outcome]:
        """Clear the logs of one process or, with ``*``, of all."""
        if namespec == EVERYTHING:
            return self._control.clear_all_logs()
        self._control.clear_logs(namespec)
        return [_done(namespec)]


async def on_each(namespecs: Sequence[str] | Literal["all"], act: Act) -> Sequence[Outcome]:
    """Act on a selection, all at the same time; refusals stand in the outcomes, which keep the order."""
    if namespecs == "all":
        return await act(EVERYTHING)

    async def one(namespec: str) -> Sequence[Outcome]:
        try:
            return await act(namespec)
        except RequestError as refusal:
            group, name = split_namespec(namespec)
            return [Outcome(name=name or "*", group=group, error=refusal)]

    async with asyncio.TaskGroup() as tasks:
        running = []
        for namespec in dict.fromkeys(namespecs):
            running.append(tasks.create_task(one(namespec)))
            await asyncio.sleep(0)  # a thousand starts in a row would keep the loop from everything else
    return [outcome for task in running for outcome in task.result()]


def _done(namespec: str) -> Outcome:
    group, name = split_namespec(namespec)
    return Outcome(name=name or "", group=group)


def _group(namespec: str) -> str | None:
    """Return the name of the group that is meant, empty for all groups, None for a single process."""
    if namespec == EVERYTHING:
        return ""
    group, name = split_namespec(namespec)
    if name is None and not group:
        raise BadName(namespec)
    return group if name is None else None
