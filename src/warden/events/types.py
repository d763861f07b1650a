"""The events that listeners and plugins hear: classes, wire names and payloads.

Classes and wire names are those of Supervisor; the hierarchy decides who hears
what, since a subscription to a type covers its subtypes.

    Event
        ProcessStateEvent (abstract, as all that have subtypes)
            ProcessStateStartingOrBackoffEvent: Starting, Backoff
            ProcessStateRunningEvent, ...Stopping, ...Stopped, ...Exited, ...Fatal, ...Unknown
        ProcessLogEvent: ProcessLogStdoutEvent, ProcessLogStderrEvent
        ProcessCommunicationEvent: ...StdoutEvent, ...StderrEvent
        RemoteCommunicationEvent
        SupervisorStateChangeEvent: SupervisorRunningEvent, SupervisorStoppingEvent
        TickEvent: Tick5Event, Tick60Event, Tick3600Event
        ProcessGroupEvent: ProcessGroupAddedEvent, ProcessGroupRemovedEvent
"""

from __future__ import annotations

from typing import ClassVar

from warden.frozen import frozen
from warden.words import Channel, ExitStatus, Phase, signal_text


class Event:
    """Something that happened.

    A plain class, not a dataclass: plugins derive their own events from it and
    assign attributes as they like.
    """

    __slots__ = ()

    def payload(self) -> str:
        """Return what follows the header on the wire, as text."""
        return ""

    def body(self) -> bytes:
        """Return the payload as bytes, which is what is sent; nothing in it can fail to encode."""
        return self.payload().encode(errors="backslashreplace")

    def facts(self) -> str:
        """Return further ``key:value`` words, which end the payload for those who ask for them."""
        return ""


@frozen(kw_only=True)
class ProcessStateEvent(Event):
    """A process entered a new phase; each subtype is one phase.

    ``tries``, ``pid`` and ``expected`` are the announced ones; a subtype's
    payload shows those that belong to it.  What stands below them is not in the
    payload but in ``facts``: how the child ended (None if this is no end), whether
    the daemon has asked it to, and in one word why this happened.
    """

    processname: str
    groupname: str
    from_state: Phase
    tries: int = 0
    pid: int = 0
    expected: bool = True
    exitstatus: ExitStatus | None = None
    killing: bool = False
    cause: str = ""

    def payload(self) -> str:
        """Name the process, the phase before, and what belongs to the new one."""
        head = f"processname:{self.processname} groupname:{self.groupname} from_state:{self.from_state.name}"
        return " ".join((head, *self._extras()))

    def facts(self) -> str:
        """Say how the child ended (``exitcode:N`` or ``signal:SIGNAME``), ``requested`` (0 or 1) and the ``cause``."""
        words = [] if self.exitstatus is None else [_end(self.exitstatus)]
        words.append(f"requested:{int(self.killing)}")
        if self.cause:
            words.append(f"cause:{self.cause}")
        return " ".join(words)

    def _extras(self) -> tuple[str, ...]:
        return ()


def _end(status: ExitStatus) -> str:
    if status.code is not None:
        return f"exitcode:{status.code}"
    return f"signal:{signal_text(status.signum or 0).removeprefix('signal ')}"  # one word, even without a name


class ProcessStateStartingOrBackoffEvent(ProcessStateEvent):
    """What the two events that count tries have in common; has no wire name."""

    __slots__ = ()

    def _extras(self) -> tuple[str, ...]:
        return (f"tries:{self.tries}",)


class ProcessStateStartingEvent(ProcessStateStartingOrBackoffEvent):
    """An attempt to start begins; ``tries`` counts the failed ones before it."""

    __slots__ = ()


class ProcessStateBackoffEvent(ProcessStateStartingOrBackoffEvent):
    """An attempt to start failed; ``tries`` includes it."""

    __slots__ = ()


class _ProcessStateWithPidEvent(ProcessStateEvent):
    __slots__ = ()

    def _extras(self) -> tuple[str, ...]:
        return (f"pid:{self.pid}",)


