"""Synchronous publish and subscribe: everybody who wants an event hears it once, in order, and alone."""

from __future__ import annotations

import pytest

from warden.events.bus import Bus
from warden.events.types import (
    Event,
    ProcessGroupAddedEvent,
    ProcessGroupEvent,
    SupervisorRunningEvent,
    Tick5Event,
    TickEvent,
)

TICK, ADDED = Tick5Event(5), ProcessGroupAddedEvent("g")


class Ear:
    """A subscriber with a name; all of one test write into one list."""

    __hash__ = None  # type: ignore[assignment] # callables need not be hashable

    def __init__(self, name: str, heard: list[tuple[str, Event]]) -> None:
        self.name, self.all_heard = name, heard

    def __call__(self, event: Event) -> None:
        self.all_heard.append((self.name, event))


class Broken(Exception):
    pass


def never(*_: object) -> None:
    pytest.fail("nothing to report")


@pytest.fixture
def heard() -> list[tuple[str, Event]]:
    return []


def test_a_subscription_covers_the_subtypes(heard: list[tuple[str, Event]]) -> None:
    bus = Bus(never)
    bus.subscribe(TickEvent, Ear("ticks", heard))

    bus.publish(TICK)
    bus.publish(ADDED)

    assert heard == [("ticks", TICK)]


def test_subscribers_are_called_in_the_order_of_their_subscription(heard: list[tuple[str, Event]]) -> None:
    bus = Bus(never)
    for name, kind in (("a", Tick5Event), ("b", Event), ("c", TickEvent)):
        bus.subscribe(kind, Ear(name, heard))

    bus.publish(TICK)

    assert heard == [("a", TICK), ("b", TICK), ("c", TICK)]


def test_overlapping_types_do_not_repeat_an_event(heard: list[tuple[str, Event]]) -> None:
    bus, ear = Bus(never), Ear("pool", heard)
    for kind in (Event, TickEvent, Tick5Event, Tick5Event):
        bus.subscribe(kind, ear)

    bus.publish(TICK)
    bus.publish(TICK)

    assert heard == [("pool", TICK), ("pool", TICK)]


def test_a_subscriber_that_raises_costs_only_its_own_call(heard: list[tuple[str, Event]]) -> None:
    reports: list[object] = []
    bus = Bus(lambda *report: reports.append(report))
    error = Broken("no")

    def broken(event: Event) -> None:
        raise error

    bus.subscribe(Event, broken)
    bus.subscribe(Event, Ear("b", heard))

    bus.publish(TICK)
    bus.publish(ADDED)

    assert reports == [(broken, TICK, error), (broken, ADDED, error)]
    assert heard == [("b", TICK), ("b", ADDED)]


def test_wanted_follows_the_subscriptions(heard: list[tuple[str, Event]]) -> None:
    bus, ear = Bus(never), Ear("a", heard)
    assert not bus.wanted(Tick5Event)

    bus.subscribe(TickEvent, ear)
    assert bus.wanted(Tick5Event)
    assert not bus.wanted(SupervisorRunningEvent)

    bus.unsubscribe(TickEvent, ear)
    assert not bus.wanted(Tick5Event)


def test_after_unsubscribing_nothing_is_heard_and_the_rest_goes_on(heard: list[tuple[str, Event]]) -> None:
    bus, gone, stays = Bus(never), Ear("gone", heard), Ear("stays", heard)
    bus.subscribe(TickEvent, gone)
    bus.subscribe(TickEvent, stays)
    bus.publish(TICK)

    bus.unsubscribe(TickEvent, gone)
    bus.publish(TICK)

    assert heard == [("gone", TICK), ("stays", TICK), ("stays", TICK)]


def test_changes_are_told_once_each_and_only_if_something_changed(heard: list[tuple[str, Event]]) -> None:
    changes: list[bool] = []
    bus = Bus(never, on_change=lambda: changes.append(bus.wanted(Tick5Event)))
    ear = Ear("a", heard)

    bus.subscribe(Event, ear)
    bus.subscribe(Event, ear)
    bus.unsubscribe(ProcessGroupEvent, ear)
    bus.unsubscribe(Event, ear)

    assert changes == [True, False]


def test_a_subscriber_may_subscribe_and_publish_while_it_is_called(heard: list[tuple[str, Event]]) -> None:
    bus = Bus(never)
    late = Ear("late", heard)

    def first(event: Event) -> None:
        heard.append(("first", event))
        if event is TICK:
            bus.subscribe(Event, late)
            bus.publish(ADDED)

    bus.subscribe(Event, first)

    bus.publish(TICK)

    assert heard == [("first", TICK), ("first", ADDED), ("late", ADDED)]


def test_who_collects_a_burst_acts_once_at_its_end(heard: list[tuple[str, Event]]) -> None:
    bus = Bus(never)
    acts: list[int] = []
    bus.subscribe(Event, Ear("a", heard))

    with bus.burst():
        bus.publish(TICK)
        bus.afterwards(lambda: acts.append(len(heard)))
        with bus.burst():
            bus.publish(ADDED)
        assert acts == [], "one in the other is one"
    bus.publish(TICK)

    assert acts == [2]


def test_outside_of_a_burst_afterwards_is_now() -> None:
    bus = Bus(never)
    acts: list[str] = []

    bus.afterwards(lambda: acts.append("now"))

    assert acts == ["now"]
