"""What the plugins of one session of the daemon share: their view of it, its bus, and each other's namespaces."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable

from warden.config.model import Config
from warden.config.values import PluginConfig
from warden.daemon.facade.events import DESK
from warden.daemon.facade.rpc import InProcessApi, InProcessSystem
from warden.daemon.facade.supervisord import SupervisordView
from warden.daemon.plugins import MAIN_INTERFACE, resolve
from warden.daemon.supervisor import Supervisor
from warden.errors import StartupError
from warden.events.types import Event
from warden.rpc.control import Control
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import Mood


class Session:
    """The daemon for its plugins; ``request`` is called with the mood that one of them asks for."""

    def __init__(
        self,
        config: Config,
        supervisor: Supervisor,
        control: Control,
        loop: asyncio.AbstractEventLoop,
        request: Callable[[Mood], None],
    ) -> None:
        self._log = supervisor.log
        self._control = control
        self._supervisord = SupervisordView(config, supervisor, control, loop, request)
        DESK.open(supervisor.bus, self._supervisord.show)

    def show(self, event: Event) -> object:
        """Return what a result handler gets for an event."""
        return self._supervisord.show(event)

    def namespaces(self, plugins: Iterable[PluginConfig], refuse: Callable[[str], None]) -> dict[str, object]:
        """Call every factory, once for all HTTP servers.

        ``refuse`` takes the message for each that fails and is then left out.
        """
        made: dict[str, object] = {}
        inside: dict[str, object] = {}
        for plugin in plugins:
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
            self._log.critical(traceback.format_exc().rstrip())
            raise StartupError(f"Could not make {plugin.name} rpc interface") from None

    def close(self) -> None:
        """End the session for plugins."""
        DESK.close()
        self._supervisord.close()
