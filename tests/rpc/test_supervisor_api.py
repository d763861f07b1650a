"""The supervisor namespace: names, signatures, arguments and answers of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes_control import FakeControl, view
from warden.config.model import ChannelConfig, GroupConfig, Policy, ProcessConfig
from warden.errors import SpawnFailed
from warden.rpc.control import ConfigView
from warden.rpc.faults import Fault
from warden.rpc.registry import Registry
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import Autorestart, Channel, Mood, Phase

SIGNATURES = {  # recorded from Supervisor 4.3.0
    "addProcessGroup": "boolean string",
    "clearAllProcessLogs": "array",
    "clearLog": "boolean",
    "clearProcessLog": "boolean string",
    "clearProcessLogs": "boolean string",
    "getAPIVersion": "string",
    "getAllConfigInfo": "array",
    "getAllProcessInfo": "array",
    "getIdentification": "string",
    "getPID": "int",
    "getProcessInfo": "struct string",
    "getState": "struct",
    "getSupervisorVersion": "string",
    "getVersion": "string",
    "readLog": "string int int",
    "readMainLog": "string int int",
    "readProcessLog": "string string int int",
    "readProcessStderrLog": "string string int int",
    "readProcessStdoutLog": "string string int int",
    "reloadConfig": "array",
    "removeProcessGroup": "boolean string",
    "restart": "boolean",
    "sendProcessStdin": "boolean string string",
    "sendRemoteCommEvent": "boolean string string",
    "shutdown": "boolean",
    "signalAllProcesses": "array string",
    "signalProcess": "boolean string string",
    "signalProcessGroup": "array string string",
    "startAllProcesses": "array boolean",
    "startProcess": "boolean string boolean",
    "startProcessGroup": "array string boolean",
    "stopAllProcesses": "array boolean",
    "stopProcess": "boolean string boolean",
    "stopProcessGroup": "array string boolean",
    "tailProcessLog": "array string int int",
    "tailProcessStderrLog": "array string int int",
    "tailProcessStdoutLog": "array string int int",
}


def fleet(**facts: object) -> FakeControl:
    views = [view("web"), view("a", "pool"), view("b", "pool", Phase.STOPPED)]
    return FakeControl(views=views, **facts)  # type: ignore[arg-type]


def call(control: FakeControl, method: str, *params: object) -> object:
    registry = Registry({"supervisor": SupervisorApi(control)}, trace=lambda _line: None)
    return asyncio.run(registry.call(method if "." in method else f"supervisor.{method}", params))


def fault(control: FakeControl, method: str, *params: object) -> tuple[int, str]:
    with pytest.raises(Fault) as caught:
        call(control, method, *params)
    return caught.value.faultCode, caught.value.faultString


def test_there_are_exactly_the_methods_of_the_contract() -> None:
    names = call(fleet(), "system.listMethods")

    assert isinstance(names, list)
    assert [name for name in names if name.startswith("supervisor.")] == [f"supervisor.{name}" for name in SIGNATURES]


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_those_of_the_contract(name: str) -> None:
    assert call(fleet(), "system.methodSignature", f"supervisor.{name}") == SIGNATURES[name].split()


def test_process_info_has_the_fields_of_the_contract() -> None:
    expected = {
        "name": "a", "group": "pool", "start": 1795226537, "stop": 0, "now": 1795226542, "state": 20,
        "statename": "RUNNING", "spawnerr": "", "exitstatus": 0, "logfile": "/logs/a.out",
        "stdout_logfile": "/logs/a.out", "stderr_logfile": "/logs/a.err", "pid": 77,
        "description": "pid 77, uptime 0:00:05",
    }  # fmt: skip

    assert call(fleet(), "getProcessInfo", "pool:a") == expected
    everything = call(fleet(), "getAllProcessInfo")
    assert isinstance(everything, Sequence)
    assert [info["name"] for info in everything] == ["a", "b", "web"]
    assert everything[0] == expected


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("getAPIVersion", "3.0"),
        ("getVersion", "3.0"),
        ("getIdentification", "supervisor"),
        ("getPID", 4711),
        ("getState", {"statecode": 1, "statename": "RUNNING"}),
        ("reloadConfig", [[["new"], ["other"], []]]),
        ("clearLog", True),
        ("shutdown", True),
        ("restart", True),
    ],
)
def test_questions_to_the_daemon(method: str, answer: object) -> None:
    assert call(fleet(), method) == answer


@pytest.mark.parametrize("mood", [Mood.SHUTDOWN, Mood.RESTARTING])
@pytest.mark.parametrize("method", ["getState", "getPID", "getAPIVersion", "getIdentification", "getAllProcessInfo"])
def test_questions_are_answered_while_the_daemon_goes_down(mood: Mood, method: str) -> None:
    answer = call(fleet(mood=mood), method)

    if method == "getState":
        assert answer == {"statecode": int(mood), "statename": mood.name}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("startProcess", ("web",)),
        ("startProcess", ("nope",)),
        ("stopAllProcesses", ()),
        ("signalProcess", ("web", "HUP")),
        ("readLog", (0, 0)),
        ("reloadConfig", ()),
        ("clearAllProcessLogs", ()),
        ("sendProcessStdin", ("web", "x")),
    ],
)
def test_actions_are_refused_while_the_daemon_goes_down(method: str, params: tuple[object, ...]) -> None:
    assert fault(fleet(mood=Mood.SHUTDOWN), method, *params) == (6, "SHUTDOWN_STATE")


@pytest.mark.parametrize(("wait", "expected"), [((), True), ((False,), False), ((0,), False), (("yes",), True)])
def test_wait_is_true_unless_said_otherwise(wait: tuple[object, ...], expected: bool) -> None:
    control = fleet()

    assert call(control, "startProcess", "pool:b", *wait) is True
    assert control.done[0] == ("start", "pool:b", expected)


@pytest.mark.parametrize("spec", ["pool:*", "pool:"])
@pytest.mark.parametrize(
    ("method", "more", "names"),
    [("startProcess", (), ["b"]), ("stopProcess", (), ["a"]), ("signalProcess", ("HUP",), ["a", "b"])],
)
def test_a_group_spec_answers_with_an_array(method: str, more: tuple[object, ...], names: list[str], spec: str) -> None:
    assert call(fleet(), method, spec, *more) == [
        {"name": name, "group": "pool", "status": 80, "description": "OK"} for name in names
    ]


@pytest.mark.parametrize("method", ["startProcess", "stopProcess", "getProcessInfo", "clearProcessLogs"])
@pytest.mark.parametrize("spec", ["nope", "nope:*", "pool", "", "*", "*:*", "web:*x"])
def test_a_bad_name_is_answered_as_it_was_given(method: str, spec: str) -> None:
    assert fault(fleet(), method, spec) == (10, f"BAD_NAME: {spec}")


@pytest.mark.parametrize("method", ["startProcessGroup", "stopProcessGroup"])
@pytest.mark.parametrize("spec", ["nope", "pool:*", "pool:a"])
def test_group_methods_take_only_the_name_of_a_group(method: str, spec: str) -> None:
    assert fault(fleet(), method, spec) == (10, f"BAD_NAME: {spec}")


def test_one_failure_in_a_group_is_part_of_the_answer() -> None:
    control = fleet(refusals={"pool:b": SpawnFailed("pool:b")})

    assert call(control, "startAllProcesses") == [
        {"name": "b", "group": "pool", "status": 50, "description": "SPAWN_ERROR: pool:b"}
    ]


def test_a_bad_signal_is_a_status_in_a_group_and_a_fault_for_one() -> None:
    assert call(fleet(), "signalProcessGroup", "web", "nope") == [
        {"name": "web", "group": "web", "status": 11, "description": "BAD_SIGNAL: nope"}
    ]
    assert fault(fleet(), "signalProcess", "web", "nope") == (11, "BAD_SIGNAL: nope")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getProcessInfo", (["web"],)),
        ("startProcess", (3,)),
        ("startProcess", (None,)),
        ("stopProcessGroup", ({},)),
        ("signalProcess", ("web", [])),
        ("signalProcess", ("web", 1.5)),
        ("readLog", (0, "x")),
        ("readLog", (2**70, 0)),
        ("readLog", (float("nan"), 0)),
        ("readProcessStdoutLog", ("web", [], 0)),
        ("tailProcessStdoutLog", ("web", 0, {})),
        ("getState", (1,)),
        ("addProcessGroup", ()),
        ("system.methodHelp", (3,)),
    ],
)
def test_arguments_of_a_wrong_type_are_incorrect_parameters(method: str, params: tuple[object, ...]) -> None:
    code, text = fault(fleet(), method, *params)

    assert code == 2
    assert text.startswith("INCORRECT_PARAMETERS")


def test_stdin_takes_text_only_and_says_so_first() -> None:
    control = fleet()

    assert fault(control, "sendProcessStdin", "nope", 3) == (2, "INCORRECT_PARAMETERS: 3")
    assert fault(control, "sendProcessStdin", "nope", "x") == (10, "BAD_NAME: nope")
    assert call(control, "sendProcessStdin", "web", "ä") is True
    assert control.done == [("stdin", "web", "ä".encode())]


def test_remote_events_take_anything_at_any_time() -> None:
    control = fleet(mood=Mood.SHUTDOWN)

    assert call(control, "sendRemoteCommEvent", 1, "ä") is True
    assert control.done == [("event", "1", "ä")]


def test_logs_are_read_with_numbers_in_any_form(tmp_path: Path) -> None:
    log = tmp_path / "out"
    log.write_bytes(b"0123456789\xff")
    control = fleet(logs={("web", Channel.STDOUT): log, (None, Channel.STDOUT): log})

    assert str(call(control, "readProcessStdoutLog", "web", "-3", "0")) == "89\ufffd"
    assert str(call(control, "readLog", 2, 3.0)) == "234"
    tail = call(control, "tailProcessLog", "web", 0, 4)
    assert isinstance(tail, list)
    assert [str(tail[0]), *tail[1:]] == ["789\ufffd", 11, True]
    assert fault(control, "readLog", -3, 2) == (3, "BAD_ARGUMENTS")
    assert fault(control, "readProcessStderrLog", "web", 0, 0) == (20, "NO_FILE")


def config(**facts: object) -> ConfigView:
    process = ProcessConfig(name="web", command="/bin/cat", **facts)  # type: ignore[arg-type]
    return ConfigView(group=GroupConfig(name="web", processes=(process,)), process=process, inuse=True)


def config_info(view_: ConfigView) -> dict[str, object]:
    answer = call(fleet(configs=[view_]), "getAllConfigInfo")
    assert isinstance(answer, list)
    assert len(answer) == 1
    return dict(answer[0])


def test_config_info_has_the_fields_of_the_contract() -> None:
    assert config_info(config()) == {
        "name": "web", "group": "web", "inuse": True, "group_prio": 999, "process_prio": 999, "command": "/bin/cat",
        "directory": "none", "uid": "none", "autostart": True, "autorestart": "unexpected", "killasgroup": False,
        "redirect_stderr": False, "startsecs": 1, "startretries": 3, "stopwaitsecs": 10, "stopsignal": 15,
        "exitcodes": [0], "serverurl": "none",
        "stdout_logfile": "/logs/web.out", "stdout_logfile_maxbytes": 52428800, "stdout_logfile_backups": 10,
        "stdout_capture_maxbytes": 0, "stdout_events_enabled": False, "stdout_syslog": False,
        "stderr_logfile": "/logs/web.err", "stderr_logfile_maxbytes": 52428800, "stderr_logfile_backups": 10,
        "stderr_capture_maxbytes": 0, "stderr_events_enabled": False, "stderr_syslog": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "field", "value"),
    [
        ({"policy": Policy(autorestart=Autorestart.ALWAYS)}, "autorestart", True),
        ({"policy": Policy(autorestart=Autorestart.NEVER)}, "autorestart", False),
        ({"stdout": ChannelConfig(logfile=None)}, "stdout_logfile", "none"),
        ({"stdout": ChannelConfig(logfile="/x")}, "stdout_logfile", "/x"),
        ({"uid": 0}, "uid", 0),
        ({"serverurl": "http://h"}, "serverurl", "http://h"),
        ({"directory": "/d"}, "directory", "/d"),
    ],
)
def test_config_info_says_what_is_configured(facts: dict[str, object], field: str, value: object) -> None:
    assert config_info(config(**facts))[field] == value


def test_an_auto_log_that_does_not_exist_yet_is_called_auto() -> None:
    answer = call(FakeControl(configs=[config()]), "getAllConfigInfo")

    assert isinstance(answer, list)
    assert answer[0]["stdout_logfile"] == "auto"
