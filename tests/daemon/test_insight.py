"""What pages and streams see."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import Stage, alone, group, play, program
from warden import errors
from warden.config.model import Healthcheck, HttpServerConfig, Schedule
from warden.config.probes import Probe, Way
from warden.config.servers import open_to_all
from warden.daemon.insight import DaemonInsight, flatten
from warden.daemon.life import announce_servers
from warden.daemon.usage import measure
from warden.rpc.insight import Notice, OptionChange
from warden.words import Autorestart, Mood, Overlap, Phase


def insight(stage: Stage) -> DaemonInsight:
    return DaemonInsight(stage.supervisor, stage.control, stage.config, 1.5)


def test_history_tells_the_story_of_a_process_with_its_causes(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.FATAL)
        story = [(step.phase.name, step.previous.name, step.cause, step.exit) for step in insight(stage).history("p")]

        assert story == [
            ("STARTING", "STOPPED", "autostart", ""),
            ("BACKOFF", "STARTING", "exit status 1 before startsecs (1 s)", "exit status 1"),
            ("STARTING", "BACKOFF", "retry 1 of 1 after: Exited too quickly (process log may have details)", ""),
            ("BACKOFF", "STARTING", "exit status 1 before startsecs (1 s)", "exit status 1"),
            ("FATAL", "BACKOFF", "gave up after 2 tries: exit status 1 before startsecs (1 s)", ""),
        ]
        assert stage.control.process("p").restarts == 1
        assert stage.control.process("p").last_exit == "exit status 1"

    play(tmp_path, scenario, alone(program("p", "/bin/false", startretries=1)))


def test_watchers_hear_of_changes_after_the_facts_have_changed(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        heard: list[tuple[Notice, Phase]] = []
        seen = asyncio.Event()

        def notify(notice: Notice) -> None:
            if notice.kind == "process":
                heard.append((notice, stage.control.process(notice.name).phase))
                seen.set()

        watching = insight(stage)
        stop = watching.watch(notify)
        await stage.control.start("g:p", wait=True)
        await seen.wait()
        stop()
        stop()
        count = len(heard)
        await stage.control.stop("g:p", wait=True)
        await asyncio.sleep(0)

        assert {notice for notice, _ in heard} == {Notice(kind="process", name="g:p")}
        assert heard[-1][1] is Phase.RUNNING
        assert len(heard) == count
        watching.close()

    play(tmp_path, scenario, group("g", program("p", startsecs=0)))


def test_the_revision_grows_with_every_change_of_the_fleet(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        watching = insight(stage)
        seen = [watching.revision]
        await stage.control.start("g:p", wait=True)
        seen.append(watching.revision)
        await stage.control.stop("g:p", wait=True)
        seen.append(watching.revision)
        stage.control.remove_group("g")
        seen.append(watching.revision)
        stage.control.add_group("g")
        seen.append(watching.revision)

        assert seen == sorted(set(seen))
        assert watching.revision == seen[-1]

    play(tmp_path, scenario, group("g", program("p", startsecs=0)))


def test_usage_is_measured_for_the_whole_tree_while_somebody_watches(tmp_path: Path) -> None:
    config = program(
        "p", "/bin/sh -c 'sleep 1000 & sleep 1000 & wait'", startsecs=0, stopasgroup=True, killasgroup=True
    )

    async def scenario(stage: Stage) -> None:
        measured = asyncio.Event()
        watching = insight(stage)
        await stage.control.start("p", wait=True)
        assert watching.usage("p") is None
        stop = watching.watch(lambda notice: measured.set() if notice.kind == "usage" else None)
        while (usage := watching.usage("p")) is None or usage.processes < 3:
            measured.clear()
            await measured.wait()
        stop()

        assert usage.memory > 0
        assert usage.cpu >= 0
        assert watching.usage_history("p")[-1] == usage
        watching.close()

    play(tmp_path, scenario, alone(config))


def test_cpu_is_what_was_used_since_the_last_look() -> None:
    first, seen = measure({"me": os.getpid()}, {}, 0.0, 2.0)
    again, _ = measure({"me": os.getpid()}, seen, 2.0, 2.0)

    assert first["me"].memory > 1_000_000
    assert 0 <= again["me"].cpu <= 200
    assert measure({"gone": 2**30}, seen, 2.0, 2.0)[0] == {}


def test_the_first_look_shows_the_average_of_a_life() -> None:
    """What was used before anybody looked is no peak."""
    now = time.time() + 1_000_000

    first, _ = measure({"me": os.getpid()}, {}, now, 2.0)

    assert first["me"].cpu < 1


def test_a_plan_names_the_options_that_differ_and_hides_secrets(tmp_path: Path) -> None:
    old = program("p", environment=(("TOKEN", "one"),))
    new = replace(old, environment=(("TOKEN", "two"),), policy=replace(old.policy, startsecs=9))

    async def scenario(stage: Stage) -> None:
        stage.next = replace(stage.config, groups=(group("g", new), alone(program("q"))))
        plan = await insight(stage).plan()

        assert plan.changes.changed == ("g",)
        assert plan.changes.added == ("q",)
        assert OptionChange(group="g", process="p", option="startsecs", old="1", new="9") in plan.options
        secret = next(change for change in plan.options if change.option == "environment TOKEN")
        assert "one" not in f"{secret}"
        assert secret.old != secret.new
        assert [row.process.name for row in stage.control.available()] == ["p"]  # a plan changes nothing

    play(tmp_path, scenario, group("g", old))


def test_an_update_applies_the_plan(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("gone", Phase.RUNNING)
        stage.next = replace(
            stage.config, groups=(alone(program("kept", startsecs=0)), alone(program("new", startsecs=0)))
        )
        with pytest.raises(errors.BadName):
            await stage.control.update(["nope"])
        some = await stage.control.update(["new"])
        assert (some.added, some.removed) == (("new",), ())
        rest = await stage.control.update()
        assert (rest.added, rest.changed, rest.removed) == ((), ("kept",), ("gone",))
        await stage.until("kept", Phase.RUNNING)
        assert set(stage.supervisor.groups) == {"kept", "new"}

    play(tmp_path, scenario, alone(program("gone", startsecs=0)), alone(program("kept", "/bin/cat", startsecs=0)))


def test_the_daemon_describes_itself(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        view = insight(stage).daemon()

        assert (view.pid, view.mood, view.identifier) == (os.getpid(), Mood.RUNNING, "supervisor")
        assert view.logfile == str(tmp_path / "main.log")
        assert insight(stage).config("p").process.command == "/bin/sleep 1000"
        with pytest.raises(errors.BadName):
            insight(stage).history("nope")

    play(tmp_path, scenario, alone(program("p", autorestart=Autorestart.NEVER)))


@pytest.mark.parametrize(
    ("http", "warned"),
    [
        (HttpServerConfig(section="unix_http_server", path="/x"), False),
        (HttpServerConfig(section="inet_http_server", host="127.0.0.1", port=1), False),
        (HttpServerConfig(section="inet_http_server", host="::1", port=1), False),
        (HttpServerConfig(section="inet_http_server", host="", port=1), True),
        (HttpServerConfig(section="inet_http_server", host="10.0.0.1", port=1), True),
        (HttpServerConfig(section="inet_http_server", host="", port=1, username="u", password="p"), False),
    ],
)
def test_a_server_open_to_everybody_is_warned_of(tmp_path: Path, http: HttpServerConfig, warned: bool) -> None:
    async def scenario(stage: Stage) -> None:
        assert bool(open_to_all(replace(stage.config, http=(http,)))) is warned

    play(tmp_path, scenario)


def test_a_configuration_is_shown_under_the_names_of_its_options() -> None:
    schedule = Schedule(rules=("0 2 * * *", "@weekly"), overlap=Overlap.QUEUE)
    check = Healthcheck(probe=Probe(way=Way.TCP, target="127.0.0.1:80"), interval=3)
    flat = flatten(program("p", startsecs=3, schedule=schedule, healthcheck=check))

    assert flat["startsecs"] == "3"
    assert (flat["schedule"], flat["schedule_overlap"]) == ("0 2 * * *; @weekly", "queue")
    assert (flat["healthcheck"], flat["healthcheck_interval"]) == (str(check.probe), "3")
    assert flat["stdout_logfile"] == "None"
    assert flat["command"] == "/bin/sleep 1000"


def test_a_server_open_to_everybody_is_said_in_the_log(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        http = HttpServerConfig(section="inet_http_server", host="", port=9001)
        announce_servers(replace(stage.config, http=(http,)), stage.log)

        assert stage.said[-2:] == [
            "CRIT Server 'inet_http_server' running without any HTTP authentication checking",
            "CRIT [inet_http_server] listens on all addresses port 9001 without a password: everybody who can reach "
            "it controls your programs",
        ]

    play(tmp_path, scenario)
