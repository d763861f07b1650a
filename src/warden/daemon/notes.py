"""What must outlive this process: facts into the record as they happen, and out of it for whoever comes after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, fields, replace
from typing import Any, get_args

from warden.config.model import Config, GroupConfig
from warden.daemon.codec import encode, encode_as
from warden.daemon.records import Group, Process, Sent
from warden.frozen import frozen
from warden.process.dependencies import Leave
from warden.process.health import Vitals
from warden.process.step import Effect, State
from warden.process.trial import Trial
from warden.rpc.insight import Transition
from warden.runtime.record import Record
from warden.runtime.slot import PlainReader, Slot
from warden.words import Channel, ExitStatus, Mood

EFFECTS: dict[str, type[Effect]] = {kind.__name__: kind for kind in get_args(Effect)}


@frozen(kw_only=True)
class Facts:
    """What is remembered of one process: fields of its record that have the same names."""

    state: State = field(default_factory=State)
    life: int = 0
    errand_life: int = 0
    last_exit: ExitStatus | None = None
    sent: Sent | None = None
    started: float = 0.0
    stopped: float = 0.0
    restarts: int = 0
    paths: tuple[tuple[str, str], ...] = ()
    vitals: Vitals | None = None
    leaving: Leave | None = None
    due: float = 0.0
    files: str = ""
    mark: int = 0
    seen: tuple[tuple[int, float], ...] = ()

    def restore(self, process: Process) -> None:
        """Let ``process`` be as it was."""
        for name in _FACTS:
            setattr(process, name, getattr(self, name))


_FACTS = tuple(row.name for row in fields(Facts))


def _entry(process: Process) -> tuple[str, Any]:
    return f"process {process.namespec}", encode_as(Facts, process)


def _names(namespec: str) -> tuple[str, ...]:
    """All that is noted of one process."""
    held = (f"held {channel} {namespec}" for channel in Channel)
    return (f"process {namespec}", f"+history {namespec}", *held)


def _forgotten(process: Process) -> list[tuple[str, None]]:
    return [(name, None) for name in _names(process.namespec)]


class Notes:
    """Writes down what happens.  ``record`` is None where nobody could come after us.

    Steps, and what belongs into histories, are collected, and written together:
    with the next fact that is, and at the latest when somebody calls ``write``
    because the world is about to see something of them.
    """

    def __init__(self, record: Record | None = None, slot: Slot | PlainReader | None = None) -> None:
        self.slot = slot or PlainReader()
        self._record = record
        self._steps = self.slot.step
        self._moved: dict[Process, None] = {}  # processes of which something is not written yet
        self._orders: dict[str, list[Any]] = {}  # by process: the effects that are not carried out yet
        self._stories: list[tuple[str, Any]] = []

    @property
    def keeps(self) -> bool:
        """Whether anything is remembered."""
        return self._record is not None

    def close(self) -> None:
        """Write no more: somebody else does."""
        if self._record is not None:
            self._record.close()
        self.slot.close()

    def _put(self, *entries: tuple[str, Any]) -> None:
        if self._record is not None:
            self._record.put(*self._collected(), *entries)

    def _collected(self) -> list[tuple[str, Any]]:
        """Return, once, what is still to be written."""
        entries = self._stories
        if self._moved:
            entries += map(_entry, self._moved)
            if self._orders:
                orders = (part for order in self._orders.items() for part in order)
                entries.append(("effects", [self._steps, *orders]))
            self._moved.clear()
        self._stories = []
        return entries

    def write(self) -> None:
        """Write what was collected: the world is about to see something of it."""
        if self._moved or self._stories:
            self._put()

    # --- the daemon

    def begin(self, config: Config) -> None:
        """A new session begins, with this configuration; its groups are still to be made."""
        if self._record is None:
            return
        self._moved.clear()
        self._orders.clear()
        self._stories.clear()
        groups = {f"available {group.name}": encode(group) for group in config.groups}
        self._record.begin({"config": encode(replace(config, groups=())), **groups})

    def all_made(self) -> None:
        """The groups of the session are made: from now on those count that are noted."""
        self._put(("made", True))

    def available(self, before: Iterable[GroupConfig], groups: Sequence[GroupConfig]) -> None:
        """The configuration was read again."""
        gone = {group.name for group in before} - {group.name for group in groups}
        self._put(
            *((f"available {name}", None) for name in gone),
            *((f"available {group.name}", encode(group)) for group in groups),
        )

    def mood(self, mood: Mood) -> None:
        """The daemon goes down."""
        self._put(("mood", mood.value))

    def trial(self, trial: Trial | None) -> None:
        """An update is on trial, or none is any more."""
        if self._record is not None:
            self._put(("trial", None if trial is None else encode(trial)))

    def starting(self) -> None:
        """Some are to start by themselves."""
        self._put(("begun", False))

    def all_started(self) -> None:
        """Whoever was to start by itself has begun to."""
        self._put(("begun", True))

    def since(self, moment: float) -> None:
        """The session began then, in seconds since the epoch."""
        self._put(("since", moment))

    # --- pools

    def events(self, entries: Iterable[tuple[str, Any]], serials: int) -> None:
        """Pools have new events, all that are in the latest chunk; so many got a number until now."""
        self._put(*entries, ("serial", serials), ("published", self.slot.number))

    def pools(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Something in pools is different now."""
        self._put(*entries)

    # --- groups and processes

    def group(self, group: Group) -> None:
        """A group is active, with this configuration; of its processes those who have AUTO logs are remembered."""
        if self._record is None:
            return
        named = (process for process in group.processes.values() if process.paths)
        self._put((f"group {group.config.name}", encode(group.config)), *map(_entry, named))

    def know(self, namespec: str, facts: Facts) -> None:
        """What is known of a process that somebody else took care of until now."""
        self._put((f"process {namespec}", encode(facts)))

    def group_gone(self, group: Group) -> None:
        """A group is active no more."""
        gone = [entry for process in group.processes.values() for entry in _forgotten(process)]
        self._put((f"group {group.config.name}", None), *gone)

    def process_gone(self, process: Process, group: Group) -> None:
        """A process has left its group."""
        self._put((f"group {group.config.name}", encode(group.config)), *_forgotten(process))

    def step(self, process: Process, effects: Sequence[Effect]) -> None:
        """``process`` has taken a step.  Call ``write`` before its effects are carried out, ``done`` when they are."""
        if self._record is None:
            return
        self._moved[process] = None
        if effects:
            self._steps += 1
            orders = self._orders.setdefault(process.namespec, [])
            orders += ([type(effect).__name__, encode(effect)] for effect in effects)

    def facts(self, process: Process) -> None:
        """Something is known of a process that is no step."""
        if self._record is not None:
            self._moved[process] = None
            self._put()

    def done(self) -> None:
        """The effects of all steps are carried out."""
        self.write()
        self._orders.clear()
        self.slot.step = self._steps

    def history(self, process: Process, transition: Transition) -> None:
        """A process has a new entry in its history."""
        if self._record is not None:
            self._stories.append((f"+history {process.namespec}", [encode(transition)]))

    def held_back(self, process: Process, channel: Channel) -> None:
        """A channel holds something back, or no more: then too, since that tells how far the latest chunk got."""
        if self._record is None:
            return
        output = process.outputs[channel]
        held = [process.life, self.slot.number, encode(output.held())]
        self._put((f"held {channel} {process.namespec}", held))
