"""Orders that outlive the daemon, and the order in which many are stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.stage import STUBBORN, Stage, alone, group, play, program
from warden.config import probe_readers
from warden.config.dependencies import read_names
from warden.config.model import ChannelConfig, GroupConfig, Kind, ProcessConfig
from warden.errors import AbnormalTermination, BadArguments, BadName, CannotReread, Failed
from warden.rpc.caller import set_caller
from warden.words import Phase, UnhealthyAction


def member(number: int, **more: object) -> ProcessConfig:
    return replace(program(f"w{number}", startsecs=0, **more), program="web")


def web(count: int) -> GroupConfig:
    return group("web", *(member(number) for number in range(count)))


def numbered(stage: Stage) -> None:
    """Let what is read next have as many processes as are remembered."""

    def read_config() -> object:
        config = stage.config
        count = stage.supervisor.persistence.scale_of("web") or 2
        return replace(config, groups=(web(count), *config.groups[1:]))

    stage.control._read = read_config  # type: ignore[assignment]


def test_what_is_disabled_starts_only_by_name(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.control.disable("a")
        stage.supervisor.start_all()
        await stage.until("b", Phase.RUNNING)

        outcomes = await stage.control.start_many(None, wait=True)
        assert (stage.find("a").state.phase, list(outcomes)) == (Phase.STOPPED, [])
        view = stage.control.process("a")
        assert (view.enabled, view.description) == (False, "Not started, disabled")

        await stage.control.start("a", wait=True)
        assert stage.find("a").state.phase is Phase.RUNNING
        assert stage.control.process("a").description.endswith(", disabled")

        stage.control.enable("a")
        assert stage.control.process("a").enabled

    play(tmp_path, scenario, alone(program("a", startsecs=0)), alone(program("b", startsecs=0)))


def test_a_group_that_comes_back_remembers_what_is_disabled(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        assert [outcome.name for outcome in stage.control.disable_many("a")] == ["a"]
        stage.control.remove_group("a")

        stage.control.add_group("a")

        assert stage.find("a").state.phase is Phase.STOPPED
        assert [outcome.error for outcome in stage.control.enable_many(None)] == [None]

    play(tmp_path, scenario, alone(program("a")))


def test_a_start_tells_who_added_the_group(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.control.remove_group("a")
        set_caller(lambda: "me")
        stage.control.add_group("a")
        await stage.until("a", Phase.RUNNING)

        assert stage.find("a").history[0].cause == "add requested by me"

    play(tmp_path, scenario, alone(program("a", startsecs=0)))


def test_scale_adds_and_removes_processes_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        numbered(stage)
        stage.supervisor.start_all()
        await stage.until("other", Phase.RUNNING)  # the last to start
        other, first = stage.find("other").state.pid, stage.find("web:w0").state.pid

        grown = await stage.control.scale("web", 4)
        await stage.until("web:w3", Phase.RUNNING)
        shrunk = await stage.control.scale("web", 1)
        configured = await stage.control.scale("web", None)

        assert (grown.added, grown.removed) == (("web:w2", "web:w3"), ())
        assert (shrunk.added, shrunk.removed) == ((), ("web:w1", "web:w2", "web:w3"))
        assert configured.added == ("web:w1",)
        assert "scale requested" in [step.cause for step in stage.find("web:w1").history]
        assert (stage.find("other").state.pid, stage.find("web:w0").state.pid) == (other, first)
        assert stage.supervisor.groups["web"].config == web(2)
        assert stage.supervisor.persistence.scale_of("web") is None

    play(tmp_path, scenario, web(2), alone(program("other", startsecs=0)))


def test_who_needs_a_program_goes_on_when_it_gets_fewer_processes(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        numbered(stage)
        stage.supervisor.start_all()
        await stage.until("user", Phase.RUNNING)
        pid = stage.find("user").state.pid

        await stage.control.scale("web", 1)

        user = stage.find("user")
        assert (user.state.phase, user.state.pid) == (Phase.RUNNING, pid)

    play(tmp_path, scenario, web(2), alone(program("user", startsecs=0, depends_on=read_names("web"))))


@pytest.mark.parametrize(
    ("name", "count", "refusal"),
    [("nobody", 2, BadName), ("fixed", 2, CannotReread), ("ear", 2, BadArguments)],
)
def test_a_number_that_cannot_be_is_refused_and_forgotten(
    tmp_path: Path, name: str, count: int, refusal: type[Exception]
) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(refusal):
            await stage.control.scale(name, count)

        assert stage.supervisor.persistence.scale_of(name) is None
        assert name not in stage.supervisor.groups or len(stage.supervisor.groups[name].processes) == 1

    fixed = replace(program("fixed"), program="fixed")
    ear = replace(program("ear"), program="ear", kind=Kind.LISTENER)
    play(tmp_path, scenario, alone(fixed), alone(ear))


def test_many_are_stopped_by_priority_and_equals_together(tmp_path: Path) -> None:
    loud = ChannelConfig(logfile=None, events_enabled=True)

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        for name in ("db", "app1", "app2"):
            await stage.until(name, Phase.RUNNING)
        order: list[tuple[str, str]] = []
        for name in ("db", "app1", "app2"):
            process = stage.find(name)
            process.watchers.append(lambda process=process: order.append((process.name, process.state.phase.name)))

        await stage.control.stop_many(None, wait=True)

        stopping = {name for name, phase in order[:2] if phase == "STOPPING"}
        assert stopping == {"app1", "app2"}
        assert order[-2:] == [("db", "STOPPING"), ("db", "STOPPED")]

    play(
        tmp_path,
        scenario,
        alone(program("db", startsecs=0, priority=1)),
        alone(program("app1", STUBBORN, startsecs=0, stopwaitsecs=0, stdout=loud)),
        alone(program("app2", startsecs=0)),
    )


def test_waiting_for_readiness_has_an_end_that_says_what_is_missing(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("mute", Phase.RUNNING)
        with pytest.raises(Failed, match="not ready: it is RUNNING, and nothing has said that it is ready"):
            await stage.control.until_ready("mute", within=0.01)
        [outcome] = await stage.control.until_ready_many("needy", within=0.01)
        assert str(outcome.error) == "not ready: waiting for mute: RUNNING, not ready"

    mute = program("mute", startsecs=0, ready=probe_readers.ready("log:ready"))
    needy = program("needy", startsecs=0, depends_on=read_names("mute"))
    play(tmp_path, scenario, alone(mute), alone(needy))


def test_waiting_for_readiness_ends_when_it_can_or_cannot_come(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()

        outcomes = await stage.control.until_ready_many(None)

        assert {outcome.name: type(outcome.error).__name__ for outcome in outcomes} == {
            "good": "NoneType",
            "bad": "AbnormalTermination",
            "idle": "AbnormalTermination",
            "late": "AbnormalTermination",
        }
        await stage.control.until_ready("good")
        with pytest.raises(AbnormalTermination):
            await stage.control.until_ready("late")

    good, bad = program("good", startsecs=0), program("bad", "/no/such/program", startretries=0)
    ready = probe_readers.ready("exec:false")
    late = program("late", ready=ready, ready_timeout=0.1, unhealthy_action=UnhealthyAction.NONE)
    play(tmp_path, scenario, alone(good), alone(bad), alone(late), alone(program("idle", autostart=False)))
