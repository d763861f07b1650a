"""What pages and streams may see of the daemon beyond its verbs: changes, causes, measurements, plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from warden.config.diff import Changes
from warden.frozen import frozen
from warden.rpc.control import ConfigView
from warden.words import Condition, Mood, Phase


@frozen(kw_only=True)
class Transition:
    """One change of phase of one process, or a remark (a reload, say): then it stays in its phase.

    ``at`` is in seconds since the epoch.  ``exit`` says how the child ended,
    where it did; if a signal ended it, ``sent`` says why we sent that signal,
    and is empty if we did not.
    """

    at: float
    phase: Phase
    previous: Phase
    cause: str
    pid: int = 0
    exit: str = ""
    sent: str = ""

    @property
    def is_change(self) -> bool:
        """Whether the phase is another one now."""
        return self.phase is not self.previous


@frozen(kw_only=True)
class Usage:
    """What the whole tree of a process used: CPU in percent of one core, memory resident in bytes."""

    at: float
    cpu: float
    memory: int
    processes: int


@frozen(kw_only=True)
class Notice:
    """Something that pages and streams show has changed.

    ``kind`` is ``process`` (``name`` is its namespec), ``group`` (one came or
    went), ``daemon`` (the mood) or ``usage`` (new measurements of all).
    """

    kind: Literal["process", "group", "daemon", "usage"]
    name: str = ""


@frozen(kw_only=True)
class NeedView:
    """One process that another one needs; ``obstacle`` says why its condition does not hold, "" if it does."""

    namespec: str
    condition: Condition
    obstacle: str


@frozen(kw_only=True)
class TieView:
    """What a process needs, and where the time of its last start went.

    ``started`` is in seconds since the epoch (0 = never); ``waited`` are the
    seconds for which others held it back before, ``took`` those from then until it
    was ready or had finished, None if neither is.
    """

    namespec: str
    phase: Phase
    needs: tuple[NeedView, ...]
    started: float
    waited: float
    took: float | None


@frozen(kw_only=True)
class OptionChange:
    """One option that an update would change; values as text, secrets masked, None = not there."""

    group: str
    process: str
    option: str
    old: str | None
    new: str | None


@frozen(kw_only=True)
class Plan:
    """What an update would do, with the options that differ in the changed groups."""

    changes: Changes
    options: tuple[OptionChange, ...]
    warnings: tuple[str, ...]


@frozen(kw_only=True)
class DaemonView:
    """The daemon itself; ``started`` in seconds since the epoch, ``warnings`` for people.

    ``brain`` is the pid of the process that answers; with a keeper another one than ``pid``.
    """

    identifier: str
    version: str
    pid: int
    brain: int
    mood: Mood
    started: float
    config_file: str
    logfile: str
    warnings: tuple[str, ...]
    upgrade_failure: str = ""


class Insight(Protocol):
    """Questions about the daemon and its fleet; answered at any time, also while it goes down."""

    @property
    def revision(self) -> int:
        """A number that grows whenever the facts or measurements of any process may have changed.

        What only the clock changes does not count: ``now``, the uptime, a measurement that became old.
        """
        ...

    def daemon(self) -> DaemonView:
        """Describe the daemon."""
        ...

    def watch(self, notify: Callable[[Notice], None]) -> Callable[[], None]:
        """Call ``notify`` (cheap, on the loop) at every change until the returned function is called.

        CPU and memory are measured only while somebody watches.
        """
        ...

    def history(self, namespec: str) -> Sequence[Transition]:
        """The last changes of phase, oldest first.  Raises: BadName."""
        ...

    def usage(self, namespec: str) -> Usage | None:
        """The last measurement, None if there is none.  Raises: BadName."""
        ...

    def usage_history(self, namespec: str) -> Sequence[Usage]:
        """The measurements of the last hour, oldest first.  Raises: BadName."""
        ...

    def config(self, namespec: str) -> ConfigView:
        """The configuration a process runs with.  Raises: BadName."""
        ...

    def dependencies(self) -> Sequence[TieView]:
        """What all processes need, in their order of start."""
        ...

    async def plan(self) -> Plan:
        """Read the configuration and say what ``update`` would do; nothing changes.

        Raises: ShuttingDown, CannotReread.
        """
        ...
