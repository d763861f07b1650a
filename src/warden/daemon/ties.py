"""Lets processes wait for one another: carries out what ``process.dependencies`` orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping

from warden.config.dependencies import Name
from warden.daemon.records import Group, Process
from warden.process.dependencies import Dependencies, Fact, Leave, Order
from warden.process.ending import Fate, is_final
from warden.process.step import Event, Released, StartRequested, State
from warden.rpc.insight import NeedView, TieView
from warden.words import Health, Phase, make_namespec


class Ties:
    """The dependencies among the records of a fleet.

    ``feed`` lets an event happen to a process.  ``on_story`` is called for a
    process that waits when what it waits for has changed; ``may_start`` tells
    whether the daemon does not go down.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        groups: Mapping[str, Group],
        feed: Callable[[Process, Event], None],
        on_story: Callable[[Process], None],
        may_start: Callable[[], bool],
    ) -> None:
        self._loop = loop
        self._groups = groups
        self._feed = feed
        self._on_story = on_story
        self._may_start = may_start
        self._dependencies = Dependencies(lambda: (group.config for group in groups.values()), self._look)
        self._review: asyncio.Handle | None = None

    def fleet_changed(self) -> None:
        """Somebody came or went: whoever waited for that is looked at a turn later."""
        self._dependencies.fleet_changed()
        if self._review is None:
            self._review = self._loop.call_soon(self._review_all)

    def held(self, process: Process) -> bool:
        """Whether the process must not start now."""
        if process.leaving is not None:
            return True
        return bool(process.config.depends_on) and self._dependencies.held(process.key)

    def stop(self, process: Process, cause: str = "stop requested") -> None:
        """Stop a process, and before it those that need it."""
        self._leave(process, Leave(cause))

    def _leave(self, process: Process, leave: Leave) -> None:
        if not self._may_start():  # nobody comes back while the daemon goes down
            leave = Leave(leave.cause)
        process.leaving = leave
        first = self._dependencies.stop(process.key)
        if first is None:
            self._feed(process, leave.event())
        else:
            self._obey(first)

    def heed(self, process: Process, event: Event) -> None:
        """Let a stop that waited be one that waits no more, if this event is it: a fact to be noted with the step."""
        if process.leaving is not None and event == process.leaving.event():
            process.leaving = None

    def happened(self, process: Process, event: Event, before: State) -> None:
        """Do what follows for others from an event that has happened to a process."""
        state = process.state
        if state.waiting and isinstance(event, StartRequested):
            self._obey(self._dependencies.start(process.key, event.cause))
        if state.waiting or before.waiting:
            self._describe(process)
        if state.waiting and not before.waiting:
            process.held_at = self._loop.time()
        elif state.phase is Phase.STARTING and before.phase is not Phase.STARTING:
            process.waited = self._loop.time() - process.held_at if before.waiting else 0.0
        if (state.phase, state.pid, state.waiting) != (before.phase, before.pid, before.waiting):
            self.changed(process)

    def _describe(self, process: Process) -> bool:
        """Note what a process waits for; return whether that is something else than before."""
        told = (*_unfinished(process), *self._dependencies.obstacles(process.key)) if process.state.waiting else ()
        if told == process.waiting_for:
            return False
        process.waiting_for = told
        self._on_story(process)
        return True

    def matter(self, process: Process) -> bool:
        """Whether a process needs others, or others need it, or its stop waits for them."""
        return process.leaving is not None or self._dependencies.concern(process.key)

    def changed(self, process: Process) -> None:
        """Do what follows for others from new facts about a process."""
        if not self.matter(process):
            return
        self._obey(self._dependencies.changed(process.key))
        for other in self._dependencies.dependants(process.key):
            self._retell(self._find(other))

    def _retell(self, process: Process) -> None:
        """What a process waits for has changed, and so for those who wait for it."""
        if process.state.waiting and self._describe(process):
            for other in self._dependencies.dependants(process.key):
                self._retell(self._find(other))

    def _obey(self, orders: Iterable[Order]) -> None:
        for name, event in orders:
            process = self._find(name)
            if isinstance(event, Leave):
                self._leave(process, event)
            else:
                self._feed(process, event)

    def _review_all(self) -> None:
        self._review = None
        for group in tuple(self._groups.values()):
            for process in tuple(group.processes.values()):
                if process.state.waiting:
                    self._feed(process, Released())

    # --- questions

    def stuck(self, process: Process) -> str:
        """Say what a process that waits would wait for until somebody intervenes."""
        return self._dependencies.stuck(process.key) if process.state.waiting else ""

    def waits_in_vain(self, process: Process) -> bool:
        """Whether a process waits for one that has ended for good."""
        return bool(process.state.waiting and self._dependencies.stuck(process.key, in_vain=True))

    def waiting_in_vain(self, process: Process) -> Iterator[tuple[Process, str]]:
        """Find those who wait for a process that has ended for good, and say for what."""
        for name, text in self._dependencies.waiting_in_vain(process.key):
            yield self._find(name), text

    def view(self, process: Process) -> TieView:
        """Describe whom a process needs, and its last start."""
        needs = tuple(
            NeedView(
                namespec=need.written if need.target is None else make_namespec(*need.target),
                condition=need.condition,
                obstacle=obstacle,
            )
            for need, obstacle in self._dependencies.judged(process.key)
        )
        return TieView(
            namespec=process.namespec,
            phase=process.state.phase,
            needs=needs,
            started=process.started,
            waited=self._loop.time() - process.held_at if process.waiting_for else process.waited,
            took=_took(process),
        )

    def close(self) -> None:
        """Look at nothing any more."""
        if self._review is not None:
            self._review.cancel()

    def _find(self, name: Name) -> Process:
        group, process = name
        return self._groups[group].processes[process]

    def _look(self, name: Name) -> Fact:
        return fact_of(self._find(name))


