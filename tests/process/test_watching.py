"""What becomes of a process when its files change: stories in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.process import watching
from warden.process.step import State
from warden.process.watching import Reaction
from warden.words import Phase, WatchAction

A, B = (1, 10, 100), (2, 10, 100)


def reaction(
    phase: Phase, action: WatchAction = WatchAction.RESTART, *, disabled: bool = False, since: float | None = 50
) -> Reaction:
    state = State(phase=phase, pid=7 if phase in (Phase.RUNNING, Phase.STARTING) else 0, started_at=10)
    return watching.reaction(action, state, disabled=disabled, since=since)


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.STARTING, Phase.BACKOFF, Phase.EXITED, Phase.FATAL])
def test_who_runs_or_failed_starts_with_the_new_files(phase: Phase) -> None:
    assert reaction(phase) is Reaction.RESTART


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.STOPPING, Phase.UNKNOWN])
def test_who_was_stopped_stays_so(phase: Phase) -> None:
    assert reaction(phase) is Reaction.NOTHING
    assert reaction(phase, WatchAction.RELOAD) is Reaction.NOTHING


def test_only_who_runs_can_reload() -> None:
    assert reaction(Phase.RUNNING, WatchAction.RELOAD) is Reaction.RELOAD
    assert reaction(Phase.STARTING, WatchAction.RELOAD) is Reaction.RESTART
    assert reaction(Phase.FATAL, WatchAction.RELOAD) is Reaction.RESTART


@pytest.mark.parametrize("phase", [Phase.EXITED, Phase.FATAL])
def test_what_is_disabled_does_not_come_back_by_itself(phase: Phase) -> None:
    assert reaction(phase, disabled=True) is Reaction.NOTHING
    assert reaction(Phase.RUNNING, disabled=True) is Reaction.RESTART


def test_who_started_after_the_change_knows_the_files_already() -> None:
    assert reaction(Phase.RUNNING, since=9) is Reaction.NOTHING
    assert reaction(Phase.RUNNING, since=None) is Reaction.RESTART
    assert reaction(Phase.FATAL, since=9) is Reaction.RESTART


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 10))
def test_it_waits_until_it_is_quiet_but_not_for_ever(signs: list[float], debounce: float) -> None:
    first, last = min(signs), max(signs)

    due = watching.due(first, last, debounce)

    assert due <= first + watching.PATIENCE * debounce
    assert due == last + debounce or last + debounce > first + watching.PATIENCE * debounce


def test_what_came_went_or_was_written_has_changed() -> None:
    before, now = {"/a": A, "/b": A, "/c": A}, {"/b": B, "/c": A, "/d": A}

    assert watching.changed(before, now) == ["/a", "/b", "/d"]
    assert watching.changed(now, now) == []


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["/app/src/app.py"], "changed: src/app.py"),
        (["/app/a", "/app/b", "/etc/c"], "changed: a and 2 more"),
        (["/etc/c"], "changed: /etc/c"),
        (["/application"], "changed: /application"),
    ],
)
def test_the_cause_names_the_first_file(paths: list[str], said: str) -> None:
    assert watching.cause(paths, "/app") == said
    assert watching.cause(["/a"], "/") == "changed: a"