class ProcessStateRunningEvent(_ProcessStateWithPidEvent):
    """The process stayed up for ``startsecs``."""

    __slots__ = ()


class ProcessStateStoppingEvent(_ProcessStateWithPidEvent):
    """The stop signal is about to be sent."""

    __slots__ = ()


class ProcessStateStoppedEvent(_ProcessStateWithPidEvent):
    """The process ended on request; ``pid`` is the dead child's, 0 if there was none."""

    __slots__ = ()


class ProcessStateExitedEvent(ProcessStateEvent):
    """The process ended by itself."""

    __slots__ = ()

    def _extras(self) -> tuple[str, ...]:
        return (f"expected:{int(self.expected)}", f"pid:{self.pid}")


class ProcessStateFatalEvent(ProcessStateEvent):
    """The process could not be started and will not be tried again."""

    __slots__ = ()


class ProcessStateUnknownEvent(ProcessStateEvent):
    """The operating system refused to signal the process."""

    __slots__ = ()


STATE_EVENTS: dict[Phase, type[ProcessStateEvent]] = {
    Phase.STARTING: ProcessStateStartingEvent,
    Phase.RUNNING: ProcessStateRunningEvent,
    Phase.BACKOFF: ProcessStateBackoffEvent,
    Phase.STOPPING: ProcessStateStoppingEvent,
    Phase.STOPPED: ProcessStateStoppedEvent,
    Phase.EXITED: ProcessStateExitedEvent,
    Phase.FATAL: ProcessStateFatalEvent,
    Phase.UNKNOWN: ProcessStateUnknownEvent,
}


@frozen(kw_only=True)
class _OutputEvent(Event):
    """Bytes from one channel of a process.

    ``payload`` is Supervisor's text, which says ``Undecodable`` for what is not
    UTF-8; ``body`` has the bytes as they came.
    """

    processname: str
    groupname: str
    pid: int
    data: bytes

    def payload(self) -> str:
        try:
            data = self.data.decode()
        except UnicodeDecodeError:
            data = f"Undecodable: {self.data!r}"
        return f"{self._head()}\n{data}"

    def body(self) -> bytes:
        return self._head().encode(errors="backslashreplace") + b"\n" + self.data

    def _head(self) -> str:
        return f"processname:{self.processname} groupname:{self.groupname} pid:{self.pid}"


class ProcessLogEvent(_OutputEvent):
    """Output of a process, in chunks as it was read."""

    __slots__ = ()
    channel: ClassVar[Channel]

    def _head(self) -> str:
        return f"{super()._head()} channel:{self.channel}"


class ProcessLogStdoutEvent(ProcessLogEvent):
    """Output on stdout."""

    __slots__ = ()
    channel = Channel.STDOUT


class ProcessLogStderrEvent(ProcessLogEvent):
    """Output on stderr."""

    __slots__ = ()
    channel = Channel.STDERR


class ProcessCommunicationEvent(_OutputEvent):
    """A message that a process sent between the capture tokens."""

    __slots__ = ()
    channel: ClassVar[Channel]


class ProcessCommunicationStdoutEvent(ProcessCommunicationEvent):
    """A message on stdout."""

    __slots__ = ()
    channel = Channel.STDOUT


class ProcessCommunicationStderrEvent(ProcessCommunicationEvent):
    """A message on stderr."""

    __slots__ = ()
    channel = Channel.STDERR


@frozen
class RemoteCommunicationEvent(Event):
    """A message that came over XML-RPC; both parts are passed on as they are."""

    type: str
    data: str

    def payload(self) -> str:
        """Put both parts as they are: a newline or colon in ``type`` will confuse parsers."""
        return f"type:{self.type}\n{self.data}"


class SupervisorStateChangeEvent(Event):
    """The daemon itself starts or stops."""

    __slots__ = ()


class SupervisorRunningEvent(SupervisorStateChangeEvent):
    """The daemon is up; no process has been started yet."""

    __slots__ = ()


