"""What the daemon remembers from one run to the next: what is disabled, scaled or due, and why things happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from warden.daemon import statefile
from warden.daemon.statefile import Remembered
from warden.rpc.insight import Transition
from warden.runtime.threads import in_thread

if TYPE_CHECKING:
    from warden.daemon.records import Process

REMEMBERED = 20  # changes of phase of each process that outlive the daemon
FORGET_SECONDS = 7 * 24 * 3600.0  # what nobody has heard of for so long is gone
SAVE_SECONDS = 5.0  # changes of phase within this time are written together
RETRY_SECONDS = 60.0  # after a failure
_SLICE_SECONDS = 0.005  # the longest that histories keep the loop to themselves


class Persistence:
    """The facts of the state file, kept while the daemon runs and written behind its back.

    A file that cannot be read or written costs a line of the log, never more;
    without a file everything is remembered until the daemon ends.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self._disabled: set[str] = set()
        self._scales: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._written: dict[str, bytes] = {}  # histories as they stand in the file
        self._changed: dict[str, Process] = {}  # those whose history has gone on since
        self._warn: Callable[[str], None] | None = None
        self._saving: asyncio.TimerHandle | asyncio.Task[None] | None = None
        self._stale = False  # something else than a history has changed
        self._failing = False

    # --- reading

    def open(self, path: str | None, warn: Callable[[str], None]) -> None:
        """Take up what the file says; with the same path only ``warn`` is new."""
        self._warn = warn
        if path == self.path and path is not None:
            return
        self.path = path
        known = Remembered() if path is None else self._read(path)
        self._disabled, self._scales, self._due = set(known.disabled), dict(known.scales), dict(known.due)
        oldest = time.time() - FORGET_SECONDS
        self._written = {
            name: statefile.encode_steps(steps)
            for name, steps in known.history.items()
            if steps and steps[-1].at > oldest
        }

    def _read(self, path: str) -> Remembered:
        try:
            return statefile.load(path)
        except OSError as error:
            self._say(f"cannot read the state file {path}: {error.strerror}")
        except ValueError as error:
            self._say(f"the state file {path} is broken and set aside as {path}.broken: {error}")
            try:
                statefile.set_aside(path)
            except OSError as refused:
                self._say(f"cannot rename {path}: {refused.strerror}")
        return Remembered()

    def scales_of(self, path: str | None) -> Mapping[str, int]:
        """Return numprocs by program for a configuration with this state file; may be called in a thread."""
        if path is None or path == self.path:
            return dict(self._scales)
        try:
            return statefile.load(path).scales
        except (OSError, ValueError):  # told when the file is opened
            return {}

    def history(self, namespec: str) -> Sequence[Transition]:
        """Return what happened to a process before it had a record."""
        if namespec in self._changed:
            return tuple(self._changed[namespec].history)
        if namespec in self._written:
            return statefile.decode_steps(self._written[namespec])
        return ()

    # --- changes

    def is_disabled(self, namespec: str) -> bool:
        """Tell whether a process must not start by itself."""
        return namespec in self._disabled

    def disable(self, namespec: str) -> None:
        """Do not let it start by itself, from now on."""
        self._disabled.add(namespec)
        self._change()

    def enable(self, namespec: str) -> None:
        """Let it start as its configuration says."""
        self._disabled.discard(namespec)
        self._change()

    def scale(self, program: str, count: int | None) -> None:
        """Remember how many processes a program has; None = what the configuration says."""
        if count is None:
            self._scales.pop(program, None)
        else:
            self._scales[program] = count
        self._change()

    def scale_of(self, program: str) -> int | None:
        """Return the number that somebody chose for a program."""
        return self._scales.get(program)

    def due(self, namespec: str) -> float:
        """Return the next moment of a schedule as it was known last, in seconds since the epoch; 0 = none."""
        return self._due.get(namespec, 0.0)

    def appoint(self, namespec: str, moment: float) -> None:
        """Remember the next moment of a schedule, so that it is known later whether it was missed; 0 = none."""
        if moment:
            self._due[namespec] = moment
        elif self._due.pop(namespec, None) is None:
            return
        self._stale = True
        self._save_soon()

    def note(self, process: Process) -> None:
        """Hear that the history of a process has gone on."""
        self._changed[process.namespec] = process
        self._save_soon()

    def _change(self) -> None:
        """Somebody gave an order: that is written at once."""
        self._stale = True
        if isinstance(self._saving, asyncio.TimerHandle):
            self._saving.cancel()
            self._saving = None
        self._save_soon(0.0)

    # --- writing

    def _save_soon(self, delay: float = SAVE_SECONDS) -> None:
        if self.path is not None and self._saving is None:
            loop = asyncio.get_running_loop()
            self._saving = loop.call_later(delay, self._begin_save, loop)

    def _begin_save(self, loop: asyncio.AbstractEventLoop) -> None:
        self._saving = loop.create_task(self._save())

    async def _save(self) -> None:
        assert self.path is not None
        loop = asyncio.get_running_loop()
        end = loop.time() + _SLICE_SECONDS
        for _ in self._encode():
            if loop.time() >= end:
                await asyncio.sleep(0)
                end = loop.time() + _SLICE_SECONDS
        try:
            await in_thread(partial(statefile.write, self.path, self._content()))
        except OSError as error:
            self._failed(error)
        else:
            self._failing = False
        self._saving = None
        if self._failing:
            self._save_soon(RETRY_SECONDS)
        elif self._changed or self._stale:
            self._save_soon()

    def save(self) -> None:
        """Write now what is not written yet: the daemon ends."""
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        elif not (self._changed or self._stale):
            return
        if self.path is not None:
            for _ in self._encode():
                pass
            try:
                statefile.write(self.path, self._content())
            except OSError as error:
                self._failed(error)

    def _encode(self) -> Iterator[None]:
        """Write the histories that have changed, one with each step: thousands take their time."""
        while self._changed:
            namespec, process = self._changed.popitem()
            self._written[namespec] = statefile.encode_steps(tuple(process.history)[-REMEMBERED:])
            yield
        self._changed = {}  # an empty one has as much room as it ever had

    def _content(self) -> Iterator[bytes]:
        """Return what makes the content of the file of the facts as they are now, in any thread."""
        self._stale = False
        return statefile.encode(set(self._disabled), dict(self._scales), dict(self._written), dict(self._due))

    def _failed(self, error: OSError) -> None:
        self._stale = True
        if not self._failing:  # once, not every five seconds
            self._say(f"cannot write the state file {self.path}: {error.strerror}; it is tried again")
        self._failing = True

    def _say(self, text: str) -> None:
        if self._warn is not None:
            self._warn(text)
