"""Starts and stops whose answers are lost with a brain: they are done, once, and what is told is true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.ctl.fake_daemon import FakeDaemon, HangUp, Run, process
from warden.ctl.wire import LOSSES

Row = dict[str, Any]
LONG_AGO = -1000.0


def row(name: str, state: str, since: float = LONG_AGO, start: float | None = None, **more: object) -> Row:
    """A process of the JSON API: in its state ``since`` so many seconds from now, started at ``start``."""
    began = int(time.time() + (since if start is None else start))
    told = {"since": time.time() + since, "start": began, "now": int(time.time()), "enabled": True, "waiting_for": []}
    return process(name, state, group="web") | told | {"state": state} | more


class Brains:
    """A daemon whose brain is killed by the first ``kills`` requests that order something."""

    def __init__(self, daemon: FakeDaemon, rows: list[Row], kills: int = 1) -> None:
        self.orders: list[tuple[str, object]] = []
        self._kills = kills
        order = self._order
        for method in ("startProcess", "startProcessGroup", "startAllProcesses"):
            daemon.answers[method] = order
        for method in ("stopProcess", "stopProcessGroup", "stopAllProcesses"):
            daemon.answers[method] = order
        daemon.json = {
            "GET /processes": (200, {"processes": rows}),
            "POST /processes/start": self._json("start", rows),
            "POST /processes/stop": self._json("stop", rows),
        }

    def _order(self, *_params: object) -> object:
        if self._kills:
            self._kills -= 1
            raise HangUp
        return True

    def _json(self, action: str, rows: list[Row]) -> Callable[[Row], tuple[int, object]]:
        def answer(body: Row) -> tuple[int, object]:
            self._order()
            self.orders.append((action, body["namespecs"]))
            chosen = [one for one in rows if {f"web:{one['name']}", "web:*"} & set(body["namespecs"])]
            idle = [one for one in chosen if one["state"] in ("STOPPED", "EXITED")]
            code = {"start": 80, "stop": 80}[action]
            told = chosen if action == "start" else [one for one in chosen if one not in idle]
            return 200, {"results": [{**one, "code": code, "error": None} for one in told]}

        return answer


@pytest.mark.parametrize("kills", [1, 2, 5])
def test_a_start_is_finished_by_the_brain_that_comes_after(run: Run, daemon: FakeDaemon, kills: int) -> None:
    brains = Brains(daemon, [row("a", "STOPPED"), row("b", "STARTING", 0.0)], kills)

    ran = run("start web:*")

    assert ran.out == "web:a: started\nweb:b: started\n"
    assert ran.status == 0
    assert brains.orders == [("start", ["web:a", "web:b"])]


@pytest.mark.parametrize(
    ("words", "state", "out"),
    [
        ("web:*", "RUNNING", ""),
        ("web:a", "RUNNING", "web:a: ERROR (already started)\n"),
        ("web:a", "BACKOFF", "web:a: ERROR (already started)\n"),
    ],
)
def test_who_was_running_all_the_time_was_not_started(
    run: Run, daemon: FakeDaemon, words: str, state: str, out: str
) -> None:
    brains = Brains(daemon, [row("a", state)])

    ran = run(f"start {words}")

    assert (ran.out, ran.status) == (out, 0)
    assert brains.orders == []


@pytest.mark.parametrize(
    ("state", "out"),
    [("EXITED", "started"), ("FATAL", "ERROR (spawn error)"), ("STOPPED", "ERROR (abnormal termination)")],
)
def test_who_was_started_and_has_ended_is_not_started_again(run: Run, daemon: FakeDaemon, state: str, out: str) -> None:
    brains = Brains(daemon, [row("a", state, 5.0)])

    assert run("start web:*").out == f"web:a: {out}\n"
    assert brains.orders == []


def test_who_ended_before_the_start_could_begin_is_started(run: Run, daemon: FakeDaemon) -> None:
    brains = Brains(daemon, [row("a", "STOPPED", 5.0, LONG_AGO)])

    assert run("start web:*").out == "web:a: started\n"
    assert brains.orders == [("start", ["web:a"])]


@pytest.mark.parametrize(("words", "orders"), [("web:*", []), ("web:a", [("start", ["web:a"])])])
def test_who_is_disabled_is_started_by_name_only(
    run: Run, daemon: FakeDaemon, words: str, orders: list[object]
) -> None:
    brains = Brains(daemon, [row("a", "STOPPED", enabled=False)])

    run(f"start {words}")

    assert brains.orders == orders


def test_a_stop_is_finished_and_tells_also_of_those_who_have_ended_meanwhile(run: Run, daemon: FakeDaemon) -> None:
    rows = [row("a", "STOPPING", 1.0), row("b", "STOPPED", 1.0), row("c", "STOPPED")]
    brains = Brains(daemon, rows, 3)

    ran = run("stop web:*")

    assert (ran.out, ran.status) == ("web:a: stopped\nweb:b: stopped\n", 0)
    assert brains.orders == [("stop", ["web:*"])]


def test_a_daemon_elsewhere_has_a_clock_of_its_own(run: Run, daemon: FakeDaemon) -> None:
    ahead = 7000
    now = int(time.time()) + ahead
    Brains(daemon, [row("a", "RUNNING", ahead - 60.0, now=now), row("b", "RUNNING", ahead + 1.0, now=now)])

    assert run("start web:*").out == "web:b: started\n"


def test_somebody_who_never_answers_is_not_asked_for_ever(run: Run, daemon: FakeDaemon) -> None:
    brains = Brains(daemon, [row("a", "STOPPED")], kills=10**6)

    ran = run("start web:*")

    assert ran.out == f"error: {daemon.url}: the server closed the connection\n"
    assert len([call for call in daemon.calls if call[0] == "POST /processes/start"]) == LOSSES
    assert brains.orders == []


def test_with_a_daemon_that_has_no_brains_it_is_told_that_the_answer_is_lost(run: Run, daemon: FakeDaemon) -> None:
    Brains(daemon, [])
    daemon.json = None

    ran = run("start web:*")

    assert (ran.out, ran.status) == (f"error: {daemon.url}: the server closed the connection\n", 1)


def test_what_must_not_be_done_twice_is_asked_once(run: Run, daemon: FakeDaemon) -> None:
    def hang_up(*_params: object) -> object:
        raise HangUp

    daemon.answers["signalProcess"] = hang_up

    ran = run("signal HUP a")

    assert ran.out == f"error: {daemon.url}: the server closed the connection\n"
    assert len(daemon.asked()) == 1


def test_what_only_reads_is_asked_again(run: Run, daemon: FakeDaemon) -> None:
    answers = iter([HangUp, HangUp, None])

    def pid() -> object:
        if (error := next(answers)) is not None:
            raise error
        return 42

    daemon.answers["getPID"] = pid

    assert run("pid").out == "42\n"
