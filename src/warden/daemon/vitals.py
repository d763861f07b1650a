"""Looks after the readiness and health of children: listens, probes, and carries out what ``process.health`` orders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from warden.config.model import ProcessConfig
from warden.config.probes import Probe, Way
from warden.daemon import notices
from warden.daemon.checks import run_check
from warden.daemon.records import Process
from warden.daemon.tap import Tap
from warden.errors import RequestError
from warden.frozen import frozen
from warden.logs.mainlog import MainLog
from warden.process import health
from warden.process.health import Ail, CheckHealth, Finding, Rules, TryReady, Vitals
from warden.runtime.deadlines import Deadlines
from warden.runtime.mailbox import Fifo, Mailboxes, NotifySocket, Sender
from warden.runtime.parent import Parent
from warden.runtime.probing import NotThere, look
from warden.runtime.spawn import SpawnPlan

_PATIENCE_SECONDS = 5.0  # for one try of a ready probe
_MICROSECONDS = 1_000_000
STRANGER_IGNORED = "does not say what came over its notify socket from pid {0.pid} of uid {0.uid}: it is ignored"
MAINPID_REFUSED = "says MAINPID={}, which is refused: the process that supervisord has started is the one that counts"


@frozen
class Gear:
    """What a child needs to tell of itself: variables, and the (path, number) of a fifo that becomes a descriptor."""

    environment: Mapping[str, str] = field(default_factory=dict)
    fifo: tuple[str, int] | None = None


@dataclass(slots=True)
class _Patient:
    """One process that is looked after: what is open for it, and for its present child if there is one."""

    config: ProcessConfig  # of the present child: another one counts from the next start
    rules: Rules
    socket: NotifySocket | None = None
    fifo: Fifo | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    alive: bool = False
    warned: bool = False  # that a stranger speaks for the present child


class VitalSigns:
    """Watches the children whose configuration asks for it; the others cost nothing.

    ``aside`` makes the plan of a command that runs as the program does.
    ``on_change`` is called with the vitals before when readiness, health or what
    is said of them changes, ``on_ail`` when a process becomes unhealthy,
    ``on_extend`` with the seconds that one asks for while it stops.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        log: MainLog,
        aside: Callable[[Process, str], SpawnPlan],
        on_change: Callable[[Process, Vitals], None],
        on_ail: Callable[[Process, str], None],
        on_extend: Callable[[Process, float], None],
    ) -> None:
        self._loop = loop
        self._parent = parent
        self._log = log
        self._aside = aside
        self._on_change = on_change
        self._on_ail = on_ail
        self._on_extend = on_extend
        self._mailboxes = Mailboxes(loop)
        self._patients: dict[Process, _Patient] = {}
        self._deadlines: Deadlines[Process] = Deadlines(loop, lambda process: self._found(process, health.Due()))

    # --- the lives of children

    def equip(self, process: Process) -> Gear:
        """Open what the next child of a process needs.

        Raises:
            OSError: it cannot be opened.
        """
        config = process.config
        rules = health.rules_of(config)
        process.vitals = None  # what was known of the last child does not count for the next
        if not rules.any:
            self.forget(process)
            return Gear()
        patient = self._patients.setdefault(process, _Patient(config, rules))
        patient.config, patient.rules = config, rules
        process.tap = None
        environment: dict[str, str] = {}
        ready = config.ready
        if rules.watchdog or (ready is not None and ready.way is Way.NOTIFY):
            if patient.socket is None:
                patient.socket = self._mailboxes.notify_socket(partial(self._heard, process))
                self._parent.hold(_socket_name(process), patient.socket.fd)
            patient.socket.drain()
            environment["NOTIFY_SOCKET"] = patient.socket.path
        if rules.watchdog:
            environment["WATCHDOG_USEC"] = str(round(rules.watchdog * _MICROSECONDS))
        if ready is not None and ready.way is Way.LOG:
            process.tap = self._tap(process, ready.target)
        if ready is None or ready.way is not Way.FD:
            return Gear(environment)
        self._close_fifo(process, patient)
        patient.fifo = self._mailboxes.fifo(*self._line_hearers(process))
        self._parent.hold(_fifo_name(process), patient.fifo.fd)
        return Gear(environment, (patient.fifo.path, ready.number))

    def began(self, process: Process) -> None:
        """A child is born."""
        patient = self._patients.get(process)
        if patient is not None:
            patient.alive, patient.warned = True, False
            process.vitals = health.begin(self._loop.time(), patient.rules)
            self._arm(process, process.vitals)

    def ended(self, process: Process) -> None:
        """The child is gone, or told to go: nothing more is found out about it."""
        patient = self._patients.get(process)
        if patient is not None and patient.alive:
            patient.alive = False
            process.vitals = None
            self._deadlines.set(process, None)
            self._close_fifo(process, patient)
            for task in tuple(patient.tasks):
                task.cancel()

    def forget(self, process: Process) -> None:
        """Nobody looks after this process any more."""
        self.ended(process)
        process.vitals = process.tap = None
        patient = self._patients.pop(process, None)
        if patient is not None:
            self._close_fifo(process, patient)
            if patient.socket is not None:
                patient.socket.close()
                self._parent.drop(_socket_name(process))

    def resume(self, process: Process) -> None:
        """Go on with a process whose child somebody before us has started and equipped."""
        rules, ready = health.rules_of(process.config), process.config.ready
        if not rules.any:
            return
        patient = self._patients[process] = _Patient(process.config, rules)
        if (fd := self._parent.inherit(_socket_name(process))) is not None:
            patient.socket = self._mailboxes.notify_socket(partial(self._heard, process), fd)
            self._parent.hold(_socket_name(process), fd)
        if (fd := self._parent.inherit(_fifo_name(process))) is not None:
            patient.fifo = self._mailboxes.go_on_with_fifo(fd, *self._line_hearers(process))
            self._parent.hold(_fifo_name(process), fd)
        if ready is not None and ready.way is Way.LOG and not (process.vitals and process.vitals.ready_at):
            process.tap = self._tap(process, ready.target)
        if process.state.pid and not process.state.killing:
            patient.alive = True
            now = self._loop.time()
            process.vitals = health.resumed(process.vitals or health.begin(now, rules), now, rules)
            self._arm(process, process.vitals)

    def leave(self) -> None:
        """Look after nobody any more; somebody else does."""
        self._deadlines.clear()
        for patient in self._patients.values():
            for task in tuple(patient.tasks):
                task.cancel()
            for mailbox in (patient.socket, patient.fifo):
                if mailbox is not None:
                    mailbox.leave()
        self._patients.clear()

    def close(self) -> None:
        """Look after nobody any more."""
        for process in tuple(self._patients):
            self.forget(process)
        self._mailboxes.close()

    def _close_fifo(self, process: Process, patient: _Patient) -> None:
        if patient.fifo is not None:
            patient.fifo.close()
            patient.fifo = None
            self._parent.drop(_fifo_name(process))

    def _line_hearers(self, process: Process) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return what hears that a line came over the fifo, and what hears that none will."""
        silence = health.NotReady("it closed the descriptor without a line")
        return lambda: self._found(process, health.Ready()), lambda: self._found(process, silence)

    # --- findings

    def _found(self, process: Process, finding: Finding) -> None:
        """Take a finding about the present child into account, with all that follows."""
        patient, before = self._patients.get(process), process.vitals
        if patient is None or not patient.alive or before is None:
            return
        vitals, treatments = health.observe(before, finding, self._loop.time(), patient.rules)
        process.vitals = vitals
        self._arm(process, vitals)
        for treatment in treatments:
            match treatment:
                case TryReady() if patient.config.ready is not None:
                    self._probe(
                        process, patient, patient.config.ready, _PATIENCE_SECONDS, health.Ready(), health.NotReady
                    )
                case CheckHealth() if patient.config.healthcheck is not None:
                    check = patient.config.healthcheck
                    self._probe(process, patient, check.probe, check.timeout, health.CheckPassed(), health.CheckFailed)
        if _told(before) != _told(vitals):
            self._on_change(process, before)
        for treatment in treatments:
            if isinstance(treatment, Ail):
                self._on_ail(process, treatment.reason)

    def _arm(self, process: Process, vitals: Vitals) -> None:
        self._deadlines.set(process, vitals.deadline)

    def _heard(self, process: Process, message: str, sender: Sender | None) -> None:
        """Take in what a program says over its notify socket."""
        patient = self._patients[process]
        if sender is not None and not notices.may_speak(sender, patient.config.uid, process.state.pid):
            if not patient.warned:  # once for each child
                patient.warned = True
                self._log.warn(f"{process.name!r} {STRANGER_IGNORED.format(sender)}")
            return
        for name, value in notices.parse(message):
            finding = notices.finding(name, value)
            if isinstance(finding, health.Extended) and process.state.killing:
                self._on_extend(process, finding.seconds)
            elif finding is not None:
                self._found(process, finding)
            elif name == "MAINPID" and value != str(process.state.pid):
                self._log.warn(f"{process.name!r} {MAINPID_REFUSED.format(value)}")

    def _tap(self, process: Process, pattern: str) -> Tap:
        """Return what looks for a line in the output of the next child."""

        def tell(trouble: str) -> None:
            self._log.warn(f"{process.name!r} {trouble}")
            self._found(process, health.NotReady(trouble))

        return Tap(pattern, lambda: self._found(process, health.Ready()), tell)

    # --- probes

    def _probe(
        self,
        process: Process,
        patient: _Patient,
        probe: Probe,
        seconds: float,
        good: Finding,
        bad: Callable[[str], Finding],
    ) -> None:
        """Try a probe beside everything else; its answer becomes a finding."""

        async def try_it() -> None:
            try:
                async with asyncio.timeout(seconds):
                    await self._look(process, probe)
            except TimeoutError:
                finding = bad(f"no answer within {seconds:g} s")
            except NotThere as error:
                finding = bad(str(error))
            except OSError as error:
                finding = bad(_said(error))
            else:
                finding = good
            self._found(process, finding)

        task = self._loop.create_task(try_it())
        patient.tasks.add(task)
        task.add_done_callback(patient.tasks.discard)

    async def _look(self, process: Process, probe: Probe) -> None:
        if probe.way is not Way.EXEC:
            await look(probe, process.state.pid)
            return
        try:
            plan = self._aside(process, probe.target)
        except RequestError as error:
            raise NotThere(f"cannot run {probe.target!r}: {error}") from None
        status = await run_check(self._parent, f"check of {process.namespec}", plan)
        if status.code != 0:
            raise NotThere(str(status))


def _said(error: OSError) -> str:
    """Return what the system says: asyncio puts addresses in its place, and names that are not found have no number."""
    number = error.errno or 0
    return (os.strerror(number) if number > 0 else error.strerror or str(error)).lower()


def _socket_name(process: Process) -> str:
    return f"notify {process.namespec}"


def _fifo_name(process: Process) -> str:
    return f"ready {process.namespec}"


def _told(vitals: Vitals) -> tuple[object, ...]:
    """Return what others see of the vitals."""
    return vitals.ready, vitals.health, vitals.trouble, vitals.said
