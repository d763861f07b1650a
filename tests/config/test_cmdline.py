"""Both command lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config.cmdline import (
    CLIENT_FLAGS,
    DAEMON_FLAGS,
    ClientArgs,
    DaemonArgs,
    client_args,
    client_usage,
    daemon_args,
    daemon_usage,
)
from warden.config.options import SUPERVISORD
from warden.config.readers import Special
from warden.errors import ConfigError


def test_nothing_given() -> None:
    assert daemon_args(["supervisord"]) == DaemonArgs(overrides={})
    assert client_args(["supervisorctl"]) == ClientArgs(overrides={})


def test_all_options_of_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()

    args = daemon_args(
        [
            *("supervisord", "-c", "f", "-ns", "-u", "me", "-m", "077", "-d", "d", "-ld/log", "-y", "1KB"),
            *("--logfile_backups=2", "--loglev", "DEBUG", "-j", "pid", "-i", "id", "-q", "d", "-kt", "-a", "3"),
            *("--minprocs", "4", "--profile_options", "calls", "--check"),
        ]
    )

    assert args == DaemonArgs(
        configuration="f",
        overrides={
            "nodaemon": True,
            "silent": True,
            "user": "me",
            "umask": 0o77,
            "directory": f"{tmp_path}/d",
            "logfile": f"{tmp_path}/d/log",
            "logfile_maxbytes": 1024,
            "logfile_backups": 2,
            "loglevel": "debug",
            "pidfile": f"{tmp_path}/pid",
            "identifier": "id",
            "childlogdir": f"{tmp_path}/d",
            "nocleanup": True,
            "strip_ansi": True,
            "minfds": 3,
            "minprocs": 4,
        },
        check=True,
    )


def test_the_log_can_be_syslog() -> None:
    assert daemon_args(["supervisord", "-l", "syslog"]).overrides == {"logfile": Special.SYSLOG}


@pytest.mark.parametrize("option", ["-l", "-j", "--logfile", "--pidfile"])
def test_an_empty_path_leaves_it_to_the_file(option: str) -> None:
    assert daemon_args(["supervisord", option, ""]).overrides == {}


def test_every_override_is_an_option_of_supervisord() -> None:
    known = {option.name for option in SUPERVISORD.options}
    not_in_the_file = {"configuration", "help", "version", "check", "profile_options", "take_over", "dry_run"}

    assert {flag.name for flag in DAEMON_FLAGS} - not_in_the_file <= known


def test_all_options_of_the_client() -> None:
    options = ("-c", "f", "-i", "-s", "http://x", "-u", "me", "-p", "secret", "-r", "hist")

    args = client_args(["supervisorctl", *options, "--", "tail", "-f", "x"])

    assert args == ClientArgs(
        configuration="f",
        overrides={
            "interactive": True,
            "serverurl": "http://x",
            "username": "me",
            "password": "secret",
            "history_file": "hist",
        },
        words=("tail", "-f", "x"),
    )


@pytest.mark.parametrize("arguments", [["-r", "h"], ["--history_file=h"], ["--history-file", "h"], ["--hist", "h"]])
def test_the_history_file_has_two_spellings(arguments: list[str]) -> None:
    assert client_args(["supervisorctl", *arguments]).overrides == {"history_file": "h"}


def test_the_first_word_ends_the_options() -> None:
    assert client_args(["supervisorctl", "stop", "-i"]).words == ("stop", "-i")
    assert client_args(["supervisorctl", "-", "-i"]).words == ("-", "-i")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-h"], DaemonArgs(overrides={}, help=True)),
        (["-?"], DaemonArgs(overrides={}, help=True)),
        (["--help", "-z", "bad"], DaemonArgs(overrides={}, help=True)),
        (["-nvh"], DaemonArgs(overrides={"nodaemon": True}, version=True)),
    ],
)
def test_help_and_version_act_when_they_are_reached(arguments: list[str], expected: DaemonArgs) -> None:
    assert daemon_args(["supervisord", *arguments]) == expected


def test_the_client_can_tell_its_version() -> None:
    assert client_args(["supervisorctl", "--version"]).version


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-x"], "option -x not recognized"),
        (["--bogus"], "option --bogus not recognized"),
        (["-v"], "option -v not recognized"),
        (["--vers"], "option --vers not recognized"),
        (["-s"], "option -s requires argument"),
        (["--server"], "option --serverurl requires argument"),
        (["--interactive=1"], "option --interactive must not have an argument"),
        (["-i", "-i"], "conflicting command line option '-i'"),
        (["-u", "a", "--user=b"], "conflicting command line option '--username'"),
        (["-r", "a", "--history-file=b"], "conflicting command line option '--history-file'"),
        (["-s", "foo"], "invalid value for -s 'foo': value 'foo' is not a URL"),
        (["--s=", "-h"], "invalid value for --serverurl '': value '' is not a URL"),
        (["--=x"], "option -- not a unique prefix"),
    ],
)
def test_errors_of_the_client(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client_args(["supervisorctl", *arguments])

    assert str(caught.value) == message


@pytest.mark.parametrize("prefix", ["--c", "--co"])
def test_new_options_take_no_abbreviation_away(prefix: str) -> None:
    assert client_args(["supervisorctl", f"{prefix}=f"]).configuration == "f"


def test_check_must_be_written_in_full(tmp_path: Path) -> None:
    assert daemon_args(["supervisord", "--check"]).check
    assert daemon_args(["supervisord", "--ch", str(tmp_path)]).overrides == {"childlogdir": str(tmp_path)}
    with pytest.raises(ConfigError, match="option --chec not recognized"):
        daemon_args(["supervisord", "--chec"])


@given(st.lists(st.text(alphabet="-nscuhvx=1 ", max_size=6)))
def test_nothing_but_config_errors_comes_out(arguments: list[str]) -> None:
    for read, kind in ((daemon_args, DaemonArgs), (client_args, ClientArgs)):
        try:
            outcome: object = read(["program", *arguments])
        except ConfigError as error:
            outcome = error

        assert isinstance(outcome, kind | ConfigError)


@pytest.mark.parametrize(
    ("usage", "flags", "first"),
    [
        (
            daemon_usage("sd"),
            DAEMON_FLAGS,
            "supervisord -- run a set of applications as daemons.\n\nUsage: sd [options]\n",
        ),
        (
            client_usage("sd"),
            CLIENT_FLAGS,
            "supervisorctl -- control applications run by supervisord from the cmd line.\n\n"
            "Usage: sd [options] [action [arguments]]\n",
        ),
    ],
)
def test_the_usage_names_every_option(usage: str, flags: tuple[object, ...], first: str) -> None:
    assert usage.startswith(first)
    assert usage.count(" -- ") == len(flags) + 1
    assert "-c/--configuration FILE -- read the configuration from FILE\n" in usage


def test_a_take_over_names_a_pid_file() -> None:
    args = daemon_args(["supervisord", "--take-over", "/run/pid", "--dry-run"])

    assert (args.take_over, args.dry_run, dict(args.overrides)) == ("/run/pid", True, {})


def test_a_dry_run_is_one_of_a_take_over() -> None:
    with pytest.raises(ConfigError, match="--dry-run needs --take-over"):
        daemon_args(["supervisord", "--dry-run"])
