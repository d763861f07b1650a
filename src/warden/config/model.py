"""The frozen values a configuration becomes: compared by value, never changed, no methods that act."""

from __future__ import annotations

import enum
import signal
from dataclasses import field

from warden.config.bounds import NO_LIMITS, Limits
from warden.config.probes import Probe
from warden.config.values import AUTO, Auto, PluginConfig, Severity
from warden.frozen import frozen
from warden.words import Autorestart, Condition, Leftovers, LineFormat, Overlap, Period, UnhealthyAction, WatchAction


class Kind(enum.StrEnum):
    """Which section kind a process comes from."""

    PROGRAM = "program"
    FCGI = "fcgi-program"
    LISTENER = "eventlistener"


@frozen(kw_only=True)
class RestartPolicy:
    """How starts that nobody asked for are spread over time; times in seconds.

    ``delay`` None means Supervisor's rule: after a failed start one second per
    try, after an exit at once.  ``jitter`` is the part, from 0 to 1, by which a
    wait or an age may be shorter.  ``limit`` is (starts, seconds): more of them
    in that time lead to FATAL.
    """

    delay: float | None = None
    factor: float = 1.0
    max_delay: float | None = None
    jitter: float = 0.0
    reset: float = 60.0
    limit: tuple[int, float] | None = None


@frozen(kw_only=True)
class Policy:
    """The part of a program's configuration that decides its life cycle; times in seconds.

    ``stop_sequence`` are further waits and signals: (number, seconds to wait for
    the end) each, () means ``stopsignal`` and ``stopwaitsecs`` alone; its first is
    ``stopsignal``.  Hooks and the stop command are named after their ``Moment``,
    ``hook_timeout`` limits the hooks.  ``greets_when_ready``: after_start waits for
    readiness.  ``essential``: the daemon does not outlive it.
    ``revive_after`` and ``max_age`` are None when off; ``memory_limit`` is in
    bytes, 0 = off.  ``kill_tree``: what a child has started does not outlive it.
    """

    autostart: bool = True
    autorestart: Autorestart = Autorestart.UNEXPECTED
    startsecs: int = 1
    startretries: int = 3
    exitcodes: tuple[int, ...] = (0,)
    stopsignal: int = signal.SIGTERM
    stopwaitsecs: int = 10
    stopasgroup: bool = False
    killasgroup: bool = False
    stop_sequence: tuple[tuple[int, float], ...] = ()
    before_start: str | None = None
    after_start: str | None = None
    before_stop: str | None = None
    stop_command: str | None = None
    after_stop: str | None = None
    hook_timeout: float = 60.0
    greets_when_ready: bool = False
    essential: bool = False
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    revive_after: float | None = None
    max_age: float | None = None
    memory_limit: int = 0
    kill_tree: bool = False


@frozen(kw_only=True)
class ChannelConfig:
    """Where one output channel goes; sizes in bytes, 0 = off.

    ``logfile`` is a path, AUTO, or None for no file.  Other targets may be on
    beside it: syslog, the journal that listens at the socket ``journal``, and
    the daemon's own stdout or stderr (``console``: the form of the lines there).
    """

    logfile: str | Auto | None = AUTO
    maxbytes: int = 50 * 1024 * 1024
    backups: int = 10
    period: Period = Period.NEVER
    compress: bool = False
    line_format: LineFormat = LineFormat.RAW
    capture_maxbytes: int = 0
    events_enabled: bool = False
    syslog: bool = False
    journal: str | None = None
    console: LineFormat | None = None


@frozen(kw_only=True)
class FcgiSocketConfig:
    """The listening socket that the processes of one fcgi-program share as fd 0.

    ``program`` names the section, so that two programs never share by accident.
    ``path`` is set for unix sockets, ``host`` and ``port`` for tcp.
    """

    program: str
    url: str
    path: str | None = None
    host: str | None = None
    port: int | None = None
    backlog: int | None = None
    owner: tuple[int, int] | None = None  # uid, gid; -1 = unchanged
    mode: int | None = None


@frozen(kw_only=True)
class Dependency:
    """One entry of ``depends_on``; whom the name means is found out in the fleet (``config.dependencies``)."""

    name: str
    condition: Condition = Condition.READY

    def __str__(self) -> str:
        return f"{self.name}:{self.condition}"


@frozen(kw_only=True)
class Healthcheck:
    """How the health of a process is checked; times in seconds."""

    probe: Probe
    interval: float = 10
    timeout: float = 5
    retries: int = 3
    start_period: float = 0


@frozen(kw_only=True)
class Schedule:
    """When the clock starts a process.

    ``rules`` are cron expressions as ``config.cron`` reads them, ``timezone`` is
    "" for that of the machine.  ``catch_up``: a run that was missed while no daemon
    ran is made up for.  ``jitter`` is by how many seconds a start may be late.
    """

    rules: tuple[str, ...]
    timezone: str = ""
    overlap: Overlap = Overlap.SKIP
    catch_up: bool = False
    jitter: float = 0.0

    def __str__(self) -> str:
        return "; ".join(self.rules)


