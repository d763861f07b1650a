"""Lines, help, completion and plugins of the shell."""

from __future__ import annotations

import re
import sys
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from xmlrpc.client import Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process
from warden.config.values import ClientConfig, PluginConfig
from warden.ctl.commands import COMMANDS
from warden.ctl.completion import Completer
from warden.ctl.lines import Lines
from warden.ctl.plugins import Controller, ControllerPluginBase, resolve
from warden.ctl.session import Session
from warden.ctl.shell import parse


@pytest.mark.parametrize(
    ("line", "action", "argument"),
    [
        ("version#x", "version", "#x"),
        ("reread-now", "reread", "-now"),
        ("  start  a  b ", "start", "a  b"),
        ("?", "help", ""),
        ("? start", "help", "start"),
        ("?start", "help", "start"),
        ("!ls", "", "!ls"),
        ("-x", "", "-x"),
        ("établir", "", "établir"),
    ],
)
def test_the_action_is_the_leading_word(line: str, action: str, argument: str) -> None:
    assert parse(line) == (action, argument)


@pytest.mark.parametrize("line", ["!ls", "foo:bar   baz", "-x", "statusx", "Status"])
def test_unknown_lines_are_told_in_full(run: Run, line: str) -> None:
    ran = run(f"  {line} ")

    assert (ran.out, ran.status) == (f"*** Unknown syntax: {line}\n", 1)


@pytest.mark.parametrize(("line", "out"), [("", ""), ("   ", ""), ("quit", "\n"), ("exit 3", "\n"), ("EOF", "\n")])
def test_lines_that_do_nothing(run: Run, line: str, out: str) -> None:
    assert (run(line).out, run(line).status) == (out, 0)


def test_help_lists_the_actions_in_columns(run: Run) -> None:
    listing = run("help").out

    head, ruler, *rows = listing.strip("\n").splitlines()
    assert (head, ruler) == ("default commands (type help <topic>):", "=" * 37)
    columns = zip_longest(*(row.split() for row in rows))
    assert [action for column in columns for action in column if action] == sorted(COMMANDS)
    assert run("?").out == listing


@pytest.mark.parametrize("topic", [*COMMANDS, "help", "EOF"])
def test_every_action_has_help(run: Run, topic: str) -> None:
    ran = run(f"help {topic}")

    assert topic in ran.out
    assert "***" not in ran.out
    assert ran.status == 0


@pytest.mark.parametrize("topic", ["nope", "start stop"])
def test_help_on_nothing_known_is_no_failure(run: Run, topic: str) -> None:
    assert (run(f"help {topic}").out, run(f"help {topic}").status) == (f"*** No help on {topic}\n", 0)


# --- completion


@pytest.fixture
def session(daemon: FakeDaemon) -> Session:
    daemon.answers |= {
        "getAllProcessInfo": [process("web"), process("a", group="g"), process("g", group="g")],
        "getAllConfigInfo": [process("new"), process("a", group="g")],
    }
    return Session(ClientConfig(serverurl=daemon.url), Lines())


@pytest.mark.parametrize(
    ("line", "text", "candidates"),
    [
        ("re", "re", ["reload", "remove", "reread", "restart"]),
        ("help a", "a", ["add", "avail"]),
        ("start ", "", ["web", "g:*", "g:a", "g"]),
        ("stop web g:", "g:", ["g:*", "g:a", "g:g"]),
        ("status w", "w", ["web"]),
        ("status web:", "web:", ["web:*", "web:web"]),
        ("remove ", "", ["g", "web"]),
        ("add ", "", ["new"]),
        ("update ", "", ["g", "new", "web"]),
        ("signal HU", "HU", ["HUP"]),
        ("signal HUP w", "w", ["web"]),
        ("avail ", "", []),
        ("nonsense ", "", []),
    ],
)
def test_candidates(session: Session, line: str, text: str, candidates: list[str]) -> None:
    completer = Completer(session, lambda: [*COMMANDS, "help"], lambda: line)

    offered = []
    while (candidate := completer(text, len(offered))) is not None:
        offered.append(candidate)

    assert offered == [f"{candidate} " for candidate in candidates]
    session.client.close()


