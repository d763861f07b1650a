"""Who waits for whom: what a process needs before it starts, and who must end before it stops; pure.

Dependencies are judged whenever somebody asks to start or stop, and whenever the
facts of a process change.  The answers are orders: events for other processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, assert_never

from warden.config.dependencies import Name, find
from warden.config.model import GroupConfig
from warden.frozen import frozen
from warden.process.step import Event, Released, RestartRequested, StartRequested, StopRequested
from warden.words import STOPPED_PHASES, Condition, Health, Phase, make_namespec

ALIVE = frozenset({Phase.STARTING, Phase.RUNNING, Phase.STOPPING})  # UNKNOWN cannot be stopped: nobody waits for it
STARTABLE = frozenset({Phase.STOPPED, Phase.EXITED, Phase.FATAL})
_WITH_CHILD = frozenset({Phase.STARTING, Phase.RUNNING})


@frozen
class Leave:
    """A stop that has to wait until others have ended; ``again``: the process is to start again afterwards."""

    cause: str
    again: bool = False

    def event(self) -> Event:
        """Return what happens when the wait is over."""
        return RestartRequested(self.cause) if self.again else StopRequested(self.cause)


class Fact(NamedTuple):
    """What others need to know of one process.

    ``ready`` and ``health`` count only while it has a child; ``finished``: it ended
    by itself with an expected exit code; ``final``: nothing will start it again
    by itself (see ``process.ending``).  ``waiting`` is the cause of a start that
    is held back, ``leaving`` the stop that waits for its dependants, ``story``
    says for people how it got where it is.
    """

    phase: Phase
    ready: bool = False
    health: Health = Health.UNKNOWN
    finished: bool = False
    final: bool = False
    waiting: str = ""
    leaving: Leave | None = None
    story: str = ""


class Need(NamedTuple):
    """One process that another one needs, None if there is none of that name, and in which condition."""

    target: Name | None
    condition: Condition
    written: str


class Order(NamedTuple):
    """What is to happen to a process; a ``Leave`` may have to wait, too."""

    name: Name
    event: Event | Leave


class Dependencies:
    """The dependencies within one fleet; ``look`` tells the present facts of a process.

    What an order or a question costs depends on the neighbours of a process
    only, not on the size of the fleet.
    """

    def __init__(self, groups: Callable[[], Iterable[GroupConfig]], look: Callable[[Name], Fact]) -> None:
        self._groups = groups
        self._look = look
        self._stale = True
        self._needs: dict[Name, tuple[Need, ...]] = {}
        self._dependants: dict[Name, dict[Name, bool]] = {}  # True: it needs the other one all the time

    def fleet_changed(self) -> None:
        """Look again, when it matters, at who there is."""
        self._stale = True

    def _refresh(self) -> None:
        if not self._stale:
            return
        self._stale = False
        by_name = {group.name: group for group in self._groups()}
        self._needs.clear()
        self._dependants.clear()
        for group in by_name.values():
            for process in group.processes:
                if process.depends_on:
                    name = (group.name, process.name)
                    self._needs[name] = tuple(
                        Need(target, dependency.condition, dependency.name)
                        for dependency in process.depends_on
                        for target in find(dependency.name, group.name, by_name) or (None,)
                    )
        for name, needs in self._needs.items():
            for need in needs:
                if need.target is not None:
                    lasting = need.condition is not Condition.FINISHED
                    links = self._dependants.setdefault(need.target, {})
                    links[name] = links.get(name, False) or lasting

    def needs(self, name: Name) -> tuple[Need, ...]:
        """Whom a process depends on."""
        self._refresh()
        return self._needs.get(name, ())

    def dependants(self, name: Name) -> tuple[Name, ...]:
        """Who depends on a process."""
        self._refresh()
        return tuple(self._dependants.get(name, ()))

    def concern(self, name: Name) -> bool:
        """Whether a process depends on another one, or another one on it."""
        self._refresh()
        return name in self._needs or name in self._dependants

    def _lasting(self, name: Name) -> list[Name]:
        """Who needs a process all the time, and not only that it has finished."""
        self._refresh()
        return [other for other, lasting in self._dependants.get(name, {}).items() if lasting]

    # --- starting

    def held(self, name: Name) -> bool:
        """Whether a process must not start now."""
        return self._look(name).leaving is not None or any(self._obstacle(need) for need in self.needs(name))

    def obstacles(self, name: Name) -> tuple[str, ...]:
        """Say what a process waits for, one sentence each: ``db: FATAL, gave up after 4 tries``."""
        return tuple(text for need in self.needs(name) if (text := self._obstacle(need)))

    def judged(self, name: Name) -> tuple[tuple[Need, str], ...]:
        """Return whom a process needs, each with what is missing ("" if nothing is)."""
        return tuple((need, self._obstacle(need)) for need in self.needs(name))

    def stuck(self, name: Name, *, in_vain: bool = False) -> str:
        """Say what a process would wait for until somebody intervenes; "" if there is nothing of the kind.

        With ``in_vain`` only what has ended for good counts, not what somebody
        has stopped or removed, and so may bring back.
        """
        for need in self.needs(name):
            text = self._obstacle(need)
            if not text:
                continue
            if need.target is None:
                if in_vain:
                    continue
                return text
            other = self._look(need.target)
            if other.waiting:
                if deeper := self.stuck(need.target, in_vain=in_vain):
                    return deeper
            elif other.final or (other.phase in STOPPED_PHASES and not in_vain):
                return text
        return ""

    def waiting_in_vain(self, name: Name) -> Iterator[tuple[Name, str]]:
        """Find those who wait, also through others, for a process that has ended for good, and say for what."""
        for other in self.dependants(name):
            if self._look(other).waiting and (text := self.stuck(other, in_vain=True)):
                yield other, text
                yield from self.waiting_in_vain(other)

    def start(self, name: Name, cause: str) -> list[Order]:
        """Return what else has to start because a process is to start, and is held."""
        orders = []
        for need in self.needs(name):
            if need.target is None or not self._obstacle(need):
                continue
            other = self._look(need.target)
            if other.phase in STARTABLE and not other.waiting:
                orders.append(Order(need.target, StartRequested(f"{make_namespec(*name)} needs it: {cause}")))
        return orders

    def _obstacle(self, need: Need) -> str:
        """Say in words why a need is not met; "" if it is."""
        if need.target is None:
            return f"{need.written}: not active"
        name, fact = make_namespec(*need.target), self._look(need.target)
        if fact.leaving is not None:
            return f"{name}: it is about to stop"
        if _holds(need.condition, fact):
            return ""
        deeper = self.obstacles(need.target) if fact.waiting else ()
        return f"{name}: waiting for {deeper[0]}" if deeper else f"{name}: {fact.story}"

    # --- stopping

    def stop(self, name: Name) -> list[Order] | None:
        """Return what has to stop before a process may; None if it may at once.

        Who stops for the sake of another one starts again when that one is back.
        """
        if self._look(name).phase not in ALIVE:
            return None
        staying = [other for other in self._lasting(name) if self._look(other).phase in ALIVE]
        cause = f"{make_namespec(*name)}, which it needs, is to stop"
        orders = [
            Order(other, Leave(cause, again=True))
            for other in staying
            if (fact := self._look(other)).phase is not Phase.STOPPING and fact.leaving is None
        ]
        return orders if staying else None

    # --- whatever happens

    def changed(self, name: Name) -> list[Order]:
        """Return what the others do now that the facts of a process have changed."""
        orders = [
            Order(other, Released())
            for other in self.dependants(name)
            if self._look(other).waiting and not self.held(other)
        ]
        own = self._look(name)
        if own.leaving is not None and own.phase not in ALIVE:
            orders.append(Order(name, own.leaving))
        for need in self.needs(name):
            if need.target is None or need.condition is Condition.FINISHED:
                continue
            leaving = self._look(need.target).leaving
            if leaving is not None:
                rest = self.stop(need.target)
                orders += [Order(need.target, leaving)] if rest is None else rest
        return orders


def _holds(condition: Condition, fact: Fact) -> bool:
    match condition:
        case Condition.STARTED:
            return fact.phase is Phase.RUNNING
        case Condition.READY:
            return fact.phase in _WITH_CHILD and fact.ready
        case Condition.HEALTHY:
            return fact.phase in _WITH_CHILD and fact.health is Health.HEALTHY
        case Condition.FINISHED:
            return fact.finished
        case _:
            assert_never(condition)
