"""The RPC namespaces that a configuration asks for: ours, and those of plugins."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

from warden.config.model import Config
from warden.config.values import PluginConfig
from warden.daemon.facade.events import DESK
from warden.daemon.facade.rpc import InProcessApi, InProcessSystem
from warden.daemon.facade.supervisord import SupervisordView
from warden.daemon.plugins import MAIN_INTERFACE, resolve
from warden.daemon.supervisor import Supervisor
from warden.errors import StartupError
from warden.rpc.control import Control
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import Mood


class Interfaces:
    """What the plugins of one session of the daemon share: their view of it, and its bus.

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
        self._supervisord = SupervisordView(config, supervisor, control, loop, request)
        supervisor.pools.present(self._supervisord.show)
        DESK.open(supervisor.bus, self._supervisord.show)

    def namespaces(self, refuse: Callable[[str], None]) -> dict[str, object]:
        """Call every factory, once for all HTTP servers; without a server there is nobody to serve.

        ``refuse`` takes the message for each that fails and is then left out.
        """
        made: dict[str, object] = {}
        inside: dict[str, object] = {}
        for plugin in self._config.rpcinterfaces if self._config.http else ():
            if plugin.factory == MAIN_INTERFACE:
                made[plugin.name] = SupervisorApi(self._control)
                inside[plugin.name] = InProcessApi(self._supervisord)
                continue
            try:
                made[plugin.name] = inside[plugin.name] = self._make(plugin)
            except StartupError as error:
                refuse(str(error))
        self._supervisord.serve({**inside, "system": InProcessSystem(inside.items())})
        return made

    def _make(self, plugin: PluginConfig) -> object:
        factory = resolve(plugin.factory)
        assert callable(factory)  # resolve() has seen to that
        try:
            return factory(self._supervisord, **dict(plugin.options))
        except Exception:  # noqa: BLE001 - a plugin's code may raise anything
            self._supervisor.log.critical(traceback.format_exc().rstrip())
            raise StartupError(f"Could not make {plugin.name} rpc interface") from None

    def close(self) -> None:
        """End the session for plugins."""
        DESK.close()
        self._supervisord.close()
