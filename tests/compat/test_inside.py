"""The same plugin gets the same answers in Warden and in Supervisor 4.3.0."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import rpc
from harness.daemon import SERVER, Daemon, environment, run
from harness.sides import REFERENCE, WARDEN, Side
from harness.waiting import until

FOLDER = Path(__file__).parent
Start = Callable[..., Daemon]
PLUGIN = """
[rpcinterface:inside]
supervisor.rpcinterface_factory = inside:make
greeting = hello
[program:cat]
command = /bin/cat
environment = A="1"
stopsignal = INT
[program:z]
command = /bin/sleep 1000
autostart = false
autorestart = true
stdout_logfile = NONE
[group:pair]
programs = a,b
[program:a]
command = /bin/sleep 1000
autostart = false
priority = 1
[program:b]
command = /bin/sleep 1000
autostart = false
[program:quick]
command = /bin/false
autostart = false
startretries = 0
"""
STORY: tuple[tuple[Any, ...], ...] = (
    ("inside.options",),
    ("inside.process", "cat", "cat"),
    ("inside.process", "z", "z"),
    ("inside.process", "pair", "a"),
    ("inside.daemon",),
    ("inside.start", "z"),
    ("inside.start", "z"),
    ("inside.start", "z", False),
    ("inside.stop", "z"),
    ("inside.stop", "z"),
    ("inside.heard", "z"),
    ("inside.start", "nope"),
    ("inside.start", "pair:nope"),
    ("inside.start", "quick"),
    ("inside.start_group", "pair"),
    ("inside.start_group", "pair"),
    ("inside.start_group", "nope"),
    ("inside.stop", "pair:*"),
    ("inside.kinds", "z"),
    ("inside.slow", 3),
    ("inside.slow_fault",),
    ("inside.in_thread", "startProcess", "pair:b", False),
    ("inside.in_thread", "startProcess", "pair:b", False),
    ("inside.in_thread", "stopProcess", "pair:b", False),
    ("inside.in_thread", "stopProcess", "nope", False),
    ("inside.in_thread", "getIdentification"),
    ("inside.bug",),
    ("inside.own_fault", 1),
    ("inside.publish", "x"),
    ("inside._on_state", 1),
    ("system.methodHelp", "inside.bug"),
    (
        "system.multicall",
        [
            {"methodName": "inside.start", "params": ["pair:a"]},
            {"methodName": "inside.stop", "params": ["pair:a"]},
            {"methodName": "inside.slow", "params": [3]},
            {"methodName": "inside.slow_fault", "params": []},
            {"methodName": "inside.bug", "params": []},
        ],
    ),
    ("inside.stop_all",),
)


def in_order(answer: dict[str, Any]) -> dict[str, Any]:
    """Sort the rows of an answer about many processes: they come in the order in which the processes got there."""
    rows = answer.get("value")
    if isinstance(rows, list) and all(isinstance(row, dict) and "status" in row for row in rows):
        return {"value": sorted(rows, key=lambda row: (row["group"], row["name"]))}
    return answer


def test_every_call_is_answered_as_the_ancestor_answers_it(daemon_with: Start) -> None:
    answers = {}
    for side in (WARDEN, REFERENCE):
        daemon = daemon_with(side, FOLDER, PLUGIN)
        daemon.wait_state("cat", "RUNNING")
        answers[side.name] = [(call, in_order(daemon.rpc(*call))) for call in STORY]

    different = [pair for pair in zip(answers["warden"], answers["reference"], strict=True) if pair[0] != pair[1]]
    assert different == []


def test_a_plugin_adds_a_fault_code_with_a_name(daemon_with: Start) -> None:
    daemon = daemon_with(WARDEN, FOLDER, PLUGIN)

    assert daemon.rpc("inside.own_fault") == {"fault": [4711, "OUT_OF_CHEESE: brie"]}


def test_a_plugin_logs_and_its_bug_is_told_in_the_log(daemon_with: Start) -> None:
    daemon = daemon_with(WARDEN, FOLDER, PLUGIN)

    daemon.rpc("inside.log", "good morning")
    answer = daemon.rpc("inside.bug")

    assert answer == {"http": 500}
    daemon.wait_line("WARN good morning")
    daemon.wait_line("INFO inside says good morning")
    daemon.wait_line("CRIT Handling XML-RPC request with data .* raised an unexpected exception")
    daemon.wait_line("ZeroDivisionError: a bug of the plugin")


def test_one_instance_serves_all_servers(daemon_with: Start) -> None:
    more = f"{PLUGIN}[unix_http_server:second]\nfile = %(here)s/t\n"
    daemon = daemon_with(WARDEN, FOLDER, more)
    daemon.rpc("inside.publish", "x")

    answers = [rpc.call(daemon.home / name, "inside.early")["value"] for name in "st"]

    assert answers == [["from inside x"], ["from inside x"]]


def test_assigning_the_mood_restarts_and_ends_the_daemon(daemon_with: Start) -> None:
    daemon = daemon_with(WARDEN, FOLDER, PLUGIN)

    daemon.rpc("inside.mood", 0)
    daemon.wait_line("supervisord started with pid", 2)
    daemon.rpc("inside.publish", "again")
    early = daemon.rpc("inside.early")["value"]
    daemon.rpc("inside.mood", -1)

    assert early == ["from inside again"]  # subscribed once, at import, and heard once in the second session
    assert daemon.wait_end() == 0


def test_a_deferred_answer_does_not_hold_up_others(daemon_with: Start) -> None:
    daemon = daemon_with(WARDEN, FOLDER, PLUGIN)
    slow = rpc.connection(daemon.socket)
    body = (
        b"<methodCall><methodName>inside.slow</methodName><params><param><value><int>1000000</int></value>"
        b"</param></params></methodCall>"
    )
    slow.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})

    assert daemon.rpc("inside.slow", 2) == {"value": "done"}
    slow.close()


@pytest.mark.parametrize("side", [WARDEN, REFERENCE], ids=lambda side: side.name)
def test_a_factory_that_fails_stops_the_start(side: Side, tmp_path: Path) -> None:
    (tmp_path / "conf").write_text(
        f"{SERVER}[rpcinterface:bad]\nsupervisor.rpcinterface_factory = inside:refuse\nx = 1\n"
    )

    ran = run([side.command("supervisord"), "-n", "-c", "conf"], tmp_path, env=environment(PYTHONPATH=str(FOLDER)))

    assert ran.rc == 2
    assert "Error: Could not make bad rpc interface\nFor help, use" in ran.stderr
    assert (tmp_path / "s").exists() is (side is REFERENCE)  # it leaves its socket behind


def test_the_parent_tells_of_a_factory_that_fails_in_the_background(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text(f"{SERVER}[rpcinterface:bad]\nsupervisor.rpcinterface_factory = inside:refuse\n")

    ran = run([WARDEN.command("supervisord"), "-c", "conf"], tmp_path, env=environment(PYTHONPATH=str(FOLDER)))

    assert (ran.rc, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: Could not make bad rpc interface\n")
    assert "RuntimeError: no {}" in (tmp_path / "main.log").read_text()


SHELL_LISTENER = """\
while :; do
    echo READY
    read -r line
    dd bs=1 count="${line##*len:}" of=/dev/null 2>/dev/null
    printf 'RESULT 4\\nfine'