def _unfinished(process: Process) -> tuple[str, ...]:
    """Say what still has to be done after the last child of a process."""
    errand = process.state.errand
    return () if errand is None else (f"its {errand.moment} to end",)


def fact_of(process: Process) -> Fact:
    """Return what others need to know of a process."""
    state, vitals = process.state, process.vitals
    return Fact(
        phase=state.phase,
        ready=is_ready(process),
        health=vitals.health if vitals is not None else Health.UNKNOWN,
        finished=_has_finished(process),
        final=is_final(fate_of(process)),
        waiting=state.waiting,
        leaving=process.leaving,
        story=_story(process),
    )


def fate_of(process: Process) -> Fate:
    """Return what became of one process, apart from whom it waits for."""
    return Fate(
        state=process.state,
        policy=process.config.policy,
        last_exit=process.last_exit,
        starts=process.starts_by_itself,
        started=bool(process.started),
        due=bool(process.due),
    )


def _has_finished(process: Process) -> bool:
    """Whether a process has ended by itself, and well."""
    state = process.state
    status = state.exitstatus
    return state.phase is Phase.EXITED and status is not None and status.number in process.config.policy.exitcodes


def is_ready(process: Process) -> bool:
    """Whether a process can do its work: as its probe says, or else because it is RUNNING."""
    if process.config.ready is None:
        return process.state.phase is Phase.RUNNING
    return process.vitals is not None and process.vitals.ready


def what_is_missing(process: Process) -> str:
    """Say in words why a process is not ready."""
    if process.waiting_for:
        return f"waiting for {'; '.join(process.waiting_for)}"
    trouble = process.vitals.trouble if process.vitals is not None else ""
    return trouble or f"it is {process.state.phase.name}, and nothing has said that it is ready"


def _took(process: Process) -> float | None:
    """Return the seconds from the birth of the last child until it was ready, or had finished; None if neither is."""
    if _has_finished(process):
        return max(0.0, process.stopped - process.started)
    if not is_ready(process):
        return None
    vitals = process.vitals
    if process.config.ready is not None and vitals is not None and vitals.ready_at is not None:
        return vitals.ready_at - vitals.began_at
    running = process.history.last_change(Phase.RUNNING)
    return max(0.0, running.at - process.started) if running is not None else 0.0


def _story(process: Process) -> str:
    """Say in words how a process got where it is."""
    phase, vitals = process.state.phase, process.vitals
    match phase:
        case Phase.STARTING | Phase.RUNNING:
            trouble = f": {vitals.trouble}" if vitals is not None and vitals.trouble else ""
            if process.config.ready is not None and not is_ready(process):
                return f"{phase.name}, not ready{trouble}"
            if vitals is not None and vitals.health is Health.UNHEALTHY:
                return f"{phase.name}, unhealthy{trouble}"
            return phase.name
        case Phase.STOPPED if not process.started:
            return "STOPPED, not started"
        case Phase.BACKOFF | Phase.EXITED | Phase.FATAL if (last := process.history.last_change()) is not None:
            return f"{phase.name}, {last.cause}"
        case _:
            return phase.name
