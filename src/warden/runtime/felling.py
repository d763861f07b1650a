"""Ends what a child has left behind: asks the remnants to end, then halts and kills them, until nobody is left."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from warden.frozen import frozen
from warden.runtime import census, remnants
from warden.runtime.census import Pinned
from warden.runtime.remnants import Traces
from warden.runtime.threads import in_thread

_HALT_ROUNDS = 1000  # nobody who is halted can start others, so a few are enough for all but the worst
_KILL_SECONDS = 5.0  # in which somebody who was killed is expected to be gone


@frozen(kw_only=True)
class Felled:
    """What became of the remnants of one child."""

    ended: tuple[Pinned, ...] = ()  # when they were asked to
    killed: tuple[Pinned, ...] = ()
    refused: tuple[Pinned, ...] = ()  # the system does not let us signal them
    stuck: tuple[Pinned, ...] = ()  # they do not end by SIGKILL, at least not soon: they wait for a device, say


class Feller:
    """Fells trees beside the loop; those who ask while somebody looks at the processes share the next look."""

    def __init__(self) -> None:
        self._asked: list[Traces] = []
        self._next: asyncio.Task[list[list[Pinned]]] | None = None
        self._present: asyncio.Task[list[list[Pinned]]] | None = None

    async def fell(self, traces: Traces, patience: float) -> Felled:
        """End the remnants of a child, which have ``patience`` seconds before they are killed.

        Raises:
            OSError: there are no descriptors to be had.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._look(self._present))
        self._asked.append(traces)
        place = len(self._asked) - 1
        found = (await asyncio.shield(self._next))[place]
        return await in_thread(partial(fell, traces, found, patience))

    async def _look(self, before: asyncio.Task[list[list[Pinned]]] | None) -> list[list[Pinned]]:
        if before is not None:
            await asyncio.wait({before})
        self._present, self._next = self._next, None
        asked, self._asked = self._asked, []
        return await in_thread(partial(remnants.find, asked))

    def close(self) -> None:
        """Look no more."""
        for look in (self._present, self._next):
            if look is not None:
                look.cancel()


def fell(traces: Traces, found: Sequence[Pinned], patience: float) -> Felled:
    """End the remnants that were ``found``, and those who come meanwhile.  Blocks for as long as it takes.

    If none were found there are none, since nobody was there who could have started any.

    Raises:
        OSError: there are no descriptors to be had.
    """
    if not found:
        _clear_away(traces)
        return Felled()
    asked = list(found) if patience > 0 else []
    deadline = time.monotonic() + patience
    for one in asked:
        _send(one, signal.SIGTERM, signal.SIGCONT)
    census.wait(asked, deadline - time.monotonic())
    killed: dict[Pinned, None] = {}
    refused: list[Pinned] = []
    stuck: list[Pinned] = []
    while not refused and not stuck and (rest := _halt(traces)):
        by_kernel = _kill_cgroup(traces)
        # Parents last: the kernel lets those go on that are halted when nobody outside their group is their parent.
        refused = [one for one in reversed(rest) if not _send(one, signal.SIGKILL) and not by_kernel]
        stuck = census.wait([one for one in rest if one not in refused], _KILL_SECONDS)
        killed.update(dict.fromkeys(one for one in rest if one not in refused and one not in stuck))
    _clear_away(traces)
    return Felled(
        ended=tuple(one for one in asked if one not in killed and one not in refused and one not in stuck),
        killed=tuple(killed),
        refused=tuple(refused),
        stuck=tuple(stuck),
    )


def _send(one: Pinned, *signums: int) -> bool:
    """Signal one, and tell whether the system allows it."""
    try:
        census.send(one, signums)
    except PermissionError:
        return False
    return True


def _halt(traces: Traces) -> list[Pinned]:
    """Halt all remnants before one is killed, and return them: nobody starts others of whom we would not know.

    An orphan that bears no mark is known by its parent alone; and who starts
    others faster than we kill would win.
    """
    halted: dict[Pinned, None] = {}

    def halt(one: Pinned) -> None:
        if one not in halted:
            halted[one] = None
            _send(one, signal.SIGSTOP)

    for _round in range(_HALT_ROUNDS):
        before = len(halted)
        [found] = remnants.find([traces], greet=halt)
        for one in found:
            halt(one)
        if len(halted) == before:
            break
    return list(halted)


def _kill_cgroup(traces: Traces) -> bool:
    """Let the kernel kill all of a control group at once, also those that we may not signal; tell whether it can."""
    try:
        with open(f"{traces.cgroup}/cgroup.kill", "w", encoding="ascii") as file:  # since Linux 5.14
            file.write("1")
    except OSError:
        return False
    return True


def _clear_away(traces: Traces) -> None:
    """Remove the control group, and those that its processes have made below it."""
    if traces.cgroup is not None:
        for directory, _names, _files in os.walk(traces.cgroup, topdown=False):
            with suppress(OSError):
                os.rmdir(directory)
