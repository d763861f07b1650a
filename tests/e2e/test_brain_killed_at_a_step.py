"""The brain is killed at the first, second, third ... of its system calls that matter, which no chance would hit.

``strace`` kills it at the entry of the call: what came before is done, the call is not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e import counting
from e2e.crowd import (
    answer,
    brain,
    children,
    events,
    expected,
    first_difference,
    logged,
    numbers,
    program,
    seconds_to_answer,
)
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

STEPS = int(os.environ.get("WARDEN_TEST_STEPS", "12"))
ALONE = program("quick", "quick", 0.1, startsecs=0, autorestart="true", exitcodes=0, stdout_logfile="NONE")
CALLS = {
    "record": "pwrite64",  # what is noted, before it is
    "log": "write",  # logs, the stdin of listeners
    "pipe": "readv",  # output of programs
    "rotation": "rename,openat",  # counted in each thread for itself: a rotation is prepared in one of its own
    "keeper": "sendmsg",  # spawn, bury, hold
}
CROWD = "".join(
    [
        program(
            "fancy", "fancy", 0.01, stdout_logfile="%(here)s/fancy.log", stdout_logfile_maxbytes="5KB",
            stdout_logfile_backups=2000, stdout_capture_maxbytes="1KB",
        ),
        program("quick", "quick", 0.1, startsecs=0, autorestart="true", exitcodes=0),
        program(
            "ear", "listener", kind="eventlistener", buffer_size=9999,
            events="PROCESS_STATE,PROCESS_COMMUNICATION,REMOTE_COMMUNICATION",
        ),
        "[supervisord]\nstrip_ansi = true\n",
    ]
)  # fmt: skip


def kill_at(daemon: Daemon, calls: str, count: int) -> None:
    """Kill the brain at the entry of the call of that number, counted from now on."""
    pid = brain(daemon)
    inject = f"inject={calls}:signal=SIGKILL:when={count}"
    tracer = subprocess.Popen(
        ["strace", "-qq", "-f", "-o", "/dev/null", "-p", str(pid), "-e", f"trace={calls}", "-e", inject],
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: pid not in children(daemon.popen.pid), lambda: f"brain {pid} is killed at {calls} {count}")
    finally:
        tracer.terminate()
        tracer.wait()


def published_twice(daemon: Daemon) -> dict[str, set[str]]:
    """The messages of programs that became more than one event, with the numbers of these.

    An event may be sent again: to a listener of which nobody knew whether it had got all of it.
    """
    numbers_of: dict[str, set[str]] = {}
    for serial, _poolserial, name, payload in events(daemon, "ear"):
        if name.startswith("PROCESS_COMMUNICATION"):
            numbers_of.setdefault(payload.split("message ")[1], set()).add(serial)
    return {message: serials for message, serials in numbers_of.items() if len(serials) > 1}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS.keys())
def test_nothing_is_lost_at_any_step(tmp_path: Path, calls: str) -> None:
    with Daemon(WARDEN, tmp_path / "home", CROWD) as daemon:
        for name in ("fancy", "ear"):
            daemon.wait_state(name, "RUNNING")
        for count in range(1, STEPS + 1):
            kill_at(daemon, calls, count)
            seconds_to_answer(daemon)
        for name in ("quick", "fancy"):
            answer(daemon, "supervisor.stopProcess", name)
        daemon.rpc("supervisor.sendRemoteCommEvent", "test", "the-last-event")
        until(lambda: any("the-last-event" in row[3] for row in events(daemon, "ear")), lambda: "the last event")
        total = int((daemon.home / "fancy.total").read_text())
        heard = [row[3] for row in events(daemon, "ear") if row[2].startswith("PROCESS_COMMUNICATION")]

        assert first_difference(logged(daemon, "fancy.log"), expected("fancy", total)) == ""
        messages = {int(text.split("message ")[1]) for text in heard}
        assert messages == set(range(counting.MESSAGE_EVERY, total + 1, counting.MESSAGE_EVERY))
        assert published_twice(daemon) == {}
        assert len(numbers(daemon, "fancy.starts")) == 1
        codes = numbers(daemon, "quick.codes")
        assert codes == [2 + number % 200 for number in range(1, len(codes) + 1)]


@pytest.mark.parametrize("calls", ["pwrite64", "write", "sendmsg"], ids=["record", "log", "keeper"])
def test_no_end_and_no_start_is_lost_between_the_spawn_and_the_telling(tmp_path: Path, calls: str) -> None:
    """Where no listener hears of an end, its successor is asked for before anything is told."""
    with Daemon(WARDEN, tmp_path / "home", ALONE) as daemon:
        for count in range(1, STEPS + 1):
            until(lambda: daemon.rpc("supervisor.getState"), lambda: "the daemon answers")
            kill_at(daemon, calls, count)
            seconds_to_answer(daemon)
        answer(daemon, "supervisor.stopProcess", "quick")
        codes, starts = numbers(daemon, "quick.codes"), numbers(daemon, "quick.starts")
        lines = [line for line in daemon.lines if "quick" in line and ("exited: " in line or "spawned: " in line)]
        ends = [int(line.split("exit status ")[1].split(";")[0]) for line in lines if "exited: " in line]
        pids = [int(line.split("pid ")[1]) for line in lines if "spawned: " in line]

        assert codes == [2 + number % 200 for number in range(1, len(codes) + 1)]
        assert _once_each(ends) in (codes, codes[:-1])  # the last one was stopped
        assert _once_each(pids)[: len(starts)] == starts  # it may have been stopped before it noted that


def _once_each(rows: list[int]) -> list[int]:
    """Leave out what is told again: nobody can know whether a line was written in the moment before a brain ended."""
    return [row for row, before in zip(rows, [0, *rows], strict=False) if row != before]
