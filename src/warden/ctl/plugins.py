"""Control plugins: actions that other people's Python adds to the shell.

Everything here serves code written for Supervisor; ``xmlrpc.client`` is loaded
only when a plugin asks for a proxy.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from warden.config.values import ClientConfig, PluginConfig
from warden.ctl.session import Session
from warden.ctl.wire import ClientError, HttpStatus

UNAUTHORIZED = 401


def resolve(reference: str) -> object:
    """Load ``package.module:attribute``; raises whatever importing it raises, ValueError without a colon."""
    module, colon, attribute = reference.partition(":")
    if not colon:
        raise ValueError("it is not of the form module:attribute")
    found: object = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    return found


class Controller:
    """What a plugin may use of the shell, under the names it knows."""

    def __init__(self, session: Session, run_line: Callable[[str], None]) -> None:
        self._session = session
        self._run_line = run_line
        self._home = threading.get_ident()
        self._turn = threading.Lock()
        self._proxy: Any = None
        self._proxied: ClientConfig | None = None  # the settings the proxy was made for

    @property
    def options(self) -> ClientConfig:
        """Serverurl, username, password, prompt, interactive."""
        return self._session.config

    @property
    def exitstatus(self) -> int:
        """What supervisorctl will return."""
        return self._session.exitstatus

    @exitstatus.setter
    def exitstatus(self, status: int) -> None:
        self._session.exitstatus = status

    def output(self, message: object) -> None:
        """Write a line."""
        self._session.output(str(message))

    def upcheck(self) -> bool:
        """Return whether the server can be used; if not, say why."""
        return self._session.preflight()

    def get_server_proxy(self, namespace: str | None = None) -> Any:
        """Return a proxy for all methods, or for those of one namespace."""
        from warden.ctl.transport import server_proxy  # xmlrpc.client: 30 ms

        config = self._session.config
        if config != self._proxied:  # another server, or other credentials
            self.close()
            self._proxy = server_proxy(config.serverurl, config.username, config.password)
            self._proxied = config
        return self._proxy if namespace is None else getattr(self._proxy, namespace)

    def get_supervisor(self) -> Any:
        """Return a proxy for the methods of the daemon itself."""
        return self.get_server_proxy("supervisor")

    def onecmd(self, line: str) -> None:
        """Run a line as if it were typed.

        Some plugins start threads that call this, and wait for them: these take
        turns, since they share our connection.
        """
        if threading.get_ident() == self._home:
            self._run_line(line)
            return
        with self._turn:
            self._run_line(line)

    def close(self) -> None:
        """Drop the connection of the proxy."""
        if self._proxy is not None:
            self._proxy("close")()  # how ServerProxy offers it
            self._proxy = self._proxied = None


class Plugin:
    """One loaded plugin and the name of its section."""

    def __init__(self, name: str, target: object) -> None:
        self.name = name
        self._target = target

    def actions(self) -> list[str]:
        """Return the documented actions, sorted."""
        names = (name.removeprefix("do_") for name in dir(self._target) if name.startswith("do_"))
        return sorted(name for name in names if name != "help" and self._documented(name))

    def has(self, action: str) -> bool:
        """Return whether it knows the action, documented or not."""
        return callable(getattr(self._target, f"do_{action}", None))

    def run(self, action: str, argument: str) -> None:
        """Run an action; whatever it raises becomes a ClientError."""
        self._call(getattr(self._target, f"do_{action}"), argument)

    def help(self, action: str) -> str | None:
        """Let the plugin print its help, or return what it says in a docstring; None if it has neither."""
        method = getattr(self._target, f"help_{action}", None)
        if method is not None:
            self._call(method)
            return ""
        return getattr(self._target, f"do_{action}", None).__doc__

    def _documented(self, action: str) -> bool:
        return hasattr(self._target, f"help_{action}") or bool(getattr(self._target, f"do_{action}").__doc__)

    def _call(self, method: Callable[..., object], *arguments: str) -> None:
        try:
            method(*arguments)
        except ClientError:
            raise
        except Exception as error:
            if getattr(error, "errcode", None) == UNAUTHORIZED:
                raise HttpStatus(self.name, UNAUTHORIZED, "Unauthorized") from error
            raise ClientError(f"{type(error).__name__}: {error}") from error


class ControllerPluginBase:
    """Base class that most plugins derive from; ``name`` is overwritten by the section's."""

    name = "unnamed"

    def __init__(self, controller: Controller) -> None:
        self.ctl = controller

    @property
    def doc_header(self) -> str:
        """Heading of the plugin's actions in ``help``."""
        return f"{self.name} commands (type help <topic>):"


def load_plugins(configs: Sequence[PluginConfig], controller: Controller) -> list[Plugin]:
    """Create every configured plugin, in the order of the file; raises whatever a factory raises."""
    plugins = []
    for config in configs:
        factory: Any = resolve(config.factory)
        target = factory(controller, **dict(config.options))
        target.name = config.name
        plugins.append(Plugin(config.name, target))
    return plugins
