"""What goes over the wire as JSON: answers as TypedDicts, bodies of requests as dataclasses.

The annotations are the manual: the OpenAPI document is made from them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from warden.api.schema import Within
from warden.frozen import frozen

MAX_POSITION = 2**53 - 1  # what JavaScript counts exactly
MAX_NUMPROCS = 10_000
MAX_CONFIRM_SECONDS = 24 * 3600
MAX_RANGE_BYTES = 1024 * 1024  # of a log in one answer

State = Literal["STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "UNKNOWN"]
Health = Literal["", "unknown", "healthy", "unhealthy"]
DaemonState = Literal["RUNNING", "RESTARTING", "SHUTDOWN", "FATAL"]
Namespec = Annotated[str, "`process` or `group:process`; `group:*` where a group is allowed", Within(1, 1024)]
Position = Annotated[int, "Position in the log, in bytes", Within(0, MAX_POSITION)]
Length = Annotated[int, "Bytes", Within(1, MAX_RANGE_BYTES)]
Seconds = Annotated[float, "Seconds since the epoch"]
Confirm = Annotated[int, "Seconds", Within(1, MAX_CONFIRM_SECONDS)]
Wait = Annotated[bool, "Answer when it is done, not when it has begun"]
MayRun = Annotated[bool, "Who is named and runs or starts already is as good as started, and waited for"]
Signal = Annotated[str | int, "Name (`HUP`, `SIGHUP`) or number"]


class Process(TypedDict):
    """One process and how it fares."""

    name: str
    group: str
    namespec: Annotated[str, "The name for requests: `process`, or `group:process` where the two differ"]
    state: State
    description: Annotated[str, "For people: uptime, time of the stop or the error"]
    pid: Annotated[int, "0 while there is no child"]
    start: Annotated[int, "Last start, seconds since the epoch; 0 = never"]
    stop: Annotated[int, "Last end, seconds since the epoch; 0 = never"]
    now: Annotated[int, "The daemon's clock, seconds since the epoch"]
    since: Annotated[float, "When it entered its state, seconds since the epoch; 0 = has always been in it"]
    cause: Annotated[str, "Why it entered its state"]
    restarts: Annotated[int, "Starts that nobody asked for"]
    last_exit: Annotated[str, "How the last child ended"]
    ready: Annotated[bool | None, "Whether it can do its work; null = it has no `ready`, so RUNNING is all there is"]
    health: Annotated[Health, "What the last checks say; empty = nobody checks"]
    trouble: Annotated[str, "Why it is not ready or not healthy"]
    status_text: Annotated[str, "What it says of itself (`STATUS=`)"]
    waiting_for: Annotated[list[str], "What holds back its start, a sentence each"]
    schedule: Annotated[str, "When the clock starts it; empty = never"]
    next_run: Annotated[int, "When its schedule comes next, seconds since the epoch; 0 = never"]
    last_run: Annotated[int, "With a schedule: when it was started last, seconds since the epoch; 0 = never"]
    last_run_exit: Annotated[str, "With a schedule: how that run ended; empty = it has not, or nobody knows"]
    errand: Annotated[
        str, "What is under way beside it: `before_start`, `stop_command`, `kill_tree`, ...; empty = none"
    ]
    enabled: Annotated[bool, "False = it does not start by itself, whatever its configuration says"]
    exitstatus: Annotated[int, "Exit code of the last child; -1 after a death by signal"]
    spawnerr: Annotated[str, "Why it could not be started"]
    stdout_logfile: Annotated[str, "Path, empty without a file"]
    stderr_logfile: Annotated[str, "Path, empty without a file"]
    cpu: Annotated[float | None, "Percent of one core, the whole tree; null = not measured now"]
    memory: Annotated[int | None, "Resident bytes, the whole tree; null = not measured now"]
    processes: Annotated[int | None, "Size of the tree; null = not measured now"]


class Processes(TypedDict):
    """A list of processes, sorted by group and name."""

    processes: list[Process]


class Result(TypedDict):
    """What became of one process in an action."""

    name: str
    group: str
    namespec: str
    ok: bool
    code: Annotated[int, "XML-RPC fault code; 80 = success"]
    error: Annotated[str | None, "Name of the fault and details; null = success"]


class Need(TypedDict):
    """One process that another one needs."""

    namespec: Annotated[str, "As it is written in `depends_on` if there is nobody of that name"]
    condition: Literal["started", "ready", "healthy", "finished"]
    obstacle: Annotated[str, "Why that does not hold; empty = it does"]


class Tie(TypedDict):
    """What a process needs, and where the time of its last start went."""

    namespec: str
    state: State
    needs: list[Need]
    started: Annotated[float, "When its child was started, seconds since the epoch; 0 = never"]
    waited: Annotated[float, "Seconds for which others held it back before"]
    took: Annotated[float | None, "Seconds until it was ready (else: RUNNING) or had finished; null = neither is"]


class Dependencies(TypedDict):
    """All processes with what they need."""

    dependencies: list[Tie]


class Results(TypedDict):
    """What became of each process that an action touched."""

    results: list[Result]


class Step(TypedDict):
    """One change of state."""

    at: Seconds
    state: State
    previous: State
    cause: str
    pid: int
    exit: Annotated[str, "How the child ended, where it did"]
    sent: Annotated[str, "If a signal ended it: why the daemon sent that signal; empty = the daemon did not"]


class History(TypedDict):
    """The last changes of state, oldest first."""

    history: list[Step]


class Sample(TypedDict):
    """One measurement of the whole tree of a process."""

    at: Seconds
    cpu: Annotated[float, "Percent of one core"]
    memory: Annotated[int, "Resident bytes"]
    processes: Annotated[int, "Size of the tree"]


class UsageHistory(TypedDict):
    """Measurements of the last hour, oldest first; taken only while somebody watches the events."""

    latest: Sample | None
    history: list[Sample]


class Program(TypedDict):
    """The configuration of one process."""

    name: str
    group: str
    namespec: str
    kind: Literal["program", "fcgi-program", "eventlistener"]
    inuse: Annotated[bool, "A group of that name is active"]
    options: Annotated[dict[str, object], "Every option with its effective value; secrets in the command are masked"]
    environment: Annotated[dict[str, str], "Names with masked values"]


class Programs(TypedDict):
    """The configuration as last read."""

    programs: list[Program]


class Group(TypedDict):
    """Processes that are started, stopped, added and removed together."""

    name: str
    active: Annotated[bool, "Its processes can be started"]
    available: Annotated[bool, "It is in the configuration as last read"]
    processes: Annotated[list[str], "Namespecs of its processes"]


class Groups(TypedDict):
    """All groups, active or available."""

    groups: list[Group]


class LogRange(TypedDict):
    """A part of a log; undecodable bytes are replaced."""

    text: str
    offset: Annotated[int, "Where the text begins, in bytes"]
    size: Annotated[int, "Size of the log in bytes"]
    next_offset: Annotated[int, "Where the text ends, in bytes: the offset for the next part"]


class Daemon(TypedDict):
    """The daemon itself."""

    identifier: str
    version: str
    api_version: Annotated[str, "Version of the XML-RPC interface"]
    pid: int
    brain: Annotated[int, "pid of the process that answers; with a keeper another one than `pid`"]
    state: DaemonState
    started: Seconds
    config_file: str
    logfile: Annotated[str, "Path of the activity log, empty without a file"]
    warnings: Annotated[list[str], "What somebody should look at"]
    upgrade_failure: Annotated[str, "Why the last upgrade failed, empty if none did"]


class GroupChanges(TypedDict):
    """Names of the groups that a configuration adds, changes and removes."""

    added: list[str]
    changed: list[str]
    removed: list[str]


class Scaling(TypedDict):
    """Namespecs of the processes that a program got and lost."""

    added: list[str]
    removed: list[str]


class OptionDifference(TypedDict):
    """One option that an update would change; null = not there."""

    group: str
    process: Annotated[str, "Empty for an option of the group"]
    option: str
    old: str | None
    new: str | None


class UpdatePlan(GroupChanges):
    """What an update would do."""

    options: list[OptionDifference]
    warnings: list[str]


class Accepted(TypedDict):
    """It was done."""

    ok: bool


class Problem(TypedDict):
    """A refusal, as RFC 9457 describes it."""

    type: Annotated[str, "Which kind of problem, as a URI"]
    title: str
    status: int
    detail: str
    code: Annotated[int, "XML-RPC fault code"]
    fault: Annotated[str, "Name of that code"]


@frozen(kw_only=True)
class Nothing:
    """An empty object."""


@frozen(kw_only=True)
class Waiting:
    """How to carry out an action."""

    wait: Wait = False


@frozen(kw_only=True)
class Signalling:
    """Which signal to send."""

    signal: Signal


@frozen(kw_only=True)
class Input:
    """What to write to the stdin of a process."""

    data: str


Namespecs = Annotated[Annotated[list[Namespec], Within(0, 10_000)] | Literal["all"], "Which, or `all`"]


@frozen(kw_only=True)
class Selection:
    """Which processes."""

    namespecs: Namespecs


@frozen(kw_only=True)
class WaitingSelection:
    """Which processes, and how to carry out the action."""

    namespecs: Namespecs
    wait: Wait = False


@frozen(kw_only=True)
class StartingSelection:
    """Which processes, and how to start them."""

    namespecs: Namespecs
    wait: Wait = False
    may_run: MayRun = False


@frozen(kw_only=True)
class ReadySelection:
    """Which processes, and how long to wait for them."""

    namespecs: Namespecs
    within: Annotated[Annotated[int, Within(1, MAX_CONFIRM_SECONDS)] | None, "Seconds; null = however long"] = None


@frozen(kw_only=True)
class SignallingSelection:
    """Which processes, and which signal to send them."""

    namespecs: Namespecs
    signal: Signal


@frozen(kw_only=True)
class Scale:
    """How many processes a program has."""

    numprocs: Annotated[Annotated[int, Within(1, MAX_NUMPROCS)] | None, "null = what the configuration says"]


@frozen(kw_only=True)
class Update:
    """Which groups to update."""

    groups: Annotated[list[str] | None, "Names; null = all"] = None
    confirm: Annotated[Confirm | None, "Take it back unless somebody confirms it in this time; null = no need"] = None


@frozen(kw_only=True)
class RemoteEvent:
    """A REMOTE_COMMUNICATION event for event listeners."""

    type: str
    data: str
