"""Transcripts recorded from Supervisor 4.3 (pids and times are the fake daemon's)."""

from __future__ import annotations

from xmlrpc.client import Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process

UPTIME = "pid {}, uptime 0:00:02"
FLEET = [
    process("bad", "STOPPED", description="Not started"),
    process("chatty", description=UPTIME.format(15480), pid=15480),
    process("missing", "STOPPED", description="Not started"),
    process("noexec", "STOPPED", description="Not started"),
    process("once", "EXITED", description="Nov 21 12:31 AM"),
    process("slow", description=UPTIME.format(15483), pid=15483),
    process("web", description=UPTIME.format(15484), pid=15484),
    process("w_00", group="worker", description=UPTIME.format(15478), pid=15478),
    process("w_01", group="worker", description=UPTIME.format(15479), pid=15479),
]
START_FAULTS = {
    "bad": Fault(50, "SPAWN_ERROR: bad"),
    "nosuch": Fault(10, "BAD_NAME: nosuch"),
    "web": Fault(60, "ALREADY_STARTED: web"),
}


def outcomes(*rows: tuple[str, str, int]) -> list[dict[str, object]]:
    return [{"name": name, "group": group, "status": status, "description": "OK"} for group, name, status in rows]


def raising(faults: dict[str, Fault], otherwise: object) -> object:
    def answer(name: str, *_: object) -> object:
        if name in faults:
            raise faults[name]
        return otherwise

    return answer


TRANSCRIPTS = [
    (
        "status",
        3,
        """\
bad                              STOPPED   Not started
chatty                           RUNNING   pid 15480, uptime 0:00:02
missing                          STOPPED   Not started
noexec                           STOPPED   Not started
once                             EXITED    Nov 21 12:31 AM
slow                             RUNNING   pid 15483, uptime 0:00:02
web                              RUNNING   pid 15484, uptime 0:00:02
worker:w_00                      RUNNING   pid 15478, uptime 0:00:02
worker:w_01                      RUNNING   pid 15479, uptime 0:00:02
""",
    ),
    (
        "start idle bad nosuch web",
        1,
        """\
idle: started
bad: ERROR (spawn error)
nosuch: ERROR (no such process)
web: ERROR (already started)
""",
    ),
    (
        "stop worker:* web nosuch:*",
        1,
        """\
worker:w_00: stopped
worker:w_01: stopped
web: stopped
nosuch: ERROR (no such group)
""",
    ),
    (
        "start all",
        7,
        """\
missing: ERROR (no such file)
noexec: ERROR (file is not executable)
once: ERROR (abnormal termination)
bad: ERROR (spawn error)
""",
    ),
    ("start worker:*", 0, ""),
    (
        "status nope noexec",
        3,
        """\
nope: ERROR (no such process)
noexec                           STOPPED   Not started
""",
    ),
    (
        "signal CONT web noexec nope",
        1,
        """\
web: signalled
noexec: ERROR (not running)
nope: ERROR (no such process)
""",
    ),
    (
        "pid web noexec nope",
        1,
        """\
15484
0
No such process nope
""",
    ),
]


@pytest.mark.parametrize(("line", "status", "out"), TRANSCRIPTS, ids=[line for line, _, _ in TRANSCRIPTS])
def test_transcript(run: Run, daemon: FakeDaemon, line: str, status: int, out: str) -> None:
    rows = {str(row["name"]): row for row in FLEET}
    nope = Fault(10, "BAD_NAME: nope")
    daemon.answers |= {
        "getAllProcessInfo": FLEET,
        "getProcessInfo": lambda name: raising({"nope": nope}, rows.get(name))(name),  # type: ignore[operator]
        "startProcess": raising(START_FAULTS, True),
        "startProcessGroup": [],
        "startAllProcesses": outcomes(
            ("missing", "missing", 20), ("noexec", "noexec", 21), ("once", "once", 40), ("bad", "bad", 50)
        ),
        "stopProcess": True,
        "stopProcessGroup": raising(
            {"nosuch": Fault(10, "BAD_NAME: nosuch")}, outcomes(("worker", "w_00", 80), ("worker", "w_01", 80))
        ),
        "signalProcess": raising({"nope": nope, "noexec": Fault(70, "NOT_RUNNING: noexec")}, True),
    }

    ran = run(line)

    assert (ran.out, ran.status) == (out, status)