done
"""
LISTENER = """
[eventlistener:judged]
command = sh %(here)s/listener
events = PROCESS_STATE_RUNNING
result_handler = inside:judge
[program:told]
command = /bin/cat
startsecs = 0
stdout_logfile = %(here)s/told
"""


@pytest.mark.parametrize("side", [WARDEN, REFERENCE], ids=lambda side: side.name)
def test_a_result_handler_gets_the_live_process_of_an_event(side: Side, daemon_with: Start) -> None:
    daemon = daemon_with(side, FOLDER, LISTENER, SHELL_LISTENER)

    told = daemon.home / "told"
    until(lambda: told.exists() and b"fine" in told.read_bytes(), lambda: "\n".join(daemon.lines))

    assert (
        told.read_text()
        == f"told processname:told groupname:told from_state:STARTING pid:{daemon.info('told')['pid']} fine\n"
    )
    daemon.signal(signal.SIGTERM)
    assert daemon.wait_end() == 0


def test_what_a_result_handler_prints_is_there_at_once(daemon_with: Start) -> None:
    daemon = daemon_with(WARDEN, FOLDER, LISTENER.replace("inside:judge", "inside:tell"), SHELL_LISTENER)

    daemon.wait_line("^told told fine$")

    assert daemon.rpc("supervisor.getState")["value"]["statename"] == "RUNNING"
