"""Actions for running a fleet: several names at once, rolling restarts, standing orders, the plan."""

from __future__ import annotations

import json

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, problem, process
from warden.config.values import ClientConfig
from warden.ctl.lines import Lines
from warden.ctl.shell import Shell

ROWS = [process("a"), process("w1", group="web"), process("w2", group="web"), process("w3", group="web")]
BAD_NAME, FAILED, NOT_RUNNING, SPAWN_ERROR = 10, 30, 70, 50


def result(namespec: str, code: int = 80, error: str | None = None) -> dict[str, object]:
    group, _, name = namespec.partition(":")
    return {"name": name or group, "group": group, "ok": error is None, "code": code, "error": error}


def results(*rows: dict[str, object]) -> tuple[int, object]:
    return 200, {"results": list(rows)}


@pytest.fixture
def fleet(daemon: FakeDaemon) -> FakeDaemon:
    daemon.answers |= {"getAllProcessInfo": ROWS, "stopProcess": True, "startProcess": True}
    daemon.json = {}
    return daemon


def test_several_names_are_one_request_told_in_the_order_typed(run: Run, fleet: FakeDaemon) -> None:
    assert fleet.json is not None
    fleet.json["POST /processes/stop"] = results(
        result("b"), result("a", NOT_RUNNING), result("x", BAD_NAME), result("g:*", BAD_NAME)
    )

    ran = run("stop b a x g:*")

    assert ran.out == ("b: stopped\na: ERROR (not running)\nx: ERROR (no such process)\ng: ERROR (no such group)\n")
    assert ran.status == 1
    assert fleet.asked() == [("POST /processes/stop", {"namespecs": ["b", "a", "x", "g:*"], "wait": True})]


@pytest.mark.parametrize("words", ["a", "a a", "web:* web:w1", "a all"])
def test_what_may_mean_a_process_twice_is_done_one_after_the_other(run: Run, fleet: FakeDaemon, words: str) -> None:
    fleet.answers |= {"stopProcessGroup": [], "stopAllProcesses": []}

    run(f"stop {words}")

    assert not [call for call in fleet.asked() if str(call[0]).startswith("POST")]


def test_supervisors_own_daemon_gets_one_name_after_the_other(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = None

    assert run("stop a b").out == "a: stopped\nb: stopped\n"
    assert fleet.asked() == [("stopProcess", "a"), ("stopProcess", "b")]


def test_a_server_that_goes_down_meanwhile_is_told_as_ever(run: Run, fleet: FakeDaemon) -> None:
    assert fleet.json is not None
    fleet.json["POST /processes/start"] = results(result("a", 6, "SHUTDOWN_STATE"))

    ran = run("start a b")

    assert ran.out == "error: SHUTDOWN_STATE: the server is shutting down or restarting\n"


def test_reload_with_names_is_a_wish_to_programs(run: Run, fleet: FakeDaemon) -> None:
    assert fleet.json is not None
    why = "FAILED: a has no reload_signal; its section needs one, for example reload_signal=HUP"
    fleet.json["POST /processes/reload"] = results(
        result("web:w1"), result("web:w2", NOT_RUNNING, "NOT_RUNNING"), result("a", FAILED, why)
    )

    ran = run("reload w* a !web:w3")

    assert ran.out == f"web:w1: reloaded\nweb:w2: ERROR (not running)\na: ERROR ({why})\n"
    assert ran.status == 1
    assert fleet.asked()[1:] == [("POST /processes/reload", {"namespecs": ["web:w1", "web:w2", "a"]})]


def test_a_group_in_which_nothing_can_be_reloaded_is_told(run: Run, fleet: FakeDaemon) -> None:
    assert fleet.json is not None
    fleet.json["POST /processes/reload"] = results()

    ran = run("reload all")

    assert (ran.out, ran.status) == ("ERROR: nothing to reload: no process of these runs and has a reload_signal\n", 1)
    assert fleet.asked() == [("POST /processes/reload", {"namespecs": "all"})]


@pytest.mark.parametrize(
    ("line", "batches"),
    [
        ("restart --rolling web:*", [["web:w1"], ["web:w2"], ["web:w3"]]),
        ("restart web:* --rolling --batch 2", [["web:w1", "web:w2"], ["web:w3"]]),
        ("restart --rolling --batch 2 all !a", [["web:w1", "web:w2"], ["web:w3"]]),
    ],
)
def test_a_rolling_restart_goes_on_when_the_batch_runs(
    run: Run, fleet: FakeDaemon, line: str, batches: list[list[str]]
) -> None:
    fleet.json = None

    ran = run(line)

    done = [(verb, name) for batch in batches for verb in ("stopProcess", "startProcess") for name in batch]
    assert [call for call in fleet.asked() if call[0] != "getAllProcessInfo"] == done
    assert ran.status == 0


def test_a_rolling_restart_ends_with_the_first_that_does_not_start(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"POST /processes/stop": results(result("a"), result("web:w1"))}
    fleet.json["POST /processes/start"] = results(result("a"), result("web:w1", SPAWN_ERROR))

    ran = run("restart --rolling --batch 2 all")

    assert ran.out == (
        "a: stopped\nweb:w1: stopped\na: started\nweb:w1: ERROR (spawn error)\n"
        "ERROR: the rolling restart ends here; not restarted: web:w2 web:w3\n"
    )
    assert ran.status == 7


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--rolling --batch 0 a", "--batch takes how many are restarted at the same time, 1 or more, not '0'"),
        ("--rolling a --batch", "--batch takes how many are restarted at the same time, 1 or more, not ''"),
        ("--batch 2 a", "--batch is for restart --rolling"),
        ("--timeout 2 a", "--timeout is for restart --rolling"),
        ("--rolling a --timeout", "--timeout takes a number of seconds, 0 for as long as it takes, not ''"),
        ("--rolling a --timeout 1m", "--timeout takes a number of seconds, 0 for as long as it takes, not '1m'"),
        ("--rolling", "restart requires a process name"),
    ],
)
def test_a_restart_that_is_not_understood_does_nothing(run: Run, fleet: FakeDaemon, words: str, why: str) -> None:
    ran = run(f"restart {words}")

    assert (ran.out, ran.status, fleet.asked()) == (f"Error: {why}\n", 2, [])


