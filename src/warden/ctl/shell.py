"""Lines to actions: parsing, errors, help, and the prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from warden.config.values import ClientConfig
from warden.ctl import codes
from warden.ctl.client import Fault
from warden.ctl.codes import Exit
from warden.ctl.commands import COMMANDS, LEAVE, SHELL_HELP, run
from warden.ctl.lines import Lines
from warden.ctl.plugins import Controller, Plugin, load_plugins
from warden.ctl.session import Session
from warden.ctl.wire import CannotConnect, ClientError, HttpStatus

ACTION_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
LEAVING = ("exit", "quit", "EOF")
UNAUTHORIZED = 401


def parse(line: str) -> tuple[str, str]:
    """Split a line into action and argument; the action is empty if there is none."""
    line = line.strip()
    if line.startswith("?"):
        return "help", line[1:].strip()
    length = next((at for at, letter in enumerate(line) if letter not in ACTION_LETTERS), len(line))
    return line[:length], line[length:].strip()


class Shell:
    """Runs lines against one session.

    Raises ValueError if the server URL cannot be used, and whatever a plugin's
    factory raises.
    """

    def __init__(self, config: ClientConfig, lines: Lines) -> None:
        self.session = Session(config, lines)
        self._controller = Controller(self.session, self.run_line)
        self._plugins: list[Plugin] = load_plugins(config.plugins, self._controller)

    def close(self) -> None:
        """Drop the connections."""
        self._controller.close()
        self.session.client.close()

    def run_line(self, line: str) -> None:
        """Run one line; what goes wrong is told on stdout and kept in ``session.exitstatus``."""
        session = self.session
        while True:
            try:
                self._dispatch(line.strip())
            except HttpStatus as error:
                if error.status != UNAUTHORIZED:
                    session.fail(f"error: {error}")
                elif self._log_in():
                    continue
            except CannotConnect as error:
                session.fail(str(error))
            except Fault as fault:
                going_down = fault.code == codes.SHUTDOWN_STATE
                session.fail(f"error: {fault.text}" + (": the server is shutting down or restarting" * going_down))
            except ClientError as error:
                session.fail(f"error: {error}")
            except EOFError:
                session.fail("error: end of input")
            return

    def _log_in(self) -> bool:
        """Ask for credentials and return whether to try again."""
        session = self.session
        if not session.interactive:
            session.fail("Server requires authentication")
            return False
        session.output("Server requires authentication")
        try:
            username = session.lines.read("Username:")
            password = session.lines.read_secret("Password:")
        except EOFError:
            session.fail("error: end of input")
            return False
        session.output("")
        session.log_in(username, password)
        return True

    def _dispatch(self, line: str) -> None:
        if not line:
            return
        action, argument = parse(line)
        if action == "help":
            self._help(argument)
        elif action == "EOF":
            run(self.session, LEAVE, ())
        elif action in COMMANDS:
            run(self.session, COMMANDS[action], argument.split())
        elif action and (plugin := next((plugin for plugin in self._plugins if plugin.has(action)), None)):
            plugin.run(action, argument)
        else:
            self.session.fail(f"*** Unknown syntax: {line}")

    def actions(self) -> Sequence[str]:
        """Return every action that can be typed."""
        return [*COMMANDS, "help", *(action for plugin in self._plugins for action in plugin.actions())]

    def _help(self, topic: str) -> None:
        if not topic:
            self._list_actions()
            return
        text = SHELL_HELP.get(topic)
        if text is None and topic in COMMANDS:
            text = COMMANDS[topic].help
        plugin = next((plugin for plugin in self._plugins if plugin.has(topic)), None)
        if text is None and plugin is not None:
            text = plugin.help(topic)
        if text is None:
            text = f"*** No help on {topic}"
        if text:
            self.session.output(text)

    def _list_actions(self) -> None:
        import cmd  # 5 ms, only for its columns

        layout = cmd.Cmd(stdout=sys.stdout)
        self.session.output("")
        layout.print_topics("default commands (type help <topic>):", sorted(COMMANDS), 15, 80)
        for plugin in self._plugins:
            layout.print_topics(f"{plugin.name} commands (type help <topic>):", plugin.actions(), 15, 80)

    def interact(self) -> None:
        """Show the status, then prompt for lines until somebody leaves."""
        from warden.ctl.editing import Editing  # readline: only at a prompt

        session = self.session
        session.interactive = True
        try:
            self.run_line("status")
            with Editing(session, self.actions) as editing:
                while True:
                    line = session.lines.read(f"{session.config.prompt}> ")
                    editing.forget()
                    self.run_line(line)
                    if parse(line)[0] in LEAVING:
                        break
        except (EOFError, KeyboardInterrupt):
            session.output("")
        session.exitstatus = Exit.SUCCESS
