"""Deals with programs that still run from a supervisord that was killed: stops them first, or takes them in."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from warden.config.model import Config, Kind
from warden.daemon.children import socket_name
from warden.daemon.notes import Facts
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.process import stopping
from warden.process.step import State
from warden.runtime.foreign import copy_descriptor, tells_exit_status
from warden.runtime.foster import FosterParent
from warden.runtime.parent import FoundChild
from warden.runtime.roster import Fallen, Leftover, Roster
from warden.runtime.spawn import send_signal
from warden.words import ExitStatus, Leftovers, Phase, make_namespec, signal_text

_LEFT = "left running by a supervisord that was killed"


class Settlement:
    """The leftovers of one start.

    First ``prepare``, then ``take_in`` once the groups are there; ``then`` takes
    what must wait until all that are to end have ended.
    """

    def __init__(
        self, supervisor: Supervisor, parent: FosterParent, loop: asyncio.AbstractEventLoop, mode: Leftovers
    ) -> None:
        self._supervisor = supervisor
        self._parent = parent
        self._loop = loop
        self._mode = mode
        self._ending: set[int] = set()  # pids, and marks of trees
        self._fallen: Sequence[Fallen] = ()
        self._then: Callable[[], object] | None = None

    def prepare(self, config: Config, roster: Roster) -> Sequence[Leftover]:
        """Return what is left, and save the sockets that fcgi-programs among it have open."""
        left = roster.leftovers(config.server.pidfile)
        if self._mode is Leftovers.IGNORE:
            for one in left:
                self._supervisor.log.warn(f"ignored: {one.name!r} (pid {one.pid}), {_LEFT}")
                one.close()
            return ()
        self._fallen = roster.fallen(config.server.pidfile)
        pidfds = {one.name: one.pidfd for one in left}
        for group in config.groups if left else ():
            for process in group.processes:
                pidfd = pidfds.get(make_namespec(group.name, process.name))
                if process.socket is not None and pidfd is not None:
                    with suppress(OSError):  # without the right to it a new one is made, as ever
                        self._parent.endow(socket_name(process.socket), copy_descriptor(pidfd, 0))
        return left

    def take_in(self, left: Sequence[Leftover]) -> None:
        """Stop what is to end, and go on with the others as they are."""
        for fallen in self._fallen:
            self._fell(fallen.name, fallen.mark, 0)  # its pid, and number of its group, may be somebody else's by now
        if not left:
            return
        processes = {process.namespec: process for process in self._supervisor.processes()}
        for one in left:
            process = processes.pop(one.name, None)
            if process is None:
                self._stop_stray(one)
            elif self._mode is Leftovers.ADOPT and process.config.kind is not Kind.LISTENER:
                self._adopt(process, one)
            else:
                self._stop(process, one)

    def then(self, start: Callable[[], object]) -> None:
        """Call ``start`` when everything that is to end has ended."""
        self._then = start
        self._go_on()

    def _go_on(self) -> None:
        if not self._ending and self._then is not None:
            start, self._then = self._then, None
            start()

    def _ended(self, number: int) -> None:
        self._ending.discard(number)
        self._go_on()

    def _adopt(self, process: Process, left: Leftover) -> None:
        child = left.child()
        self._connect(process, child, left, State(phase=Phase.RUNNING, pid=left.pid))
        unknown = ["what it wrote while nobody read", "earlier tries"]
        unknown += [f"its {end}" for end in left.tag["ends"] if end not in child.tag["ends"]]
        unknown += [] if tells_exit_status() else ["how it will end"]
        self._supervisor.log.warn(
            f"adopted: {process.name!r} with pid {left.pid}, {_LEFT}; cannot be known: {', '.join(unknown)}"
        )

    def _stop(self, process: Process, left: Leftover) -> None:
        """Let it be in STOPPING, as everybody may see; the machine sends SIGKILL when its time is up."""

        def look() -> None:
            if process.state.at_rest:
                process.watchers.remove(look)
                self._ended(left.pid)

        deadline = self._loop.time() + left.wait_seconds
        stage = len(stopping.stages(process.config.policy))  # SIGKILL is next
        self._begin_to_stop(left)
        process.watchers.append(look)
        self._connect(
            process,
            left.child(),
            left,
            State(phase=Phase.STOPPING, pid=left.pid, deadline=deadline, killing=True, stage=stage),
        )

    def _connect(self, process: Process, child: FoundChild, left: Leftover, state: State) -> None:
        born = self._loop.time() - left.age
        facts = Facts(
            state=replace(state, started_at=born),
            life=child.life,
            started=time.time() - left.age,
            mark=left.tag.get("mark", process.mark),
        )
        facts.restore(process)
        self._supervisor.children.find(process, child)
        self._supervisor.notes.facts(process)
        self._supervisor.arm(process)

    def _stop_stray(self, left: Leftover) -> None:
        """Stop what is no longer configured."""
        self._begin_to_stop(left)
        kill = partial(self._signal, left, signal.SIGKILL, to_group=left.kill_group)
        timer = self._loop.call_later(left.wait_seconds, kill)
        stray = _Stray(self._parent, left, timer, self._stray_ended)
        self._parent.adopt(stray.child, stray)

    def _stray_ended(self, left: Leftover) -> None:
        if "mark" in left.tag:
            self._fell(left.name, left.tag["mark"], left.pid)
        self._ended(left.pid)

    def _fell(self, name: str, mark: int, pid: int) -> None:
        """End what a program has started that is no more."""

        def say(text: str) -> None:
            self._supervisor.log.warn(f"{name}, {_LEFT}: {text}")

        self._ending.add(mark)
        self._supervisor.errands.trees.fell_left(mark, pid, say, partial(self._ended, mark))

    def _begin_to_stop(self, left: Leftover) -> None:
        self._ending.add(left.pid)
        self._supervisor.log.warn(
            f"stopping {left.name!r} (pid {left.pid}), {_LEFT}, with {signal_text(left.signum)} before anything starts"
        )
        self._signal(left, left.signum, to_group=left.stop_group)

    def _signal(self, left: Leftover, signum: int, *, to_group: bool) -> None:
        try:
            send_signal(left.pid, signum, to_group=to_group)
        except OSError as error:
            self._supervisor.log.critical(f"cannot signal {left.name!r} (pid {left.pid}): {error.strerror}")


class _Stray:
    """Waits for the end of what is no longer configured."""

    def __init__(
        self, parent: FosterParent, left: Leftover, timer: asyncio.TimerHandle, ended: Callable[[Leftover], None]
    ) -> None:
        self._left = left
        self.child = left.child(pipes=False)
        self._parent = parent
        self._timer = timer
        self._tell = ended

    def born(self, pid: int) -> None:
        """Nothing to do: it lives already."""

    def refused(self, error: OSError) -> None:
        """Nothing to do: it lives already."""

    def ended(self, _status: ExitStatus, _at: float) -> None:
        """Bury it."""
        self._timer.cancel()
        self._parent.bury(self.child.life)
        self._tell(self._left)
