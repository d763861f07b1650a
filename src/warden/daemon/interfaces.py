"""The RPC namespaces that a configuration asks for; what plugins see of the daemon is loaded for plugins only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from warden.config.model import Config
from warden.config.values import PluginConfig
from warden.daemon.plugins import MAIN_INTERFACE
from warden.daemon.supervisor import Supervisor
from warden.events.types import Event
from warden.rpc.control import Control
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import Mood


class _Session(Protocol):
    """What the plugins of one session share (``daemon.facade.session``)."""

    def show(self, event: Event) -> object: ...

    def namespaces(self, plugins: Iterable[PluginConfig], refuse: Callable[[str], None]) -> Mapping[str, object]: ...

    def close(self) -> None: ...


class Interfaces:
    """The namespaces of one session of the daemon, and its plugins if there are any.

    Make it before groups are added.  ``request`` is called with the mood that a plugin asks for.
    """

    def __init__(
        self,
        config: Config,
        supervisor: Supervisor,
        control: Control,
        loop: asyncio.AbstractEventLoop,
        request: Callable[[Mood], None],
    ) -> None:
        self._config = config
        self._supervisor = supervisor
        self._control = control
        self._loop = loop
        self._request = request
        self._plugins = config.rpcinterfaces if config.http else ()  # without a server there is nobody to serve
        self._session: _Session | None = None
        self._served = False
        supervisor.pools.present(lambda: self._present().show)
        if any(plugin.factory != MAIN_INTERFACE for plugin in config.rpcinterfaces):
            self._present()

    def namespaces(self, refuse: Callable[[str], None]) -> Mapping[str, object]:
        """Call every factory, once for all HTTP servers; ``refuse`` takes the message for each that fails."""
        self._served = True
        if self._session is not None:
            return self._session.namespaces(self._plugins, refuse)
        return {plugin.name: SupervisorApi(self._control) for plugin in self._plugins}

    def _present(self) -> _Session:
        """Load what plugins see of the daemon."""
        if self._session is None:
            from warden.daemon.facade.session import Session

            self._session = Session(self._config, self._supervisor, self._control, self._loop, self._request)
            if self._served:  # a result handler came later: it finds our namespaces, and there are no others
                self._session.namespaces(self._plugins, lambda _message: None)
        return self._session

    def close(self) -> None:
        """End the session for plugins."""
        if self._session is not None:
            self._session.close()
