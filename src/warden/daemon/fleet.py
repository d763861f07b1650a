"""Who belongs to the fleet: groups and processes that come, go and start by themselves."""

from __future__ import annotations

import abc
import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from warden.config.model import GroupConfig, ProcessConfig
from warden.daemon.channels import Channels
from warden.daemon.children import Children, socket_error
from warden.daemon.errands import Errands
from warden.daemon.memory_guard import MemoryGuard
from warden.daemon.notes import Facts, Notes
from warden.daemon.persistence import Persistence
from warden.daemon.pools import Pools
from warden.daemon.queue import Queue
from warden.daemon.records import Group, Process
from warden.daemon.schedules import Schedules
from warden.daemon.ties import Ties
from warden.daemon.vitals import VitalSigns
from warden.daemon.watches import Watches
from warden.events import types
from warden.events.bus import Bus
from warden.logs.mainlog import MainLog
from warden.process.fleet import Member, start_order
from warden.runtime.courier import new_life

AUTOSTART = "autostart"  # the cause of a start that comes with the daemon


class Fleet(abc.ABC):
    """The active groups; the supervisor, which is one, makes the rooms that its members need and leads their lives."""

    children: Children
    errands: Errands
    pools: Pools
    schedules: Schedules
    ties: Ties
    vitals: VitalSigns
    _channels: Channels
    _guard: MemoryGuard
    _starts: Queue
    _watches: Watches

    def __init__(self, bus: Bus, log: MainLog, persistence: Persistence, notes: Notes) -> None:
        self.revision = 0  # of the facts about all processes
        self.groups: dict[str, Group] = {}
        self.bus = bus
        self.log = log
        self.persistence = persistence
        self.notes = notes

    @abc.abstractmethod
    def _disarm(self, process: Process) -> None:
        """Let no time pass for a process any more."""

    def processes(self) -> Iterable[Process]:
        """All processes, groups in the order of their creation."""
        for group in self.groups.values():
            yield from group.processes.values()

    def add_group(self, config: GroupConfig, recall: Callable[[str], Facts | None] | None = None) -> Group:
        """Create the records and AUTO logs of a group; nothing starts yet.

        If it is not new ``recall`` returns what is remembered of a process, by its namespec.

        Raises:
            OSError: an AUTO log cannot be created.
        """
        ordered = start_order([config])
        processes = {member.process.name: self.make_process(config.name, member.process, recall) for member in ordered}
        group = Group(config, processes)
        self.groups[config.name] = group
        self._fleet_changed()
        for process in processes.values():
            self._guard.follow(process)  # a child of an earlier brain may run
            self._watches.follow(process)
        if config.pool is not None:
            self.pools.add(group, config.pool)
        for socket in {process.socket for process in config.processes if process.socket is not None}:
            try:
                self.children.shared_socket(socket).try_out()
            except OSError as error:  # that program's trouble: its starts will fail and say so
                self.log.error(socket_error(socket, error))
        if recall is None:
            self.notes.group(group)
            self.bus.publish(types.ProcessGroupAddedEvent(config.name))
        for process in processes.values():
            self.schedules.follow(process)
        return group

    def remove_group(self, group: Group) -> None:
        """Forget a group; all its processes must be in a stopped phase."""
        del self.groups[group.config.name]
        self._fleet_changed()
        for process in group.processes.values():
            self._forget(process)
        self.notes.group_gone(group)
        self.pools.remove(group.config.name)
        self.bus.publish(types.ProcessGroupRemovedEvent(group.config.name))

    def adopt(self, group: Group, process: Process) -> None:
        """Make a process a member of a group that is active; the group's configuration then has it too."""
        group.processes[process.name] = process
        group.config = replace(group.config, processes=(*group.config.processes, process.config))
        self.notes.group(group)
        self._fleet_changed()
        self.schedules.follow(process)
        self._watches.follow(process)

    def dismiss(self, group: Group, process: Process) -> None:
        """Take a process in a stopped phase out of its group, and out of the group's configuration."""
        del group.processes[process.name]
        rest = tuple(config for config in group.config.processes if config.name != process.name)
        group.config = replace(group.config, processes=rest)
        self._fleet_changed()
        self._forget(process)
        self.notes.process_gone(process, group)

    def reconfigure(self, group: Group, process: Process, config: ProcessConfig) -> None:
        """Give a process another configuration of the same name; it counts from the next start."""
        self.schedules.leave(process)
        self.children.reflexes.forget(process)  # a successor would be started with the old one
        process.config = config
        _equip(process)
        changed = tuple(config if member.name == config.name else member for member in group.config.processes)
        group.config = replace(group.config, processes=changed)
        self.notes.group(group)
        self.touch(process)
        self._fleet_changed()
        self._guard.follow(process)
        self.schedules.follow(process)
        self._watches.follow(process)

    def _fleet_changed(self) -> None:
        self.revision += 1
        self.ties.fleet_changed()

    def touch(self, process: Process) -> None:
        """Note that the facts about a process have changed."""
        self.revision += 1
        process.revision = self.revision

    def _forget(self, process: Process) -> None:
        process.forgotten = True
        self._disarm(process)
        self.errands.end(process)
        self.vitals.forget(process)
        self.children.reflexes.forget(process)
        self._guard.leave(process)
        self.schedules.leave(process)
        self._watches.forget(process)
        for output in process.outputs.values():
            output.dispose()

    def start_group(self, group: Group, cause: str = AUTOSTART) -> None:
        """Start what is to start by itself; ``cause`` says who wants the group, and why."""
        self.start_soon((process for process in group.processes.values() if process.starts_by_itself), cause)

    def processes_in_start_order(self) -> list[Process]:
        """All processes, groups in ascending priority, then processes likewise."""
        return [self.find(member) for member in self.members()]

    def members(self) -> list[Member]:
        """All processes with their groups, in the order in which they start."""
        return start_order(group.config for group in self.groups.values())

    def find(self, member: Member) -> Process:
        """Return the record of a process."""
        return self.groups[member.group.name].processes[member.process.name]

    def start_all(self) -> None:
        """Start what is to start by itself, now or when its schedule says so."""
        self.start_soon(process for process in self.processes_in_start_order() if process.starts_by_itself)
        self.schedules.begin()

    def start_untouched(self) -> None:
        """Start those to which nothing has happened yet: a brain before us did not come to it."""
        self.start_soon(p for p in self.processes_in_start_order() if p.starts_by_itself and not p.life)

    def start_soon(self, processes: Iterable[Process], cause: str = AUTOSTART) -> None:
        """Start many that have not run yet, without keeping the loop from its other work for long."""
        self.notes.starting()
        self._starts.add(processes, cause)

    def make_process(
        self, group: str, config: ProcessConfig, recall: Callable[[str], Facts | None] | None = None
    ) -> Process:
        """Create the record and the AUTO logs of a process, or make it again as it is remembered.

        Raises:
            OSError: an AUTO log cannot be created.
        """
        process = Process(config, group, {})
        process.disabled = self.persistence.is_disabled(process.namespec)
        facts = None if recall is None else recall(process.namespec)
        if facts is not None:
            facts.restore(process)
        elif recall is None:
            process.history.extend(self.persistence.history(process.namespec))
        _equip(process)
        process.outputs |= self._channels.make(process)
        return process


def _equip(process: Process) -> None:
    """Give a process the number by which its trees are known, and dice of its own, if its policy asks for them."""
    policy, streak = process.config.policy, process.state.streak
    if policy.kill_tree and not process.mark:
        process.mark = new_life()
    if policy.restart.jitter and not streak.seed:
        process.state = replace(process.state, streak=replace(streak, seed=int.from_bytes(os.urandom(4))))
