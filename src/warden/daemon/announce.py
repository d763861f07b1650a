"""Says what happened: the activity log's lines and the events of a change of phase."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

from warden.daemon.notes import Notes
from warden.daemon.records import Process
from warden.events import types, vitals
from warden.events.bus import Bus
from warden.logs.mainlog import MainLog
from warden.logs.targets import Waiting
from warden.process import step
from warden.process.health import Vitals
from warden.process.step import Announce, Effect, Event
from warden.rpc.insight import Transition
from warden.words import Channel, Health, Phase, signal_text

_LOG_EVENTS = {Channel.STDOUT: types.ProcessLogStdoutEvent, Channel.STDERR: types.ProcessLogStderrEvent}
_MESSAGE_EVENTS = {
    Channel.STDOUT: types.ProcessCommunicationStdoutEvent,
    Channel.STDERR: types.ProcessCommunicationStderrEvent,
}
_ENDS = (Phase.BACKOFF, Phase.EXITED, Phase.STOPPED)  # phases that an end of the child leads to
_CAUSES: dict[type[Event], str] = {
    step.StartRequested: "start",
    step.ScheduleDue: "schedule",
    step.StopRequested: "stop",
    step.RestartRequested: "restart",
    step.Released: "dependencies",
    step.Spawned: "stop",  # that was asked for before there was a child
    step.SpawnFailed: "spawn-error",
    step.Exited: "exit",
    step.SignalFailed: "signal-error",
    step.ErrandDone: "hook",
    step.GiveUp: "shutdown",
}
_CAUSES_IN_TIME = {
    Phase.STARTING: "startsecs",
    Phase.RUNNING: "max-age",
    Phase.BACKOFF: "retry",
    Phase.EXITED: "autorestart",
    Phase.STOPPED: "restart",
    Phase.FATAL: "revive",
}


def _cause(change: Announce, event: Event) -> str:
    """Return one word for what brought a process out of its previous phase."""
    if _is_end(change):  # also when it is told once more, by somebody who did not hear the event
        return "exit"
    return _CAUSES_IN_TIME.get(change.previous, "") if isinstance(event, step.Tick) else _CAUSES[type(event)]


def _is_end(change: Announce) -> bool:
    """Whether a child has ended."""
    return change.pid != 0 and change.phase in _ENDS


def _reason_we_sent(process: Process) -> str:
    """Return why we sent the signal that ended the child, empty if it was not our signal."""
    end, sent = process.last_exit, process.sent
    return sent.why if end is not None and sent is not None and sent.signum == end.signum else ""


class Announcer:
    """Turns the core's announcements into log lines and events."""

    def __init__(self, bus: Bus, log: MainLog, notes: Notes) -> None:
        self._bus = bus
        self._log = log
        self._notes = notes
        self._unsaid: deque[tuple[Process, Announce, Event, bool]] = deque()
        self._saying = False
        log.on_line = self.catch_up

    def announce(
        self, process: Process, change: Announce, event: Event, *, going_down: bool, put_off: bool = False
    ) -> None:
        """Log, publish and remember one change of phase, which ``event`` brought about; at ``catch_up`` if put off."""
        self._unsaid.append((process, change, event, going_down))
        if not put_off:
            self.catch_up()

    def catch_up(self) -> None:
        """Say what was put off."""
        if not self._unsaid or self._saying:
            return
        self._notes.write()  # whoever comes after us must know why we say it
        self._saying = True
        try:
            while self._unsaid:
                self._announce(*self._unsaid.popleft())
        finally:
            self._saying = False

    def is_heard(self, effect: Effect) -> bool:
        """Whether it announces what somebody in this process hears at once."""
        return isinstance(effect, Announce) and self._bus.wanted(types.STATE_EVENTS[effect.phase])

    def _announce(self, process: Process, change: Announce, event: Event, going_down: bool) -> None:
        self._remember(process, change)
        if change.phase is Phase.BACKOFF and change.previous is Phase.STARTING and not change.pid:
            whose = f"{process.name}: " if isinstance(event, step.ErrandDone) else ""
            self._log.info(f"spawnerr: {whose}{change.cause}")
        self._say(process, change, going_down=going_down)
        kind = types.STATE_EVENTS[change.phase]
        if self._bus.wanted(kind):
            self._bus.publish(
                kind(
                    processname=process.name,
                    groupname=process.group,
                    from_state=change.previous,
                    tries=change.tries,
                    pid=change.pid,
                    expected=change.expected,
                    exitstatus=process.last_exit if _is_end(change) else None,
                    killing=change.phase in (Phase.STOPPING, Phase.STOPPED) and change.pid > 0,
                    cause=_cause(change, event),
                )
            )

    def _remember(self, process: Process, change: Announce) -> None:
        ended = _is_end(change)
        self._add(
            process,
            Transition(
                at=time.time(),
                phase=change.phase,
                previous=change.previous,
                cause=change.cause,
                pid=change.pid,
                exit=str(process.last_exit) if ended else "",
                sent=_reason_we_sent(process) if ended else "",
            ),
        )

    def _add(self, process: Process, transition: Transition) -> None:
        process.history.append(transition)
        self._notes.history(process, transition)

    def reloading(self, process: Process, signum: int, cause: str) -> None:
        """Log and remember that a child was told to read its configuration again."""
        told = f"{cause}: {signal_text(signum)}"
        self._log.info(f"reloading: {process.name} ({told})")
        self._add_remark(process, told, process.state.pid)

    def remark(self, process: Process, text: str) -> None:
        """Log and remember something that is no change of phase."""
        self._log.info(f"{process.name}: {text}")
        self._add_remark(process, text)

    def _add_remark(self, process: Process, text: str, pid: int = 0) -> None:
        phase = process.state.phase
        self._add(process, Transition(at=time.time(), phase=phase, previous=phase, cause=text, pid=pid))
        self._notes.write()

    def _say(self, process: Process, change: Announce, *, going_down: bool) -> None:
        name = process.name
        match change.phase:
            case Phase.RUNNING:
                startsecs = process.config.policy.startsecs
                self._log.info(
                    f"success: {name} entered RUNNING state, process has stayed up for > than {startsecs} seconds "
                    "(startsecs)"
                )
            case Phase.BACKOFF if change.pid:
                self._log.warn(f"exited: {name} ({process.last_exit}; not expected)")
            case Phase.BACKOFF if change.previous is Phase.EXITED:
                self._log.info(f"waiting: {name} ({change.cause})")
            case Phase.EXITED if change.expected:
                self._log.info(f"exited: {name} ({process.last_exit}; expected)")
            case Phase.EXITED:
                self._log.warn(f"exited: {name} ({process.last_exit}; not expected)")
            case Phase.STOPPED if change.previous is Phase.BACKOFF:
                self._log.debug(f"Attempted to kill {name}, which is in BACKOFF state.")
            case Phase.STOPPED if change.pid and process.last_exit is not None:
                expected = process.last_exit.number in process.config.policy.exitcodes
                self._log.log("info" if expected else "warn", f"stopped: {name} ({process.last_exit})")
            case Phase.FATAL if not going_down:
                self._log.info(f"gave up: {name} entered FATAL state, too many start retries too quickly")

    def vital_signs(self, process: Process, before: Vitals) -> None:
        """Log and publish that a process became ready or healthy, or no longer is."""
        now = process.vitals
        assert now is not None  # they have just changed
        if now.ready and not before.ready:
            self._log.info(f"ready: {process.name}")
            self._publish_vitals(vitals.ProcessReadyEvent, process, now.trouble)
        elif before.ready and not now.ready:
            self._log.info(f"not ready: {process.name} ({now.trouble})")
            self._publish_vitals(vitals.ProcessNotReadyEvent, process, now.trouble)
        if now.health is before.health:
            return
        if now.health is Health.HEALTHY:
            self._log.info(f"healthy: {process.name}")
            self._publish_vitals(vitals.ProcessHealthyEvent, process, now.trouble)
        elif now.health is Health.UNHEALTHY:
            self._log.warn(f"unhealthy: {process.name} ({now.trouble})")
            self._publish_vitals(vitals.ProcessUnhealthyEvent, process, now.trouble)

    def _publish_vitals(self, kind: type[vitals.ProcessVitalsEvent], process: Process, reason: str) -> None:
        if self._bus.wanted(kind):
            self._bus.publish(
                kind(processname=process.name, groupname=process.group, pid=process.state.pid, reason=reason)
            )

    def output(self, process: Process, channel: Channel, data: bytes) -> None:
        """Publish what a process wrote, if anybody wants to know."""
        if self._bus.wanted(_LOG_EVENTS[channel]):
            self._publish(_LOG_EVENTS[channel], process, data)

    def message(self, process: Process, channel: Channel, data: bytes) -> None:
        """Log and publish a message that a process put into its output."""
        if self._log.enabled("debug"):
            self._log.debug(f"{process.name!r} {channel} emitted a comm event")
        if self._bus.wanted(_MESSAGE_EVENTS[channel]):
            self._publish(_MESSAGE_EVENTS[channel], process, data)

    def burst(self) -> AbstractContextManager[None]:
        """What is published meanwhile came in one chunk."""
        return self._bus.burst()

    def _publish(
        self,
        kind: type[types.ProcessLogEvent] | type[types.ProcessCommunicationEvent],
        process: Process,
        data: bytes,
    ) -> None:
        pid = process.child.pid if process.child is not None else 0
        self._bus.publish(kind(processname=process.name, groupname=process.group, pid=pid, data=data))


class Audience:
    """Who hears of one channel of one process: the announcer, and ``hold`` when its log cannot take its data."""

    __slots__ = ("_announcer", "_channel", "_hold", "_process")

    def __init__(
        self,
        announcer: Announcer,
        process: Process,
        channel: Channel,
        hold: Callable[[Process, Channel, Waiting], None],
    ) -> None:
        self._announcer = announcer
        self._process = process
        self._channel = channel
        self._hold = hold

    def on_output(self, data: bytes) -> None:
        """Hear of a chunk."""
        self._announcer.output(self._process, self._channel, data)

    def on_message(self, data: bytes) -> None:
        """Hear of a captured message."""
        self._announcer.message(self._process, self._channel, data)

    def burst(self) -> AbstractContextManager[None]:
        """Hear that what comes meanwhile came in one chunk."""
        return self._announcer.burst()

    def on_wait(self, sink: Waiting) -> None:
        """Hear that the log file cannot take its data at once."""
        self._hold(self._process, self._channel, sink)
