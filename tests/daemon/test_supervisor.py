"""The shell around the pure core, with real children."""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import signal
import termios
from pathlib import Path

import pytest

from tests.daemon.stage import STUBBORN, Stage, alone, group, play, program, python, written
from warden.config.model import ChannelConfig
from warden.daemon.records import Process
from warden.events import types
from warden.words import Autorestart, Channel, ExitStatus, Mood, Phase


def log_to(path: Path, **more: object) -> ChannelConfig:
    return ChannelConfig(logfile=str(path), maxbytes=0, **more)  # type: ignore[arg-type]


def phases(stage: Stage, name: str) -> list[str]:
    return [
        types.name_of(type(event)).removeprefix("PROCESS_STATE_")  # type: ignore[union-attr]
        for event in stage.events
        if isinstance(event, types.ProcessStateEvent) and event.processname == name
    ]


def test_a_program_starts_runs_and_stops(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        pid = process.state.pid
        await stage.down()

        assert phases(stage, "p") == ["STARTING", "RUNNING", "STOPPING", "STOPPED"]
        assert stage.said == [
            f"INFO spawned: 'p' with pid {pid}",
            "INFO success: p entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)",
            "INFO waiting for p to die",
            "WARN stopped: p (terminated by SIGTERM)",
        ]

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_a_program_that_dies_is_started_again_at_once(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        first = process.state.pid
        os.kill(first, signal.SIGKILL)
        await stage.until("p", Phase.EXITED)
        await stage.until("p", Phase.RUNNING)

        assert process.state.pid not in (0, first)
        assert "WARN exited: p (terminated by SIGKILL; not expected)" in stage.said

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_what_a_program_wrote_before_it_died_is_in_its_log(tmp_path: Path) -> None:
    lines = 20_000
    code = f"for i in range({lines}): print(i)\nraise SystemExit(7)"
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)

        assert (tmp_path / "out").read_text() == "".join(f"{i}\n" for i in range(lines))
        assert stage.said[-1] == "WARN exited: p (exit status 7; not expected)"

    play(tmp_path, scenario, alone(config))


def test_a_grandchild_that_keeps_the_pipe_open_does_not_hide_the_death(tmp_path: Path) -> None:
    config = program("p", "/bin/sh -c 'sleep 1000 & echo $!; exit 3'", startsecs=0, autorestart=Autorestart.NEVER,
                     stdout=log_to(tmp_path / "out"))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)
        os.kill(int((tmp_path / "out").read_text()), signal.SIGKILL)

        assert stage.said[-1] == "WARN exited: p (exit status 3; not expected)"

    play(tmp_path, scenario, alone(config))


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("/nonexistent/x", "can't find command '/nonexistent/x'"),
        ("no-such-command-anywhere", "can't find command 'no-such-command-anywhere'"),
        ("/etc", "command at '/etc' is a directory"),
        ("/etc/passwd", "command at '/etc/passwd' is not executable"),
        ("echo 'x", "can't parse command \"echo 'x\": No closing quotation"),
        ("", "command is empty"),
        ("''", "command is empty"),
    ],
)
def test_a_command_that_cannot_be_executed_is_a_failed_start(tmp_path: Path, command: str, reason: str) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.FATAL)

        assert process.state.spawn_error == reason
        assert stage.said == [
            f"INFO spawnerr: {reason}",
            "INFO gave up: p entered FATAL state, too many start retries too quickly",
        ]

    play(tmp_path, scenario, alone(program("p", command, startretries=0)))


def test_a_log_that_cannot_be_opened_is_a_failed_start_and_leaves_no_descriptor(tmp_path: Path) -> None:
    config = program("p", startretries=0, stdout=log_to(tmp_path), stderr=log_to(tmp_path / "err"))

    async def scenario(stage: Stage) -> None:
        before = set(os.listdir("/dev/fd"))
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.FATAL)

        assert process.state.spawn_error == "unknown error making dispatchers for 'p': EISDIR"
        assert set(os.listdir("/dev/fd")) == before

    play(tmp_path, scenario, alone(config))


def test_a_program_that_cannot_run_explains_itself_in_its_log(tmp_path: Path) -> None:
    config = program("p", startretries=0, directory="/nonexistent", stderr=log_to(tmp_path / "err"))

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.FATAL)

        assert (tmp_path / "err").read_text() == (
            "supervisor: couldn't chdir to /nonexistent: ENOENT\nsupervisor: child process was not spawned\n"
        )
        assert "WARN exited: p (exit status 127; not expected)" in stage.said

    play(tmp_path, scenario, alone(config))


