"""Actions on the configuration and on the daemon itself."""

from __future__ import annotations

import json
from xmlrpc.client import Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process


def row(name: str, group: str, *, inuse: bool, autostart: bool, prio: int) -> dict[str, object]:
    return {"name": name, "group": group, "inuse": inuse, "autostart": autostart, "group_prio": prio, "process_prio": 9}


AVAILABLE = [
    row("bad", "bad", inuse=True, autostart=False, prio=999),
    row("a", "w", inuse=False, autostart=True, prio=1),
]


def test_avail_rows(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getAllConfigInfo"] = AVAILABLE

    assert run("avail").out == (
        "bad                              in use    manual    999:9\n"
        "w:a                              avail     auto      1:9\n"
    )


def test_avail_as_json(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getAllConfigInfo"] = AVAILABLE

    assert [entry["name"] for entry in json.loads(run("avail --json").out)] == ["bad", "w:a"]


def test_reread_sorts_by_group(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["reloadConfig"] = [[["extra"], ["worker"], ["once"]]]

    ran = run("reread")

    assert (ran.out, ran.status) == ("extra: available\nonce: disappeared\nworker: changed\n", 0)


def test_reread_without_changes(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["reloadConfig"] = [[[], [], []]]

    assert (run("reread").out, run("reread").status) == ("No config updates to processes\n", 0)


@pytest.mark.parametrize("action", ["reread", "update"])
def test_a_bad_configuration_is_told_in_the_servers_words(run: Run, daemon: FakeDaemon, action: str) -> None:
    daemon.answers["reloadConfig"] = Fault(92, "CANT_REREAD: [group:gg] names unknown program missing2")

    ran = run(action)

    assert (ran.out, ran.status) == ("ERROR: CANT_REREAD: [group:gg] names unknown program missing2\n", 1)


@pytest.mark.parametrize(
    ("fault", "out", "status"),
    [
        (90, "ERROR: process group already active\n", 0),
        (10, "ERROR: no such process/group: x\n", 1),
        (30, "ERROR: FAILED: why\n", 1),
    ],
)
def test_add_tells_why_not(run: Run, daemon: FakeDaemon, fault: int, out: str, status: int) -> None:
    def add(group: str) -> bool:
        if group == "x":
            raise Fault(fault, "FAILED: why")
        return True

    daemon.answers["addProcessGroup"] = add

    ran = run("add x y")

    assert (ran.out, ran.status) == (out + "y: added process group\n", status)


@pytest.mark.parametrize(
    ("fault", "out"),
    [(91, "ERROR: process/group still running: x\n"), (10, "ERROR: no such process/group: x\n")],
)
def test_remove_tells_why_not(run: Run, daemon: FakeDaemon, fault: int, out: str) -> None:
    daemon.answers["removeProcessGroup"] = lambda _: (_ for _ in ()).throw(Fault(fault, "x"))

    assert (run("remove x").out, run("remove x").status) == (out, 1)


@pytest.mark.parametrize("action", ["add", "remove"])
def test_no_names_mean_nothing(run: Run, daemon: FakeDaemon, action: str) -> None:
    ran = run(action)

    assert (ran.out, ran.status, daemon.requests) == ("", 0, 0)


@pytest.fixture
def changing(daemon: FakeDaemon) -> FakeDaemon:
    daemon.answers |= {
        "reloadConfig": [[["extra", "more"], ["worker"], ["once", "twice"]]],
        "getAllProcessInfo": [process("web"), process("once"), process("w", group="worker"), process("twice")],
        "stopProcessGroup": [],
        "removeProcessGroup": True,
        "addProcessGroup": True,
    }
    return daemon


ONCE = "once: stopped\nonce: removed process group\n"
TWICE = "twice: stopped\ntwice: removed process group\n"
WORKER = "worker: stopped\nworker: updated process group\n"
EXTRA = "extra: added process group\n"


@pytest.mark.parametrize(
    ("line", "out", "status"),
    [
        ("update", ONCE + TWICE + WORKER + EXTRA + "more: added process group\n", 0),
        ("update nope all", ONCE + TWICE + WORKER + EXTRA + "more: added process group\n", 0),
        ("update extra once", ONCE + EXTRA, 0),
        ("update web", "", 0),
        ("update nope nope worker", "ERROR: no such group: nope\n" + WORKER, 1),
    ],
)
def test_update_removes_then_changes_then_adds(
    run: Run, changing: FakeDaemon, line: str, out: str, status: int
) -> None:
    ran = run(line)

    assert (ran.out, ran.status) == (out, status)


def test_update_goes_on_after_a_group_that_will_not_stop(run: Run, changing: FakeDaemon) -> None:
    changing.answers["stopProcessGroup"] = lambda group: (
        [{"name": group, "group": group, "status": 30 if group in ("once", "worker") else 70, "description": ""}]
    )

    ran = run("update")

    assert ran.out == (
        "once: stopped\nonce: has problems; not removing\n" + TWICE
        + "worker: stopped\nworker: has problems; not updating\n" + EXTRA + "more: added process group\n"
    )  # fmt: skip
    assert ran.status == 1


def test_update_goes_on_after_a_group_that_is_still_running(run: Run, changing: FakeDaemon) -> None:
    changing.answers["removeProcessGroup"] = lambda _: (_ for _ in ()).throw(Fault(91, "STILL_RUNNING"))
    changing.answers["addProcessGroup"] = lambda group: (
        group == "more" or (_ for _ in ()).throw(Fault(30, "FAILED: no"))
    )

    ran = run("update")

    assert ran.out.splitlines()[-2:] == ["extra: ERROR (FAILED: no)", "more: added process group"]
    assert ran.out.count("has problems") == 3


@pytest.mark.parametrize(("action", "done"), [("reload", "Restarted supervisord"), ("shutdown", "Shut down")])
@pytest.mark.parametrize(
    ("typed", "does"), [("y", True), ("Yes", True), ("n", False), ("", False), (" yes", False), ("no", False)]
)
def test_the_end_is_confirmed_if_a_person_is_there(
    run: Run, daemon: FakeDaemon, action: str, done: str, typed: str, does: bool
) -> None:
    daemon.answers |= {"restart": True, "shutdown": True}

    ran = run(action, typed=typed + "\n", interactive=True)

    assert ran.out.endswith(f"y/N? {done}\n" if does else "y/N? ")
    assert (ran.status, len(daemon.calls)) == (0, int(does))


@pytest.mark.parametrize(("action", "done"), [("reload", "Restarted supervisord\n"), ("shutdown", "Shut down\n")])
def test_scripts_are_not_asked(run: Run, daemon: FakeDaemon, action: str, done: str) -> None:
    daemon.answers |= {"restart": True, "shutdown": True}

    assert (run(action).out, run(action).status) == (done, 0)


def test_no_answer_to_the_question_is_a_failure(run: Run, daemon: FakeDaemon) -> None:
    ran = run("reload", interactive=True)

    assert ran.out == "Really restart the remote supervisord process y/N? error: end of input\n"
    assert (ran.status, daemon.requests) == (1, 0)


def test_version(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers["getSupervisorVersion"] = "5.0.0"

    assert (run("version").out, run("version").status) == ("5.0.0\n", 0)


@pytest.mark.parametrize("url", ["", "foo", "ftp://x", "unix:/x", "http://host:port"])
def test_open_refuses_what_is_no_server(run: Run, url: str) -> None:
    ran = run(f"open {url}")

    assert (ran.out, ran.status) == ("ERROR: url must be http:// or unix://\n", 1)


def test_open_shows_the_status_and_keeps_the_exit_code(run: Run, tcp_daemon: FakeDaemon) -> None:
    tcp_daemon.answers["getAllProcessInfo"] = [process("idle", "STOPPED", description="Not started")]

    ran = run(f"open {tcp_daemon.url}")

    assert (ran.out, ran.status) == ("idle                             STOPPED   Not started\n", 0)


def test_open_does_not_carry_the_password_to_another_host(run: Run, tcp_daemon: FakeDaemon) -> None:
    tcp_daemon.credentials = "Basic Ym9iOnNlY3JldA=="

    ran = run(f"open {tcp_daemon.url}", username="bob", password="secret")

    assert (ran.out, ran.status) == ("Server requires authentication\n", 1)


def test_a_person_is_asked_for_credentials_until_they_fit(run: Run, daemon: FakeDaemon) -> None:
    daemon.credentials = "Basic Ym9iOnNlY3JldA=="  # bob:secret
    daemon.answers["getPID"] = 7

    ran = run("pid", typed="bob\nwrong\nbob\nsecret\n", interactive=True)

    question = "Server requires authentication\nUsername:Password:\n"
    assert (ran.out, ran.status) == (question * 2 + "7\n", 0)


def test_nobody_there_to_give_credentials_is_a_failure(run: Run, daemon: FakeDaemon) -> None:
    daemon.credentials = "Basic x"

    ran = run("pid", interactive=True)

    assert (ran.out, ran.status) == ("Server requires authentication\nUsername:error: end of input\n", 1)
