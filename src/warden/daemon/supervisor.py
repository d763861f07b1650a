"""Owns all process records: feeds events to the pure machine, keeps the new state, carries out the effects."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from warden.config.model import Config, ServerConfig
from warden.daemon.announce import Announcer
from warden.daemon.channels import Channels
from warden.daemon.children import Children
from warden.daemon.descent import Descent
from warden.daemon.effects import Effects
from warden.daemon.errands import Errands
from warden.daemon.fleet import Fleet
from warden.daemon.flusher import Flusher
from warden.daemon.memory_guard import MemoryGuard
from warden.daemon.notes import Notes
from warden.daemon.persistence import Persistence
from warden.daemon.plans import Plans
from warden.daemon.pools import Pools
from warden.daemon.queue import Queue
from warden.daemon.records import Process
from warden.daemon.schedules import Schedules
from warden.daemon.signals import Signals
from warden.daemon.ties import Ties
from warden.daemon.vitals import VitalSigns
from warden.daemon.watches import Watches, own_files
from warden.events import types
from warden.events.bus import Bus
from warden.events.serials import Serials
from warden.logs.mainlog import MainLog
from warden.process.fleet import Member
from warden.process.health import Vitals
from warden.process.machine import transition
from warden.process.step import (
    BecameReady,
    Effect,
    ErrandDone,
    Event,
    Exited,
    Extended,
    GiveUp,
    RestartRequested,
    RunErrand,
    Spawn,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    Tick,
)
from warden.rpc.caller import requested
from warden.runtime.courier import new_life
from warden.runtime.deadlines import Deadlines
from warden.runtime.parent import Parent
from warden.words import ExitStatus, Mood, Phase, UnhealthyAction


class Supervisor(Fleet):
    """The fleet, alive.

    Everything that happens to a process goes through ``feed``: it calls the pure
    core, stores the new state and then has the effects carried out.  There is no
    await in between.  An effect that has an answer at once (spawn) puts the
    answer into the inbox; it never re-enters the machine.  ``token`` marks our
    AUTO logs (see ``logs.autolog``).
    """

    def __init__(
        self,
        config: Config,
        *,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        notes: Notes,
        log: MainLog,
        bus: Bus,
        flusher: Flusher,
        token: str,
        serials: Serials,
        persistence: Persistence | None = None,
    ) -> None:
        super().__init__(bus, log, persistence or Persistence(), notes)
        self.mood = Mood.RUNNING
        self.onlookers: list[Callable[[Process], None]] = []  # hear of new facts that are no change of phase
        self.on_rest: Callable[[Process], None] = lambda _process: None  # called when nothing of one runs any more
        self._parent = parent
        self._loop = loop
        self._announcer = Announcer(bus, log, notes)
        self._deadlines: Deadlines[Process] = Deadlines(loop, self._due)
        self.plans = Plans(config.child_serverurl)
        self.vitals = self._vital_signs()
        self.children = Children(
            loop=loop,
            parent=parent,
            notes=notes,
            log=log,
            plans=self.plans,
            audience=self,
            flusher=flusher,
            equip=self.vitals.equip,
        )
        self._channels = Channels(config.server, token, log, self._announcer, self.children.hold, flusher.beside)
        self.ties = Ties(loop, self.groups, self.feed, self._facts_changed, lambda: self.may_start)
        self.errands = Errands(loop, parent, log, self.plans.aside, self._announcer.remark, audience=self)
        self._signals = Signals(log, self.feed)
        self._effects = self._executor()
        self._guard = MemoryGuard(self.feed)
        self.schedules = Schedules(loop, self.feed, self._facts_changed, self.persistence, log)
        self._watches = self._lookouts(config.server)
        self.pools = Pools(
            loop=loop, bus=bus, log=log, serials=serials, identifier=config.server.identifier, notes=notes
        )
        self._inbox: deque[tuple[Process, Event, float | None]] = deque()
        self._feeding = False
        self._starts = Queue(loop, self._start_by_itself, lambda: self.children.crowded, notes.all_started)
        self._descent: Descent | None = None

    def _vital_signs(self) -> VitalSigns:
        return VitalSigns(
            loop=self._loop,
            parent=self._parent,
            log=self.log,
            aside=self.plans.aside,
            on_change=self._vitals_changed,
            on_ail=self._ails,
            on_extend=lambda process, seconds: self.feed(process, Extended(seconds)),
        )

    def _executor(self) -> Effects:
        return Effects(
            notes=self.notes,
            log=self.log,
            announcer=self._announcer,
            children=self.children,
            errands=self.errands,
            signals=self._signals,
            refuse=self.on_refusal,
            going_down=lambda: not self.may_start,
        )

    def _lookouts(self, server: ServerConfig) -> Watches:
        return Watches(
            self._loop,
            self.log,
            feed=self.feed,
            reload=self.reload,
            remember=self.notes.facts,
            ours=lambda: own_files(server, self.processes()),
        )

    @property
    def pid(self) -> int:
        """The pid by which the daemon is known."""
        return self._parent.pid

    @property
    def may_start(self) -> bool:
        """False while the daemon goes down."""
        return self.mood >= Mood.RUNNING

    def _may_start(self, process: Process) -> bool:
        return self.may_start and not process.forgotten

    def _start_by_itself(self, process: Process, cause: str) -> None:
        if process.state.phase is Phase.STOPPED:  # else somebody who needs it was quicker
            self.feed(process, StartRequested(cause))

    def _disarm(self, process: Process) -> None:
        self._deadlines.set(process, None)

    # --- the machine's shell

    def feed(self, process: Process, event: Event, at: float | None = None) -> None:
        """Let ``event`` happen to ``process``, with all that follows from it at once; it happened ``at``, or now."""
        self._inbox.append((process, event, at))
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._inbox:
                self._advance(*self._inbox.popleft())
        finally:
            self._feeding = False

    def _advance(self, process: Process, event: Event, at: float | None) -> None:
        before = process.state
        may_start = self._may_start(process)
        if isinstance(event, StartRequested | RestartRequested) and not may_start:
            return
        held = not may_start or self.ties.held(process)
        now = self._loop.time() if at is None else at
        process.state, effects = transition(before, event, now, process.config.policy, held=held)
        if process.state.phase is not before.phase:
            self.children.reflexes.follow(process)
        self.ties.heed(process, event)
        self.touch(process)
        if isinstance(event, Tick) and process.state.is_starting and not before.is_starting:
            process.restarts += not (before.again and before.asked_again)
        self._note(process, before, effects)
        self.carry_out(process, effects, event)
        self.arm(process)
        if process.state.shown != before.shown:
            self._changed(process, before)
        if process.state.pid and not before.pid:
            self.vitals.began(process)
        elif process.state.killing or not process.state.pid:
            self.vitals.ended(process)
        if not process.forgotten:
            self.ties.happened(process, event, before)

    def _note(self, process: Process, before: State, effects: Sequence[Effect]) -> None:
        """Note a step with what else it changes, so that it is known before its effects are carried out."""
        for effect in effects:
            match effect:
                case Spawn():
                    process.life, process.started, process.seen = self.children.next_life(process), time.time(), ()
                case RunErrand():
                    process.errand_life = new_life()
        if process.state.pid and not before.pid:
            process.sent = None
        self.notes.step(process, effects)

    def carry_out(self, process: Process, effects: Sequence[Effect], event: Event) -> None:
        """Do what the latest step of ``process`` wants done; ``event`` brought it about."""
        self._effects.carry_out(process, effects, event, more=self._goes_on_unseen(process, effects))

    def _goes_on_unseen(self, process: Process, effects: Sequence[Effect]) -> bool:
        """Whether a process that has ended takes its next step before anybody could look at it."""
        state = process.state
        return (
            state.phase is Phase.EXITED
            and state.deadline is not None
            and not self._inbox  # the Tick that ``arm`` puts there is the next
            and self._feeding
            and not self.ties.matter(process)
            and not any(map(self._announcer.is_heard, effects))
        )

    def arm(self, process: Process) -> None:
        """Derive the timer from the state; what is due now happens now."""
        deadline = None if process.state.is_unborn else process.state.deadline  # the answer arms it
        if deadline is not None and deadline <= self._loop.time():
            self._deadlines.set(process, None)
            self._due(process)
        else:
            self._deadlines.set(process, deadline)

    def _due(self, process: Process) -> None:
        self.feed(process, Tick(self._may_start(process)))

    def on_birth(self, process: Process, pid: int) -> None:
        """Hear that a process has its child."""
        self.log.info(f"spawned: {process.name!r} with pid {pid}")
        self.feed(process, Spawned(pid))
        self._starts.more()

    def on_refusal(self, process: Process, reason: str) -> None:
        """Hear that a process gets no child."""
        self.feed(process, SpawnFailed(reason))
        self._starts.more()

    def signal(self, process: Process, signum: int, cause: str = "a signal requested") -> None:
        """Send a child the signal that ``cause`` says who asked for; raises OSError and is UNKNOWN if that fails."""
        self._signals.send(process, signum, cause)

    def reload(self, process: Process, signum: int, cause: str) -> None:
        """Send a child its ``reload_signal``, and remember why; raises as ``signal`` does."""
        self.signal(process, signum, cause)
        self._announcer.reloading(process, signum, cause)
        self.persistence.note(process)
        self._facts_changed(process)

    def on_errand_begun(self) -> None:
        """Hear that a command beside a process is under way."""
        self._starts.more()

    def on_errand_done(self, process: Process, failure: str) -> None:
        """Hear how a command beside a process went: "" or what was wrong with it."""
        self.feed(process, ErrandDone(failure))
        self._starts.more()

    def on_exit(self, process: Process, status: ExitStatus, at: float) -> None:
        """Hear how the child of a process has ended."""
        process.stopped = time.time() - (self._loop.time() - at)
        process.last_exit = status
        self.feed(process, Exited(status), at)

    def _vitals_changed(self, process: Process, before: Vitals) -> None:
        self._facts_changed(process)
        self._announcer.vital_signs(process, before)
        self.ties.changed(process)
        self.greet(process)

    def greet(self, process: Process) -> None:
        """Let the machine know that the child has been ready, if a hook waits for that; it knows whether it is news."""
        vitals = process.vitals
        if process.config.policy.greets_when_ready and vitals is not None and vitals.ready_at is not None:
            self.feed(process, BecameReady())

    def _ails(self, process: Process, reason: str) -> None:
        match process.config.unhealthy_action:
            case UnhealthyAction.RESTART:
                self.feed(process, RestartRequested(f"unhealthy: {reason}"))
            case UnhealthyAction.STOP:
                self.ties.stop(process, f"unhealthy: {reason}")

    def _facts_changed(self, process: Process) -> None:
        """Tell those who look that there is something new, though the phase is the same."""
        self.touch(process)
        self.notes.facts(process)
        process.tell_watchers()
        self._show(process)

    def _show(self, process: Process) -> None:
        for look in tuple(self.onlookers):
            look(process)

    def _changed(self, process: Process, before: State) -> None:
        self.persistence.note(process)
        self._guard.follow(process)
        if process.watchers:
            self.notes.write()  # they may act on it
            process.tell_watchers()
        if process.state.phase is before.phase:  # else there is an event for it
            self._show(process)
        if process.state.at_rest:
            self.on_rest(process)
            if self._descent is not None:
                self._descent.ended(*process.key)

    # --- going down

    def go_down(self, mood: Mood, on_down: Callable[[], None]) -> None:
        """Stop everything, one group at a time from the highest priority, then call ``on_down``.

        Called again it only turns a restart into a shutdown.
        """
        already = not self.may_start
        self.mood = mood
        self.notes.mood(mood)
        if already:
            return
        self.children.reflexes.close()
        self._starts.clear()
        self.schedules.close()
        self.bus.publish(types.SupervisorStoppingEvent())
        alive = [member for member in reversed(self.members()) if not self.find(member).state.at_rest]
        why = requested("restart" if mood is Mood.RESTARTING else "shutdown")
        bring_down = partial(self._bring_down, f"the daemon goes down: {why}")
        self._descent = Descent(self._loop, self.log, alive, bring_down, on_down)
        self._descent.begin()

    def _bring_down(self, cause: str, member: Member) -> None:
        process = self.find(member)
        if process.state.phase is Phase.BACKOFF:
            self.feed(process, GiveUp())
        else:
            self.ties.stop(process, cause)

    def leave(self) -> None:
        """Disarm everything; the programs go on, for somebody else."""
        self.pools.leave()
        self.schedules.close()
        self.ties.close()
        self.vitals.leave()
        self.errands.leave()
        self._watches.close()
        self._deadlines.clear()
        self._starts.clear()
        for process in self.processes():
            for output in process.outputs.values():
                output.abandon()
        self.children.leave(self.processes())

    def close(self) -> None:
        """Disarm everything; nothing runs any more."""
        self.pools.close()
        self.schedules.close()
        self.ties.close()
        self.vitals.close()
        self.errands.close()
        self._guard.close()
        self._watches.close()
        self._deadlines.clear()
        for process in self.processes():
            for output in process.outputs.values():
                output.dispose()
        self.children.close()
