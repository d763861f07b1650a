"""The verbs of the daemon, with real children."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import STUBBORN, Stage, alone, group, play, program, written
from warden import errors
from warden.config.model import ChannelConfig
from warden.daemon.views import Views, process_view, uptime
from warden.errors import RequestError
from warden.events import types
from warden.rpc.control import Outcome
from warden.rpc.logs import read_now, tail_now
from warden.words import Autorestart, Channel, Mood, Phase


def log_to(path: Path) -> ChannelConfig:
    return ChannelConfig(logfile=str(path), maxbytes=0)


def told(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.name: "OK" if outcome.error is None else type(outcome.error).__name__ for outcome in outcomes}


# --- start ----------------------------------------------------------------------


def test_start_with_wait_answers_when_the_process_runs(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)

        assert stage.find("p").state.phase is Phase.RUNNING

    play(tmp_path, scenario, alone(program("p", autostart=False, startsecs=1)))


def test_start_without_wait_answers_when_there_is_a_child(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=False)

        assert stage.find("p").state.phase is Phase.STARTING
        assert stage.find("p").state.pid > 0

    play(tmp_path, scenario, alone(program("p", startsecs=5)))


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("/nonexistent/x", errors.NoFile),
        ("/etc/passwd", errors.NotExecutable),
        ("'", errors.NotExecutable),
    ],
)
@pytest.mark.parametrize("wait", [True, False])
def test_a_command_that_cannot_be_executed_changes_nothing(
    tmp_path: Path, command: str, error: type[RequestError], wait: bool
) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(error):
            await stage.control.start("p", wait=wait)

        assert stage.find("p").state.phase is Phase.STOPPED
        assert stage.find("p").started == 0

    play(tmp_path, scenario, alone(program("p", command)))


def test_an_exit_before_startsecs_is_a_failed_start(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.SpawnFailed, match=r"^p$"):
            await stage.control.start("p", wait=True)

        assert stage.control.process("p").spawnerr == "Exited too quickly (process log may have details)"

    play(tmp_path, scenario, alone(program("p", "/bin/false", startretries=0)))


def test_a_start_that_cannot_even_fork_fails_at_once(tmp_path: Path) -> None:
    config = program("p", stdout=log_to(tmp_path))  # a directory cannot be a log

    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.SpawnFailed):
            await stage.control.start("p", wait=False)

    play(tmp_path, scenario, alone(config))


def test_a_one_shot_with_startsecs_0_has_started_however_quick_it_ends(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        for _ in range(5):
            await stage.control.start("p", wait=True)
            await stage.until("p", Phase.EXITED)

        assert sum("INFO success: p entered RUNNING" in text for text in stage.said) == 5

    play(tmp_path, scenario, alone(program("p", "/bin/true", startsecs=0, autorestart=Autorestart.NEVER)))


def test_a_start_that_somebody_stops_meanwhile_is_an_abnormal_termination(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        async with asyncio.TaskGroup() as tasks:
            starting = tasks.create_task(expect(errors.AbnormalTermination, stage.control.start("p", wait=True)))
            await stage.until("p", Phase.STARTING)
            await stage.control.stop("p", wait=True)
        assert starting.done()

    play(tmp_path, scenario, alone(program("p", startsecs=60)))


async def expect(error: type[Exception], action: Awaitable[None]) -> None:
    with pytest.raises(error):
        await action


def test_what_runs_is_not_started_again(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)

        for wait in (True, False):
            with pytest.raises(errors.AlreadyStarted):
                await stage.control.start("p", wait=wait)

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_a_start_during_stopping_waits_for_the_stop(tmp_path: Path) -> None:
    config = program("p", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await written(tmp_path / "out", "ready")
        first = stage.find("p").state.pid
        await stage.control.stop("p", wait=False)
        with pytest.raises(errors.AbnormalTermination):
            await stage.control.start("p", wait=False)
        await stage.control.start("p", wait=True)

        assert stage.find("p").state.phase is Phase.RUNNING
        assert stage.find("p").state.pid != first

    play(tmp_path, scenario, alone(config))


# --- stop -----------------------------------------------------------------------


def test_a_stop_is_over_when_the_process_has_stopped_even_if_another_request_starts_it_at_once(tmp_path: Path) -> None:
    config = program("p", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await written(tmp_path / "out", "ready")
        await stage.control.stop("p", wait=False)
        async with asyncio.TaskGroup() as requests:
            requests.create_task(stage.control.start("p", wait=True))
            requests.create_task(stage.control.stop("p", wait=True))

        assert stage.find("p").state.phase is Phase.RUNNING

    play(tmp_path, scenario, alone(config))


def test_stop_with_wait_answers_when_the_child_is_gone(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await stage.control.stop("p", wait=True)

        assert stage.find("p").state.phase is Phase.STOPPED
        assert "INFO waiting for p to stop" in stage.said

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_a_second_stop_waits_for_the_first(tmp_path: Path) -> None:
    config = program("p", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await written(tmp_path / "out", "ready")
        await stage.control.stop("p", wait=False)
        with pytest.raises(errors.NotRunning):
            await stage.control.stop("p", wait=False)
        await stage.control.stop("p", wait=True)

        assert stage.find("p").state.phase is Phase.STOPPED

    play(tmp_path, scenario, alone(config))


@pytest.mark.parametrize("wait", [True, False])
def test_what_does_not_run_cannot_be_stopped(tmp_path: Path, wait: bool) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.NotRunning):
            await stage.control.stop("p", wait=wait)

    play(tmp_path, scenario, alone(program("p")))


def test_a_process_in_backoff_is_stopped_at_once(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.BACKOFF)
        await stage.control.stop("p", wait=True)

        assert stage.find("p").state.phase is Phase.STOPPED

    play(tmp_path, scenario, alone(program("p", "/bin/false", startretries=9)))


def test_a_stop_whose_signal_is_refused_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signum: int, *, to_group: bool) -> None:
        raise PermissionError(1, "Operation not permitted")

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        with monkeypatch.context() as patch:
            patch.setattr("warden.daemon.signals.send_signal", refuse)
            with pytest.raises(errors.Failed):
                await stage.control.stop("p", wait=True)
        assert stage.find("p").state.phase is Phase.UNKNOWN
        with pytest.raises(errors.Failed, match="is in an unknown process state"):
            await stage.control.start("p", wait=True)
        os.kill(stage.find("p").state.pid, signal.SIGKILL)
        await stage.until("p", Phase.STOPPED)

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


# --- many -----------------------------------------------------------------------


def test_start_and_stop_of_many_name_only_those_concerned(tmp_path: Path) -> None:
    groups = [
        group("g", program("a", startsecs=0), program("b", startsecs=0), program("bad", "/nonexistent/x")),
        alone(program("other", startsecs=0)),
    ]

    async def scenario(stage: Stage) -> None:
        await stage.control.start("g:a", wait=True)
        assert told(list(await stage.control.start_many("g", wait=True))) == {"b": "OK", "bad": "NoFile"}
        assert told(list(await stage.control.start_many(None, wait=False))) == {"other": "OK", "bad": "NoFile"}
        assert told(list(await stage.control.stop_many("g", wait=True))) == {"a": "OK", "b": "OK"}
        assert told(list(await stage.control.stop_many(None, wait=False))) == {"other": "OK"}
        assert list(await stage.control.stop_many("g", wait=True)) == []

    play(tmp_path, scenario, *groups)


def test_stop_of_many_goes_from_the_highest_priority_down(tmp_path: Path) -> None:
    groups = [
        group("g", program("a", startsecs=0, priority=1), program("b", startsecs=0, priority=2), priority=1),
        alone(program("z", startsecs=0, priority=2)),
    ]

    async def scenario(stage: Stage) -> None:
        await stage.control.start_many(None, wait=True)
        await stage.control.stop_many(None, wait=True)
        asked = [event.processname for event in stage.events if isinstance(event, types.ProcessStateStoppingEvent)]

        assert asked == ["z", "b", "a"]

    play(tmp_path, scenario, *groups)


# --- names ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nope", "g", "g:*", "g:", "g:nope", "a", "", "*", "*:*", ":"])
def test_only_a_process_is_a_process(tmp_path: Path, name: str) -> None:
    async def scenario(stage: Stage) -> None:
        control = stage.control
        for action in (
            lambda: control.process(name),
            lambda: control.signal(name, "TERM"),
            lambda: control.send_stdin(name, b"x"),
            lambda: read_now(control.log_path(name, Channel.STDOUT), 0, 0),
            lambda: tail_now(control.log_path(name, Channel.STDOUT), 0, 0),
            lambda: control.clear_logs(name),
            lambda: control.log_file(name, Channel.STDOUT),
            lambda: control.watch_log(name, Channel.STDOUT, lambda: None),
        ):
            with pytest.raises(errors.BadName) as caught:
                action()
            assert str(caught.value) == name
        with pytest.raises(errors.BadName):
            await control.start(name, wait=False)
        with pytest.raises(errors.BadName):
            await control.stop(name, wait=False)

    play(tmp_path, scenario, group("g", program("a")))


def test_a_group_that_does_not_exist_is_a_bad_name(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.BadName):
            await stage.control.start_many("nope", wait=True)
        with pytest.raises(errors.BadName):
            stage.control.signal_many("nope", "TERM")

    play(tmp_path, scenario)


# --- signals and stdin ----------------------------------------------------------


def test_signals_reach_the_child_and_count_as_its_own_death(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        stage.control.signal("p", "usr1")
        await stage.until("p", Phase.EXITED)

        assert "WARN exited: p (terminated by SIGUSR1; not expected)" in stage.said
        assert stage.control.process("p").exitstatus == -1

    play(tmp_path, scenario, alone(program("p", startsecs=0, autorestart=Autorestart.NEVER)))


def test_a_bad_signal_is_named_before_the_phase_is_looked_at(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        for bad in ("NOPE", "-1", 9999, "SIG_DFL", ""):
            with pytest.raises(errors.BadSignal, match=f"^{bad}$"):
                stage.control.signal("p", bad)
        with pytest.raises(errors.NotRunning):
            stage.control.signal("p", "TERM")

    play(tmp_path, scenario, alone(program("p")))


@pytest.mark.parametrize("zero", ["0", 0])
def test_signal_0_asks_whether_there_is_a_child(tmp_path: Path, zero: str | int) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.NotRunning):
            stage.control.signal("p", zero)
        await stage.control.start("p", wait=True)

        stage.control.signal("p", zero)

        assert stage.control.process("p").phase is Phase.RUNNING

    play(tmp_path, scenario, alone(program("p")))


def test_signals_to_many_skip_what_has_no_child(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("g:a", wait=True)

        assert told(list(stage.control.signal_many("g", "CONT"))) == {"a": "OK"}
        assert told(list(stage.control.signal_many(None, "BAD"))) == {"a": "BadSignal"}

    play(tmp_path, scenario, group("g", program("a", startsecs=0), program("b")))


def test_stdin_reaches_the_child(tmp_path: Path) -> None:
    config = program("p", "/bin/cat", startsecs=0, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.NotRunning):
            stage.control.send_stdin("p", b"x")
        await stage.control.start("p", wait=True)
        stage.control.send_stdin("p", "héllo\n".encode())
        await written(tmp_path / "out", "héllo\n")

    play(tmp_path, scenario, alone(config))


def test_a_child_that_closed_its_stdin_has_none(tmp_path: Path) -> None:
    config = program("p", "/bin/sh -c 'exec <&-; echo closed; sleep 1000'", startsecs=0, stopasgroup=True,
                     killasgroup=True, stdout=log_to(tmp_path / "out"))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await written(tmp_path / "out", "closed")
        with pytest.raises(errors.NoFile, match=r"^p$"):
            stage.control.send_stdin("p", b"x")
        await stage.control.stop("p", wait=True)

    play(tmp_path, scenario, alone(config))


def test_a_remote_event_is_published_as_it_came(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.control.send_remote_event("t", "d")

        assert stage.events[-1] == types.RemoteCommunicationEvent("t", "d")

    play(tmp_path, scenario)


# --- configuration --------------------------------------------------------------


def test_reload_tells_what_an_update_would_do_and_changes_nothing(tmp_path: Path) -> None:
    old, changed, gone, new = (alone(program(name)) for name in ("old", "changed", "gone", "new"))

    async def scenario(stage: Stage) -> None:
        stage.next = replace(stage.config, groups=(alone(program("changed", "/bin/true")), new, old))
        for _ in range(2):  # the answer stays the same until it is applied
            changes = await stage.control.reload_config()
            assert (changes.added, changes.changed, changes.removed) == (("new",), ("changed",), ("gone",))
        assert [(row.process.name, row.inuse) for row in stage.control.available()] == [
            ("changed", True), ("new", False), ("old", True),
        ]  # fmt: skip
        assert list(stage.supervisor.groups) == ["changed", "gone", "old"]

    play(tmp_path, scenario, changed, gone, old)


def test_a_broken_file_leaves_everything_as_it_is(tmp_path: Path) -> None:
    def broken() -> None:
        raise errors.ConfigError("no good")

    async def scenario(stage: Stage) -> None:
        before = list(stage.control.available())
        stage.control._read = broken  # type: ignore[assignment]
        with pytest.raises(errors.CannotReread, match=r"^no good$"):
            await stage.control.reload_config()
        with pytest.raises(errors.CannotReread):
            await stage.control.restart()

        assert list(stage.control.available()) == before
        assert stage.left == []

    play(tmp_path, scenario, alone(program("p")))


def test_groups_come_and_go(tmp_path: Path) -> None:
    new = alone(program("new", startsecs=0))

    async def scenario(stage: Stage) -> None:
        with pytest.raises(errors.BadName):
            stage.control.add_group("new")
        stage.next = replace(stage.config, groups=(new,))
        await stage.control.reload_config()
        stage.control.add_group("new")
        with pytest.raises(errors.AlreadyAdded):
            stage.control.add_group("new")
        await stage.until("new", Phase.RUNNING)
        with pytest.raises(errors.StillRunning):
            stage.control.remove_group("new")
        await stage.control.stop("new", wait=True)
        stage.control.remove_group("new")
        with pytest.raises(errors.BadName):
            stage.control.remove_group("new")

        seen = [type(event).__name__ for event in stage.events if isinstance(event, types.ProcessGroupEvent)]
        assert seen == ["ProcessGroupAddedEvent", "ProcessGroupRemovedEvent"]

    play(tmp_path, scenario)


# --- going down -----------------------------------------------------------------


def test_while_going_down_questions_are_answered_and_actions_refused(tmp_path: Path) -> None:
    config = program("p", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        await written(tmp_path / "out", "ready")
        down = asyncio.Event()
        stage.supervisor.go_down(Mood.RESTARTING, down.set)
        control = stage.control
        actions: list[Callable[[], object]] = [
            lambda: control.signal("p", "TERM"),
            lambda: control.signal_many(None, "TERM"),
            lambda: control.send_stdin("p", b""),
            lambda: control.add_group("p"),
            lambda: control.remove_group("p"),
            lambda: control.clear_logs("p"),
            lambda: control.clear_all_logs(),
            lambda: read_now(control.log_path("p", Channel.STDOUT), 0, 0),
            lambda: tail_now(control.log_path("p", Channel.STDOUT), 0, 0),
        ]
        for action in actions:
            with pytest.raises(errors.ShuttingDown):
                action()
        for request in (
            control.start("p", wait=False), control.stop("p", wait=False), control.start_many(None, wait=False),
            control.stop_many(None, wait=False), control.reload_config(), control.restart(),
        ):  # fmt: skip
            with pytest.raises(errors.ShuttingDown):
                await request

        assert control.mood is Mood.RESTARTING
        assert control.process("p").phase is Phase.STOPPING
        assert len(control.processes()) == 1
        control.shutdown()
        assert stage.left == [None]
        await down.wait()

    play(tmp_path, scenario, alone(config))


def test_a_second_shutdown_is_refused(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.down()
        with pytest.raises(errors.ShuttingDown):
            stage.control.shutdown()

    play(tmp_path, scenario)


# --- logs -----------------------------------------------------------------------


def test_logs_are_read_tailed_and_cleared_whether_the_process_runs_or_not(tmp_path: Path) -> None:
    config = program("p", "/bin/sh -c 'printf 0123456789'", startsecs=0, autorestart=Autorestart.NEVER,
                     stdout=log_to(tmp_path / "out"))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        control = stage.control
        with pytest.raises(errors.NoFile, match=r"out$"):
            read_now(control.log_path("p", Channel.STDOUT), 0, 0)
        assert tail_now(control.log_path("p", Channel.STDOUT), 0, 4) == (b"", 0, False)
        await control.start("p", wait=True)
        await stage.until("p", Phase.EXITED)
        assert read_now(control.log_path("p", Channel.STDOUT), 2, 3) == b"234"
        assert read_now(control.log_path("p", Channel.STDOUT), -4, 0) == b"6789"
        with pytest.raises(errors.BadArguments):
            read_now(control.log_path("p", Channel.STDOUT), -4, 1)
        assert tail_now(control.log_path("p", Channel.STDOUT), 0, 4) == (b"6789", 10, True)
        with pytest.raises(errors.NoFile, match=r"^$"):
            read_now(control.log_path("p", Channel.STDERR), 0, 0)
        assert tail_now(control.log_path("p", Channel.STDERR), 0, 4) == (b"", 0, False)
        assert control.log_file("p", Channel.STDOUT) == str(tmp_path / "out")
        control.clear_logs("p")
        assert read_now(control.log_path("p", Channel.STDOUT), 0, 0) == b""
        assert told(list(control.clear_all_logs())) == {"p": "OK"}

    play(tmp_path, scenario, alone(config))


def test_clearing_a_live_log_keeps_what_is_written_later(tmp_path: Path) -> None:
    config = program("p", "/bin/cat", startsecs=0, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        await stage.control.start("p", wait=True)
        stage.control.send_stdin("p", b"before\n")
        await written(tmp_path / "out", "before")
        stage.control.clear_logs("p")
        stage.control.send_stdin("p", b"after\n")
        await written(tmp_path / "out", "after")

        assert (tmp_path / "out").read_text() == "after\n"

    play(tmp_path, scenario, alone(config))


def test_watchers_are_told_of_writes_until_they_stop(tmp_path: Path) -> None:
    config = program("p", "/bin/cat", startsecs=0, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        told_ = asyncio.Event()
        stop = stage.control.watch_log("p", Channel.STDOUT, told_.set)
        await stage.control.start("p", wait=True)
        stage.control.send_stdin("p", b"x\n")
        await told_.wait()
        stop()
        told_.clear()
        stage.control.send_stdin("p", b"y\n")
        await written(tmp_path / "out", "y")

        assert not told_.is_set()

    play(tmp_path, scenario, alone(config))


def test_the_activity_log_is_read_watched_and_cleared_too(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        woken = asyncio.Event()
        stop = stage.control.watch_log(None, Channel.STDOUT, woken.set)
        stage.log.info("hello")
        assert woken.is_set()
        stop()
        assert b"INFO hello" in read_now(stage.control.log_path(None, Channel.STDOUT), 0, 0)
        stage.control.clear_logs(None)
        assert b"hello" not in read_now(stage.control.log_path(None, Channel.STDOUT), 0, 0)
        os.unlink(tmp_path / "main.log")
        with pytest.raises(errors.NoFile, match=r"^$"):
            stage.control.clear_logs(None)
        stage.log.reopen()

    play(tmp_path, scenario)


# --- views ----------------------------------------------------------------------


def test_a_view_tells_what_people_want_to_know(tmp_path: Path) -> None:
    config = program("p", startsecs=0, autostart=False)

    async def scenario(stage: Stage) -> None:
        before = stage.control.process("p")
        assert (before.phase, before.description, before.start, before.stop, before.pid) == (
            Phase.STOPPED, "Not started", 0, 0, 0,
        )  # fmt: skip
        await stage.control.start("p", wait=True)
        running = stage.control.process("p")
        assert running.description == f"pid {running.pid}, uptime 0:00:0{running.now - running.start}"
        await stage.control.stop("p", wait=True)
        after = stage.control.process("p")
        assert after.exitstatus == -1
        assert after.stop >= after.start > 0
        assert after.description[-2:] in ("AM", "PM")

    play(tmp_path, scenario, alone(config))


def test_views_of_all_are_new_when_a_process_has_changed_or_a_second_has_passed(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        views, processes = Views(), list(stage.supervisor.processes())

        def are_true() -> bool:
            moments = [time.time() + later for later in (0, 0.2, 61)]
            return all(views.of(processes, now) == [process_view(one, now) for one in processes] for now in moments)

        assert are_true()
        await stage.control.start("p", wait=True)
        assert are_true()
        await stage.control.start("broken", wait=False)
        await stage.until("broken", Phase.EXITED)
        assert are_true()
        await stage.control.stop("p", wait=True)
        assert are_true()
        stage.supervisor.remove_group(stage.supervisor.groups["p"])
        assert [view.name for view in views.of(stage.supervisor.processes(), time.time())] == ["broken"]

    broken = program("broken", "/bin/sh -c 'exit 3'", startsecs=0, autostart=False, autorestart=Autorestart.NEVER)
    play(tmp_path, scenario, alone(program("p", startsecs=0, autostart=False)), alone(broken))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (-5, "0:00:00"), (3661, "1:01:01"), (86400, "1 day, 0:00:00"), (2 * 86400 + 5, "2 days, 0:00:05")],
)
def test_uptimes_read_as_in_the_reference(seconds: int, text: str) -> None:
    assert uptime(seconds) == text
