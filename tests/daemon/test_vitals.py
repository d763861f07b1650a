"""Readiness and health of real children."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.stage import SLEEP, Stage, alone, play, program, python
from harness.waiting import until
from warden.config import probe_readers
from warden.config.dependencies import read_names
from warden.config.model import Healthcheck, ProcessConfig
from warden.daemon import notices
from warden.daemon.vitals import STRANGER_IGNORED
from warden.events import vitals
from warden.runtime import proc
from warden.runtime.mailbox import Sender
from warden.words import Health, Phase, UnhealthyAction

PYTHON = f"{sys.executable} -S"
SAY = (  # what a program says over its notify socket, a message for each argument
    "import os,socket,sys,signal\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
    "[s.sendto(word.encode(),os.environ['NOTIFY_SOCKET']) for word in {words!r}]\nsignal.pause()"
)


def says(*words: str) -> str:
    return python(SAY.format(words=words))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready_program(name: str, command: str, ready: str, /, **more: object) -> ProcessConfig:
    return program(name, command, ready=probe_readers.ready(ready), **{"startsecs": 0, **more})


async def noticed(stage: Stage, name: str, *what: object) -> None:
    """Wait until readiness, or else the health, of the process is one of ``what``."""
    process, seen = stage.find(name), asyncio.Event()

    def look() -> None:
        now = process.vitals
        if now is not None and (now.ready in what or now.health in what):
            seen.set()

    process.watchers.append(look)
    look()
    await seen.wait()
    process.watchers.remove(look)


def order_of_start(tmp_path: Path, db: ProcessConfig) -> list[str]:
    """Start ``db`` and a program ``web`` that needs it; return in which order they start and ``db`` is ready."""
    order = list[str]()

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        lines = [line for line in stage.said if "ready: db" in line or "spawned" in line]
        order.extend(line.split("'")[1] if "'" in line else "ready" for line in lines)
        assert stage.control.process("db").ready is True
        assert (
            vitals.ProcessReadyEvent(processname="db", groupname="db", pid=stage.find("db").state.pid) in stage.events
        )

    play(tmp_path, scenario, alone(db), alone(program("web", startsecs=0, depends_on=read_names("db"))))
    return order


def test_a_program_says_that_it_is_ready(tmp_path: Path) -> None:
    assert order_of_start(tmp_path, ready_program("db", says("STATUS=reading", "READY=1"), "notify")) == [
        "db",
        "ready",
        "web",
    ]


@pytest.mark.skipif(shutil.which("systemd-notify") is None, reason="systemd-notify is not installed")
def test_systemd_notify_is_understood_from_a_shell_script(tmp_path: Path) -> None:
    """It is a child of the program, sends a descriptor with its last message, and waits until that is closed."""
    script = tmp_path / "start.sh"
    script.write_text("systemd-notify --ready --status='up and running' && echo told && exec sleep 1000\n")

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)
        assert stage.control.process("db").said == "up and running"
        await stage.control.stop("db", wait=True)

    play(tmp_path, scenario, alone(ready_program("db", f"/bin/sh {script}", "notify")))


def test_a_program_writes_a_line_to_a_descriptor(tmp_path: Path) -> None:
    assert order_of_start(tmp_path, ready_program("db", '/bin/sh -c "echo >&7; exec sleep 1000"', "fd:7")) == [
        "db",
        "ready",
        "web",
    ]


def test_a_pattern_without_end_holds_nobody_up_and_is_told(tmp_path: Path) -> None:
    command = '/bin/sh -c "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; exec cat"'

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await stage.hear("WARN 'db' the pattern of its ready=log: takes too long in a line of 63 bytes")
        assert stage.control.process("db").trouble.startswith("the pattern of its ready=log: takes too long")
        stage.control.send_stdin("db", b"aab\n")
        await noticed(stage, "db", True)
        assert stage.control.process("db").trouble == ""

    play(tmp_path, scenario, alone(ready_program("db", command, "log:(a+)+b")))


def test_a_program_writes_a_line_to_its_log(tmp_path: Path) -> None:
    command = '/bin/sh -c "echo not yet; echo accepting 3 connections >&2; exec sleep 1000"'
    assert order_of_start(tmp_path, ready_program("db", command, r"log:accepting \d+ connections")) == [
        "db",
        "ready",
        "web",
    ]


LISTEN = "import socket,signal\ns=socket.create_server(('127.0.0.1', {port}))\nsignal.pause()"


@pytest.mark.parametrize("probe", ["tcp:{port}", "listen:{port}"])
def test_a_program_listens(tmp_path: Path, probe: str) -> None:
    port = free_port()
    assert order_of_start(tmp_path, ready_program("db", python(LISTEN.format(port=port)), probe.format(port=port))) == [
        "db",
        "ready",
        "web",
    ]


def test_why_it_is_not_ready_is_told_in_the_words_of_the_system(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        process, tried = stage.find("db"), asyncio.Event()
        process.watchers.append(lambda: tried.set() if process.vitals is not None and process.vitals.trouble else None)
        await stage.control.start("db", wait=True)
        await tried.wait()
        assert stage.control.process("db").trouble == "connection refused"

    play(tmp_path, scenario, alone(ready_program("db", SLEEP, f"tcp:{free_port()}")))


def test_a_port_that_somebody_else_listens_on_is_not_the_programs(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            port = stranger.getsockname()[1]
            config = ready_program("db", SLEEP, f"listen:{port}")
            stage.supervisor.start_group(stage.supervisor.add_group(alone(config)))
            await noticed(stage, "db", False)
            process, tried = stage.find("db"), asyncio.Event()
            process.watchers.append(tried.set)
            await tried.wait()
            assert stage.control.process("db").trouble == f"nobody of its tree listens on port {port}"

    play(tmp_path, scenario)


@pytest.fixture
def short_path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:
        yield f"{folder}/s"


def test_a_program_accepts_connections_on_a_unix_socket(tmp_path: Path, short_path: str) -> None:
    path = short_path
    code = f"import socket,signal\ns=socket.socket(socket.AF_UNIX)\ns.bind('{path}')\ns.listen()\nsignal.pause()"
    db = ready_program("db", python(code), f"unix:{path}")

    assert order_of_start(tmp_path, db) == ["db", "ready", "web"]


def test_a_command_says_whether_a_program_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    db = ready_program("db", f'/bin/sh -c "touch {flag}; exec sleep 1000"', f"exec:test -e {flag}")

    assert order_of_start(tmp_path, db) == ["db", "ready", "web"]


def serving(status: int) -> tuple[str, str]:
    """A program that answers every request with ``status``, and its URL."""
    port = free_port()
    code = (
        f"import socket\ns=socket.create_server(('127.0.0.1', {port}))\n"
        f"while 1:\n c=s.accept()[0]; c.recv(4096); c.sendall(b'HTTP/1.1 {status} x\\\\r\\\\n\\\\r\\\\n'); c.close()"
    )
    return python(code), f"http://127.0.0.1:{port}/health?full=1"


def test_a_web_server_answers_well(tmp_path: Path) -> None:
    command, url = serving(204)
    db = ready_program("db", command, url)

    assert order_of_start(tmp_path, db) == ["db", "ready", "web"]


def test_a_start_may_need_good_health(tmp_path: Path) -> None:
    check = Healthcheck(probe=probe_readers.healthcheck("exec:true"), interval=0.05)

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        assert stage.control.process("db").health == "healthy"
        assert stage.control.process("web").health == ""

    play(
        tmp_path,
        scenario,
        alone(program("db", startsecs=0, healthcheck=check)),
        alone(program("web", startsecs=0, depends_on=read_names("db:healthy"))),
    )


@pytest.mark.parametrize(
    ("action", "phase"), [(UnhealthyAction.STOP, Phase.STOPPED), (UnhealthyAction.NONE, Phase.RUNNING)]
)
def test_an_unhealthy_process_is_stopped_or_only_shown(tmp_path: Path, action: UnhealthyAction, phase: Phase) -> None:
    command, url = serving(503)
    listens = probe_readers.ready(f"tcp:{url.split('/')[2]}")  # before that nothing is checked
    check = Healthcheck(probe=probe_readers.healthcheck(url), interval=0.05, retries=2, start_period=0)

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", Health.UNHEALTHY)
        await stage.until("db", phase)
        assert any("WARN unhealthy: db (healthcheck failed 2 times in a row" in line for line in stage.said)
        assert [type(event) for event in stage.events if isinstance(event, vitals.ProcessVitalsEvent)] == [
            vitals.ProcessReadyEvent,
            vitals.ProcessUnhealthyEvent,
        ]
        if phase is Phase.RUNNING:
            told = ", unhealthy: healthcheck failed 2 times in a row: HTTP status 503"
            assert stage.control.process("db").description.endswith(told)

    vital = {"ready": listens, "healthcheck": check, "unhealthy_action": action}
    play(tmp_path, scenario, alone(program("db", command, startsecs=0, **vital)))


def test_an_unhealthy_process_is_restarted(tmp_path: Path) -> None:
    check = Healthcheck(probe=probe_readers.healthcheck("exec:false"), interval=0.05, retries=1)

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        first = stage.find("db").state.pid
        await stage.until("db", Phase.STOPPING)
        await stage.until("db", Phase.RUNNING)
        assert stage.find("db").state.pid != first
        assert stage.find("db").restarts >= 1
        causes = [step.cause for step in stage.find("db").history]
        assert "unhealthy: healthcheck failed once: exit status 1" in causes

    play(tmp_path, scenario, alone(program("db", startsecs=0, healthcheck=check)))


def test_a_check_that_hangs_is_ended_and_has_failed(tmp_path: Path) -> None:
    probe = probe_readers.healthcheck("exec:sleep 1000")
    check = Healthcheck(probe=probe, interval=0.05, timeout=0.05, retries=1)

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", Health.UNHEALTHY)
        assert stage.control.process("db").trouble == "healthcheck failed once: no answer within 0.05 s"

    config = program("db", startsecs=0, healthcheck=check, unhealthy_action=UnhealthyAction.NONE)
    play(tmp_path, scenario, alone(config))


def test_nothing_is_left_of_a_check_that_hangs(tmp_path: Path) -> None:
    """Not even what has gone into a session of its own."""
    script = tmp_path / "check"
    script.write_text(f"setsid sleep 1000 & echo $! >{tmp_path}/new && mv {tmp_path}/new {tmp_path}/pid; wait\n")
    probe = probe_readers.healthcheck(f"exec:sh {script}")
    check = Healthcheck(probe=probe, interval=0.05, timeout=2, retries=1)

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", Health.UNHEALTHY)
        left = int((tmp_path / "pid").read_text())
        assert until(lambda: getattr(proc.stat(left), "state", "Z") == "Z", lambda: "what the check has left ends")

    config = program("db", startsecs=0, healthcheck=check, unhealthy_action=UnhealthyAction.NONE)
    play(tmp_path, scenario, alone(config))


def test_a_watchdog_that_nobody_feeds_restarts_the_program(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", Health.HEALTHY)
        await stage.until("db", Phase.STOPPING)
        assert stage.find("db").history[-1].cause == "unhealthy: no WATCHDOG=1 for 0.2 s"
        await stage.until("db", Phase.RUNNING)

    play(tmp_path, scenario, alone(program("db", says("WATCHDOG=1"), startsecs=0, watchdog_secs=0.2)))


STRANGER = (  # another user of this machine, who has found the socket
    "import os,socket\nos.setgid(65534)\nos.setuid(65534)\n"
    "socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM).sendto(b'WATCHDOG=trigger\\nSTATUS=mine', {path!r})"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_does_not_speak_for_a_program(tmp_path: Path) -> None:
    told = tmp_path / "path"
    telling = f"import os;open('{told}','w').write(os.environ['NOTIFY_SOCKET'])\n" + SAY.format(words=["WATCHDOG=1"])

    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", Health.HEALTHY)
        stranger = program("stranger", python(STRANGER.format(path=told.read_text())), startsecs=0)
        stage.supervisor.add_group(alone(stranger))
        pids = []
        for _ in range(2):
            await stage.control.start("stranger", wait=True)
            pids.append(stage.find("stranger").state.pid)
            await stage.until("stranger", Phase.EXITED)
        await stage.control.stop("db", wait=True)
        complaints = [line for line in stage.said if "notify socket" in line]
        assert complaints == [f"WARN 'db' {STRANGER_IGNORED.format(Sender(pids[0], 65534))}"]
        assert "unhealthy" not in "".join(stage.said)

    play(tmp_path, scenario, alone(program("db", python(telling), startsecs=0, watchdog_secs=600)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_program_that_becomes_somebody_else_still_speaks_for_itself(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)
        assert stage.control.process("db").ready is True

    changed = SAY.replace(
        "import os,socket,sys,signal", "import os,socket,sys,signal\nos.setgid(65534);os.setuid(65534)"
    )
    play(tmp_path, scenario, alone(ready_program("db", python(changed.format(words=("READY=1",))), "notify")))


STOPS_SLOWLY = (  # for longer than it may, and says so
    "import os,socket,signal\n"
    "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.connect(os.environ['NOTIFY_SOCKET'])\n"
    "def stop(*_): s.send(b'EXTEND_TIMEOUT_USEC=600000000'); signal.alarm(2)\n"
    "signal.signal(14, lambda *_: os._exit(0))\nsignal.signal(15, stop)\n"
    "s.send(b'READY=1')\nwhile 1: signal.pause()"
)


def test_who_needs_longer_to_stop_says_so_and_is_not_killed(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)
        await stage.control.stop("db", wait=True)
        assert "INFO stopped: db (exit status 0)" in stage.said

    db = ready_program("db", python(STOPS_SLOWLY), "notify", stopwaitsecs=1)
    play(tmp_path, scenario, alone(db))


@pytest.mark.parametrize("number", ["", "-1", "x", "\u0663", "9" * 5000])
def test_numbers_that_are_none_say_nothing(number: str) -> None:
    assert notices.finding("WATCHDOG_USEC", number) is None
    assert notices.finding("EXTEND_TIMEOUT_USEC", number) is None


def test_another_main_process_is_refused_with_a_reason(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)
        assert any("says MAINPID=1, which is refused" in line for line in stage.said)

    play(tmp_path, scenario, alone(ready_program("db", says("MAINPID=1", "READY=1"), "notify")))


def test_readiness_ends_with_the_child_and_begins_anew_with_the_next(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)
        await stage.control.stop("db", wait=True)
        assert stage.control.process("db").ready is False
        await stage.control.start("db", wait=True)
        await noticed(stage, "db", True)

    play(tmp_path, scenario, alone(ready_program("db", says("READY=1"), "notify")))


def test_after_a_restart_the_dependants_wait_for_the_new_child(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("web", Phase.RUNNING)
        await stage.control.stop("db", wait=True)
        await stage.control.start("db", wait=True)
        await stage.until("web", Phase.RUNNING)
        lines = [line for line in stage.said if "ready: db" in line or "spawned" in line]
        assert [line.split("'")[1] if "'" in line else "ready" for line in lines] == ["db", "ready", "web"] * 2

    db = ready_program("db", '/bin/sh -c "echo >&3; exec sleep 1000"', "fd:3")
    play(tmp_path, scenario, alone(db), alone(program("web", startsecs=0, depends_on=read_names("db"))))


def test_a_program_that_asks_for_nothing_gets_nothing(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.control.start("db", wait=True)
        assert stage.find("db").vitals is None
        view = stage.control.process("db")
        assert (view.ready, view.health, view.trouble, view.said, view.waiting_for) == (None, "", "", "", ())

    play(tmp_path, scenario, alone(program("db", startsecs=0)))
