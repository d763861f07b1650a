"""When the programs end the daemon, and with which exit status."""

from __future__ import annotations

import pytest

from warden.config.model import Policy
from warden.process.ending import Fate, exit_status, is_final, when_all_finished
from warden.process.machine import TOO_QUICK, transition
from warden.process.step import Exited, Spawned, SpawnFailed, StartRequested, State, Tick
from warden.words import Autorestart, ExitStatus, Phase

ZERO, THREE, KILLED = ExitStatus(code=0), ExitStatus(code=3), ExitStatus(signum=9)


def lived(end: ExitStatus, policy: Policy) -> Fate:
    """What became of a process some time after its child has ended."""
    state = State()
    for now, event in ((0.0, StartRequested()), (0.0, Spawned(7)), (5.0, Exited(end)), (5.0, Tick())):
        state, _ = transition(state, event, now, policy)
    return fate(end, state=state)


def fate(end: ExitStatus | None, phase: Phase = Phase.EXITED, **more: object) -> Fate:
    state = State(phase=phase, exitstatus=end)
    values: dict[str, object] = {"state": state, "policy": Policy(), "last_exit": end, "starts": True, "started": True}
    return Fate(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "autorestart", "final"),
    [
        (ZERO, Autorestart.UNEXPECTED, True),
        (THREE, Autorestart.UNEXPECTED, False),
        (THREE, Autorestart.NEVER, True),
        (ZERO, Autorestart.ALWAYS, False),
    ],
)
def test_an_end_is_final_if_no_restart_follows(end: ExitStatus, autorestart: Autorestart, final: bool) -> None:
    assert is_final(lived(end, Policy(autorestart=autorestart))) is final


def test_an_end_is_not_final_while_a_schedule_goes_on() -> None:
    assert not is_final(fate(ZERO, due=True))
    assert not is_final(fate(THREE, Phase.FATAL, due=True))


def test_who_gives_up_is_final_and_who_waits_for_another_try_is_not() -> None:
    state, policy = State(), Policy(startretries=1)
    finals = []
    for now in (0.0, 10.0):
        state, _ = transition(state, StartRequested() if not now else Tick(), now, policy)
        state, _ = transition(state, SpawnFailed("why"), now, policy)
        finals.append((state.phase, is_final(fate(None, state=state))))

    assert finals == [(Phase.BACKOFF, False), (Phase.FATAL, True)]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (fate(ZERO), 0),
        (fate(THREE), 3),
        (fate(KILLED), 137),
        (fate(THREE, state=State(phase=Phase.FATAL, spawn_error=TOO_QUICK)), 3),
        (fate(ZERO, state=State(phase=Phase.FATAL, spawn_error=TOO_QUICK)), 1),
        (fate(THREE, state=State(phase=Phase.FATAL, spawn_error="can't find command 'x'")), 1),
    ],
)
def test_the_exit_status_is_that_of_the_program(told: Fate, status: int) -> None:
    assert exit_status(told) == status


@pytest.mark.parametrize(
    ("fates", "status"),
    [
        ([], 0),
        ([fate(ZERO), fate(ZERO)], 0),
        ([fate(ZERO), fate(THREE), fate(KILLED)], 3),
        ([fate(THREE, policy=Policy(exitcodes=(0, 3)))], 0),
        ([fate(ZERO), fate(None, Phase.RUNNING)], None),
        ([fate(ZERO), fate(None, Phase.STOPPED)], None),
        ([fate(ZERO), fate(None, Phase.STOPPED, starts=False)], None),
        ([fate(ZERO), fate(None, Phase.STOPPED, starts=False, started=False)], 0),
        ([fate(ZERO), fate(None, Phase.STOPPED, started=False)], None),
        ([fate(ZERO), fate(ZERO, due=True)], None),
        ([fate(ZERO), fate(None, Phase.STOPPED, starts=False, started=False, due=True)], None),
        ([fate(ZERO), fate(None, Phase.STOPPED, in_vain=True)], 1),
        ([fate(None, Phase.STOPPED, in_vain=True), fate(THREE)], 3),
        ([fate(THREE), fate(None, Phase.STOPPED)], None),
    ],
)
def test_all_have_finished_when_nothing_runs_waits_or_was_stopped(fates: list[Fate], status: int | None) -> None:
    assert when_all_finished(fates) == status
