"""Takes a fleet over from a brain before us: every fact as it was remembered, every child as it lives."""

from __future__ import annotations

from collections.abc import Callable

from warden.config.model import Config
from warden.daemon.records import Process
from warden.daemon.remains import Remains
from warden.daemon.strays import put_down
from warden.daemon.supervisor import Supervisor
from warden.errors import ConfigError, StartupError
from warden.logs.mainlog import MainLog
from warden.process.step import ErrandDone, Exited, RunErrand, Spawn, Tick
from warden.runtime.parent import FoundChild, Parent
from warden.words import ExitStatus, Phase


class Resumption:
    """Two steps: ``connect`` while nothing else happens, ``go_on`` on the loop."""

    def __init__(self, supervisor: Supervisor, remains: Remains, parent: Parent, now: float) -> None:
        self._supervisor = supervisor
        self._remains = remains
        self._parent = parent
        self._now = now
        self._found: dict[Process, FoundChild] = {}
        self._errands: dict[Process, FoundChild | None] = {}  # those under way, with their commands

    def connect(self) -> None:
        """Make the groups and processes again, and read from their children."""
        remains, supervisor = self._remains, self._supervisor
        for config in remains.groups:
            try:
                supervisor.add_group(config, lambda namespec: remains.process(namespec, self._now))
            except OSError as error:
                raise StartupError(f"cannot create the log files of {config.name}: {error}") from None
        for process in supervisor.processes():
            process.history.extend(remains.history(process.namespec))
            if process.state.errand is not None:
                self._errands[process] = remains.child(process.errand_life)
            child = remains.child(process.life)
            if child is not None:
                self._found[process] = child
                supervisor.children.find(process, child)
                supervisor.vitals.resume(process)
                self._recover_output(process)
        for name in supervisor.groups:
            pool = supervisor.pools.find(name)
            if pool is not None:
                pool.resume(remains.pool(name))
        if not remains.made:
            self._note_all()

    def _note_all(self) -> None:
        """Remember what nobody has noted."""
        notes = self._supervisor.notes
        for group in self._supervisor.groups.values():
            notes.group(group)
        for process in self._supervisor.processes():
            notes.facts(process)
        notes.all_made()

    def _recover_output(self, process: Process) -> None:
        """Give out what was read from the child's pipes and did not arrive."""
        assert process.child is not None
        for pipe in process.child.pipes:
            held = self._remains.held(process.namespec, pipe.channel, process.life)
            if held is not None:
                process.outputs[pipe.channel].hold(held)

    def _recover_chunk(self, process: Process) -> None:
        if process.child is None:
            return
        for pipe in process.child.pipes:
            chunk = self._remains.chunk(pipe.number)
            if chunk is None:
                continue
            if not self._remains.was_logged(chunk, process.namespec, pipe.channel):
                published = self._remains.was_published(chunk)
                process.outputs[pipe.channel].again(chunk.data, chunk.inode, chunk.size, published=published)
                pipe.note()
            if pipe.is_conversation and not self._remains.was_heard(chunk, process.group, process.name):
                assert process.on_stdout is not None
                process.on_stdout(chunk.data)

    def go_on(self) -> None:
        """Finish what was under way, and let happen what has happened meanwhile."""
        supervisor = self._supervisor
        for process in self._found:
            self._recover_chunk(process)
        self._remains.slot.done()
        self._finish_step()
        for name in supervisor.groups:
            pool = supervisor.pools.find(name)
            if pool is not None:
                pool.wake()
        for process in tuple(supervisor.processes()):
            self._catch_up(process, self._found.get(process))
        self._bury_strays()

    def _finish_step(self) -> None:
        """Carry out what the last steps wanted, as far as that does no harm if it has happened already."""
        by_name = {process.namespec: process for process in self._supervisor.processes()}
        for namespec, effects in self._remains.effects().items():
            rest = [effect for effect in effects if not isinstance(effect, Spawn | RunErrand)]  # see _catch_up
            if namespec in by_name:
                self._supervisor.carry_out(by_name[namespec], rest, Tick())

    def _catch_up(self, process: Process, child: FoundChild | None) -> None:
        supervisor, state = self._supervisor, process.state
        if state.phase is Phase.STARTING and not state.pid and state.errand is None:
            if child is None:
                supervisor.carry_out(process, [Spawn()], Tick())  # nobody heard of it yet
            else:
                supervisor.on_birth(process, child.pid)
        elif state.pid and child is None:
            supervisor.feed(process, Exited(ExitStatus()))
        while child is not None and child.status is not None and child.life == process.life:
            successor = self._remains.successor(child.life)
            supervisor.children.end(process, child.status, child.at, successor)
            child = successor  # which may have ended, too
        if process in self._errands:
            self._catch_up_with_errand(process, self._errands[process])
        supervisor.greet(process)
        supervisor.arm(process)

    def _catch_up_with_errand(self, process: Process, command: FoundChild | None) -> None:
        """Go on with a command, or begin it if nobody has."""
        errand = process.state.errand
        assert errand is not None  # nobody else can have answered it
        if command is not None:
            self._supervisor.errands.find(process, command)
            if command.status is not None:
                self._supervisor.errands.ended(process, command.status, command.at)
        elif errand.cut_short:
            self._supervisor.feed(process, ErrandDone("ended"))
        else:
            self._supervisor.carry_out(process, [RunErrand(errand)], Tick())

    def _bury_strays(self) -> None:
        """Children of lives that are over are buried; one that lives is nobody's, and ends."""
        for child in self._remains.strays():
            put_down(self._parent, self._supervisor.log, child)


def read_or_keep(read: Callable[[], Config], old: Config, log: MainLog) -> Config:
    """Return the configuration for a restart that is under way: the old one if what there is now is unusable."""
    try:
        return read()
    except ConfigError as error:
        log.critical(f"the configuration is unusable, so the restart keeps the old one: {error}")
        return old
