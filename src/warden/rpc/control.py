"""What the outside may ask of the daemon: one Protocol that XML-RPC, JSON and the web page share.

The daemon implements it once; the faces only translate.  Every method may be
called at any time on the event loop.  All names are namespecs (``p``, ``g:p``;
``g:*`` and ``g:`` where a group is allowed).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from warden.config.diff import Changes as Changes
from warden.config.model import GroupConfig, ProcessConfig
from warden.errors import RequestError
from warden.frozen import frozen
from warden.words import Channel, Mood, Phase


class ProcessView(NamedTuple):
    """One process as people see it; a named tuple, because thousands are made for one answer.

    ``start``, ``stop`` and ``now`` are seconds since the epoch (0 = never);
    ``exitstatus`` is -1 after a death by signal, 0 while there is none; log
    file names are empty when the channel has no file.  ``since`` is when it
    entered its phase (seconds since the epoch, 0 = never was in another) and
    ``cause`` says why; ``restarts`` counts the starts that nobody asked for;
    ``last_exit`` says how the last child ended (``exit status 2``); ``enabled``
    is false for what must not start by itself.  ``ready`` is None, and ``health``
    empty, where the configuration does not ask for it; ``trouble`` says why it is
    not ready or not healthy, ``said`` is what it says of itself, ``waiting_for``
    what holds back a start, a sentence each.  Where there is a ``schedule``,
    ``next_run`` is when it comes next and ``last_run`` when the last run began
    (seconds since the epoch, 0 = never), ``last_run_exit`` how that has ended.
    ``errand`` is what is done beside the child, by the name of its option.
    """

    name: str
    group: str
    phase: Phase
    description: str
    start: int
    stop: int
    now: int
    spawnerr: str
    exitstatus: int
    stdout_logfile: str
    stderr_logfile: str
    pid: int
    since: float = 0.0
    cause: str = ""
    restarts: int = 0
    last_exit: str = ""
    enabled: bool = True
    ready: bool | None = None
    health: str = ""
    trouble: str = ""
    said: str = ""
    waiting_for: tuple[str, ...] = ()
    schedule: str = ""
    next_run: int = 0
    last_run: int = 0
    last_run_exit: str = ""
    errand: str = ""


@frozen(kw_only=True)
class ConfigView:
    """One process of the available configuration (the last one read)."""

    group: GroupConfig
    process: ProcessConfig
    inuse: bool  # a group of that name is active


@frozen(kw_only=True)
class Outcome:
    """What became of one process in a request for many; ``error`` None means OK."""

    name: str
    group: str
    error: RequestError | None = None


@frozen(kw_only=True)
class Scaled:
    """Namespecs of the processes that a program got and lost."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Control(Protocol):
    """The verbs of the daemon.

    Actions raise ShuttingDown while the daemon goes down; questions do not.
    Any method that takes a name raises BadName for an unknown one.
    """

    @property
    def identifier(self) -> str:
        """``identifier`` of the ``[supervisord]`` section."""
        ...

    @property
    def pid(self) -> int:
        """Process id of the daemon."""
        ...

    @property
    def mood(self) -> Mood:
        """State of the daemon."""
        ...

    def process(self, namespec: str) -> ProcessView:
        """Raise BadName also for a group."""
        ...

    def processes(self) -> Sequence[ProcessView]:
        """All processes, sorted by group name, then process name."""
        ...

    def available(self) -> Sequence[ConfigView]:
        """The available configuration, sorted by process name."""
        ...

    async def start(self, namespec: str, *, wait: bool, may_run: bool = False) -> None:
        """Start one process and, with ``wait``, return when it is RUNNING.

        With ``may_run`` one that has been started meanwhile, by one that needs
        it for instance, is as good as one that we start.
        Raises, checked in this order: ShuttingDown, BadName, NoFile,
        NotExecutable, AlreadyStarted, Failed (UNKNOWN phase), SpawnFailed,
        AbnormalTermination.
        """
        ...

    async def stop(self, namespec: str, *, wait: bool) -> None:
        """Stop one process and, with ``wait``, return when it has ended.

        Raises: ShuttingDown, BadName, NotRunning, Failed.
        """
        ...

    def signal(self, namespec: str, signal: str | int) -> None:
        """Send a signal to the pid of one process.

        Raises, checked in this order: ShuttingDown, BadName, BadSignal, NotRunning, Failed.
        """
        ...

    async def reload(self, namespec: str) -> None:
        """Send one process its ``reload_signal``; where it tells when it is ready, return when it is so again.

        Raises, checked in this order: ShuttingDown, BadName, Failed (it has no ``reload_signal``), NotRunning,
        Failed, AbnormalTermination (it ended meanwhile).
        """
        ...

    async def reload_many(self, group: str | None) -> Sequence[Outcome]:
        """Reload the members of ``group`` (None: of all groups) that run and have a ``reload_signal``."""
        ...

    async def until_ready(self, namespec: str, *, within: float | None = None) -> None:
        """Return when a process can do its work: as its ``ready`` says, or else because it is RUNNING.

        Raises: BadName, AbnormalTermination (it neither runs nor will), Failed
        (it is not ready ``within`` so many seconds).
        """
        ...

    async def until_ready_many(self, group: str | None, *, within: float | None = None) -> Sequence[Outcome]:
        """Return when the same is known of all members of ``group`` (None: of all groups)."""
        ...

    async def start_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        """Start the members of ``group`` (None: of all groups) that are not running."""
        ...

    async def stop_many(self, group: str | None, *, wait: bool) -> Sequence[Outcome]:
        """Stop the members of ``group`` (None: of all groups) that run."""
        ...

    def signal_many(self, group: str | None, signal: str | int) -> Sequence[Outcome]:
        """Send a signal to the members of ``group`` (None: of all groups) that can take one."""
        ...

    def enable(self, namespec: str) -> None:
        """Let a process start by itself, as its configuration says, from now on and in later runs of the daemon."""
        ...

    def disable(self, namespec: str) -> None:
        """Let nothing but an order by name start a process, from now on and in later runs; what runs goes on."""
        ...

    def enable_many(self, group: str | None) -> Sequence[Outcome]:
        """Enable the members of ``group`` (None: of all groups)."""
        ...

    def disable_many(self, group: str | None) -> Sequence[Outcome]:
        """Disable the members of ``group`` (None: of all groups)."""
        ...

    async def scale(self, program: str, count: int | None) -> Scaled:
        """Give a program ``count`` processes (None: what the configuration says), now and in later runs.

        Returns when surplus processes have ended; new ones start by themselves.
        Other programs stay as they are, whatever the file says.  Raises:
        ShuttingDown, BadName, BadArguments (event listeners), CannotReread, Failed.
        """
        ...

    def send_stdin(self, namespec: str, data: bytes) -> None:
        """Raises: ShuttingDown, BadName, NotRunning, NoFile, Failed (too much is waiting)."""
        ...

    def send_remote_event(self, type_: str, data: str) -> None:
        """Publish a REMOTE_COMMUNICATION event; never refused."""
        ...

    async def reload_config(self) -> Changes:
        """Read the configuration again; what runs does not change.

        Raises: ShuttingDown, CannotReread.
        """
        ...

    def add_group(self, name: str) -> None:
        """Raises: ShuttingDown, AlreadyAdded, BadName, Failed."""
        ...

    def remove_group(self, name: str) -> None:
        """Raises: ShuttingDown, BadName, StillRunning."""
        ...

    def shutdown(self) -> None:
        """Begin the shutdown; allowed while restarting.  Raises: ShuttingDown."""
        ...

    async def restart(self) -> None:
        """Begin a restart, after the new configuration was found to be usable.

        Raises: ShuttingDown, CannotReread.
        """
        ...

    async def upgrade(self) -> None:
        """Let the version that is installed now take over, with all programs as they are.

        Returns when it is about to do so.  Raises: ShuttingDown, Failed (it is
        not fit; nothing has changed).
        """
        ...

    async def update(self, groups: Collection[str] | None = None, *, confirm: float | None = None) -> Changes:
        """Read the configuration and apply it to ``groups`` (None: to all): stop and remove, then add.

        With ``confirm`` (seconds) it is taken back when one of these processes
        becomes FATAL, or when nobody calls ``confirm_update`` in that time.
        Returns what was done.  Raises: ShuttingDown, BadName, CannotReread (also
        while another update waits for its confirmation).
        """
        ...

    def confirm_update(self) -> bool:
        """Keep the update that waits for it; False if there is none."""
        ...

    # --- logs; ``namespec`` None means the activity log, ``channel`` is then ignored

    def log_path(self, namespec: str | None, channel: Channel) -> str | None:
        """Where a log is read, whether it exists now or not; None if there is none.  Raises: ShuttingDown, BadName."""
        ...

    def clear_logs(self, namespec: str | None) -> None:
        """Remove the log files and begin new ones.  Raises: ShuttingDown, BadName, NoFile, Failed."""
        ...

    def clear_all_logs(self) -> Sequence[Outcome]:
        """Clear the logs of all processes."""
        ...

    def log_file(self, namespec: str | None, channel: Channel) -> str:
        """Path of a log that exists now.  Raises: BadName, NoFile."""
        ...

    def log_since(self, namespec: str, channel: Channel, when: float) -> int | None:
        """Where in a log that begins which was written since ``when`` (seconds since the epoch).

        None if nobody knows.  Raises: BadName.
        """
        ...

    def watch_log(self, namespec: str | None, channel: Channel, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` (cheap, on the loop) after each write to that log; return the way to stop it.

        Goes on across rotation, clearing and restarts of the process.  Raises: BadName.
        """
        ...