def test_the_server_is_asked_once_until_the_next_command(session: Session, daemon: FakeDaemon) -> None:
    completer = Completer(session, lambda: [], lambda: "start ")

    completer("", 0)
    completer("", 0)
    assert len(daemon.calls) == 1
    completer.forget()
    completer("", 0)

    assert len(daemon.calls) == 2
    session.client.close()


def test_completion_is_quiet_if_nobody_answers(tmp_path: Path) -> None:
    session = Session(ClientConfig(serverurl=f"unix://{tmp_path}/none"), Lines())

    assert Completer(session, lambda: [], lambda: "start ")("", 0) is None


# --- plugins


class Quick(ControllerPluginBase):
    def __init__(self, controller: Controller, word: str = "hello") -> None:
        super().__init__(controller)
        self.word = word

    def do_greet(self, argument: str) -> None:
        self.ctl.output(f"{self.word} {argument} at {self.ctl.options.serverurl}")
        self.ctl.exitstatus = 5

    def help_greet(self) -> None:
        self.ctl.output("greet <name>")

    def do_pids(self, _: str) -> None:
        """Show pids."""
        if self.ctl.upcheck():
            self.ctl.output([info["pid"] for info in self.ctl.get_supervisor().getAllProcessInfo()])

    def do_fail(self, _: str) -> None:
        self.ctl.get_server_proxy("supervisor").shutdown()

    def do_again(self, argument: str) -> None:
        self.ctl.onecmd(argument)

    def do_start(self, _: str) -> None:
        raise AssertionError("a plugin cannot replace a built-in action")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> tuple[PluginConfig, ...]:
    module = ModuleType("quick_plugin")
    module.Quick = Quick  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "quick_plugin", module)
    return (
        PluginConfig(name="quick", factory="quick_plugin:Quick", options=(("word", "hi"),)),
        PluginConfig(name="second", factory="quick_plugin:Quick"),
    )


def test_a_plugin_runs_with_its_options(run: Run, daemon: FakeDaemon, plugins: tuple[PluginConfig, ...]) -> None:
    ran = run("greet  Bob", plugins=plugins)

    assert (ran.out, ran.status) == (f"hi Bob at {daemon.url}\n", 5)


def test_a_plugin_talks_to_the_daemon(run: Run, daemon: FakeDaemon, plugins: tuple[PluginConfig, ...]) -> None:
    daemon.answers["getAllProcessInfo"] = [process("web", pid=9)]

    assert run("pids", plugins=plugins).out == "[9]\n"
    assert run("again pid all", plugins=plugins).out == "9\n"


def test_a_plugin_that_fails_costs_its_own_call(
    run: Run, daemon: FakeDaemon, plugins: tuple[PluginConfig, ...]
) -> None:
    daemon.answers["shutdown"] = Fault(6, "SHUTDOWN_STATE")

    ran = run("fail", plugins=plugins)

    assert (ran.out, ran.status) == ("error: Fault: <Fault 6: 'SHUTDOWN_STATE'>\n", 1)


def test_a_plugin_without_password_is_told_like_any_action(
    run: Run, daemon: FakeDaemon, plugins: tuple[PluginConfig, ...]
) -> None:
    daemon.credentials = "Basic x"

    assert (run("fail", plugins=plugins).out) == "Server requires authentication\n"


def test_a_plugin_cannot_replace_an_action(run: Run, daemon: FakeDaemon, plugins: tuple[PluginConfig, ...]) -> None:
    daemon.answers["startProcess"] = True

    assert run("start web", plugins=plugins).out == "web: started\n"


def test_help_of_plugins(run: Run, plugins: tuple[PluginConfig, ...]) -> None:
    listing = run("help", plugins=plugins).out

    blocks = re.findall(r"^(\w+) commands .*\n=+\n(.*)\n\n", listing.removeprefix(run("help").out), re.MULTILINE)
    assert blocks == [("quick", "greet  pids"), ("second", "greet  pids")]
    assert run("help greet", plugins=plugins).out == "greet <name>\n"
    assert run("help pids", plugins=plugins).out == "Show pids.\n"
    assert run("help fail", plugins=plugins).out == "*** No help on fail\n"


def test_references_to_plugins() -> None:
    assert resolve("os.path:join.__name__") == "join"
    with pytest.raises(ValueError, match="module:attribute"):
        resolve("os.path")
