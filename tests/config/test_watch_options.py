"""What a section may say about files that a program watches."""

from __future__ import annotations

import importlib
import sys

import pytest

from harness.config_bench import Bench
from warden.config.model import Watch
from warden.words import WatchAction


def test_patterns_are_relative_to_the_directory_of_the_program_else_of_the_file(bench: Bench) -> None:
    watch = bench.process("watch=src/**/*.py, /etc/web.conf\n    !build, !src/old").watch

    assert watch == Watch(
        wanted=(f"{bench.directory}/src/**/*.py", "/etc/web.conf"),
        unwanted=("/**/build", f"{bench.directory}/src/old"),
        base=str(bench.directory),
        debounce=1,
        action=WatchAction.RESTART,
    )
    inside = bench.process("watch=*.py\ndirectory=/srv/%(program_name)s\nwatch_debounce=200").watch
    assert inside is not None
    assert (inside.wanted, inside.base, inside.debounce) == (("/srv/x/*.py",), "/srv/x", 200)


def test_without_the_option_nothing_is_watched(bench: Bench) -> None:
    assert bench.process("watch_debounce=5s").watch is None


def test_reload_needs_a_signal(bench: Bench) -> None:
    process = bench.process("watch=*.conf\nwatch_action=Reload\nreload_signal=USR1")

    assert process.watch is not None
    assert (process.watch.action, process.reload_signal) == (WatchAction.RELOAD, 10)


@pytest.mark.parametrize(
    ("lines", "message", "option"),
    [
        ("watch=!build", "no files to watch: '!build'; write a pattern", "watch"),
        ("watch=", "no files to watch: ''", "watch"),
        ("watch=*.py,!", "write a pattern after the !", "watch"),
        ("watch=src**", "write **/src*", "watch"),
        ("watch=/**", "begin with a directory", "watch"),
        ("watch=*.py\nwatch_debounce=0", "must be longer than 0", "watch_debounce"),
        ("watch=*.py\nwatch_debounce=soon", "not a duration", "watch_debounce"),
        ("watch=*.py\nwatch_action=kill", "not one of restart, reload: 'kill'", "watch_action"),
        ("watch=*.py\nwatch_action=reload", "watch_action=reload needs a reload_signal", "watch_action"),
        ("reload_signal=NOPE", "NOPE", "reload_signal"),
    ],
)
def test_each_mistake_is_told_with_its_place_and_what_would_be_right(
    bench: Bench, lines: str, message: str, option: str
) -> None:
    [error] = bench.check(f"[supervisord]\n[program:x]\ncommand=cat\n{lines}\n").errors

    assert message in str(error)
    assert error.place.option == option
    assert error.advice


def test_another_system_needs_a_package_and_says_which(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module("watchdog.observers")  # for the real system: there is none for the other one here
    monkeypatch.setattr("sys.platform", "freebsd14")
    assert bench.process("watch=*.py").watch is not None

    monkeypatch.setitem(sys.modules, "watchdog.observers", None)
    error = bench.error("[supervisord]\n[program:x]\ncommand=cat\nwatch=*.py")

    assert "watch needs the package watchdog on this system" in str(error)
    assert error.advice == "pip install 'warden[watch]'"
