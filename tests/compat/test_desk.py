"""Subscriptions of plugins, before, during and between the lives of the daemon's bus."""

from __future__ import annotations

from warden.daemon.facade.events import Desk, EventView
from warden.events.bus import Bus
from warden.events.types import Event, ProcessGroupAddedEvent, RemoteCommunicationEvent

EVENT = RemoteCommunicationEvent("a", "b")


def bus() -> Bus:
    return Bus(lambda _subscriber, _event, error: None)


def shown(event: Event) -> object:
    return EventView(event, process="live")


def test_an_early_subscription_holds_for_every_session_and_a_later_one_for_its_own() -> None:
    desk, early, late = Desk(), [], []
    desk.subscribe(Event, early.append)

    for number in range(2):
        desk.open(bus(), shown)
        if number == 0:
            desk.subscribe(Event, late.append)
        desk.notify(EVENT)
        desk.close()

    assert (len(early), len(late)) == (2, 1)


def test_what_is_unsubscribed_hears_nothing() -> None:
    desk, heard = Desk(), []
    desk.open(bus(), shown)
    desk.subscribe(Event, heard.append)
    desk.unsubscribe(Event, heard.append)
    desk.subscribe(Event, heard.append)
    desk.clear()

    desk.notify(EVENT)

    assert (heard, desk.callbacks) == ([], [])


def test_without_a_daemon_callbacks_hear_what_is_published() -> None:
    desk, heard = Desk(), []
    desk.subscribe(RemoteCommunicationEvent, heard.append)

    desk.notify(EVENT)
    desk.notify(ProcessGroupAddedEvent("g"))

    assert heard == [EVENT]


def test_a_shown_event_passes_for_the_event_and_can_be_published_again() -> None:
    desk, heard = Desk(), []
    desk.open(bus(), shown)
    desk.subscribe(Event, heard.append)

    desk.notify(EVENT)
    desk.notify(heard[0])

    assert [isinstance(event, RemoteCommunicationEvent) for event in heard] == [True, True]
    assert [(event.__class__, event.data, event.payload(), event.process) for event in heard] == [
        (RemoteCommunicationEvent, "b", "type:a\nb", "live")
    ] * 2