def test_restart_with_the_new_configuration_replaces_what_changed_and_restarts_the_rest(
    run: Run, fleet: FakeDaemon
) -> None:
    fleet.answers |= {
        "reloadConfig": [[["new"], ["web", "other"], []]],
        "stopProcessGroup": [{"name": "w1", "group": "web", "status": 80, "description": "OK"}],
        "removeProcessGroup": True,
        "addProcessGroup": True,
    }

    ran = run("restart --reread a web:*")

    assert ran.out == "a: stopped\na: started\nweb: stopped\nweb: updated process group\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("web:w1", "web: ERROR (its configuration has changed: restart all of it, web:*)\n"),
        ("a", "a: ERROR (it is no longer configured: update removes it)\n"),
    ],
)
def test_restart_with_the_new_configuration_refuses_halves(run: Run, fleet: FakeDaemon, name: str, said: str) -> None:
    fleet.answers["reloadConfig"] = [[[], ["web"], ["a"]]]

    ran = run(f"restart --reread {name}")

    assert (ran.out, ran.status) == (said, 1)
    assert not [call for call in fleet.asked() if str(call[0]).startswith("stop")]


def test_disable_and_enable_tell_each_process(run: Run, fleet: FakeDaemon) -> None:
    assert fleet.json is not None
    fleet.json |= {
        "POST /processes/disable": results(result("web:w1"), result("x", BAD_NAME)),
        "POST /processes/enable": results(result("a")),
    }

    ran = run("disable web:w1 x")

    assert (ran.out, ran.status) == ("web:w1: disabled\nx: ERROR (no such process)\n", 1)
    assert run("enable --now a").out == "a: enabled\na: started\n"
    assert run("disable --now").out == "Error: disable requires a process name\n"


@pytest.mark.parametrize(
    ("line", "given", "answer", "out"),
    [
        ("scale web=5", 5, (200, {"added": ["web:w4", "web:w5"], "removed": []}), "web:w4: added\nweb:w5: added\n"),
        ("scale web=file", None, (200, {"added": [], "removed": ["web:w3"]}), "web:w3: removed\n"),
        ("scale web=3", 3, (200, {"added": [], "removed": []}), "web: nothing to change\n"),
        ("scale web=3", 3, (404, problem(404, "BAD_NAME", "BAD_NAME: web", 10)), "web: ERROR (no such program)\n"),
        ("scale web=3", 3, (422, problem(422, "CANT_REREAD", "it cannot", 92)), "web: ERROR (it cannot)\n"),
    ],
)
def test_scale(run: Run, fleet: FakeDaemon, line: str, given: int | None, answer: tuple[int, object], out: str) -> None:
    fleet.json = {"POST /programs/web/scale": answer}

    assert run(line).out == out
    assert fleet.asked() == [("POST /programs/web/scale", {"numprocs": given})]


@pytest.mark.parametrize("word", ["web", "web=", "web=0", "web=-1", "web=two"])
def test_scale_takes_a_number(run: Run, fleet: FakeDaemon, word: str) -> None:
    ran = run(f"scale {word}")

    assert (ran.out, ran.status) == (f"{word}: ERROR (scale takes program=number, 1 or more, or program=file)\n", 2)


