"""Outcomes of actions on processes: words and exit codes."""

from __future__ import annotations

import json
from xmlrpc.client import Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process
from warden.ctl import codes
from warden.ctl.output import avail_text, status_text, wants_colour
from warden.rpc.faults import Faults

METHODS = {
    "start": ("startProcess", "startProcessGroup", "startAllProcesses"),
    "stop": ("stopProcess", "stopProcessGroup", "stopAllProcesses"),
    "signal HUP": ("signalProcess", "signalProcessGroup", "signalAllProcesses"),
    "clear": ("clearProcessLogs", None, "clearAllProcessLogs"),
}
OUTCOMES = [  # action, fault, told as, exit code
    ("start", 10, "no such process", 1),
    ("start", 20, "no such file", 1),
    ("start", 21, "file is not executable", 1),
    ("start", 30, "FAILED: why", 1),
    ("start", 40, "abnormal termination", 7),
    ("start", 50, "spawn error", 7),
    ("start", 60, "already started", 0),
    ("stop", 10, "no such process", 1),
    ("stop", 30, "FAILED: why", 1),
    ("stop", 70, "not running", 0),
    ("signal HUP", 10, "no such process", 1),
    ("signal HUP", 11, "bad signal name", 1),
    ("signal HUP", 30, "FAILED: why", 1),
    ("signal HUP", 70, "not running", 7),
    ("clear", 10, "no such process", 1),
    ("clear", 30, "failed", 1),
    ("clear", 20, "FAILED: why", 1),
]
DONE = {"start": "started", "stop": "stopped", "signal HUP": "signalled", "clear": "cleared"}


def result(name: str, status: int, *, group: str = "", text: str = "OK") -> dict[str, object]:
    return {"name": name, "group": group or name, "status": status, "description": text}


@pytest.mark.parametrize(("action", "fault", "reason", "status"), OUTCOMES)
def test_a_fault_is_told_in_words(
    run: Run, daemon: FakeDaemon, action: str, fault: int, reason: str, status: int
) -> None:
    daemon.answers[METHODS[action][0]] = Fault(fault, "FAILED: why")

    ran = run(f"{action} web")

    assert (ran.out, ran.status) == (f"web: ERROR ({reason})\n", status)


@pytest.mark.parametrize(("action", "fault", "reason", "status"), OUTCOMES)
def test_a_fault_in_a_list_is_told_alike(
    run: Run, daemon: FakeDaemon, action: str, fault: int, reason: str, status: int
) -> None:
    everything = METHODS[action][2]
    daemon.answers[everything] = [result("a", 80, group="g"), result("w", fault, group="g", text="FAILED: why")]

    ran = run(f"{action} x all")

    assert (ran.out, ran.status) == (f"g:a: {DONE[action]}\ng:w: ERROR ({reason})\n", status)


@pytest.mark.parametrize("action", ["start", "stop", "signal HUP"])
@pytest.mark.parametrize("spec", ["g:*", "g:"])
def test_a_group_is_one_request(run: Run, daemon: FakeDaemon, action: str, spec: str) -> None:
    method = METHODS[action][1]
    assert method is not None
    daemon.answers[method] = [result("a", 80, group="g"), result("g", 80)]

    ran = run(f"{action} {spec}")

    assert (ran.out, ran.status) == (f"g:a: {DONE[action]}\ng: {DONE[action]}\n", 0)
    assert [call[:2] for call in daemon.asked()] == [(method, "g")]


@pytest.mark.parametrize(("action", "status"), [("start", 2), ("stop", 1), ("signal HUP", 1), ("restart", 2)])
def test_an_unknown_group_is_told_without_its_star(run: Run, daemon: FakeDaemon, action: str, status: int) -> None:
    for method in ("startProcessGroup", "stopProcessGroup", "signalProcessGroup"):
        daemon.answers[method] = Fault(10, "BAD_NAME: nope")

    ran = run(f"{action} nope:*")

    assert (ran.out, ran.status) == ("nope: ERROR (no such group)\n" * (2 if action == "restart" else 1), status)


