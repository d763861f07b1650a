"""What the system says of the processes of a Supervisor 4.x, beside what it says itself, and what follows for us."""

from __future__ import annotations

import array
import fcntl
import os
import termios
from collections.abc import Iterator, Sequence
from dataclasses import replace

from warden.config.model import Config, GroupConfig, Kind, ProcessConfig
from warden.config.values import AUTO
from warden.daemon.notes import Facts
from warden.daemon.teller import Told
from warden.events.listener import ListenerState
from warden.frozen import frozen
from warden.process.step import State
from warden.runtime import proc
from warden.runtime.foreign import tells_exit_status
from warden.runtime.predecessor import End, Predecessor, waits_for_stdin
from warden.words import Channel, ExitStatus, Phase, make_namespec


@frozen(kw_only=True)
class Case:
    """One process: what it says, how we have it configured, and what will become of it.

    ``ends`` are the names and numbers of the daemon's ends of its pipes.
    ``listens`` is set for a listener that runs: where the conversation is, None if nobody knows.
    """

    told: Told
    group: GroupConfig | None = None
    config: ProcessConfig | None = None
    ends: tuple[End, ...] = ()
    listens: ListenerState | None = None

    @property
    def is_alive(self) -> bool:
        """Whether there is a child."""
        return bool(self.told.pid)

    @property
    def is_listener(self) -> bool:
        """Whether it runs and hears events."""
        return self.is_alive and self.config is not None and self.config.kind is Kind.LISTENER

    @property
    def stop_orders(self) -> list[object]:
        """What it takes to stop it, as ``runtime.roster`` wants to know."""
        assert self.config is not None
        policy = self.config.policy
        return [policy.stopsignal, policy.stopwaitsecs, policy.stopasgroup, policy.killasgroup]

    def fate(self) -> str:
        """Say for people what will become of it."""
        if self.config is None:
            return "is not in our configuration: " + ("cannot be taken over" if self.is_alive else "forgotten")
        match self.told.phase:
            case Phase.BACKOFF:
                return "is tried again in a second; how often it was is not known"
            case Phase.STOPPING:
                return "is asked to stop once more"
            case _ if not self.is_alive:
                return "stays as it is"
        pipes = ", ".join(name for name, _fd in self.ends) or "no pipes"
        if self.is_listener and self.listens is None:
            return "is started again: nobody can tell where the conversation with it is"
        if self.is_listener:
            return f"goes on ({pipes}); it is {self.listens.name if self.listens else ''}"
        return f"goes on ({pipes})"

    def facts(self, life: int, now: float) -> Facts:
        """Return it as our own record would have it; ``now`` is monotonic."""
        told, config = self.told, self.config
        assert config is not None
        began = now - max(told.now - told.start, 0)
        policy = config.policy
        ended = ExitStatus(code=told.exitstatus) if told.exitstatus >= 0 else ExitStatus()
        state = State(phase=told.phase, pid=told.pid, started_at=began, spawn_error=told.spawnerr or None)
        match told.phase:
            case Phase.STARTING:
                state = replace(state, deadline=began + policy.startsecs)
            case Phase.STOPPING:
                state = replace(state, deadline=now + policy.stopwaitsecs, killing=True)
            case Phase.BACKOFF:
                state = replace(state, tries=1, deadline=now + 1, pid=0)
            case Phase.EXITED:
                state = replace(state, exitstatus=ended, deadline=now)
        channels = {Channel.STDOUT: config.stdout, Channel.STDERR: config.stderr}
        return Facts(
            state=state,
            life=life,
            last_exit=ended if told.stop else None,
            started=float(told.start),
            stopped=float(told.stop),
            paths=tuple(
                (channel.value, told.logs[channel])
                for channel, how in channels.items()
                if how.logfile is AUTO and told.logs[channel]
            ),
        )


class Survey:
    """All processes of ``old``, as they are right now."""

    def __init__(self, old: Predecessor, told: Sequence[Told], config: Config) -> None:
        configured = {
            make_namespec(group.name, process.name): (group, process)
            for group in config.groups
            for process in group.processes
        }
        self._listening = True
        self._children = old.children()
        self.cases = [self._case(old, row, *configured.pop(row.namespec, (None, None))) for row in told]
        self.new = list(configured)

    def _case(self, old: Predecessor, told: Told, group: GroupConfig | None, config: ProcessConfig | None) -> Case:
        case = Case(told=told, group=group, config=config, ends=tuple(old.ends(told.pid)) if told.pid else ())
        if not case.is_listener:
            return case
        waiting = {name: _waiting_bytes(old, fd) for name, fd in case.ends}
        reads = waits_for_stdin(told.pid)
        if reads and not any(waiting.values()):
            return replace(case, listens=ListenerState.READY)
        self._listening = False
        busy = reads is False and told.phase is Phase.RUNNING and not waiting.get("stdout")
        return replace(case, listens=ListenerState.BUSY if busy else None)

    @property
    def is_true(self) -> bool:
        """Whether what it said is what there is: every child a process of its, none of them dead."""
        pids = {case.told.pid for case in self.cases if case.is_alive}
        return pids == self._children and all((found := proc.stat(pid)) and found.state != "Z" for pid in pids)

    @property
    def is_quiet(self) -> bool:
        """Whether all listeners wait for events."""
        return self._listening

    @property
    def unknown(self) -> list[str]:
        """Those that run and are not configured."""
        return [case.told.namespec for case in self.cases if case.is_alive and case.config is None]

    def lines(self) -> Iterator[str]:
        """Say for people what will become of everybody."""
        for case in self.cases:
            pid = f"pid {case.told.pid}" if case.is_alive else ""
            yield f"{case.told.namespec:32} {case.told.phase.name:9} {pid:12} {case.fate()}"
        for name in self.new:
            yield f"{name:32} {'-':9} {'':12} is new: started if it has autostart"
        if not tells_exit_status():
            yield "This kernel (before 6.15) does not always tell how processes end that are not our children:"
            yield "the exit status of one that runs now may be unknown."


def _waiting_bytes(old: Predecessor, fd: int) -> int:
    """Return how much stands in a pipe."""
    size = array.array("i", [0])
    copied = old.copy(fd)
    try:
        fcntl.ioctl(copied, termios.FIONREAD, size)
    finally:
        os.close(copied)
    return size[0]
