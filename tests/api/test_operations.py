"""Every resource and action, over real sockets and a daemon in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.asking import JSON, get, post
from tests.fakes_control import FakeControl, view
from tests.fakes_insight import FakeInsight
from tests.http.serving import Served, serve
from warden.config.model import GroupConfig, Kind, ProcessConfig
from warden.errors import Failed, SpawnFailed
from warden.rpc.control import ConfigView
from warden.rpc.insight import Usage
from warden.words import Channel, Mood, Phase

Scenario = Callable[[Served], Awaitable[None]]


@pytest.fixture
def control() -> FakeControl:
    return FakeControl(
        views=[
            view("web", cause="start requested"),
            view("a", "g"),
            view("b", "g", Phase.STOPPED),
            view("odd/na me", "g", Phase.FATAL, spawnerr="no such file"),
        ]
    )


def play(tmp_path: Path, control: FakeControl, scenario: Scenario, **measured: Usage) -> None:
    serve(tmp_path, control, scenario, insight=FakeInsight(control, dict(measured)))


def names(body: bytes) -> list[str]:
    return [one["namespec"] for one in json.loads(body)["processes"]]


def results(body: bytes) -> dict[str, object]:
    return {one["namespec"]: one["error"] for one in json.loads(body)["results"]}


def test_a_process_is_an_object_of_plain_facts(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        answer = await get(served, "processes/web")

        assert json.loads(answer.body) == {
            "name": "web",
            "group": "web",
            "namespec": "web",
            "state": "RUNNING",
            "description": "pid 77, uptime 0:00:05",
            "pid": 77,
            "start": 1795226537,
            "stop": 0,
            "now": 1795226542,
            "since": 0.0,
            "cause": "start requested",
            "restarts": 0,
            "last_exit": "",
            "ready": None,
            "health": "",
            "trouble": "",
            "status_text": "",
            "waiting_for": [],
            "schedule": "",
            "next_run": 0,
            "last_run": 0,
            "last_run_exit": "",
            "errand": "",
            "enabled": True,
            "exitstatus": 0,
            "spawnerr": "",
            "stdout_logfile": "/logs/web.out",
            "stderr_logfile": "/logs/web.err",
            "cpu": 12.35,
            "memory": 4096,
            "processes": 3,
        }
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    play(tmp_path, control, scenario, web=Usage(at=1.0, cpu=12.3456, memory=4096, processes=3))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["g:a", "g:b", "g:odd/na me", "web"]),
        ("?group=g", ["g:a", "g:b", "g:odd/na me"]),
        ("?state=running", ["g:a", "web"]),
        ("?state=STOPPED,FATAL", ["g:b", "g:odd/na me"]),
        ("?q=START%20req", ["web"]),
        ("?q=NA+ME&group=g", ["g:odd/na me"]),
        ("?group=none", []),
    ],
)
def test_the_list_is_sorted_and_filtered(tmp_path: Path, control: FakeControl, query: str, found: list[str]) -> None:
    async def scenario(served: Served) -> None:
        assert names((await get(served, f"processes{query}")).body) == found

    play(tmp_path, control, scenario)


def test_a_list_that_has_not_changed_is_not_sent_again(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        first = await get(served, "processes")
        control.views[0] = view("web", cause="start requested", now=1, description="later")
        same = await get(served, "processes", f'If-None-Match: "x", {first.headers["ETag"]}')
        control.views[0] = view("web", phase=Phase.STOPPED)
        changed = await get(served, "processes", f"If-None-Match: {first.headers['ETag']}")

        assert first.headers["ETag"].startswith("W/")
        assert (same.status, same.body) == (304, b"")
        assert changed.status == 200
        assert changed.headers["ETag"] != first.headers["ETag"]

    play(tmp_path, control, scenario)


@pytest.mark.parametrize("path", ["groups", "programs", "daemon", "plan", "openapi.json", "processes/web/history"])
def test_resources_carry_an_entity_tag(tmp_path: Path, control: FakeControl, path: str) -> None:
    async def scenario(served: Served) -> None:
        first = await get(served, path)
        again = await get(served, path, f"If-None-Match: {first.headers['ETag']}")

        assert (first.status, again.status) == (200, 304)

    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (
            "daemon",
            {
                "identifier": "supervisor",
                "version": "1",
                "api_version": "3.0",
                "pid": 4711,
                "brain": 4712,
                "state": "RUNNING",
                "started": 1.5,
                "config_file": "/etc/supervisord.conf",
                "logfile": "/log",
                "warnings": ["mind the gap"],
                "upgrade_failure": "",
            },
        ),
        (
            "processes/web/history",
            {
                "history": [
                    {
                        **{"at": 2.5, "state": "STARTING", "previous": "STOPPED", "cause": "autostart", "pid": 0},
                        **{"exit": "", "sent": ""},
                    }
                ]
            },
        ),
        ("processes/g%3Aa/usage", {"latest": None, "history": []}),
        (
            "processes/web/usage",
            {
                "latest": {"at": 1.0, "cpu": 2.0, "memory": 3, "processes": 4},
                "history": [{"at": 1.0, "cpu": 2.0, "memory": 3, "processes": 4}],
            },
        ),
        (
            "plan",
            {
                "added": ["new"],
                "changed": ["other"],
                "removed": [],
                "options": [
                    {
                        "group": "other",
                        "process": "other",
                        "option": "command",
                        "old": "a --token=(hidden)",
                        "new": None,
                    }
                ],
                "warnings": ["unknown option"],
            },
        ),
        (
            "groups",
            {
                "groups": [
                    {"name": "g", "active": True, "available": False, "processes": ["g:a", "g:b", "g:odd/na me"]},
                    {"name": "later", "active": False, "available": True, "processes": ["later"]},
                    {"name": "web", "active": True, "available": False, "processes": ["web"]},
                ]
            },
        ),
    ],
)
def test_resources_of_the_daemon(tmp_path: Path, control: FakeControl, path: str, found: object) -> None:
    later = ProcessConfig(name="later", command="x")
    control.configs.append(
        ConfigView(group=GroupConfig(name="later", kind=Kind.PROGRAM, processes=(later,)), process=later, inuse=False)
    )

    async def scenario(served: Served) -> None:
        assert json.loads((await get(served, path)).body) == found

    play(tmp_path, control, scenario, web=Usage(at=1.0, cpu=2.0, memory=3, processes=4))


def test_a_configuration_is_shown_without_its_secrets(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        control.configs.append(served_insight.config("web"))
        own = (await get(served, "processes/web/config")).body
        programs = (await get(served, "programs")).body
        found = json.loads(own)

        assert json.loads(programs) == {"programs": [found]}
        assert found["environment"] == {"API_TOKEN": "(hidden)"}
        assert found["options"]["command"] == "/bin/run --password (hidden) redis://me:(hidden)@host/"
        assert found["options"]["umask"] == "022"
        assert found["options"]["stopsignal"] == "TERM"
        assert found["options"]["autorestart"] == "unexpected"
        assert found["options"]["exitcodes"] == [0]
        assert found["options"]["stdout_logfile"] == "AUTO"
        assert b"hunter" not in own + programs

    served_insight = FakeInsight(control)
    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("path", "body", "done"),
    [
        ("processes/g:b/start", {"wait": True}, ("start", "g:b", True)),
        ("processes/g%3Ab/start", None, ("start", "g:b", False)),
        ("processes/g:*/start", {"wait": True}, ("start", "g:b", True)),
        ("processes/web/stop", {"wait": True}, ("stop", "web", True)),
        ("processes/g:a/signal", {"signal": "HUP"}, ("signal", "g:a", "HUP")),
        ("processes/g:a/signal", {"signal": 1}, ("signal", "g:a", 1)),
        ("processes/web/clear", None, ("clear", "web")),
        ("processes/web/stdin", {"data": "grüße\n"}, ("stdin", "web", "grüße\n".encode())),
        ("events", {"type": "t", "data": "d"}, ("event", "t", "d")),
        ("update", None, ("update", None)),
        ("update", {"groups": ["web"]}, ("update", ["web"])),
        ("log/clear", None, ("clear", None)),
    ],
)
def test_actions_are_verbs_of_the_daemon(
    tmp_path: Path, control: FakeControl, path: str, body: object, done: tuple[object, ...]
) -> None:
    async def scenario(served: Served) -> None:
        answer = await post(served, path, body)

        assert answer.status == 200, answer.text
        assert done in control.done

    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        ("processes/web/restart", {"wait": True}, {"web": None}),
        ("processes/g:b/restart", None, {"g:b": None}),
        ("processes/web/signal", {"signal": "HUP"}, {"web": None}),
        ("processes/g:*/signal", {"signal": "HUP"}, {"g:a": None, "g:b": None, "g:odd/na me": None}),
        ("processes/start", {"namespecs": "all"}, {"g:b": None, "g:odd/na me": None}),
        ("processes/stop", {"namespecs": "all", "wait": True}, {"g:a": None, "web": None}),
        ("processes/clear", {"namespecs": ["web"]}, {"web": None}),
        (
            "processes/clear",
            {"namespecs": "all"},
            {"g:a": None, "g:b": None, "g:odd/na me": None, "web": None},
        ),
        (
            "processes/start",
            {"namespecs": ["g:b", "web", "nope", "g:b", "h:*"]},
            {"g:b": None, "web": "ALREADY_STARTED: web", "nope": "BAD_NAME: nope", "h:*": "BAD_NAME: h"},
        ),
        ("processes/signal", {"namespecs": ["g:a"], "signal": "nope"}, {"g:a": "BAD_SIGNAL: nope"}),
        ("processes/restart", {"namespecs": ["g:*"]}, {"g:a": None, "g:b": "SPAWN_ERROR: g:b", "g:odd/na me": None}),
    ],
)
def test_actions_tell_what_became_of_each_process(
    tmp_path: Path, control: FakeControl, path: str, body: object, found: dict[str, object]
) -> None:
    if path == "processes/restart":
        control.refusals["g:b"] = SpawnFailed("g:b")

    async def scenario(served: Served) -> None:
        answer = await post(served, path, body)

        assert answer.status == 200, answer.text
        assert results(answer.body) == found
        assert all(one["ok"] is (one["error"] is None) for one in json.loads(answer.body)["results"])

    play(tmp_path, control, scenario)


def test_a_group_that_rests_can_be_removed(tmp_path: Path, control: FakeControl) -> None:
    control.views.append(view("idle", phase=Phase.STOPPED))

    async def scenario(served: Served) -> None:
        answer = await post(served, "groups/idle/remove")

        assert json.loads(answer.body) == {"ok": True}
        assert ("remove", "idle") in control.done

    play(tmp_path, control, scenario)


def test_a_log_is_read_in_parts(tmp_path: Path, control: FakeControl) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\n<script>\xff\n")
    control.logs["g:a", Channel.STDERR] = log

    async def scenario(served: Served) -> None:
        answer = await get(served, "processes/g:a/logs/stderr?offset=4&limit=100")

        assert json.loads(answer.body) == {"text": "<script>\ufffd\n", "offset": 4, "size": 14, "next_offset": 14}
        assert answer.headers["Content-Type"] == "application/json"

    play(tmp_path, control, scenario)


def test_a_selection_is_acted_on_at_the_same_time(tmp_path: Path, control: FakeControl) -> None:
    control.views = [view(name, phase=Phase.STOPPED) for name in "abc"]

    async def scenario(served: Served) -> None:
        control.blocked = asyncio.Event()
        answer = asyncio.create_task(post(served, "processes/start", {"namespecs": ["a", "b", "c"], "wait": True}))
        while len(control.done) < 3:
            control.arrived = asyncio.Event()
            await control.arrived.wait()
        control.blocked.set()

        assert list(results((await answer).body)) == ["a", "b", "c"]

    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("path", "mood"), [("daemon/shutdown", "SHUTDOWN"), ("daemon/restart", "RESTARTING"), ("reread", None)]
)
def test_the_daemon_takes_orders(tmp_path: Path, control: FakeControl, path: str, mood: str | None) -> None:
    async def scenario(served: Served) -> None:
        answer = await post(served, path)

        assert answer.status == 200
        if mood:
            assert json.loads(answer.body)["state"] == mood
        else:
            assert json.loads(answer.body) == {"added": ["new"], "changed": ["other"], "removed": []}

    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "fault"),
    [
        ("GET", "processes/nope", None, 404, "BAD_NAME"),
        ("GET", "processes/g:*", None, 404, "BAD_NAME"),
        ("GET", "processes/web/logs/stdout", None, 404, "NO_FILE"),
        ("GET", "processes/web/logs/stdin", None, 422, "INCORRECT_PARAMETERS"),
        ("GET", "processes?colour=red", None, 422, "INCORRECT_PARAMETERS"),
        ("GET", "log?offset=-1", None, 422, "INCORRECT_PARAMETERS"),
        ("GET", "nothing", None, 404, "UNKNOWN_METHOD"),
        ("GET", "plan/more", None, 404, "UNKNOWN_METHOD"),
        ("DELETE", "processes/web", None, 405, "UNKNOWN_METHOD"),
        ("POST", "processes/web", {}, 405, "UNKNOWN_METHOD"),
        ("POST", "processes/web/start", {}, 409, "ALREADY_STARTED"),
        ("POST", "processes/g:b/stop", {}, 409, "NOT_RUNNING"),
        ("POST", "processes/web/signal", {"signal": "nope"}, 422, "BAD_SIGNAL"),
        ("POST", "processes/web/signal", {}, 422, "INCORRECT_PARAMETERS"),
        ("POST", "processes/web/start", {"wait": 1}, 422, "INCORRECT_PARAMETERS"),
        ("POST", "processes/:/start", {}, 404, "BAD_NAME"),
        ("POST", "groups/g/add", {}, 409, "ALREADY_ADDED"),
        ("POST", "groups/g/remove", {}, 409, "STILL_RUNNING"),
        ("POST", "groups/nope/add", {}, 404, "BAD_NAME"),
        ("POST", "processes/g:odd%2Fna%20me/start", {}, 500, "FAILED"),
    ],
)
def test_refusals_are_problem_documents(
    tmp_path: Path, control: FakeControl, method: str, path: str, body: object, status: int, fault: str
) -> None:
    control.refusals["g:odd/na me"] = Failed("it is full")

    async def scenario(served: Served) -> None:
        sent = await (post(served, path, body) if method == "POST" else served.get(f"/api/v1/{path}", method=method))
        problem = json.loads(sent.body)

        assert sent.status == status, sent.text
        assert sent.headers["Content-Type"] == "application/problem+json"
        assert (problem["status"], problem["fault"]) == (status, fault)
        assert problem["title"]
        assert problem["detail"]
        assert status != 405 or sent.headers["Allow"]

    play(tmp_path, control, scenario)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (["Content-Type: text/plain"], b"{}", 415),
        (["Content-Type: application/x-www-form-urlencoded"], b"wait=true", 415),
        ([], b"{}", 415),
        ([JSON], b"{", 400),
        ([JSON], b"[" * 100_000, 400),
        ([JSON], b'{"wait": NaN}', 400),
        ([JSON], b"\xff\xfe{", 400),
        ([JSON], b'{"wait": %s}' % (b"9" * 9999), 400),
        ([JSON, "Sec-Fetch-Site: cross-site"], b"{}", 403),
        ([JSON, "Origin: http://evil.example"], b"{}", 403),
        ([JSON, "Origin: http://here"], b"{}", 200),
        ([JSON, "Sec-Fetch-Site: same-origin"], b"", 200),
        (["Content-Type: Application/JSON; charset=utf-8"], b"{}", 200),
    ],
)
def test_only_json_of_our_own_pages_and_of_programs_changes_something(
    tmp_path: Path, control: FakeControl, headers: list[str], body: bytes, status: int
) -> None:
    async def scenario(served: Served) -> None:
        answer = await served.post("/api/v1/processes/g:b/start", body, *headers)

        assert answer.status == status, answer.text
        assert bool(control.done) is (status == 200)
        if status != 200:
            assert answer.headers["Content-Type"] == "application/problem+json"

    play(tmp_path, control, scenario)


def test_a_body_that_is_too_long_is_not_read(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        answer = await served.post("/api/v1/processes/web/stdin", b"x" * (1024 * 1024 + 1), JSON)

        assert answer.status == 413
        assert json.loads(answer.body)["status"] == 413

    play(tmp_path, control, scenario)


def test_while_the_daemon_goes_down_questions_are_answered_and_orders_are_not(
    tmp_path: Path, control: FakeControl
) -> None:
    control.mood = Mood.SHUTDOWN

    async def scenario(served: Served) -> None:
        question = await get(served, "processes")
        order = await post(served, "processes/web/stop")

        assert question.status == 200
        assert order.status == 503
        assert order.headers["Retry-After"] == "5"

    play(tmp_path, control, scenario)


def test_heads_have_no_body_and_credentials_are_asked_for(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        head = await served.get("/api/v1/processes", method="HEAD")
        stream = await served.get("/api/v1/events", method="HEAD")
        stranger = await served.get("/api/v1/processes", tcp=True)

        assert head.status == 200
        assert int(head.headers["Content-Length"]) > 0
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stranger.status == 401

    play(tmp_path, control, scenario)


def test_the_manual_is_served_with_a_strict_policy(tmp_path: Path, control: FakeControl) -> None:
    async def scenario(served: Served) -> None:
        page = await served.get("/api/docs")
        style = await served.get("/api/docs.css")
        document: dict[str, Any] = json.loads((await get(served, "openapi.json")).body)
        elsewhere = await served.get("/api/v2/processes")

        assert "default-src 'none'; style-src 'self'" in page.headers["Content-Security-Policy"]
        assert "<h1>Warden API" in page.text
        assert style.headers["Content-Type"] == "text/css"
        assert document["openapi"] == "3.1.0"
        assert elsewhere.status == 404

    play(tmp_path, control, scenario)
