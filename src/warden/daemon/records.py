"""What the daemon remembers about each group and process while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from warden.config.model import GroupConfig, ProcessConfig
from warden.daemon.history import History
from warden.daemon.output import Output
from warden.process.dependencies import Leave
from warden.process.health import Vitals
from warden.process.step import State
from warden.runtime.pipes import InputPipe
from warden.words import Channel, ExitStatus, make_namespec

if TYPE_CHECKING:
    from warden.daemon.openpipe import OpenPipe


@dataclass(slots=True)
class Child:
    """The operating system side of one life."""

    pid: int
    stdin: InputPipe | None
    pipes: tuple[OpenPipe, ...]  # for output; one goes when it ends

    def pipe(self, channel: Channel) -> OpenPipe | None:
        """Return the pipe of a channel, None if there is none or it has ended."""
        return next((pipe for pipe in self.pipes if pipe.channel is channel), None)


class Sent(NamedTuple):
    """A signal that we sent to a child, and why."""

    signum: int
    why: str


_NEW = State()  # of all to which nothing has happened yet


@dataclass(slots=True, eq=False)
class Process:
    """One supervised process; only the supervisor and its rooms write these fields.

    ``started`` and ``stopped`` are seconds since the epoch, 0 = never: they are for people only.
    ``paths`` are the AUTO logs by channel.  ``life`` is the number of the present or latest
    attempt to have a child, ``errand_life`` that of the latest errand, ``sent`` the last signal that
    we sent to it.  ``watchers`` are called after every change of phase, pid, errand or stage;
    ``on_stdout``, set for event listeners, hears what the child says, and so does ``tap`` while
    readiness is looked for there.  ``disabled``: it does not start by itself, whatever its
    configuration says.  ``restarts`` counts the starts that nobody asked for.  ``vitals`` are those
    of the present or latest child, None if nothing is observed; ``leaving`` is a stop that waits for
    its dependants, ``waiting_for`` what holds back a start, a sentence each.  ``held_at`` is when
    that began (monotonic), ``waited`` how long it took before the last start, in seconds.  ``due``
    is the next moment of its schedule, in seconds since the epoch, 0 = none.  ``forgotten``: it is
    no longer in the fleet and never starts again, whoever still holds it.  ``files`` stands for the
    watched files as they were when this process last heard of them.  ``mark`` is what all bear that
    its children start, 0 if they may go on without it; ``seen`` are those who were below the child
    (``runtime.remnants``).  ``flag`` is the number of the one that lets the parent replace the child by itself,
    if it may (``daemon.reflexes``).  ``revision`` changes whenever one of the facts that a view shows may
    have.  ``namespec`` is the name people type.
    """

    config: ProcessConfig
    group: str
    outputs: dict[Channel, Output]
    state: State = _NEW
    child: Child | None = None
    life: int = 0
    errand_life: int = 0
    last_exit: ExitStatus | None = None
    sent: Sent | None = None
    started: float = 0.0
    stopped: float = 0.0
    watchers: list[Callable[[], None]] = field(default_factory=list)
    on_stdout: Callable[[bytes], None] | None = None
    disabled: bool = False
    restarts: int = 0
    revision: int = 0
    files: str = ""
    forgotten: bool = False
    tap: Callable[[Channel, bytes], None] | None = None
    vitals: Vitals | None = None
    leaving: Leave | None = None
    waiting_for: tuple[str, ...] = ()
    held_at: float = 0.0
    waited: float = 0.0
    due: float = 0.0
    history: History = field(default_factory=History)
    paths: tuple[tuple[str, str], ...] = ()
    mark: int = 0
    seen: tuple[tuple[int, float], ...] = ()
    flag: int | None = None
    namespec: str = field(init=False)

    def __post_init__(self) -> None:
        self.namespec = make_namespec(self.group, self.config.name)  # once: it is what everybody knows it by

    @property
    def name(self) -> str:
        """The name within the group."""
        return self.config.name

    @property
    def key(self) -> tuple[str, str]:
        """Group and name."""
        return self.group, self.config.name

    @property
    def starts_by_itself(self) -> bool:
        """Whether it starts together with the daemon or its group."""
        return self.config.policy.autostart and not self.disabled

    def tell_watchers(self) -> None:
        """Call those who wait for something to change; they may go meanwhile."""
        for watcher in tuple(self.watchers):
            watcher()


@dataclass(slots=True, eq=False)
class Group:
    """An active group with its processes in the order in which they start."""

    config: GroupConfig
    processes: dict[str, Process]

    def arrange(self, names: Sequence[str]) -> None:
        """Put the members into the order of ``names``; others follow as they were."""
        order = {name: place for place, name in enumerate(names)}
        members = sorted(self.config.processes, key=lambda process: order.get(process.name, len(order)))
        self.config = replace(self.config, processes=tuple(members))