def test_a_stubborn_program_is_killed_after_stopwaitsecs(tmp_path: Path) -> None:
    config = program("p", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await written(tmp_path / "out", "ready")
        pid = stage.find("p").state.pid
        await stage.down()

        assert stage.said[-2:] == [f"WARN killing 'p' ({pid}) with SIGKILL", "WARN stopped: p (terminated by SIGKILL)"]
        assert (tmp_path / "out").read_text() == "ready\nterm\n"

    play(tmp_path, scenario, alone(config))


def test_groups_stop_one_after_another_from_the_highest_priority(tmp_path: Path) -> None:
    groups = [
        group("early", program("e", startsecs=0), priority=1),
        group("late", program("l1", startsecs=0, priority=5), program("l2", startsecs=0, priority=6), priority=9),
        group("idle", program("i", autostart=False), priority=5),
    ]

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        for name in ("early:e", "late:l1", "late:l2"):
            await stage.until(name, Phase.RUNNING)
        await stage.down()
        order = [
            (event.processname, event.from_state.name)
            for event in stage.events
            if isinstance(event, (types.ProcessStateStoppingEvent, types.ProcessStateStoppedEvent))
        ]

        assert order[:2] == [("l2", "RUNNING"), ("l1", "RUNNING")]  # both asked before either is awaited
        assert {name for name, _ in order[2:4]} == {"l1", "l2"}
        assert order[4:] == [("e", "RUNNING"), ("e", "STOPPING")]
        assert "INFO waiting for e, l1, l2 to die" in stage.said

    play(tmp_path, scenario, *groups)


def test_nothing_starts_while_the_daemon_goes_down(tmp_path: Path) -> None:
    groups = [
        alone(program("p", "/bin/false", startretries=5)),
        alone(program("q", STUBBORN, startsecs=0, stopwaitsecs=1, stdout=log_to(tmp_path / "out"))),
    ]

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.BACKOFF)
        await written(tmp_path / "out", "ready")
        await stage.down()

        assert stage.find("p").state.phase is Phase.FATAL
        assert phases(stage, "p")[-1] == "FATAL"
        assert not any("gave up" in text for text in stage.said)
        stage.supervisor.start_all()
        assert stage.find("q").state.phase is Phase.STOPPED

    play(tmp_path, scenario, *groups)


