"""The daemon, its groups and its processes as plugins know them: live views and a few verbs.

Everything here is called on the loop, by code written for Supervisor: names and
values are the old ones.  Plugins may add attributes of their own to any of these
objects; each record has one view as long as it lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping

from warden.config.model import ProcessConfig
from warden.daemon.facade.configs import GroupConfigView, ProcessConfigView
from warden.daemon.facade.refusal import NotSupported
from warden.daemon.records import Group, Process
from warden.daemon.supervisor import Supervisor
from warden.process.step import GiveUp, StartRequested
from warden.words import STOPPED_PHASES


class ProcessView:
    """One process."""

    def __init__(self, supervisor: Supervisor, group: GroupView, record: Process) -> None:
        self.group = group
        self.config = ProcessConfigView(group.config.options, group, record.config, record)
        self.record = record
        self._supervisor = supervisor

    @property
    def pid(self) -> int:
        """The pid of the child, 0 without one."""
        return self.record.state.pid

    @property
    def state(self) -> int:
        """A number of ``supervisor.states.ProcessStates``."""
        return int(self.record.state.phase)

    @state.setter
    def state(self, _value: int) -> None:
        raise NotSupported("assigning the state of a process", "call spawn() or stop()")

    @property
    def laststart(self) -> float:
        """When it was started last, in seconds since the epoch, 0 for never."""
        return self.record.started

    @property
    def laststop(self) -> float:
        """When it ended last, in seconds since the epoch, 0 for never."""
        return self.record.stopped

    @property
    def spawnerr(self) -> str | None:
        """Why it could not be started."""
        return self.record.state.spawn_error

    @property
    def exitstatus(self) -> int | None:
        """The last exit code, -1 after a signal, None while there is none."""
        status = self.record.state.exitstatus
        return None if status is None else status.number

    @property
    def backoff(self) -> int:
        """How many starts in a row have failed."""
        return self.record.state.tries

    @property
    def killing(self) -> bool:
        """Whether it was told to stop and has not ended yet."""
        return self.record.state.killing

    @property
    def listener_state(self) -> int | None:
        """A number of ``supervisor.states.EventListenerStates``; None for what is no listener."""
        state = self._supervisor.pools.listener_state(self.record.group, self.record.name)
        return None if state is None else int(state)

    def get_state(self) -> int:
        """Return ``state``."""
        return self.state

    def spawn(self) -> int | None:
        """Start it unless it runs; return the pid, None if there is no child."""
        self._supervisor.feed(self.record, StartRequested())
        self.settle()
        return self.pid or None

    def settle(self) -> None:
        """Wait until it is known what became of a start, up to a second."""
        self._supervisor.children.settle(self.record)

    def stop(self) -> None:
        """Tell it to stop, which takes its time."""
        self._supervisor.ties.stop(self.record)

    def signal(self, sig: int) -> str | None:
        """Send a signal; return what went wrong, None if nothing did."""
        if not self.pid:
            return f"attempted to send {self.record.name} sig {sig} but it wasn't running"
        try:
            self._supervisor.signal(self.record, sig)
        except OSError as error:
            return str(error)
        return None

    def kill(self, sig: int) -> str | None:
        """Stop it if ``sig`` is its stop signal, else only send the signal."""
        if sig != self.record.config.policy.stopsignal:
            return self.signal(sig)
        self.stop()
        return None

    def give_up(self) -> None:
        """Try no more to start it."""
        self._supervisor.feed(self.record, GiveUp())

    def transition(self) -> None:
        """Do nothing: what is due happens by itself."""

    def change_state(self, new_state: int, expected: bool = True) -> bool:
        """Refuse: only what happens changes the state."""
        raise NotSupported(f"change_state({new_state}, {expected})", "call spawn() or stop()")

    def write(self, chars: bytes | str) -> None:
        """Write to its stdin.

        Raises:
            OSError: it has none, or does not read.
        """
        child = self.record.child
        if child is None or child.stdin is None or self.killing:
            raise BrokenPipeError(f"{self.record.name} has no stdin")
        child.stdin.write(chars.encode() if isinstance(chars, str) else chars)

    def reopenlogs(self) -> None:
        """Go on in new log files of the same names."""
        for output in self.record.outputs.values():
            output.reopen()

    def removelogs(self) -> None:
        """Begin new log files."""
        for output in self.record.outputs.values():
            output.clear()

    def __lt__(self, other: ProcessView) -> bool:
        return self.config < other.config

    def __repr__(self) -> str:
        return f"<Subprocess {self.record.namespec} in state {self.record.state.phase.name}>"


class _Members(MutableMapping[str, ProcessView]):
    """The processes of a group: what is put in becomes a member, what is deleted is forgotten."""

    def __init__(self, supervisor: Supervisor, group: GroupView) -> None:
        self._supervisor = supervisor
        self._group = group
        self._views: dict[str, ProcessView] = {}

    def __getitem__(self, name: str) -> ProcessView:
        record = self._group.record.processes[name]
        view = self._views.get(name)
        if view is None or view.record is not record:
            view = self._views[name] = ProcessView(self._supervisor, self._group, record)
        return view

    def __setitem__(self, name: str, view: ProcessView) -> None:
        self._views[name] = view
        self._supervisor.adopt(self._group.record, view.record)

    def __delitem__(self, name: str) -> None:
        self._supervisor.dismiss(self._group.record, self._group.record.processes[name])
        self._views.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._group.record.processes))

    def __len__(self) -> int:
        return len(self._group.record.processes)

    def __repr__(self) -> str:
        return repr(dict(self))


class GroupView:
    """One group."""

    def __init__(self, supervisor: Supervisor, options: object, record: Group) -> None:
        self.record = record
        self._supervisor = supervisor
        self.processes = _Members(supervisor, self)
        self.config = GroupConfigView(options, record.config, [])
        self.config.process_configs += [process.config for process in self.processes.values()]

    def make_process(self, group: object, config: ProcessConfig) -> ProcessView:
        """Make a process for ``group``, which may be another one; it is not yet a member."""
        owner = group if isinstance(group, GroupView) else self
        return ProcessView(self._supervisor, owner, self._supervisor.make_process(owner.config.name, config))

    def reconfigure(self, record: Process, config: ProcessConfig) -> None:
        """Give a process another configuration."""
        self._supervisor.reconfigure(self.record, record, config)

    def get_unstopped_processes(self) -> list[ProcessView]:
        """Return those that are not in a stopped state."""
        return [process for process in self.processes.values() if process.record.state.phase not in STOPPED_PHASES]

    def stop_all(self) -> None:
        """Tell all to stop."""
        for process in self.get_unstopped_processes():
            process.stop()

    def transition(self) -> None:
        """Do nothing: what is due happens by itself."""

    def reopenlogs(self) -> None:
        """Go on in new log files of the same names."""
        for process in self.processes.values():
            process.reopenlogs()

    def removelogs(self) -> None:
        """Begin new log files."""
        for process in self.processes.values():
            process.removelogs()

    def __lt__(self, other: GroupView) -> bool:
        return self.config < other.config

    def __repr__(self) -> str:
        return f"<ProcessGroup {self.record.config.name}>"


class Groups(Mapping[str, GroupView]):
    """The active groups by name; SupervisordView has the verbs that change them."""

    def __init__(self, supervisor: Supervisor, make: Callable[[Group], GroupView]) -> None:
        self._supervisor = supervisor
        self._make = make
        self._views: dict[str, GroupView] = {}

    def __getitem__(self, name: str) -> GroupView:
        record = self._supervisor.groups[name]
        view = self._views.get(name)
        if view is None or view.record is not record:
            view = self._views[name] = self._make(record)
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._supervisor.groups))

    def __len__(self) -> int:
        return len(self._supervisor.groups)

    def __repr__(self) -> str:
        return repr(dict(self))
