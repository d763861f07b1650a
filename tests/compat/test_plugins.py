"""Plugins from the package index do in Warden what they do in Supervisor 4.3.0."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.daemon import SERVER, Daemon, environment, run
from harness.sides import REFERENCE, WARDEN

Start = Callable[..., Daemon]
NOBODY_KNOWS = "*** No help on"  # the ancestor says so for every plugin that does not know it
PROGRAMS = """
[program:cat]
command = /bin/cat
[program:z]
command = /bin/sleep 1000
autostart = false
"""
TWIDDLER = f"""{PROGRAMS}
[rpcinterface:twiddler]
supervisor.rpcinterface_factory = supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface
"""
CACHE = f"""{PROGRAMS}
[rpcinterface:cache]
supervisor.rpcinterface_factory = supervisor_cache.rpcinterface:make_cache_rpcinterface
[ctlplugin:cache]
supervisor.ctl_factory = supervisor_cache.controllerplugin:make_cache_controllerplugin
"""
LAFORGE = f"""{PROGRAMS}
[rpcinterface:laforge]
supervisor.rpcinterface_factory = mr.laforge.rpcinterface:make_laforge_rpcinterface
[ctlplugin:laforge]
supervisor.ctl_factory = mr.laforge.controllerplugin:make_laforge_controllerplugin
"""
WILDCARDS = f"""{PROGRAMS}
[ctlplugin:wildcards]
supervisor.ctl_factory = supervisorwildcards.controllerplugin:make_wildcards_controllerplugin
[ctlplugin:serialrestart]
supervisor.ctl_factory = supervisorserialrestart.controllerplugin:make_serialrestart_controllerplugin
"""
TWO = {"command": "/bin/sleep 1000", "autostart": "false", "numprocs": "2", "process_name": "n%(process_num)d"}
CALLS: dict[str, tuple[str, tuple[tuple[Any, ...], ...]]] = {
    "supervisor_twiddler": (
        TWIDDLER,
        (
            ("twiddler.getAPIVersion",),
            ("twiddler.log", "hello", "WARN"),
            ("twiddler.log", "hello", "LOUD"),
            ("twiddler.addProgramToGroup", "cat", "new", TWO),
            ("twiddler.addProgramToGroup", "cat", "new", TWO),
            ("twiddler.addProgramToGroup", "nope", "new", TWO),
            ("twiddler.addProgramToGroup", "cat", "bad", {**TWO, "startsecs": "soon"}),
            ("supervisor.startProcess", "cat:n0"),
            ("twiddler.removeProcessFromGroup", "cat", "n0"),
            ("supervisor.stopProcess", "cat:n0"),
            ("twiddler.removeProcessFromGroup", "cat", "n0"),
            ("twiddler.removeProcessFromGroup", "cat", "n0"),
            ("supervisor.startProcess", "cat:n0"),
            ("supervisor.startProcess", "cat:n1"),
            ("supervisor.reloadConfig",),
            ("system.methodSignature", "twiddler.log"),
        ),
    ),
    "supervisor_cache": (
        CACHE,
        (
            ("cache.store", "k", "v"),
            ("cache.fetch", "k"),
            ("cache.fetch", "nope"),
            ("cache.store", "", "v"),
            ("cache.getKeys",),
            ("cache.delete", "k"),
            ("cache.getCount",),
        ),
    ),
    "mr.laforge": (
        LAFORGE,
        (
            ("laforge.getAPIVersion",),
            ("laforge.killProcess", "cat", "CONT"),
            ("laforge.killProcess", "cat", "nope"),
            ("laforge.killProcess", "z", "CONT"),
            ("laforge.killProcess", "nope", "CONT"),
            ("laforge.killProcessGroup", "cat", "CONT"),  # Python 2 inside: a bug of its own on both sides
        ),
    ),
}
LINES: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "supervisor_cache": (
        CACHE,
        (
            ("cache_store", "k", "v"),
            ("cache_fetch", "k"),
            ("cache_keys",),
            ("cache_count",),
            ("cache_delete", "k"),
            ("cache_clear",),
            ("cache_store", "onlyone"),
            ("help", "cache_store"),
        ),
    ),
    "mr.laforge": (LAFORGE, (("kill", "CONT", "cat"), ("kill", "CONT", "z"), ("kill", "CONT", "nope"), ("kill",))),
    "supervisor-wildcards and supervisor-serialrestart": (
        WILDCARDS,
        (
            ("mstart", "z*"),
            ("mstop", "c*", "z"),
            ("mstart", "all"),
            ("mrestart", "z"),
            ("mstop", "nope"),
            ("serialrestart", "c*"),
            ("serialrestart", "nope"),
            ("serialrestart",),
            ("help", "mstart"),
        ),
    ),
}


@pytest.mark.parametrize("plugin", CALLS)
def test_rpc_plugins_answer_as_in_the_ancestor(plugin: str, plugins: Path, daemon_with: Start) -> None:
    config, calls = CALLS[plugin]

    ancestor, warden = (told_by(daemon_with(side, plugins, config), calls) for side in (REFERENCE, WARDEN))

    assert [pair for pair in zip(warden, ancestor, strict=True) if pair[0] != pair[1]] == []


def told_by(daemon: Daemon, calls: tuple[tuple[Any, ...], ...]) -> list[object]:
    daemon.wait_state("cat", "RUNNING")
    return [(call, str(daemon.rpc(*call)).replace(str(daemon.home), "HOME")) for call in calls]


@pytest.mark.parametrize("plugin", LINES)
def test_control_plugins_say_the_same_as_in_the_ancestor(plugin: str, plugins: Path, daemon_with: Start) -> None:
    config, lines = LINES[plugin]

    ancestor, warden = (said_by(daemon_with(side, plugins, config), lines, plugins) for side in (REFERENCE, WARDEN))

    assert [pair for pair in zip(warden, ancestor, strict=True) if pair[0] != pair[1]] == []


def said_by(daemon: Daemon, lines: tuple[tuple[str, ...], ...], plugins: Path) -> list[object]:
    daemon.wait_state("cat", "RUNNING")
    env = environment(PYTHONPATH=str(plugins))
    told = []
    for line in lines:
        ran = run([daemon.side.command("supervisorctl"), "-c", str(daemon.conf), *line], daemon.home, env=env)
        said = sorted(ran.stdout.splitlines())  # some plugins use threads: in any order
        told.append((line, [text for text in said if not text.startswith(NOBODY_KNOWS)]))
    return told


def test_superlances_own_tests_pass(plugins: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # its settings, not ours
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", str(plugins / "superlance" / "tests")],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(plugins)),
        capture_output=True,
        text=True,
        check=False,
    )

    passed = re.search(r"^(\d+) passed", ran.stdout, re.MULTILINE)
    assert ran.returncode == 0, ran.stdout
    assert passed is not None
    assert int(passed[1]) == 135


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="supvisors 0.19 imports distutils, which Python has no longer")
def test_supvisors_is_told_what_it_would_need(plugins: Path, tmp_path: Path) -> None:
    factory = "supervisor.rpcinterface_factory = supvisors.plugin:make_supvisors_rpcinterface"
    (tmp_path / "conf").write_text(f"{SERVER}[rpcinterface:supvisors]\n{factory}\n")

    ran = run([WARDEN.command("supervisord"), "-n", "-c", "conf"], tmp_path, env=environment(PYTHONPATH=str(plugins)))

    assert ran.rc == 2
    assert "Could not make supvisors rpc interface" in ran.stderr
    assert "Warden does not support supervisor.options.ServerOptions" in (tmp_path / "main.log").read_text()
