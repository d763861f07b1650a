"""Waiting for what becomes of processes, without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from warden.daemon.records import Process
from warden.errors import RequestError
from warden.process.step import State
from warden.rpc.control import Outcome
from warden.words import STOPPED_PHASES, Phase

Found = TypeVar("Found")


def watching(process: Process, wanted: Callable[[State], object]) -> AbstractContextManager[asyncio.Future[Phase]]:
    """Give a future that gets the phase of the first ``wanted`` state that the process is in, now or later."""
    return noticing(process, lambda: process.state.phase if wanted(process.state) else None)


@contextmanager
def noticing(process: Process, find: Callable[[], Found | None]) -> Iterator[asyncio.Future[Found]]:
    """Give a future that gets the first thing that ``find`` returns, now or after a change of the process."""
    found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

    def look() -> None:
        if not found.done() and (thing := find()) is not None:
            found.set_result(thing)

    look()
    process.watchers.append(look)
    try:
        yield found
    finally:
        process.watchers.remove(look)


async def tidied(process: Process) -> None:
    """Wait until all that has to be done after the last child of a process is done."""
    with watching(process, lambda state: state.errand is None or state.phase not in STOPPED_PHASES) as done:
        await done


async def together(processes: Iterable[Process], act: Callable[[Process], Awaitable[None]]) -> list[Outcome]:
    """Do ``act`` to all at once; the outcomes come in the order of completion."""
    outcomes: list[Outcome] = []

    async def one(process: Process) -> None:
        error = None
        try:
            await act(process)
        except RequestError as refused:
            error = refused
        outcomes.append(Outcome(name=process.name, group=process.group, error=error))

    async with asyncio.TaskGroup() as tasks:
        for process in processes:
            tasks.create_task(one(process))
            await asyncio.sleep(0)  # a thousand starts in a row would keep the loop from everything else
    return outcomes
