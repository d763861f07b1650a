"""What a brain before us has left: its record read back, and the children that live."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from warden.config.model import Config, GroupConfig
from warden.daemon.codec import decode
from warden.daemon.notes import EFFECTS, Facts
from warden.daemon.output import Held
from warden.process.step import Effect, State
from warden.process.trial import Trial
from warden.rpc.insight import Transition
from warden.runtime.kept import Found
from warden.runtime.parent import FoundChild
from warden.runtime.record import read
from warden.runtime.slot import InFlight, Slot
from warden.words import Channel, Mood, Phase, make_namespec

if TYPE_CHECKING:
    from warden.daemon.spots import PoolRemains, Spot
    from warden.events.letters import Letter


class Remains:
    """The facts by name (see ``daemon.notes``), and what the keeper has.

    Without a record only what the keeper knows is left: which programs run.
    """

    def __init__(self, found: Found, facts: dict[str, Any] | None, fresh: Config | None = None) -> None:
        """Use ``facts``, or the configuration ``fresh``."""
        self.found = found
        self.whole = facts is not None
        self.facts = facts or {}
        self._fresh = fresh
        self._lives = {child.life: child for child in found.children}
        self.slot = Slot(found.held["slot"]) if self.whole else Slot()

    @classmethod
    def of(cls, found: Found) -> Remains:
        """Read the record.

        Raises:
            Unreadable: it is of another format.
            KeyError: there is none.
        """
        return cls(found, read(found.held["record"]))

    def check(self) -> None:
        """Read everything once.

        Raises:
            Undecodable: something was written by a version that this one does not understand.
        """
        for group in self.groups:
            if group.name in self._pools:
                self.pool(group.name)
            for process in group.processes:
                namespec = make_namespec(group.name, process.name)
                self.process(namespec, 0.0)
                self.history(namespec)
        self.effects()
        _ = self.trial

    # --- the daemon

    @functools.cached_property
    def config(self) -> Config:
        """The configuration that the session began with; its groups are the available ones.

        Raises:
            Undecodable: it was written by another version.
        """
        if self._fresh is not None:
            return self._fresh
        available = tuple(decode(GroupConfig, value) for _name, value in self._named("available "))
        return replace(decode(Config, self.facts["config"]), groups=available)

    @property
    def made(self) -> bool:
        """Whether all groups were made, and noted."""
        return bool(self.facts.get("made"))

    @functools.cached_property
    def groups(self) -> tuple[GroupConfig, ...]:
        """The active groups, most as they are available; all of the configuration if not all were made yet."""
        if not self.made:
            return self.config.groups
        available = {group.name: group for group in self.config.groups}
        return tuple(
            available[name] if self.facts.get(f"available {name}") == value else decode(GroupConfig, value)
            for name, value in self._named("group ")
        )

    def _named(self, prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in self.facts.items():
            if name.startswith(prefix):
                yield name.removeprefix(prefix), value

    @property
    def mood(self) -> Mood:
        """Whether the daemon was going down."""
        return Mood(self.facts.get("mood", Mood.RUNNING.value))

    @property
    def trial(self) -> Trial | None:
        """The update that was on trial.

        Raises:
            Undecodable: it was written by another version.
        """
        told = self.facts.get("trial")
        return None if told is None else decode(Trial, told)

    @property
    def why(self) -> str:
        """What became of the brain before us."""
        return str(self.found.facts.get("why", ""))

    @property
    def announced(self) -> bool:
        """Whether the world was told that the session begins."""
        return "begun" in self.facts or not self.whole

    @property
    def begun(self) -> bool:
        """Whether all that start by themselves had begun to."""
        return bool(self.facts.get("begun", not self.whole))

    @property
    def since(self) -> float:
        """When the session began, in seconds since the epoch."""
        return float(self.facts.get("since", time.time()))

    # --- processes

    def process(self, namespec: str, now: float) -> Facts | None:
        """What is remembered of a process, None if nothing ever happened to it; ``now`` is monotonic."""
        told = self._processes.get(namespec)
        if told is not None:
            return told
        for child in () if self.whole else self.found.children:
            if child.tag["name"] == namespec and child.status is None:
                state = State(phase=Phase.RUNNING, pid=child.pid, started_at=child.born)
                return Facts(state=state, life=child.life, started=time.time() - now + child.born)
        return None

    def child(self, life: int) -> FoundChild | None:
        """The child of that life, once."""
        return self._lives.pop(life, None)

    def history(self, namespec: str) -> list[Transition]:
        """What happened to it, oldest first."""
        return self._histories.get(namespec, [])

    @functools.cached_property
    def _processes(self) -> dict[str, Facts]:
        """All at once, and once: they are checked before they are used, and there may be thousands."""
        return {namespec: decode(Facts, told) for namespec, told in self._named("process ")}

    @functools.cached_property
    def _histories(self) -> dict[str, list[Transition]]:
        return {namespec: [decode(Transition, item) for item in told] for namespec, told in self._named("+history ")}

    def held(self, namespec: str, channel: Channel, life: int) -> Held | None:
        """What a channel held back, if it is of that life."""
        told = self.facts.get(f"held {channel} {namespec}")
        return decode(Held, told[2]) if told is not None and told[0] == life else None

    def chunk(self, owner: int) -> InFlight | None:
        """The chunk that was on its way to the channel of that number."""
        chunk = self.slot.left() if self.whole else None
        return None if chunk is None or chunk.owner != owner else chunk

    def was_logged(self, chunk: InFlight, namespec: str, channel: Channel) -> bool:
        """Whether that chunk has arrived where the output of its channel goes."""
        told = self.facts.get(f"held {channel} {namespec}")
        return told is not None and told[1] == chunk.number

    def was_published(self, chunk: InFlight) -> bool:
        """Whether the events that are in that chunk have arrived in the pools."""
        return self.facts.get("published") == chunk.number

    def effects(self) -> dict[str, list[Effect]]:
        """The effects of the last steps, by process, as far as they may not all have been carried out."""
        step, *orders = self.facts.get("effects", (0,))
        if step <= self.slot.step:
            return {}
        return {
            namespec: [decode(EFFECTS[kind], data) for kind, data in told]
            for namespec, told in zip(orders[::2], orders[1::2], strict=True)
        }

    # --- pools

    @property
    def serials(self) -> int:
        """How many events have got a number."""
        return int(self.facts.get("serial", 0))

    def pool(self, name: str) -> PoolRemains:
        """What a pool held, and where its listeners were."""
        from warden.daemon.letters import letter_from  # with the listeners: most daemons have none
        from warden.daemon.spots import PoolRemains, spot_from

        letters: list[Letter] = []
        spots: dict[str, Spot] = {}
        for kind, what, value in self._pools.get(name, ()):
            if kind == "letter":
                letter = letter_from(int(what), value, self.facts.get(f"event {value[0]}"))
                letters += [] if letter is None else [letter]
            elif kind == "listener":
                spots[what] = spot_from(value, self.slot.cells)
        doubtful = {
            what
            for what, spot in spots.items()
            if (sending := spot.standing.letter) is not None
            and (self.slot.letter == sending + 1 or self.facts.get(f"pool {name} partly {what}") == sending)
        }
        return PoolRemains(
            letters=letters, spots=spots, accepted=int(self.facts.get(f"pool {name} accepted", 0)), doubtful=doubtful
        )

    @functools.cached_property
    def _pools(self) -> dict[str, list[tuple[str, str, Any]]]:
        """What is told of each pool: kind of fact, of whom, and the fact; sorted once, for there may be thousands."""
        pools: dict[str, list[tuple[str, str, Any]]] = {}
        for key, value in self._named("pool "):
            name, kind, what = (*key.split(" ", 2), "")[:3]
            pools.setdefault(name, []).append((kind, what, value))
        return pools

    def was_heard(self, chunk: InFlight, group: str, listener: str) -> bool:
        """Whether what a listener says in that chunk was understood already."""
        from warden.daemon.spots import spot_from

        told = self.facts.get(f"pool {group} listener {listener}")
        return told is not None and spot_from(told, self.slot.cells).chunk == chunk.number

    def successor(self, life: int) -> FoundChild | None:
        """The child that was started by itself after that one, once."""
        return next((self._lives.pop(found.life) for found in self._lives.values() if found.after == life), None)

    def strays(self) -> list[FoundChild]:
        """The children that nobody has asked for."""
        return list(self._lives.values())
