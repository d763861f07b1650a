"""The same scripted life of the same programs gives the same event stream: types, headers, payloads and order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from differential import events_daemon, events_listeners, events_lives, events_output
from differential.story import Plot

PLOTS: tuple[Plot, ...] = (
    events_lives.lives,
    events_output.output,
    events_output.remote,
    events_daemon.start_and_shutdown,
    events_daemon.restart,
    events_daemon.groups,
    events_daemon.pools_come_and_go,
    events_daemon.members_of_groups,
    events_daemon.ticks,
    events_listeners.listeners,
    events_listeners.two_in_a_pool,
    events_listeners.overlapping_types,
    events_listeners.rejected_by_one_pool,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_the_event_stream_is_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
