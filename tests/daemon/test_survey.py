"""What follows for us from what a Supervisor 4.x says of one of its processes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.daemon.stage import program
from warden.config.model import ChannelConfig, GroupConfig, Kind
from warden.config.values import AUTO
from warden.daemon.survey import Case
from warden.daemon.teller import Told
from warden.events.listener import ListenerState
from warden.process.step import State
from warden.runtime.predecessor import End
from warden.words import Channel, ExitStatus, Phase

NOW = 5000.0
RAN = 30  # seconds
TOLD = Told(
    namespec="web",
    phase=Phase.RUNNING,
    pid=12,
    start=1000,
    stop=0,
    now=1000 + RAN,
    exitstatus=0,
    spawnerr="",
    logs={Channel.STDOUT: "/tmp/auto-out", Channel.STDERR: ""},
)
WEB = program("web", startsecs=40, stopwaitsecs=7)
PIPES = (End("stdin", 5), End("stdout", 6), End("stderr", 8))
BEGAN = NOW - RAN

STATES = [
    (TOLD, State(phase=Phase.RUNNING, pid=12, started_at=BEGAN)),
    (TOLD._replace(phase=Phase.STARTING), State(phase=Phase.STARTING, pid=12, started_at=BEGAN, deadline=BEGAN + 40)),
    (
        TOLD._replace(phase=Phase.STOPPING),
        State(phase=Phase.STOPPING, pid=12, started_at=BEGAN, deadline=NOW + 7, killing=True),
    ),
    (
        TOLD._replace(phase=Phase.BACKOFF, pid=0, spawnerr="why"),
        State(phase=Phase.BACKOFF, started_at=BEGAN, tries=1, spawn_error="why", deadline=NOW + 1),
    ),
    (
        TOLD._replace(phase=Phase.FATAL, pid=0, spawnerr="why"),
        State(phase=Phase.FATAL, started_at=BEGAN, spawn_error="why"),
    ),
    (
        TOLD._replace(phase=Phase.EXITED, pid=0, exitstatus=3),
        State(phase=Phase.EXITED, started_at=BEGAN, exitstatus=ExitStatus(code=3), deadline=NOW),
    ),
    (
        TOLD._replace(phase=Phase.EXITED, pid=0, exitstatus=-1),
        State(phase=Phase.EXITED, started_at=BEGAN, exitstatus=ExitStatus(), deadline=NOW),
    ),
    (TOLD._replace(phase=Phase.STOPPED, pid=0), State(phase=Phase.STOPPED, started_at=BEGAN)),
]
FATES = [
    (TOLD, PIPES, "goes on (stdin, stdout, stderr)"),
    (TOLD, (), "goes on (no pipes)"),
    (TOLD._replace(phase=Phase.STOPPING), PIPES, "is asked to stop once more"),
    (TOLD._replace(phase=Phase.BACKOFF, pid=0), (), "is tried again in a second; how often it was is not known"),
    (TOLD._replace(phase=Phase.FATAL, pid=0), (), "stays as it is"),
]


@pytest.mark.parametrize(("told", "state"), STATES, ids=[told.phase.name for told, _state in STATES])
def test_every_state_is_gone_on_with(told: Told, state: State) -> None:
    assert Case(told=told, config=WEB).facts(7, NOW).state == state


def test_times_and_logs_are_taken_over() -> None:
    config = replace(WEB, stdout=ChannelConfig(logfile=AUTO), stderr=ChannelConfig(logfile=AUTO))

    facts = Case(told=TOLD._replace(stop=900, exitstatus=2), config=config).facts(7, NOW)

    assert (facts.life, facts.started, facts.stopped, facts.last_exit) == (7, 1000.0, 900.0, ExitStatus(code=2))
    assert facts.paths == (("stdout", "/tmp/auto-out"),)


@pytest.mark.parametrize(("told", "ends", "fate"), FATES, ids=[fate for *_rest, fate in FATES])
def test_the_report_says_what_becomes_of_it(told: Told, ends: tuple[End, ...], fate: str) -> None:
    assert Case(told=told, config=WEB, ends=ends).fate() == fate


@pytest.mark.parametrize(
    ("listens", "fate"),
    [
        (ListenerState.READY, "goes on (stdin, stdout, stderr); it is READY"),
        (ListenerState.BUSY, "goes on (stdin, stdout, stderr); it is BUSY"),
        (None, "is started again: nobody can tell where the conversation with it is"),
    ],
)
def test_a_listener_goes_on_if_it_is_known_where_it_stands(listens: ListenerState | None, fate: str) -> None:
    ears = replace(WEB, kind=Kind.LISTENER)

    assert Case(told=TOLD, config=ears, group=GroupConfig(name="web"), ends=PIPES, listens=listens).fate() == fate


@pytest.mark.parametrize(("pid", "fate"), [(12, "cannot be taken over"), (0, "forgotten")])
def test_what_is_not_configured_is_named(pid: int, fate: str) -> None:
    assert Case(told=TOLD._replace(pid=pid)).fate() == f"is not in our configuration: {fate}"
