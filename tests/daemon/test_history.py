"""What a process remembers of its past is bounded."""

from __future__ import annotations

from warden.daemon.history import REMEMBERED, History
from warden.rpc.insight import Transition
from warden.words import Phase


def step(at: int) -> Transition:
    return Transition(at=float(at), phase=Phase.STARTING, previous=Phase.STOPPED, cause="start")


def test_the_oldest_changes_are_forgotten() -> None:
    history = History()

    for at in range(REMEMBERED + 3):
        history.append(step(at))
    assert [change.at for change in history] == list(range(3, REMEMBERED + 3))

    history.extend(step(at) for at in range(100, 105))
    assert [change.at for change in history][-6:] == [REMEMBERED + 2, 100, 101, 102, 103, 104]
    assert len(history) == REMEMBERED