@frozen(kw_only=True)
class Watch:
    """Which files a process watches, and what is done when they change.

    ``wanted`` and ``unwanted`` are absolute patterns (``config.globs``), ``base``
    is the directory below which people name files.  ``debounce`` is in seconds.
    """

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    base: str = "/"
    debounce: float = 1
    action: WatchAction = WatchAction.RESTART


@frozen(kw_only=True)
class ProcessConfig:
    """One supervised process, fully resolved.

    ``program`` is the name of the section it comes from.
    ``environment`` is the merge of ``[supervisord] environment`` and the
    program's own.  ``uid`` is None when the child keeps the daemon's user, ``gid``
    None when its group is that of the user; ``groups`` are more groups.
    ``serverurl`` is None for AUTO.  ``program`` is the name of its section.
    ``ready_timeout`` and ``watchdog_secs`` are seconds, 0 = not limited.
    """

    name: str
    program: str = ""
    kind: Kind = Kind.PROGRAM
    command: str
    priority: int = 999
    policy: Policy = field(default_factory=Policy)
    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    limits: Limits = NO_LIMITS
    directory: str | None = None
    umask: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    serverurl: str | None = None
    redirect_stderr: bool = False
    stdout: ChannelConfig = field(default_factory=ChannelConfig)
    stderr: ChannelConfig = field(default_factory=ChannelConfig)
    socket: FcgiSocketConfig | None = None
    depends_on: tuple[Dependency, ...] = ()
    ready: Probe | None = None
    ready_timeout: float = 0
    healthcheck: Healthcheck | None = None
    watchdog_secs: float = 0
    unhealthy_action: UnhealthyAction = UnhealthyAction.RESTART
    reload_signal: int | None = None
    schedule: Schedule | None = None
    watch: Watch | None = None


@frozen(kw_only=True)
class PoolConfig:
    """What makes a group an event listener pool.

    ``events`` are upper-case wire names in file order; ``buffer_size`` counts events.
    The last two say how payloads are written: see ``events.listener.Dialect``.
    """

    events: tuple[str, ...]
    buffer_size: int = 10
    result_handler: str = "supervisor.dispatchers:default_handler"
    payload_facts: bool = False
    payload_text: bool = False


@frozen(kw_only=True)
class GroupConfig:
    """Processes that are started, stopped, added and removed together."""

    name: str
    kind: Kind | None = None  # None: a [group:x] of several programs
    priority: int = 999
    processes: tuple[ProcessConfig, ...] = ()
    pool: PoolConfig | None = None  # set exactly when kind is LISTENER


@frozen(kw_only=True)
class HttpServerConfig:
    """One ``[unix_http_server]`` or ``[inet_http_server]`` section.

    ``path`` is set for unix sockets; else ``host`` ("" = all addresses) and
    ``port``.  ``username`` None means no authentication; ``password`` is plain
    text or ``{SHA}`` and 40 hexadecimal digits.
    """

    section: str
    path: str | None = None
    mode: int = 0o700
    owner: tuple[int, int] | None = None  # uid, gid; -1 = unchanged
    host: str = ""
    port: int = 0
    username: str | None = None
    password: str | None = None


@frozen(kw_only=True)
class ServerConfig:
    """The ``[supervisord]`` section with the command line applied; sizes in bytes.

    ``logfile`` is an absolute path or None for syslog; ``pidfile`` is absolute;
    ``statefile`` is absolute or None for no file.
    """

    logfile: str | None
    logfile_maxbytes: int = 50 * 1024 * 1024
    logfile_backups: int = 10
    logfile_period: Period = Period.NEVER
    logfile_compress: bool = False
    loglevel: str = "info"
    pidfile: str
    statefile: str | None = None
    exit_when_finished: bool = False
    umask: int = 0o022
    nodaemon: bool = False
    silent: bool = False
    minfds: int = 1024
    minprocs: int = 200
    nocleanup: bool = False
    keeper: bool = True
    leftovers: Leftovers = Leftovers.STOP
    childlogdir: str
    user: int | None = None  # uid
    directory: str | None = None
    strip_ansi: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    cgroup: str | None = None  # a cgroup v2 directory
    identifier: str = "supervisor"


@frozen(kw_only=True)
class Config:
    """One configuration, read and checked.

    ``groups`` are in order of creation (ascending priority, then name);
    ``servers`` in the order in which they are opened (inet first, then unix).
    ``messages`` wait for the activity log to be opened: (severity, text).
    ``child_serverurl`` is the AUTO value of SUPERVISOR_SERVER_URL, None without a server.
    """

    path: str  # absolute
    server: ServerConfig
    http: tuple[HttpServerConfig, ...] = ()
    rpcinterfaces: tuple[PluginConfig, ...] = ()
    groups: tuple[GroupConfig, ...] = ()
    child_serverurl: str | None = None
    messages: tuple[tuple[Severity, str], ...] = ()