PLAN = {
    "added": ["new"],
    "changed": ["web"],
    "removed": ["old"],
    "options": [
        {"group": "web", "process": "w1", "option": "command", "old": "cat", "new": "tac"},
        {"group": "web", "process": "", "option": "priority", "old": "1", "new": None},
    ],
    "warnings": ["unknown option"],
}


def test_the_plan_stands_in_the_order_of_an_update(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"GET /plan": (200, PLAN)}

    assert run("plan").out.splitlines() == [
        "old: would be stopped and removed",
        "web: would be stopped and started with the new configuration",
        "    w1 command: cat -> tac",
        "    priority: 1 -> nothing",
        "new: would be added",
        "warning: unknown option",
    ]
    assert json.loads(run("plan --json").out) == PLAN


def test_a_plan_without_a_difference(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"GET /plan": (200, {"added": [], "changed": [], "removed": [], "options": [], "warnings": []})}

    assert run("plan").out == "No config updates to processes\n"


def test_an_update_on_trial_says_how_to_keep_it(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"POST /update": (200, {"added": ["new"], "changed": ["web"], "removed": ["old"]})}

    assert run("update --confirm 60 web new old").out.splitlines() == [
        "old: removed process group",
        "web: updated process group",
        "new: added process group",
        "It is taken back in 60 seconds unless you confirm it: supervisorctl confirm",
    ]
    assert fleet.asked() == [("POST /update", {"groups": ["web", "new", "old"], "confirm": 60})]


@pytest.mark.parametrize("words", ["--confirm", "--confirm 0", "--confirm soon", "web --confirm"])
def test_a_trial_needs_its_seconds(run: Run, fleet: FakeDaemon, words: str) -> None:
    ran = run(f"update {words}")

    assert ran.out.startswith("Error: --confirm takes a number of seconds, not ")
    assert (ran.status, fleet.asked()) == (2, [])


def test_confirm(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"POST /update/confirm": (200, {"ok": True})}
    assert run("confirm").out == "The update is confirmed\n"

    fleet.json = {"POST /update/confirm": (200, {"ok": False})}
    ran = run("confirm")
    assert (ran.out, ran.status) == ("ERROR: no update waits for a confirmation\n", 1)


def test_a_second_trial_is_refused(run: Run, fleet: FakeDaemon) -> None:
    fleet.json = {"POST /update": (500, problem(500, "FAILED", "FAILED: another update", 30))}

    ran = run("update --confirm 5")

    assert (ran.out, ran.status) == ("ERROR: FAILED: another update\n", 1)


def test_a_rolling_restart_waits_for_readiness(run: Run, fleet: FakeDaemon) -> None:
    answers = [results(result("a")), results(result("web:w1", 40, "ABNORMAL_TERMINATION"))]
    fleet.json = {"POST /processes/ready": lambda _asked: answers.pop(0)}

    ran = run("restart --rolling a web:w1 web:w2")

    assert ran.out.splitlines()[4:] == [
        "web:w1: ERROR (did not become ready)",
        "ERROR: the rolling restart ends here; not restarted: web:w2",
    ]
    assert ran.status == 7


LATE = "FAILED: not ready: connection refused"


@pytest.mark.parametrize(
    ("words", "asked", "told"),
    [
        ("", [10, 590], "; given up after 600 s"),
        ("--timeout 60 ", [10, 50], "; given up after 60 s"),
        ("--timeout 5 ", [5], "; given up after 5 s"),
        ("--timeout 0 ", [10, None], ""),
    ],
)
def test_a_rolling_restart_waits_for_so_long_and_says_for_what(
    run: Run, fleet: FakeDaemon, capfd: pytest.CaptureFixture[str], words: str, asked: list[int | None], told: str
) -> None:
    def ready(body: dict[str, object]) -> tuple[int, object]:
        within.append(body["within"])
        return results(result("a") if body["within"] is None else result("a", FAILED, LATE))

    within: list[object] = []
    fleet.json = {"POST /processes/ready": ready}

    out = run(f"restart --rolling {words}a").out

    assert within == asked
    assert out == "a: stopped\na: started\n" + (f"a: ERROR (not ready: connection refused{told})\n" if told else "")


def test_what_a_rolling_restart_waits_for_is_said_on_stderr(
    fleet: FakeDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = [results(result("a", FAILED, LATE)), results(result("a"))]
    fleet.json = {"POST /processes/ready": lambda _asked: answers.pop(0)}
    shell = Shell(ClientConfig(serverurl=fleet.url), Lines(0))

    shell.run_line("restart --rolling a")
    shell.close()

    assert capfd.readouterr() == (
        "a: stopped\na: started\n",
        "waiting for a (not ready: connection refused); Ctrl-C ends the restart here\n",
    )
