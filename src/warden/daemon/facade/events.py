"""Events for code inside the daemon: where plugins subscribe, and what they get to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from warden.daemon.facade.fleet import GroupView
from warden.events import types
from warden.events.bus import Bus
from warden.events.types import Event
from warden.frozen import frozen

Callback = Callable[..., object]
Show = Callable[[Event], object]


class EventView:
    """An event with the live objects that plugins expect on it; ``isinstance`` takes it for the event."""

    def __init__(self, event: Event, **live: object) -> None:
        self.event = event
        self.__dict__.update(live)

    @property  # type: ignore[misc] # an instance may pretend
    def __class__(self) -> type[Event]:  # type: ignore[override] # plugins look up its wire name
        return type(self.event)

    def __getattr__(self, name: str) -> object:
        return getattr(self.event, name)


def show_event(groups: Mapping[str, GroupView], event: Event) -> object:
    """Return what a plugin gets for ``event``: its ``process`` is None once that is gone."""
    match event:
        case types.ProcessStateEvent() | types.ProcessLogEvent() | types.ProcessCommunicationEvent():
            group = groups.get(event.groupname)
            return EventView(event, process=None if group is None else group.processes.get(event.processname))
        case types.ProcessGroupEvent():
            return EventView(event, group=event.groupname)
        case _:
            return event


@frozen
class _Heard:
    """A subscriber of the bus that calls back with what a plugin is to see; equal for equal callbacks."""

    callback: Callback
    show: Show

    def __call__(self, event: Event) -> object:
        return self.callback(self.show(event))


class Desk:
    """Takes the subscriptions of plugins, before, during and between the lives of the daemon's bus.

    What is subscribed while a module is imported, before there is a bus, holds
    for every bus to come, since modules are imported only once; what is
    subscribed later ends with the bus.  ``callbacks`` are all of them.
    """

    def __init__(self) -> None:
        self.callbacks: list[tuple[type[Event], Callback]] = []
        self._lasting: tuple[tuple[type[Event], Callback], ...] = ()
        self._bus: Bus | None = None
        self._show: Show = lambda event: event

    def subscribe(self, kind: type[Event], callback: Callback) -> None:
        """Call ``callback`` with every event of this type from now on."""
        self.callbacks.append((kind, callback))
        if self._bus is not None:
            self._bus.subscribe(kind, _Heard(callback, self._show))

    def unsubscribe(self, kind: type[Event], callback: Callback) -> None:
        """Undo ``subscribe``.

        Raises:
            ValueError: that was not subscribed.
        """
        self.callbacks.remove((kind, callback))
        if self._bus is not None:
            self._bus.unsubscribe(kind, _Heard(callback, self._show))

    def clear(self) -> None:
        """Undo all subscriptions."""
        for kind, callback in tuple(self.callbacks):
            self.unsubscribe(kind, callback)

    def notify(self, event: Event) -> None:
        """Publish an event; without a daemon only the callbacks hear it."""
        plain = event.event if isinstance(event, EventView) else event
        if self._bus is not None:
            self._bus.publish(plain)
            return
        for kind, callback in tuple(self.callbacks):
            if isinstance(plain, kind):
                callback(plain)

    def open(self, bus: Bus, show: Show) -> None:
        """Begin a life: bring all subscriptions to ``bus``, with events as ``show`` gives them."""
        self._lasting = tuple(self.callbacks)
        self._bus, self._show = bus, show
        for kind, callback in self._lasting:
            bus.subscribe(kind, _Heard(callback, show))

    def close(self) -> None:
        """End a life."""
        self.callbacks[:] = [entry for entry in self.callbacks if entry in self._lasting]
        self._bus = None


DESK = Desk()  # one, as there is one ``supervisor.events`` in a process
