"""What plugins see of the daemon and may do to it, in the names and types they know from Supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from daemon.stage import SLEEP, Stage, alone, group, play, program, python
from warden.config.model import ChannelConfig, GroupConfig, HttpServerConfig
from warden.config.values import AUTO
from warden.daemon.facade.configs import GroupConfigView
from warden.daemon.facade.fleet import ProcessView
from warden.daemon.facade.markers import Automatic
from warden.daemon.facade.options import http_server, server_config
from warden.daemon.facade.refusal import NotSupported
from warden.daemon.facade.rpc import InProcessApi
from warden.daemon.facade.supervisord import SupervisordView
from warden.rpc.faults import Faults, RPCError
from warden.rpc.registry import NOT_DONE_YET
from warden.words import Autorestart, Mood, Phase

Scenario = Callable[[Stage, SupervisordView], Awaitable[None]]


def show(folder: Path, scenario: Scenario, *members: str | GroupConfig, **more: object) -> None:
    """Let a plugin look at a daemon with these groups, or programs that run only when somebody asks for it."""
    settings = {"startsecs": 0, "autostart": False, "autorestart": Autorestart.NEVER, **more}
    groups = [alone(program(one, **settings)) if isinstance(one, str) else one for one in members]

    async def on_stage(stage: Stage) -> None:
        asked_for = list[Mood]()
        loop = asyncio.get_running_loop()
        view = SupervisordView(stage.config, stage.supervisor, stage.control, loop, asked_for.append)
        vars(view)["asked_for"] = asked_for  # plugins may add attributes of their own
        try:
            await scenario(stage, view)
        finally:
            view.close()

    play(folder, on_stage, *groups)


def process(view: SupervisordView, name: str) -> ProcessView:
    return view.process_groups[name].processes[name]


# --- processes


def test_a_process_tells_its_facts_in_the_old_types(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        before = (web.state, web.pid, web.laststart, web.laststop, web.exitstatus, web.spawnerr, web.backoff)

        pid = web.spawn()

        assert before == (0, 0, 0.0, 0.0, None, None, 0)
        assert pid == web.pid == stage.find("web").state.pid
        assert (web.state, web.get_state(), web.killing, web.listener_state) == (20, 20, False, None)
        assert web.laststart > 1_000_000_000
        assert view.get_process_map() == {pid: web}
        assert repr(web) == "<Subprocess web in state RUNNING>"

    show(tmp_path, scenario, "web")


def test_a_process_that_was_told_to_stop_says_so_until_it_has(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        web.spawn()

        web.stop()
        told = (web.state, web.killing)
        await stage.until("web", Phase.STOPPED)

        assert told == (40, True)
        assert (web.killing, web.exitstatus, web.pid) == (False, -1, 0)
        assert web.laststop >= web.laststart

    show(tmp_path, scenario, "web")


@pytest.mark.parametrize(("sig", "phase"), [(signal.SIGTERM, Phase.STOPPED), (signal.SIGKILL, Phase.EXITED)])
def test_killing_with_the_stop_signal_is_stopping(tmp_path: Path, sig: int, phase: Phase) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        web.spawn()

        assert web.kill(sig) is None
        await stage.until("web", phase)

    show(tmp_path, scenario, "web")


def test_a_signal_that_cannot_be_sent_is_told_in_words(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        idle = web.signal(signal.SIGHUP)
        web.spawn()

        assert idle == "attempted to send web sig 1 but it wasn't running"
        assert web.signal(999) == "[Errno 22] Invalid argument"

    show(tmp_path, scenario, "web")


def test_who_waits_for_another_try_may_give_up(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        web.config.command = "/nowhere/x"
        pid = web.spawn()
        tried = (pid, web.state, web.backoff, web.spawnerr)

        web.give_up()

        assert tried == (None, 30, 1, "can't find command '/nowhere/x'")
        assert web.state == 200

    show(tmp_path, scenario, "web")


def test_what_is_written_reaches_stdin_of_a_child_that_reads(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        web.config.command = python("import sys; sys.exit(len(sys.stdin.readline()))")
        with pytest.raises(BrokenPipeError, match="web has no stdin"):
            web.write("too early")
        web.spawn()

        web.write("grü")
        web.write(b"n\n")
        await stage.until("web", Phase.EXITED)

        assert web.exitstatus == 5

    show(tmp_path, scenario, "web")


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        (lambda web: setattr(web, "state", 20), "assigning the state of a process"),
        (lambda web: web.change_state(20), "change_state"),
        (lambda web: setattr(web.config, "priority", 1), "assigning priority of a process"),
        (lambda web: setattr(web.config, "stdout_logfile", "x"), "assigning stdout_logfile of a process"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    tmp_path: Path, attempt: Callable[[ProcessView], object], why: str
) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        with pytest.raises(NotSupported, match=why):
            attempt(process(view, "web"))

    show(tmp_path, scenario, "web")


def test_transition_does_nothing_since_what_is_due_happens_by_itself(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        process(view, "web").transition()
        view.process_groups["web"].transition()

        assert stage.find("web").state.phase is Phase.STOPPED

    show(tmp_path, scenario, "web")


def test_logs_begin_anew_when_they_are_removed(tmp_path: Path) -> None:
    log = tmp_path / "web.log"

    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = process(view, "web")
        web.config.command = "/bin/echo hello"
        web.spawn()
        await stage.until("web", Phase.EXITED)
        written = log.read_text()

        view.process_groups["web"].reopenlogs()
        reopened = log.read_text()
        view.process_groups["web"].removelogs()

        assert (written, reopened, log.read_text()) == ("hello\n", "hello\n", "")
        assert web.config.stdout_logfile == str(log)

    show(tmp_path, scenario, "web", stdout=ChannelConfig(logfile=str(log)))


# --- configurations


def test_every_option_is_an_attribute_of_the_old_type(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        config = process(view, "web").config

        assert (config.name, config.command, config.autostart, config.startsecs) == ("web", SLEEP, False, 0)
        assert (config.stopsignal, config.exitcodes, config.environment) == (signal.SIGTERM, [0], {})
        assert (config.uid, config.stdout_logfile_maxbytes, config.stderr_syslog) == (None, 50 * 1024 * 1024, False)
        assert {"command", "stdout_logfile", "stderr_events_enabled"} <= set(dir(config))
        assert repr(config) == "<ProcessConfigView web>"
        with pytest.raises(AttributeError, match="no attribute 'colour'"):
            _ = config.colour

    show(tmp_path, scenario, "web")


def test_a_configuration_without_a_process_tells_what_was_planned(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        (planned,) = view.options.process_group_configs[0].process_configs
        planned.command = "/bin/other"
        made = planned.make_process(view.process_groups["web"])

        assert planned.stdout_logfile is Automatic
        assert isinstance(made, ProcessView)
        assert (made.config.command, stage.find("web").config.command) == ("/bin/other", SLEEP)
        with pytest.raises(NotSupported, match="make_process"):
            planned.make_process(None)

    show(tmp_path, scenario, "web", stdout=ChannelConfig(logfile=AUTO))


def test_processes_and_groups_sort_by_priority(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        late, early = process(view, "late"), process(view, "early")
        later, earlier = view.process_groups["late"], view.process_groups["early"]

        assert sorted([late, early]) == [early, late]
        assert sorted([later, earlier]) == [earlier, later]
        assert sorted([later.config, earlier.config]) == [earlier.config, later.config]

    async def on_stage(stage: Stage) -> None:
        await scenario(
            stage, SupervisordView(stage.config, stage.supervisor, stage.control, asyncio.get_running_loop(), print)
        )

    play(tmp_path, on_stage, *(alone(program(name, priority=number)) for name, number in (("late", 2), ("early", 1))))


# --- groups


def test_a_group_stops_those_that_run(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        pair = view.process_groups["pair"]
        pair.processes["a"].spawn()
        running = pair.get_unstopped_processes()

        pair.stop_all()
        await stage.until("pair:a", Phase.STOPPED)

        assert running == [pair.processes["a"]]
        assert pair.get_unstopped_processes() == []
        assert (repr(pair), repr(pair.config)) == ("<ProcessGroup pair>", "<GroupConfigView pair>")
        assert list(view.process_groups) == ["pair"]
        assert (len(view.process_groups), len(pair.processes)) == (1, 2)
        assert repr(view.process_groups) == "{'pair': <ProcessGroup pair>}"
        assert repr(pair.processes).startswith("{'a': <Subprocess pair:a in state STOPPED>, 'b'")

    show(tmp_path, scenario, group("pair", program("a", startsecs=0), program("b", startsecs=0)))


def test_a_process_that_is_put_in_is_a_member_until_it_is_deleted(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        web = view.process_groups["web"]
        more = web.make_process(web, program("more", startsecs=0))
        web.processes["more"] = more
        member = stage.find("web:more") is more.record

        del web.processes["more"]

        assert member
        assert list(web.processes) == ["web"]

    show(tmp_path, scenario, "web")


def test_a_group_is_added_once_and_removed_when_nothing_of_it_runs(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        config = GroupConfigView(view.options, alone(program("new", startsecs=0)), [])

        added = [view.add_process_group(config), view.add_process_group(config)]
        await stage.until("new", Phase.RUNNING)
        early = view.remove_process_group("new")
        process(view, "new").stop()
        await stage.until("new", Phase.STOPPED)

        assert added == [True, False]
        assert (early, view.remove_process_group("new")) == (False, True)
        assert "new" not in view.process_groups
        with pytest.raises(KeyError):
            view.remove_process_group("new")

    show(tmp_path, scenario, "web")


# --- the daemon


def test_a_plugin_asks_for_a_mood_by_assigning_it(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        running = (view.get_state(), view.options.mood, view.may_start)
        view.options.mood = 0

        assert running == (1, 1, True)
        assert vars(view)["asked_for"] == [Mood.RESTARTING]

    show(tmp_path, scenario, "web")


def test_options_tell_where_the_daemon_is(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        options = view.options
        options.close_httpservers()

        assert (options.configfile, options.here) == (str(tmp_path / "conf"), str(tmp_path))
        assert (options.get_pid(), options.identifier, options.loglevel) == (os.getpid(), "supervisor", 20)

    show(tmp_path, scenario, "web")


@pytest.mark.parametrize("sign", [1, -1])
def test_options_kill_processes_and_their_groups(tmp_path: Path, sign: int) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        pid = process(view, "web").spawn() or 0

        view.options.kill(sign * pid, signal.SIGKILL)
        await stage.until("web", Phase.EXITED)

        assert process(view, "web").exitstatus == -1

    show(tmp_path, scenario, "web")


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            HttpServerConfig(section="inet_http_server", host="::1", port=9001),
            {"family": 10, "host": "::1", "port": 9001},
        ),
        (
            HttpServerConfig(section="inet_http_server:x", port=1, username="u"),
            {"name": "x", "username": "u", "family": 2},
        ),
        (
            HttpServerConfig(section="unix_http_server", path="/run/s", mode=0o700),
            {"name": None, "section": "unix_http_server", "file": "/run/s", "chmod": 0o700, "chown": (-1, -1)},
        ),
    ],
)
def test_servers_are_told_with_where_they_listen(server: HttpServerConfig, said: dict[str, object]) -> None:
    told = server_config(server)

    assert said.items() <= told.items()


@pytest.mark.parametrize("username", [None, "user"])
def test_the_first_handler_has_the_namespaces_and_the_others_refuse(username: str | None) -> None:
    handlers = http_server({"username": username}, {"mine": "namespace"}).handlers
    first, *others = handlers if username is None else [one.handler for one in handlers]

    assert first.rpcinterface.mine == "namespace"
    assert len(others) == 4
    with pytest.raises(NotSupported, match="handle_request"):
        others[0].handle_request("x")


# --- the log


def test_a_plugin_logs_at_any_level_and_from_any_thread(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        log = view.options.logger
        for write in (log.blather, log.trace, log.debug, log.info, log.warn, log.error, log.critical):
            write("%(what)s", what=write.__name__)
        log.log(35, "between warn and error")
        thread = threading.Thread(target=log.info, args=("from a thread",))
        thread.start()
        thread.join()
        await asyncio.sleep(0)
        log.close()

        assert stage.said == [
            *("INFO info", "WARN warn", "ERRO error", "CRIT critical"),
            *("WARN between warn and error", "INFO from a thread"),
        ]

    show(tmp_path, scenario, "web")


def test_the_handler_of_the_log_renews_its_file_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        (handler,) = view.options.logger.handlers
        handler.setFormat("mine: %(message)s")
        handler.setLevel(50)
        handler.close()
        view.options.logger.info("old")
        handler.reopen()
        kept = stage.said
        handler.remove()
        view.options.logger.info("new")

        assert "INFO old" in kept
        assert stage.said == ["INFO new"]

    show(tmp_path, scenario, "web")


# --- the namespace that plugins make for themselves


async def answer_of(ask: object) -> object:
    """Call a deferred answer as the daemon does, until there is one."""
    if not callable(ask):
        return ask
    while (answer := ask()) is NOT_DONE_YET:
        await asyncio.sleep(0)
    return answer


def test_a_plugin_starts_and_stops_by_the_old_methods(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        api = InProcessApi(view)
        rows = [
            await answer_of(api.startProcess("a")),
            await answer_of(api.stopProcess("a")),
            await answer_of(api.startProcess("a:*")),
            await answer_of(api.startAllProcesses()),
            await answer_of(api.stopProcess("b:*")),
            await answer_of(api.stopAllProcesses()),
        ]

        ok = {"status": Faults.SUCCESS, "description": "OK"}
        a, b = {"name": "a", "group": "a", **ok}, {"name": "b", "group": "b", **ok}
        assert rows == [True, True, [a], [b], [b], [a]]

    show(tmp_path, scenario, "a", "b")


def test_what_becomes_of_a_start_is_a_fault_of_its_own(tmp_path: Path) -> None:
    async def scenario(_stage: Stage, view: SupervisordView) -> None:
        api = InProcessApi(view)
        process(view, "a").config.command = "/bin/false"
        failing = api.startProcess("a")
        with pytest.raises(RPCError) as failed:
            await answer_of(failing)
        ask = api.startProcess("b")
        process(view, "b").stop()
        with pytest.raises(RPCError) as stopped:
            await answer_of(ask)

        assert failed.value.code == Faults.SPAWN_ERROR
        assert stopped.value.code == Faults.ABNORMAL_TERMINATION

    show(tmp_path, scenario, "a", "b", startsecs=10, startretries=0)


def test_signals_and_logs_work_within_the_process(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        api = InProcessApi(view)
        await answer_of(api.startProcess("a"))
        names = [dict(row)["name"] for row in api.getAllProcessInfo()]
        signalled = api.signalProcess("a", "USR1")
        await stage.until("a", Phase.EXITED)
        view.options.logger.info("a line")

        assert (names, signalled) == (["a"], True)
        assert (api.signalProcessGroup("a", "HUP"), api.signalAllProcesses("HUP")) == ([], [])
        assert str(api.readLog(-7, 0)) == "a line\n"
        assert api.sendRemoteCommEvent("kind", "data") is True

    show(tmp_path, scenario, "a")


def test_the_configuration_is_read_again_for_a_plugin(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        api = InProcessApi(view)

        assert await answer_of(api.reloadConfig()) == [[[], [], []]]
        assert await answer_of(api.restart()) is True
        assert stage.left == [stage.next]

    show(tmp_path, scenario, "a")


def test_a_fault_of_work_that_takes_time_is_raised_where_it_is_asked_for(tmp_path: Path) -> None:
    async def scenario(stage: Stage, view: SupervisordView) -> None:
        api = InProcessApi(view)
        stage.supervisor.mood = Mood.SHUTDOWN

        with pytest.raises(RPCError) as caught:
            await answer_of(api.reloadConfig())
        with pytest.raises(RPCError):
            api.startAllProcesses()
        assert caught.value.code == Faults.SHUTDOWN_STATE
        stage.supervisor.mood = Mood.RUNNING

    show(tmp_path, scenario, "a")