def test_a_restart_can_be_turned_into_a_shutdown(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        done = asyncio.Event()
        stage.supervisor.start_all()
        await stage.until("p", Phase.RUNNING)
        stage.supervisor.go_down(Mood.RESTARTING, done.set)
        stage.supervisor.go_down(Mood.SHUTDOWN, lambda: None)
        await done.wait()

        assert stage.supervisor.mood is Mood.SHUTDOWN
        assert sum(isinstance(event, types.SupervisorStoppingEvent) for event in stage.events) == 1

    play(tmp_path, scenario, alone(program("p", startsecs=0)))


def test_an_empty_fleet_is_down_at_once(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        done: list[bool] = []
        stage.supervisor.go_down(Mood.SHUTDOWN, lambda: done.append(True))

        assert done == [True]

    play(tmp_path, scenario)


async def one_that_cannot_be_signalled(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Process:
    """Start the process p, and let the system refuse a signal for it."""

    def refuse(_pid: int, _signum: int, *, to_group: bool) -> None:
        raise PermissionError(1, "Operation not permitted")

    stage.supervisor.start_all()
    process = await stage.until("p", Phase.RUNNING)
    with monkeypatch.context() as patch:
        patch.setattr("warden.daemon.signals.send_signal", refuse)
        with pytest.raises(PermissionError):
            stage.supervisor.signal(process, signal.SIGHUP)
    return process


def test_a_failed_signal_makes_the_process_unknown_and_its_exit_makes_it_known_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(stage: Stage) -> None:
        process = await one_that_cannot_be_signalled(stage, monkeypatch)
        pid = process.state.pid
        assert process.state.phase is Phase.UNKNOWN
        assert f"CRIT unknown problem sending sig p ({pid}):EPERM" in stage.said
        os.kill(pid, signal.SIGKILL)
        await stage.until("p", Phase.EXITED)

    play(tmp_path, scenario, alone(program("p", startsecs=0, autorestart=Autorestart.NEVER)))


def test_what_left_the_fleet_before_its_turn_never_starts(tmp_path: Path) -> None:
    others = [alone(program(f"p{i:03d}", startsecs=0)) for i in range(60)]

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()  # goes on for a while
        late = stage.supervisor.add_group(alone(program("late")))
        stage.supervisor.start_group(late)
        stage.supervisor.remove_group(late)
        await stage.until("p059", Phase.RUNNING)
        await asyncio.sleep(0)

        assert late.processes["late"].state.phase is Phase.STOPPED

    play(tmp_path, scenario, *others)


def test_a_child_that_could_not_be_signalled_is_not_started_again_for_a_group_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(stage: Stage) -> None:
        process = await one_that_cannot_be_signalled(stage, monkeypatch)
        pid = process.state.pid
        ended = asyncio.Event()
        process.watchers.append(ended.set)
        stage.control.remove_group("p")
        os.kill(pid, signal.SIGKILL)
        await ended.wait()

        assert process.state.phase is Phase.EXITED

    play(tmp_path, scenario, alone(program("p", startsecs=0, autorestart=Autorestart.ALWAYS)))


def test_redirected_stderr_is_in_the_stdout_log(tmp_path: Path) -> None:
    config = program("p", "/bin/sh -c 'echo out; echo err >&2'", startsecs=0, autorestart=Autorestart.NEVER,
                     redirect_stderr=True, stdout=log_to(tmp_path / "out"))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)

        assert (tmp_path / "out").read_text() == "out\nerr\n"

    play(tmp_path, scenario, alone(config))


def test_captured_messages_become_events_and_stay_out_of_the_log(tmp_path: Path) -> None:
    command = "/bin/sh -c 'printf \"a<!--XSUPERVISOR:BEGIN-->secret<!--XSUPERVISOR:END-->b\"'"
    config = program("p", command, startsecs=0, autorestart=Autorestart.NEVER,
                     stdout=log_to(tmp_path / "out", capture_maxbytes=100, events_enabled=True))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)
        messages = [event for event in stage.events if isinstance(event, types.ProcessCommunicationStdoutEvent)]
        output = [event for event in stage.events if isinstance(event, types.ProcessLogStdoutEvent)]

        assert (tmp_path / "out").read_text() == "ab"
        assert [(event.data, event.pid > 0) for event in messages] == [(b"secret", True)]
        assert b"".join(event.data for event in output) == b"ab"

    play(tmp_path, scenario, alone(config))


def test_child_output_is_in_the_activity_log_at_debug(tmp_path: Path) -> None:
    config = program("p", "/bin/echo hi", startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(tmp_path / "out"))

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)
        text = (tmp_path / "main.log").read_text()

        assert "DEBG 'p' stdout output:\nhi\n" in text
        assert (tmp_path / "out").read_text() == "hi\n"

    play(tmp_path, scenario, alone(config), level="debug")


def test_a_child_sees_its_names_and_the_configured_environment_last(tmp_path: Path) -> None:
    config = program("p", "/usr/bin/env", startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(tmp_path / "out"),
                     environment=(("A", "1"), ("SUPERVISOR_GROUP_NAME", "mine")), serverurl="unix:///x")  # fmt: skip

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("g:p", Phase.EXITED)
        seen = dict(text.split("=", 1) for text in (tmp_path / "out").read_text().splitlines() if "=" in text)

        assert seen["SUPERVISOR_ENABLED"] == "1"
        assert seen["SUPERVISOR_PROCESS_NAME"] == "p"
        assert seen["SUPERVISOR_GROUP_NAME"] == "mine"
        assert seen["SUPERVISOR_SERVER_URL"] == "unix:///x"
        assert seen["A"] == "1"
        assert seen["PATH"] == os.environ["PATH"]

    play(tmp_path, scenario, group("g", config))


def test_a_full_disk_stops_no_program_and_is_said_once(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    code = "import os\nfor i in range(100): os.write(1, b'x' * 1000)"
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(Path("/dev/full")))

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)

        assert stage.said[-1] == "INFO exited: p (exit status 0; expected)"
        assert sum("cannot write log /dev/full" in text for text in stage.said) <= 2  # when it began, what was lost

    play(tmp_path, scenario, alone(config))


