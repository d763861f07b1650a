"""What supervisorctl reads."""

from __future__ import annotations

from typing import Any

import pytest

from harness.config_bench import ENVIRON, Bench
from warden.config.client import load_client
from warden.config.values import ClientConfig, PluginConfig
from warden.errors import ConfigError

SECTION = "[supervisorctl]\n"


def read(bench: Bench, text: str | None, overrides: dict[str, object] | None = None, **more: Any) -> ClientConfig:
    if text is not None:
        bench.write(text)
    return load_client(
        None if text is None else "c.conf",
        overrides or {},
        environ=ENVIRON,
        resolve=bench.resolve,
        cwd=str(bench.directory),
        **more,
    )


def message(bench: Bench, text: str | None, overrides: dict[str, object] | None = None, **more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(bench, text, overrides, **more)
    return str(caught.value)


def test_without_a_file_there_are_defaults(bench: Bench) -> None:
    assert read(bench, None) == ClientConfig()
    assert read(bench, SECTION) == ClientConfig()


def test_all_options(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    config = read(
        bench,
        SECTION + "serverurl=unix://%(here)s/s\nusername=%(ENV_HOME)s\npassword=50%%\nprompt=p\nhistory_file=~/h\n"
        "[ctlplugin:a]\nsupervisor.ctl_factory=m:f\nx=1\n",
    )

    assert config == ClientConfig(
        serverurl=f"unix://{bench.directory}/s",
        username="/home/me",
        password="50%",
        prompt="p",
        history_file="/home/me/h",
        plugins=(PluginConfig(name="a", factory="m:f", options=(("x", "1"),)),),
    )


def test_relative_paths_are_made_absolute(bench: Bench) -> None:
    config = read(bench, SECTION + "serverurl=unix://s\nhistory_file=h\n")

    assert config.serverurl == f"unix://{bench.directory}/s"
    assert config.history_file == f"{bench.directory}/h"


def test_the_command_line_wins(bench: Bench) -> None:
    overrides: dict[str, object] = {"serverurl": "unix://~x", "interactive": True, "username": ""}

    config = read(bench, SECTION + "serverurl=http://a\nusername=u\n", overrides)

    assert config == ClientConfig(serverurl="unix://~x", interactive=True, username="")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[supervisord]\n", ".ini file does not include supervisorctl section"),
        ("x", "File contains no section headers.\nfile: 'c.conf', line: 1\n'x'"),
        (
            SECTION + "prompt=%(here)s\n",
            "Format string '%(here)s' for 'supervisorctl.prompt' contains names ('here') which cannot be expanded.",
        ),
        (
            SECTION + "password=100%\n",
            "Format string '100%' for 'supervisorctl.password' is badly formatted: incomplete format",
        ),
        (SECTION + "[ctlplugin:x]\n", "section [ctlplugin:x] does not specify a supervisor.ctl_factory"),
        (
            SECTION + "[ctlplugin:x]\nsupervisor.ctl_factory=bad:x\n",
            "bad:x cannot be resolved within [ctlplugin:x]: No module named 'bad'",
        ),
        (SECTION + "serverurl=ftp://x\n", "Unknown protocol for serverurl ftp://x"),
    ],
)
def test_errors(bench: Bench, text: str, expected: str) -> None:
    assert message(bench, text) == expected


def test_a_file_nobody_named_may_lack_the_section_when_the_url_is_given(bench: Bench) -> None:
    overrides: dict[str, object] = {"serverurl": "http://x"}

    assert read(bench, "[supervisord]\n", overrides, searched=True) == ClientConfig(serverurl="http://x")
    assert message(bench, "[supervisord]\n", overrides) == ".ini file does not include supervisorctl section"
    assert message(bench, "[supervisord]\n", searched=True) == ".ini file does not include supervisorctl section"


def test_included_files_add_what_the_main_file_does_not_say(bench: Bench) -> None:
    bench.write(SECTION + "prompt=other\nusername=u\n[ctlplugin:a]\nsupervisor.ctl_factory=m:f\n", "a.ini")

    config = read(bench, SECTION + "prompt=main\n[include]\nfiles=a.ini\n")
    alone = read(bench, "[include]\nfiles=a.ini\n")

    assert (config.prompt, config.username, len(config.plugins)) == ("main", "u", 1)
    assert alone.prompt == "other"


@pytest.mark.parametrize("include", ["files=%(ENV_NO)s", "files=bad.ini", "files=no.ini", ""])
def test_a_broken_include_does_not_stop_the_client(bench: Bench, include: str) -> None:
    bench.write("bad", "bad.ini")

    assert read(bench, f"{SECTION}[include]\n{include}\n") == ClientConfig()
