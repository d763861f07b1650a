"""Schedules, with real programs and the real clock."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.daemon.stage import STUBBORN, Stage, alone, group, play, program
from warden.config import probe_readers
from warden.config.model import Dependency, ProcessConfig, Schedule
from warden.daemon.persistence import Persistence
from warden.daemon.views import last_run
from warden.process.step import RestartRequested
from warden.rpc.insight import Transition
from warden.words import Autorestart, Condition, Overlap, Phase

EVERY_SECOND = "* * * * * *"
NEXT_YEAR = "0 0 1 1 *"


def job(name: str, command: str = "/bin/true", rule: str = EVERY_SECOND, **more: object) -> ProcessConfig:
    """A program with a schedule, and what follows from that; options of ``Schedule`` by name."""
    names = Schedule.__dataclass_fields__
    schedule = Schedule(rules=(rule,), **{key: value for key, value in more.items() if key in names})  # type: ignore[arg-type]
    rest = {key: value for key, value in more.items() if key not in names}
    timely = {"autostart": False, "autorestart": Autorestart.NEVER, "startsecs": 0, **rest}
    return program(name, command, schedule=schedule, **timely)


async def spawned(stage: Stage, name: str, count: int) -> list[str]:
    """Wait until a process was started so often; return the causes of its changes."""
    process = stage.find(name)
    seen = asyncio.Event()

    def look() -> None:
        if sum(step.phase is Phase.STARTING for step in process.history) >= count:
            seen.set()

    process.watchers.append(look)
    look()
    await seen.wait()
    process.watchers.remove(look)
    return [f"{step.phase.name} {step.cause}" for step in process.history]


def test_it_starts_at_each_moment_and_shows_the_next_and_the_last(tmp_path: Path) -> None:
    begin = int(time.time())

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = stage.find("p")
        view = stage.control.process("p")
        assert (view.phase, view.schedule, view.last_run) == (Phase.STOPPED, EVERY_SECOND, 0)
        assert begin < view.next_run <= int(time.time()) + 1
        assert view.description.endswith(", never ran")

        story = await spawned(stage, "p", 2)
        assert story[:4] == [
            f"STARTING schedule {EVERY_SECOND}", "RUNNING stayed up for startsecs (0 s)", "EXITED exit status 0",
            f"STARTING schedule {EVERY_SECOND}",
        ]  # fmt: skip
        starts = [step.at for step in process.history if step.phase is Phase.STARTING]
        assert int(starts[1]) > int(starts[0])
        await stage.until("p", Phase.EXITED)
        view = stage.control.process("p")
        assert (view.last_run, view.last_run_exit) == (int(starts[1]), "exit status 0")
        assert view.next_run > view.last_run
        last = time.strftime("%b %d %I:%M %p", time.localtime(view.last_run))
        assert view.description.endswith(f", last run {last} (exit status 0)")
        assert view.restarts == 0

    play(tmp_path, scenario, alone(job("p")))


def test_a_run_that_is_due_while_the_last_one_goes_on_is_skipped(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        first, due = process.state.pid, process.due
        skipped = asyncio.Event()
        stage.supervisor.onlookers.append(lambda _process: skipped.set())
        await skipped.wait()
        assert process.due > due
        assert process.state.pid == first
        assert f"INFO skipped: 'p' (schedule {EVERY_SECOND}: its last run is not over)" in stage.said

    play(tmp_path, scenario, alone(job("p", "/bin/sleep 1000")))


def test_a_run_that_is_queued_comes_once_the_last_one_has_ended(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        story = await spawned(stage, "p", 2)
        assert story[2:4] == ["EXITED exit status 0", f"STARTING schedule {EVERY_SECOND}"]
        assert process.started - process.stopped < 0.5
        assert process.restarts == 0

    play(tmp_path, scenario, alone(job("p", "/bin/sleep 1.4", overlap=Overlap.QUEUE)))


def test_a_run_is_replaced_by_the_next_one(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p", Phase.RUNNING)
        assert (await spawned(stage, "p", 2))[2:5] == [
            f"STOPPING schedule {EVERY_SECOND} replaces the last run",
            "STOPPED terminated by SIGTERM",
            f"STARTING schedule {EVERY_SECOND}",
        ]
        assert stage.find("p").restarts == 0

    play(tmp_path, scenario, alone(job("p", "/bin/sleep 1000", overlap=Overlap.REPLACE)))


def test_a_run_that_is_replaced_because_it_is_unhealthy_is_restarted(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p", Phase.RUNNING)
        stage.supervisor.feed(process, RestartRequested("unhealthy"))
        await spawned(stage, "p", 2)
        assert process.restarts == 1

    play(tmp_path, scenario, alone(job("p", "/bin/sleep 1000")))


def test_disable_stops_the_schedule_and_enable_begins_it_again(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        stage.control.disable("p")
        assert stage.control.process("p").next_run == 0
        assert stage.control.process("p").description == "Not started, disabled"
        await spawned(stage, "other", 1)
        await spawned(stage, "other", 2)
        assert stage.find("p").history == []
        stage.control.enable("p")
        await spawned(stage, "p", 1)

    play(tmp_path, scenario, alone(job("p")), alone(job("other")))


def test_a_start_and_a_stop_by_hand_leave_the_schedule_as_it_is(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        due = stage.find("p").due
        await stage.control.start("p", wait=True)
        await stage.control.stop("p", wait=True)
        assert stage.find("p").due == due

    play(tmp_path, scenario, alone(job("p", "/bin/sleep 1000", NEXT_YEAR)))


def test_it_waits_for_what_it_depends_on_and_starts_that_too(tmp_path: Path) -> None:
    needs = (Dependency(name="first", condition=Condition.FINISHED),)

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        story = await spawned(stage, "second", 1)
        assert story[0] == f"STARTING schedule {EVERY_SECOND}"
        first = [f"{step.phase.name} {step.cause}" for step in stage.find("first").history]
        assert first[0] == f"STARTING second needs it: schedule {EVERY_SECOND}"
        assert first[2] == "EXITED exit status 0"

    first = program("first", "/bin/sleep 0.2", startsecs=0, autostart=False, autorestart=Autorestart.NEVER)
    play(tmp_path, scenario, alone(first), alone(job("second", depends_on=needs)))


def test_nothing_is_started_while_the_daemon_goes_down(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("slow", Phase.RUNNING)
        await stage.control.until_ready("slow")  # from now on it ignores SIGTERM
        down = asyncio.create_task(stage.down())
        await asyncio.sleep(0)
        starts = [step for step in stage.find("p").history if step.phase is Phase.STARTING]
        await down
        assert [step for step in stage.find("p").history if step.phase is Phase.STARTING] == starts

    slow = program("slow", STUBBORN, startsecs=0, stopwaitsecs=1, ready=probe_readers.ready("log:ready"))
    play(tmp_path, scenario, alone(job("p")), alone(slow))


def test_members_that_come_and_go_have_schedules_of_their_own(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        jobs = stage.supervisor.groups["g"]
        new = stage.supervisor.make_process("g", job("b"))
        stage.supervisor.adopt(jobs, new)
        await spawned(stage, "g:b", 1)
        await stage.until("g:b", Phase.EXITED)
        stage.supervisor.dismiss(jobs, new)
        assert new.due == 0
        changed = job("a", rule=NEXT_YEAR)
        stage.supervisor.reconfigure(jobs, jobs.processes["a"], changed)
        assert jobs.processes["a"].due > time.time() + 3600
        stage.supervisor.reconfigure(jobs, jobs.processes["a"], program("a"))
        assert jobs.processes["a"].due == 0

    play(tmp_path, scenario, group("g", job("a", rule="0 0 1 6 *")))


def test_jitter_makes_a_start_late_by_at_most_that(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        plain, late = stage.find("plain").due, [stage.find(f"g:{number}").due for number in range(50)]
        assert all(plain <= moment <= plain + 500 for moment in late)
        assert len(set(late)) > 40

    many = group("g", *(job(str(number), rule=NEXT_YEAR, jitter=500.0) for number in range(50)))
    play(tmp_path, scenario, alone(job("plain", rule=NEXT_YEAR)), many)


@pytest.mark.parametrize(("catch_up", "starts"), [(True, 1), (False, 0)])
def test_a_run_that_was_missed_while_no_daemon_ran_is_made_up_for_if_that_is_wanted(
    tmp_path: Path, catch_up: bool, starts: int
) -> None:
    async def scenario(stage: Stage) -> None:
        persistence = stage.supervisor.persistence
        persistence.appoint("p", time.time() - 3600)  # as the file of an earlier daemon says
        stage.supervisor.add_group(alone(job("p", rule=NEXT_YEAR, catch_up=catch_up)))
        stage.supervisor.add_group(alone(job("other")))
        stage.supervisor.start_all()
        await spawned(stage, "other", 1)
        causes = [step.cause for step in stage.find("p").history if step.phase is Phase.STARTING]
        assert len(causes) == starts
        assert all(cause.startswith(f"schedule {NEXT_YEAR}, due since ") for cause in causes)
        assert stage.find("p").due > time.time()
        assert (persistence.due("p") == stage.find("p").due) is catch_up

    play(tmp_path, scenario)


def test_what_was_due_by_another_schedule_and_is_still_to_come_does_not_count(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.persistence.appoint("p", time.time() + 400 * 86400)
        stage.supervisor.add_group(alone(job("p", rule=NEXT_YEAR, catch_up=True)))
        assert stage.find("p").due < time.time() + 366 * 86400 + 1

    play(tmp_path, scenario)


def test_the_next_moment_is_remembered_from_one_daemon_to_the_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        first = Persistence()
        first.open(str(tmp_path / "state"), pytest.fail)
        first.appoint("p", 1234.5)
        first.appoint("gone", 99.0)
        first.appoint("gone", 0.0)
        first.save()

    asyncio.run(scenario())
    second = Persistence()
    second.open(str(tmp_path / "state"), pytest.fail)

    assert (second.due("p"), second.due("gone")) == (1234.5, 0.0)


def test_a_clock_that_was_years_ahead_does_not_make_jobs_wait_for_years(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process, schedules = stage.find("p"), stage.supervisor.schedules
        process.due += 4 * 365 * 86400  # computed when the clock was so far ahead
        schedules._on_step(-3600.0)
        assert process.due > time.time() + 2 * 365 * 86400, "an hour is no reason: what was dealt with would come again"
        schedules._on_step(-4 * 365 * 86400.0)
        assert process.due < time.time() + 366 * 86400 + 1
        assert any("the clock was set back by" in line for line in stage.said)

    play(tmp_path, scenario, alone(job("p", rule=NEXT_YEAR)))


def step(at: float, phase: Phase, exit_: str = "", cause: str = "") -> Transition:
    return Transition(at=at, phase=phase, previous=Phase.STOPPED, cause=cause, exit=exit_)


@pytest.mark.parametrize(
    ("history", "run"),
    [
        ([], (0.0, "")),
        ([step(1, Phase.STARTING), step(2, Phase.RUNNING)], (1, "")),
        ([step(1, Phase.STARTING), step(2, Phase.EXITED, "exit status 3")], (1, "exit status 3")),
        ([step(1, Phase.STARTING), step(2, Phase.BACKOFF, cause="no such file")], (1, "no such file")),
        ([step(1, Phase.EXITED, "exit status 3"), step(5, Phase.STARTING)], (5, "")),
    ],
)  # fmt: skip
def test_the_last_run_is_found_in_the_history(history: list[Transition], run: tuple[float, str]) -> None:
    assert last_run(history) == run
