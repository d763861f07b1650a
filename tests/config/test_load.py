"""From files to Config: what good configurations become, and what comes with a bad one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.config_bench import Bench
from warden.config.files import read_main
from warden.config.load import load
from warden.config.model import (
    AUTO,
    ChannelConfig,
    Config,
    HttpServerConfig,
    Kind,
    PluginConfig,
    Policy,
    PoolConfig,
    ProcessConfig,
    ServerConfig,
    Severity,
)
from warden.config.readers import Special
from warden.errors import ConfigError, Place
from warden.words import Autorestart

MAIN = "[supervisord]\n"


def test_an_empty_section_gives_the_defaults(bench: Bench) -> None:
    config = bench.load(MAIN)

    assert config == Config(
        path=str(bench.path),
        server=ServerConfig(
            logfile=str(bench.directory / "supervisord.log"),
            pidfile=str(bench.directory / "supervisord.pid"),
            statefile=str(bench.directory / "supervisord.state"),
            childlogdir=config.server.childlogdir,
        ),
    )


def test_all_options_of_supervisord(bench: Bench) -> None:
    (bench.directory / "d").mkdir()

    server = bench.load(
        MAIN + "logfile=%(here)s/d/x.log\nlogfile_maxbytes=1KB\nlogfile_backups=2\nloglevel=DEBUG\npidfile=d/p\n"
        "statefile=d/s\numask=077\nnodaemon=on\nsilent=on\nminfds=3\nminprocs=4\nnocleanup=1\nchildlogdir=d\nuser=0\ndirectory=d\n"
        "strip_ansi=yes\nenvironment=B='%%',A=\"%(ENV_HOME)s\"\nidentifier=me\n"
    ).server

    assert server == ServerConfig(
        logfile=str(bench.directory / "d/x.log"),
        logfile_maxbytes=1024,
        logfile_backups=2,
        loglevel="debug",
        pidfile=str(bench.directory / "d/p"),
        statefile=str(bench.directory / "d/s"),
        umask=0o77,
        nodaemon=True,
        silent=True,
        minfds=3,
        minprocs=4,
        nocleanup=True,
        childlogdir=str(bench.directory / "d"),
        user=0,
        directory="d",
        strip_ansi=True,
        environment=(("A", "/home/me"), ("B", "%")),
        identifier="me",
    )


def test_the_environment_of_supervisord_knows_the_host(bench: Bench) -> None:
    server = bench.load(MAIN + "environment=A='%(host_node_name)s'\n").server

    assert server.environment == (("A", os.uname().nodename),)


def test_the_command_line_wins_but_the_file_is_still_checked(bench: Bench) -> None:
    overrides = {"loglevel": "trace", "logfile": Special.SYSLOG, "user": "root", "nodaemon": True}

    server = bench.load(MAIN + "loglevel=info\nuser=no such\n", overrides).server

    assert (server.loglevel, server.logfile, server.user, server.nodaemon) == ("trace", None, 0, True)
    assert str(bench.error(MAIN + "loglevel=x\n", overrides)) == "bad logging level name 'x'"
    assert str(bench.error(MAIN, {"user": "no such"})) == "Invalid user name no such"


def test_childlogdir_defaults_to_the_first_usable_temporary_directory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.load(MAIN).server.childlogdir == "/tmp"

    monkeypatch.setattr(os, "access", lambda *_: False)

    assert bench.load(MAIN).server.childlogdir == str(bench.directory)


def test_a_program_with_defaults(bench: Bench) -> None:
    (group,) = bench.load(MAIN + "[program:x]\ncommand=cat\n").groups

    assert (group.name, group.kind, group.priority, group.pool) == ("x", Kind.PROGRAM, 999, None)
    assert group.processes == (ProcessConfig(name="x", program="x", command="cat"),)


def test_all_options_of_a_program(bench: Bench) -> None:
    process = bench.process(
        "priority=1\nautostart=false\nautorestart=true\nstartsecs=2\nstartretries=-3\nexitcodes=1,0\nstopsignal=HUP\n"
        "stopwaitsecs=4\nstopasgroup=true\nuser=root\ndirectory=~/x\numask=077\nserverurl=http://x\nenvironment=A=1\n"
        "stdout_logfile=/o.log\nstdout_logfile_maxbytes=1\nstdout_logfile_backups=2\nstdout_capture_maxbytes=3\n"
        "stdout_events_enabled=true\nstdout_syslog=true\nstderr_logfile=NONE\n"
    )

    assert process == ProcessConfig(
        name="x",
        program="x",
        command="cat",
        priority=1,
        policy=Policy(
            autostart=False,
            autorestart=Autorestart.ALWAYS,
            startsecs=2,
            startretries=-3,
            exitcodes=(1, 0),
            stopsignal=signal.SIGHUP,
            stopwaitsecs=4,
            stopasgroup=True,
            killasgroup=True,
        ),
        uid=0,
        directory="~/x",
        umask=0o77,
        environment=(("A", "1"),),
        serverurl="http://x",
        stdout=ChannelConfig(
            logfile="/o.log", maxbytes=1, backups=2, capture_maxbytes=3, events_enabled=True, syslog=True
        ),
        stderr=ChannelConfig(logfile=None),
    )


def test_killasgroup_without_stopasgroup(bench: Bench) -> None:
    policy = bench.process("killasgroup=true\n").policy

    assert (policy.stopasgroup, policy.killasgroup) == (False, True)


def test_numprocs_makes_processes_in_order_of_their_names(bench: Bench) -> None:
    (group,) = bench.load(
        MAIN + "[program:x]\nnumprocs=3\nnumprocs_start=9\nprocess_name=%(group_name)s_%(process_num)d\n"
        "command=%(program_name)s %(process_num)02d/%(numprocs)d\nenvironment=N=%(process_num)s\n"
    ).groups

    assert [(process.name, process.command, process.environment) for process in group.processes] == [
        ("x_10", "x 10/3", (("N", "10"),)),
        ("x_11", "x 11/3", (("N", "11"),)),
        ("x_9", "x 09/3", (("N", "9"),)),
    ]


def test_what_thousands_of_processes_have_in_common_is_one_object(bench: Bench) -> None:
    many = "process_name=%(process_num)d\nnumprocs=2\ncommand=x\nenvironment=A=1\n"
    config = bench.load(MAIN + f"[program:a]\n{many}[program:b]\n{many}[program:c]\ncommand=x\nstdout_logfile=NONE\n")

    first, *others, different = (process for group in config.groups for process in group.processes)
    for other in others:
        assert other.policy is first.policy
        assert other.environment is first.environment
        assert other.stdout is other.stderr is first.stdout
    assert different.policy is first.policy
    assert (different.stdout.logfile, different.stderr) == (None, first.stderr)


@pytest.mark.parametrize("numprocs", [0, -1])
def test_numprocs_of_nothing_makes_an_empty_group(bench: Bench, numprocs: int) -> None:
    (group,) = bench.load(MAIN + f"[program:x]\nnumprocs={numprocs}\n").groups

    assert group.processes == ()


def test_variables_reach_what_is_read_after_them(bench: Bench) -> None:
    config = bench.load(
        MAIN + "environment=A=1,B=2\n[inet_http_server]\nport=900%(ENV_A)s\n"
        "[program:x]\ncommand=%(ENV_A)s %(ENV_B)s %(ENV_C)s\nstartsecs=%(ENV_B)s\nenvironment=B=3,C=4%(ENV_A)s\n"
    )

    (process,) = config.groups[0].processes
    assert process.command == "1 3 41"
    assert process.policy.startsecs == 2
    assert process.environment == (("A", "1"), ("B", "3"), ("C", "41"))
    assert config.http[0].port == 9001


def test_log_file_names_are_expanded_once(bench: Bench) -> None:
    process = bench.process("stdout_logfile=/%(program_name)s-100%%.log\n")

    assert process.stdout.logfile == "/x-100%.log"


@pytest.mark.parametrize("section", ["program:x", "fcgi-program:x", "eventlistener:x"])
def test_priority_may_use_the_names_of_programs(bench: Bench, section: str) -> None:
    bench.write("", "3")
    text = f"[{section}]\ncommand=cat\nsocket=tcp://h:1\nevents=TICK\nnumprocs=1\nuser=%(ENV_HOME)s\n"

    error = bench.error(MAIN + text.replace("user=", "process_name=%(program_name)s/\npriority=%(group_name)s\nuser="))

    assert str(error) == "invalid literal for int() with base 10: 'x'"


@pytest.mark.parametrize(
    ("options", "stdout", "stderr", "warnings"),
    [
        (
            "stdout_logfile=syslog\n",
            ChannelConfig(logfile=None, syslog=True),
            ChannelConfig(),
            [
                "For [program:x], stdout_logfile=syslog but this is deprecated and will be removed.  "
                "Use stdout_syslog=true to enable syslog instead."
            ],
        ),
        (
            "stderr_logfile_maxbytes=0\nredirect_stderr=true\n",
            ChannelConfig(),
            ChannelConfig(logfile=None, maxbytes=0),
            [
                "For [program:x], AUTO logging used for stderr_logfile without rollover, "
                "set maxbytes > 0 to avoid filling up filesystem unintentionally"
            ],
        ),
        (
            "stderr_logfile=/x\nredirect_stderr=true\n",
            ChannelConfig(),
            ChannelConfig(logfile=None),
            [
                "For [program:x], redirect_stderr=true but stderr_logfile has also been set to a filename, "
                "the filename has been ignored"
            ],
        ),
        (
            "stdout_logfile=NONE\nstdout_logfile_maxbytes=0\n",
            ChannelConfig(logfile=None, maxbytes=0),
            ChannelConfig(),
            [],
        ),
    ],
)
def test_questionable_logs_are_warned_of(
    bench: Bench, options: str, stdout: ChannelConfig, stderr: ChannelConfig, warnings: list[str]
) -> None:
    config = bench.load(f"{MAIN}[program:x]\ncommand=cat\n{options}")

    (process,) = config.groups[0].processes
    assert (process.stdout, process.stderr) == (stdout, stderr)
    assert config.messages == tuple((Severity.WARNING, warning) for warning in warnings)
    assert process.stderr.logfile is AUTO or process.redirect_stderr


def test_a_name_is_checked_after_its_expansion(bench: Bench) -> None:
    error = bench.error(MAIN + "[program:x]\ncommand=cat\nprocess_name=%(ENV_HOME)s\n")

    assert str(error) == ("Invalid name: '/home/me' because of character: '/' in section 'program:x' (file: 'c.conf')")


@pytest.mark.parametrize("section", ["program:", "group: ", "fcgi-program:", "eventlistener:"])
def test_an_empty_name_is_refused(bench: Bench, section: str) -> None:
    error = bench.error(MAIN + f"[{section}]\ncommand=cat\nsocket=tcp://h:1\nevents=TICK\n")

    assert str(error).startswith("Invalid name: ")
    assert "because it is empty" in str(error)


def test_servers_in_the_order_of_opening(bench: Bench) -> None:
    config = bench.load(
        MAIN + "[unix_http_server]\nfile=s\nchmod=0777\nchown=root:root\nusername=u\npassword={SHA}x\n"
        "[inet_http_server]\nport=1\n[unix_http_server:2]\nfile=/s2\n[inet_http_server:2]\nport=[::1]:2\nusername=\n"
        "password=\n"
    )

    assert config.http == (
        HttpServerConfig(section="inet_http_server", port=1),
        HttpServerConfig(section="inet_http_server:2", host="::1", port=2),
        HttpServerConfig(
            section="unix_http_server",
            path=str(bench.directory / "s"),
            mode=0o777,
            owner=(0, 0),
            username="u",
            password="{SHA}x",
        ),
        HttpServerConfig(section="unix_http_server:2", path="/s2"),
    )
    assert config.child_serverurl == f"unix://{bench.directory}/s"


@pytest.mark.parametrize(
    ("ports", "url"),
    [
        ((), None),
        (("1", "host:2"), "http://host:2"),
        (("host:1", "*:2"), "http://localhost:2"),
        (("[::1]:2",), "http://[::1]:2"),
    ],
)
def test_programs_are_told_the_last_inet_server(bench: Bench, ports: tuple[str, ...], url: str | None) -> None:
    sections = "".join(f"[inet_http_server:{number}]\nport={port}\n" for number, port in enumerate(ports))

    assert bench.load(MAIN + sections).child_serverurl == url


def test_an_empty_socket_path_is_refused(bench: Bench) -> None:
    error = bench.error(MAIN + "[unix_http_server]\nfile=\n")

    assert str(error) == "section [unix_http_server] has no file value"


def test_plugins_get_their_other_options_as_text(bench: Bench) -> None:
    config = bench.load(
        "[DEFAULT]\nz=0\n" + MAIN + "[rpcinterface: a ]\nsupervisor.rpcinterface_factory=m:f\nx=%(ENV_HOME)s\n"
    )

    assert config.rpcinterfaces == (PluginConfig(name="a", factory="m:f", options=(("z", "0"), ("x", "/home/me"))),)
    assert bench.resolved == ["m:f"]


@pytest.mark.parametrize(("factory", "reason"), [("bad:f", "No module named 'bad'"), ("mute:f", "KeyError")])
def test_a_plugin_that_cannot_be_loaded_says_why(bench: Bench, factory: str, reason: str) -> None:
    error = bench.error(MAIN + f"[rpcinterface:a]\nsupervisor.rpcinterface_factory={factory}\n")

    assert str(error) == f"{factory} cannot be resolved within [rpcinterface:a]: {reason}"


def test_a_listener_becomes_a_pool(bench: Bench) -> None:
    (group,) = bench.load(
        MAIN + "[eventlistener:e]\ncommand=cat\nevents=tick,PROCESS_STATE\nbuffer_size=3\nresult_handler=m:f\n"
    ).groups

    assert (group.kind, group.priority) == (Kind.LISTENER, -1)
    assert group.pool == PoolConfig(events=("TICK", "PROCESS_STATE"), buffer_size=3, result_handler="m:f")
    assert [(process.kind, process.priority) for process in group.processes] == [(Kind.LISTENER, 999)]


def test_the_default_result_handler_needs_no_loading(bench: Bench) -> None:
    bench.load(MAIN + "[eventlistener:e]\ncommand=cat\nevents=TICK\n")

    assert bench.resolved == []


def test_all_errors_are_told_each_with_its_place(bench: Bench) -> None:
    error = bench.error(MAIN + "minfds=x\n[program:p]\nautostart=y\n\nnumprocs=2\n[unix_http_server]\n")

    assert [(str(one).partition(" in section")[0], one.place) for one in (error, *error.others)] == [
        (
            "invalid literal for int() with base 10: 'x'",
            Place(file="c.conf", line=2, section="supervisord", option="minfds", value="x"),
        ),
        (
            "not a valid boolean value: 'y'",
            Place(file="c.conf", line=4, section="program:p", option="autostart", value="y"),
        ),
        (
            "%(process_num) must be present within process_name when numprocs > 1",
            Place(file="c.conf", line=3, section="program:p", option="process_name"),
        ),
        (
            "program section program:p does not specify a command",
            Place(file="c.conf", line=3, section="program:p", option="command"),
        ),
        (
            "section [unix_http_server] has no file value",
            Place(file="c.conf", line=7, section="unix_http_server", option="file"),
        ),
    ]
    assert error.advice == "expected: A whole number"


def test_one_value_is_complained_of_once(bench: Bench) -> None:
    error = bench.error(
        MAIN + "[program:p]\ncommand=x\npriority=z\nnumprocs=3\nprocess_name=%(process_num)s\nenvironment=A\n"
        "[group:a]\nprograms=p\n[group:b]\nprograms=p\n"
    )

    assert [one.place.option for one in (error, *error.others)] == ["priority", "environment"]


def test_check_returns_errors_together_with_warnings(bench: Bench) -> None:
    bad = bench.check(MAIN + "minfds=x\nminfd=1\n")
    good = bench.check(MAIN)
    hopeless = bench.check("x")

    assert (bad.config, [str(error) for error in bad.errors]) == (None, ["invalid literal for int() with base 10: 'x'"])
    assert [severity for severity, _ in bad.messages] == [Severity.WARNING]
    assert good.config is not None
    assert good.errors == ()
    assert (hopeless.config, len(hopeless.errors)) == (None, 1)


def test_main_file_that_cannot_be_read(bench: Bench) -> None:
    (bench.directory / "dir").mkdir()

    with pytest.raises(ConfigError, match=r"^could not find config file no\.conf$"):
        read_main("no.conf", str(bench.directory))
    with pytest.raises(ConfigError, match=r"^could not read config file dir$"):
        read_main("dir", str(bench.directory))


def test_text_that_is_not_utf8(bench: Bench) -> None:
    error = bench.error(b"[supervisord]\nx=\xff\n")

    assert str(error) == "'utf-8' codec can't decode byte 0xff in position 16: invalid start byte"


# --- [include]


def test_included_files_are_merged_in_order(bench: Bench) -> None:
    bench.write("[program:x]\ncommand=one\ndirectory=%(here)s\nprocess_name=n\n", "sub/b.ini")
    bench.write("[program:x]\ncommand=two %(here)s\n", "sub/c.ini")
    bench.write("[program:hidden]\n", "sub/.d.ini")
    sub = bench.directory / "sub"

    config = bench.load(MAIN + "[include]\nfiles=sub/*.ini no.ini\n  %(here)s/sub/**/b.ini\n[program:x]\nstartsecs=7\n")

    (process,) = config.groups[0].processes
    assert (process.command, process.directory, process.policy.startsecs) == (f"two {sub}", str(sub), 7)
    assert config.messages == (
        (Severity.WARNING, f'No file matches via include "{bench.directory}/no.ini"'),
        (Severity.WARNING, f'No file matches via include "{sub}/**/b.ini"'),
        (Severity.INFO, f'Included extra file "{sub}/b.ini" during parsing'),
        (Severity.INFO, f'Included extra file "{sub}/c.ini" during parsing'),
    )


@pytest.mark.parametrize("name", ["conf", "./conf", "./sub/../conf", "sub//..//conf"])
def test_here_is_a_plain_path_however_the_file_is_named(
    bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write("[supervisord]\nidentifier=%(here)s\n[include]\nfiles=./sub/../sub/a.ini\n", "conf")
    bench.write("[program:x]\ncommand=%(here)s\n", "sub/a.ini")
    monkeypatch.chdir(bench.directory)

    config = load(name, {}, environ={}, resolve=str, known_events=list)

    assert config.server.identifier == str(bench.directory)
    assert config.groups[0].processes[0].command == str(bench.directory / "sub")
    assert (
        Severity.INFO,
        f'Included extra file "{bench.directory}/./sub/../sub/a.ini" during parsing',
    ) in config.messages


def test_a_directory_with_a_percent_sign_is_no_problem(bench: Bench) -> None:
    bench.write("[program:x]\ncommand=%(here)s\n", "100%s/a.ini")

    config = bench.load(MAIN + "[include]\nfiles=100%%s/a.ini\n")

    assert config.groups[0].processes[0].command == f"{bench.directory}/100%s"


def test_included_files_that_cannot_be_opened_are_warned_of(bench: Bench) -> None:
    (bench.directory / "d.ini").mkdir()

    messages = bench.messages(MAIN + "[include]\nfiles=d.ini\n")

    assert messages == [
        f'Included extra file "{bench.directory}/d.ini" during parsing',
        f'Included file "{bench.directory}/d.ini" cannot be read: Is a directory',
    ]


def test_included_files_that_are_no_ini_files_are_errors(bench: Bench) -> None:
    bench.write("foo\n", "a.ini")
    bench.write(b"\xff\n", "b.ini")

    error = bench.error(MAIN + "[include]\nfiles=*.ini\n")

    path = f"{bench.directory}/a.ini"
    assert str(error) == f"File contains no section headers.\nfile: '{path}', line: 1\n'foo\\n'"
    assert [other.place.file for other in error.others] == [f"{bench.directory}/b.ini"]


def test_an_error_names_the_file_where_the_value_stands(bench: Bench, tmp_path: Path) -> None:
    bench.write("[program:x]\nautostart=z\n", "a.ini")

    error = bench.error(MAIN + "[include]\nfiles=a.ini\n[program:x]\ncommand=cat\n")

    assert str(error) == "not a valid boolean value: 'z' in section 'program:x' (file: 'c.conf')"
    assert (error.place.file, error.place.line) == (f"{tmp_path}/a.ini", 2)


@pytest.mark.parametrize(
    ("lines", "statefile"),
    [
        ("pidfile=/tmp/d.pid", "/tmp/d.state"),
        ("pidfile=/tmp/pid", "/tmp/pid.state"),
        ("pidfile=/dev/null", None),
        ("pidfile=/tmp/d.pid\nstatefile=none", None),
        ("pidfile=/dev/null\nstatefile=/tmp/x", "/tmp/x"),
    ],
)
def test_the_state_file_stands_beside_the_pid_file_unless_somebody_says_where(
    bench: Bench, lines: str, statefile: str | None
) -> None:
    assert bench.load(f"{MAIN}{lines}\n").server.statefile == statefile


def test_a_state_file_needs_a_directory(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="The directory named as part of the path /no/where does not exist"):
        bench.load(f"{MAIN}statefile=/no/where\n")


def test_a_directory_is_no_state_file(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="/tmp is a directory: the state needs a file"):
        bench.load(f"{MAIN}statefile=/tmp\n")