class SupervisorStoppingEvent(SupervisorStateChangeEvent):
    """The daemon begins to go down or to restart."""

    __slots__ = ()


@frozen
class TickEvent(Event):
    """A period of ``period`` seconds began; ``when`` is its start in seconds since the epoch, a multiple of it."""

    when: int
    period: ClassVar[int]

    def payload(self) -> str:
        """Name the start of the period."""
        return f"when:{self.when}"


class Tick5Event(TickEvent):
    """Every five seconds."""

    __slots__ = ()
    period = 5


class Tick60Event(TickEvent):
    """Every minute."""

    __slots__ = ()
    period = 60


class Tick3600Event(TickEvent):
    """Every hour."""

    __slots__ = ()
    period = 3600


TICKS: tuple[type[TickEvent], ...] = (Tick5Event, Tick60Event, Tick3600Event)


@frozen
class ProcessGroupEvent(Event):
    """A group came or went."""

    groupname: str

    def payload(self) -> str:
        """Name the group, with the newline that parsers split on."""
        return f"groupname:{self.groupname}\n"


class ProcessGroupAddedEvent(ProcessGroupEvent):
    """A group became active."""

    __slots__ = ()


class ProcessGroupRemovedEvent(ProcessGroupEvent):
    """A group was taken out."""

    __slots__ = ()


# --- wire names -----------------------------------------------------------------

NAMES: dict[str, type[Event]] = {
    "EVENT": Event,
    "PROCESS_STATE": ProcessStateEvent,
    "PROCESS_STATE_STOPPED": ProcessStateStoppedEvent,
    "PROCESS_STATE_EXITED": ProcessStateExitedEvent,
    "PROCESS_STATE_STARTING": ProcessStateStartingEvent,
    "PROCESS_STATE_STOPPING": ProcessStateStoppingEvent,
    "PROCESS_STATE_BACKOFF": ProcessStateBackoffEvent,
    "PROCESS_STATE_FATAL": ProcessStateFatalEvent,
    "PROCESS_STATE_RUNNING": ProcessStateRunningEvent,
    "PROCESS_STATE_UNKNOWN": ProcessStateUnknownEvent,
    "PROCESS_COMMUNICATION": ProcessCommunicationEvent,
    "PROCESS_COMMUNICATION_STDOUT": ProcessCommunicationStdoutEvent,
    "PROCESS_COMMUNICATION_STDERR": ProcessCommunicationStderrEvent,
    "PROCESS_LOG": ProcessLogEvent,
    "PROCESS_LOG_STDOUT": ProcessLogStdoutEvent,
    "PROCESS_LOG_STDERR": ProcessLogStderrEvent,
    "REMOTE_COMMUNICATION": RemoteCommunicationEvent,
    "SUPERVISOR_STATE_CHANGE": SupervisorStateChangeEvent,
    "SUPERVISOR_STATE_CHANGE_RUNNING": SupervisorRunningEvent,
    "SUPERVISOR_STATE_CHANGE_STOPPING": SupervisorStoppingEvent,
    "TICK": TickEvent,
    "TICK_5": Tick5Event,
    "TICK_60": Tick60Event,
    "TICK_3600": Tick3600Event,
    "PROCESS_GROUP": ProcessGroupEvent,
    "PROCESS_GROUP_ADDED": ProcessGroupAddedEvent,
    "PROCESS_GROUP_REMOVED": ProcessGroupRemovedEvent,
}
_NAME_OF: dict[type[Event], str] = {kind: name for name, kind in NAMES.items()}


def register(name: str, kind: type[Event]) -> None:
    """Let listeners subscribe to a plugin's own event under ``name``; the last registration of a name counts.

    Must come before the configuration's ``events=`` are checked, so usually
    while the plugin's module is imported.  Names are upper case by convention;
    others cannot be subscribed to from the file.
    """
    NAMES[name] = kind
    _NAME_OF[kind] = name


def name_of(kind: type[Event]) -> str | None:
    """Return the wire name of exactly this type, None if it has none (it is then sent as ``None``)."""
    return _NAME_OF.get(kind)
