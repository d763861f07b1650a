"""Synchronous publish and subscribe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from warden.events.types import Event

Subscriber = Callable[[Event], object]
Report = Callable[[Subscriber, Event, Exception], object]


def _nobody() -> None:
    """Nobody wants to know."""


class Bus:
    """Hands every event to those who subscribed to its type or to one of its ancestors.

    Subscribers are called at once and in the order of their first subscription,
    each at most once per event however many of its types match.  One that
    raises costs only its own call: the exception goes to ``report``.
    ``on_change`` is called after every change of the subscriptions, so that what
    produces events (ticks, say) can rest while ``wanted`` says no.

    A subscriber that has to do something dear for each event may hear all of a
    ``burst`` first and do it once, ``afterwards``.
    """

    def __init__(self, report: Report, on_change: Callable[[], object] = _nobody) -> None:
        self._report = report
        self._on_change = on_change
        self._subscriptions: list[tuple[type[Event], Subscriber]] = []
        self._routes: dict[type[Event], tuple[Subscriber, ...]] = {}  # cache, built on demand
        self._bursts = 0  # that go on, one in the other
        self._afterwards: list[Callable[[], object]] = []

    def subscribe(self, kind: type[Event], subscriber: Subscriber) -> None:
        """Call ``subscriber`` with every event of this type from now on; a second time changes nothing."""
        if (kind, subscriber) not in self._subscriptions:
            self._subscriptions.append((kind, subscriber))
            self._changed()

    def unsubscribe(self, kind: type[Event], subscriber: Subscriber) -> None:
        """Undo ``subscribe`` with the same arguments; what was not subscribed is ignored.

        An event that is being published is still delivered.
        """
        if (kind, subscriber) in self._subscriptions:
            self._subscriptions.remove((kind, subscriber))
            self._changed()

    def wanted(self, kind: type[Event]) -> bool:
        """Whether anybody would hear an event of this type; ask before building a costly one."""
        return bool(self._route(kind))

    def publish(self, event: Event) -> None:
        """Call everybody who wants this event; never raises what a subscriber raises."""
        for subscriber in self._route(type(event)):
            try:
                subscriber(event)
            except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything; it must not stop the daemon
                self._report(subscriber, event, error)

    @contextmanager
    def burst(self) -> Iterator[None]:
        """Events that are published meanwhile belong together."""
        self._bursts += 1
        try:
            yield
        finally:
            self._bursts -= 1
            if self._bursts == 0:
                acts, self._afterwards = self._afterwards, []
                for act in acts:
                    act()

    def afterwards(self, act: Callable[[], object]) -> None:
        """Call ``act`` when the burst is over; at once if there is none."""
        if self._bursts:
            self._afterwards.append(act)
        else:
            act()

    def _changed(self) -> None:
        self._routes.clear()
        self._on_change()

    def _route(self, kind: type[Event]) -> tuple[Subscriber, ...]:
        route = self._routes.get(kind)
        if route is None:
            found: list[Subscriber] = []  # a list, since callables need not be hashable
            for wanted, subscriber in self._subscriptions:
                if issubclass(kind, wanted) and subscriber not in found:
                    found.append(subscriber)
            route = self._routes[kind] = tuple(found)
        return route