def test_a_log_that_is_a_slow_pipe_makes_its_program_wait_and_loses_nothing(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    total = 3_000_000
    code = f"import os\nleft = {total}\nwhile left: left -= os.write(1, b'x' * min(left, 65536))\nos.write(2, b'done')"
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(fifo),
                     stderr=log_to(tmp_path / "err"))  # fmt: skip

    async def scenario(stage: Stage) -> None:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        stage.supervisor.start_all()
        await stage.until("p", Phase.RUNNING)
        got = 0
        while got < total:
            with contextlib.suppress(BlockingIOError):
                got += len(os.read(reader, 65536))
            await asyncio.sleep(0)
        await stage.until("p", Phase.EXITED)

        assert got == total
        assert (tmp_path / "err").read_text() == "done"
        os.close(reader)

    play(tmp_path, scenario, alone(config))


def test_a_slow_log_makes_the_next_child_wait_too(tmp_path: Path) -> None:
    """What the first child left waits still when the second begins to write."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    total = 3_000_000
    code = (
        f"import os, sys\nfirst = not os.path.exists('{tmp_path}/again')\nopen('{tmp_path}/again', 'w')\n"
        f"left = 70000 if first else {total}\nwhile left: left -= os.write(1, b'x' * min(left, 65536))\n"
        "sys.exit(first)"
    )
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.UNEXPECTED, stdout=log_to(fifo))

    async def scenario(stage: Stage) -> None:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        stage.supervisor.start_all()
        process = stage.find("p")
        while process.restarts == 0:
            await asyncio.sleep(0)
        turns = got = 0
        while turns < 500 and process.child is not None:  # the second child waits in its write
            turns = turns + 1 if fill(process.child.pipes[0].fd) == 65536 else 0
            await asyncio.sleep(0)
        while got < 70000 + total:
            with contextlib.suppress(BlockingIOError):
                got += len(os.read(reader, 65536))
            await asyncio.sleep(0)

        assert not any("lost" in text for text in stage.said)
        os.close(reader)

    play(tmp_path, scenario, alone(config))


def fill(fd: int) -> int:
    """How much stands in a pipe."""
    size = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, size)
    return size[0]


def test_a_reader_that_goes_away_does_not_hold_the_program(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code = "import os\nleft = 3000000\nwhile left: left -= os.write(1, b'x' * min(left, 65536))"
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(fifo))

    async def scenario(stage: Stage) -> None:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        stage.supervisor.start_all()
        process = stage.find("p")
        while not process.outputs[Channel.STDOUT].blocked:
            await asyncio.sleep(0)
        os.close(reader)
        await stage.until("p", Phase.EXITED)

        assert process.last_exit == ExitStatus(code=0)

    play(tmp_path, scenario, alone(config))


def test_a_log_that_is_given_up_while_it_is_blocked_leaves_its_descriptor_to_others(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code = "import os\nleft = 70000\nwhile left: left -= os.write(1, b'x' * left)"
    config = program("p", python(code), startsecs=0, autorestart=Autorestart.NEVER, stdout=log_to(fifo))

    async def scenario(stage: Stage) -> None:
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        stage.supervisor.start_all()
        await stage.until("p", Phase.EXITED)
        assert stage.find("p").outputs[Channel.STDOUT].blocked
        open_before = set(os.listdir("/dev/fd"))
        stage.control.remove_group("p")
        (freed,) = open_before - set(os.listdir("/dev/fd"))
        os.dup2(reader, int(freed))
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(int(freed), readable.set)
        await readable.wait()

        loop.remove_reader(int(freed))
        os.close(int(freed))
        os.close(reader)

    play(tmp_path, scenario, alone(config))


def test_many_programs_start_without_holding_the_loop(tmp_path: Path) -> None:
    groups = [alone(program(f"p{i:03d}", "/bin/sleep 1000", startsecs=0)) for i in range(60)]

    async def scenario(stage: Stage) -> None:
        turns = 0
        stage.supervisor.start_all()
        while any(process.state.phase is not Phase.RUNNING for process in stage.supervisor.processes()):
            turns += 1
            await asyncio.sleep(0)

        assert turns > 1
        spawned = [text for text in stage.said if "spawned" in text]
        assert [text.split("'")[1] for text in spawned] == [f"p{i:03d}" for i in range(60)]

    play(tmp_path, scenario, *groups)