def test_the_last_failure_decides_and_success_resets_nothing(run: Run, daemon: FakeDaemon) -> None:
    answers = {"dead": Fault(50, "SPAWN_ERROR: dead"), "nope": Fault(10, "BAD_NAME: nope")}
    daemon.answers["startProcess"] = lambda name: answers.get(name, True)

    assert run("start nope dead web").status == 7
    assert run("start dead nope web").status == 1


def test_a_name_equal_to_its_group_is_printed_once(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["startProcess"] = True

    assert run("start web:web g:p").out == "web: started\ng:p: started\n"


def test_restart_stops_all_before_it_starts_any(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["stopProcess"] = lambda name: (_ for _ in ()).throw(Fault(70, "")) if name == "b" else True
    daemon.answers["startProcess"] = True

    ran = run("restart a b")

    assert (ran.out, ran.status) == ("a: stopped\nb: ERROR (not running)\na: started\nb: started\n", 0)


@pytest.mark.parametrize(
    ("line", "complaint", "status"),
    [
        ("start", "Error: start requires a process name", 2),
        ("stop", "Error: stop requires a process name", 1),
        ("restart", "Error: restart requires a process name", 1),
        ("clear", "Error: clear requires a process name", 1),
        ("signal", "Error: signal requires a signal name and a process name", 1),
        ("signal HUP", "Error: signal requires a signal name and a process name", 1),
        ("tail", "Error: too few arguments", 1),
        ("tail a b c d", "Error: too many arguments", 1),
        ("maintail -1 -2", "Error: too many arguments", 1),
        ("fg", "ERROR: no process name supplied", 1),
        ("version x", "Error: version accepts no arguments", 1),
        ("avail x", "Error: avail accepts no arguments", 1),
        ("reread x", "Error: reread accepts no arguments", 1),
        ("shutdown x", "Error: shutdown accepts no arguments", 1),
    ],
)
def test_a_wrong_number_of_words_is_answered_with_help(
    run: Run, daemon: FakeDaemon, line: str, complaint: str, status: int
) -> None:
    ran = run(line)

    assert (ran.out.splitlines()[0], ran.status) == (complaint, status)
    assert ran.out.removeprefix(complaint + "\n") == run(f"help {line.split()[0]}").out
    assert daemon.asked() == []


def test_clear_of_a_group_clears_each_member(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getAllProcessInfo"] = [process("a", group="g"), process("b", group="g"), process("c")]
    daemon.answers["clearProcessLogs"] = True

    ran = run("clear g:*")

    assert (ran.out, ran.status) == ("g:a: cleared\ng:b: cleared\n", 0)
    assert run("clear h:*").out == "h: ERROR (no such group)\n"


def test_pid_prints_zero_for_the_dead(run: Run, daemon: FakeDaemon) -> None:
    rows = {"web": process("web", pid=7), "idle": process("idle", "STOPPED")}

    def one(name: str) -> object:
        if name not in rows:
            raise Fault(10, f"BAD_NAME: {name}")
        return rows[name]

    daemon.answers |= {"getProcessInfo": one, "getAllProcessInfo": list(rows.values()), "getPID": 99}

    assert (run("pid").out, run("pid").status) == ("99\n", 0)
    assert (run("pid web").out, run("pid web").status) == ("7\n", 0)
    assert (run("pid idle").out, run("pid idle").status) == ("0\n", 7)
    assert (run("pid nope").out, run("pid nope").status) == ("No such process nope\n", 1)
    assert (run("pid all").out, run("pid all").status) == ("7\n0\n", 0)


FLEET = [
    process("bad", "FATAL", description="Exited too quickly (process log may have details)"),
    process("slow", "STOPPING"),
    process("web", description="pid 15484, uptime 0:00:02"),
    process("w_00", group="worker", description="pid 15478, uptime 0:00:02"),
    process("w_01", group="worker", description="pid 15479, uptime 0:00:02"),
]
BAD = "bad                              FATAL     Exited too quickly (process log may have details)\n"
SLOW = "slow                             STOPPING  \n"
WEB = "web                              RUNNING   pid 15484, uptime 0:00:02\n"
WORKERS = (
    "worker:w_00                      RUNNING   pid 15478, uptime 0:00:02\n"
    "worker:w_01                      RUNNING   pid 15479, uptime 0:00:02\n"
)


@pytest.mark.parametrize(
    ("line", "out", "status"),
    [
        ("status", BAD + SLOW + WEB + WORKERS, 3),
        ("status nope all", BAD + SLOW + WEB + WORKERS, 3),
        ("status web", WEB, 0),
        ("status slow", SLOW, 0),
        ("status worker: web:web web", WORKERS + WEB + WEB, 0),
        ("status worker", "worker: ERROR (no such process)\n", 4),
        ("status web nope", "nope: ERROR (no such process)\n" + WEB, 4),
        ("status bad nope:*", "nope: ERROR (no such group)\n" + BAD, 3),
        ("status worker:w_01", WORKERS.splitlines(keepends=True)[1], 0),
    ],
)
def test_status_rows_and_exit_codes(run: Run, daemon: FakeDaemon, line: str, out: str, status: int) -> None:
    daemon.answers["getAllProcessInfo"] = FLEET

    ran = run(line)

    assert (ran.out, ran.status) == (out, status)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("RUNNING", 0),
        ("STARTING", 0),
        ("STOPPING", 0),
        ("BACKOFF", 0),
        ("STOPPED", 3),
        ("EXITED", 3),
        ("FATAL", 3),
        ("UNKNOWN", 3),
    ],
)
def test_the_exit_code_of_status_follows_the_states(run: Run, daemon: FakeDaemon, state: str, status: int) -> None:
    daemon.answers["getAllProcessInfo"] = [process("a"), process("x", state)]

    assert run("status").status == status


def test_status_of_an_empty_fleet_prints_nothing(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getAllProcessInfo"] = []

    assert (run("status").out, run("status").status) == ("", 0)


@pytest.mark.parametrize(("length", "column"), [(5, 33), (30, 33), (31, 34), (39, 42)])
def test_the_state_begins_three_columns_after_the_longest_name(length: int, column: int) -> None:
    assert status_text([process("x" * length), process("y")], colour=False).splitlines()[1].index("RUNNING") == column


def test_colours_leave_the_layout_alone() -> None:
    coloured = status_text(FLEET, colour=True)

    assert "\x1b[32mRUNNING\x1b[0m   pid" in coloured
    for code in ("31", "32", "33", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == status_text(FLEET, colour=False)


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_only(terminal: bool, environ: dict[str, str], colour: bool) -> None:
    assert wants_colour(terminal, environ) is colour


def test_status_as_json_keeps_the_exit_code(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getAllProcessInfo"] = [process("w_00", group="worker", pid=5, exitstatus=0)]

    ran = run("status --json worker:* nope")

    assert json.loads(ran.out) == [
        {"name": "nope", "error": "no such process"},
        {
            "name": "worker:w_00",
            "group": "worker",
            "process": "w_00",
            "state": "RUNNING",
            "statecode": 20,
            "description": "",
            "pid": 5,
            "exitstatus": 0,
        },
    ]
    assert ran.status == 4


def test_an_available_process_with_a_long_name_pushes_its_columns() -> None:
    row = process("n" * 40) | {"inuse": False, "autostart": True, "group_prio": 1, "process_prio": 2}

    assert avail_text([row]) == "n" * 40 + " avail     auto      1:2"


def test_our_fault_codes_are_the_servers() -> None:
    ours = {name: value for name, value in vars(codes).items() if name in vars(Faults) and isinstance(value, int)}

    assert len(ours) == 15
    assert ours == {name: vars(Faults)[name] for name in ours}
