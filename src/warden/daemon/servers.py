"""The listening sockets of our HTTP servers, across restarts of the daemon and the end of a brain."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from warden.config.model import HttpServerConfig
from warden.errors import StartupError
from warden.runtime.parent import Parent
from warden.runtime.sockets import HttpListener


class Listeners:
    """The listening sockets of our HTTP servers; those that stay the same survive a restart."""

    def __init__(self) -> None:
        self._open: dict[HttpServerConfig, HttpListener] = {}
        self._parent: Parent | None = None

    def inherit(self, configs: tuple[HttpServerConfig, ...], parent: Parent) -> None:
        """Go on with those that ``parent`` holds."""
        self._parent = parent
        for config in configs:
            fd = parent.inherit(_name(config))
            if fd is not None:
                self._open[config] = HttpListener(config, fd)

    def take(self, sockets: Mapping[HttpServerConfig, int]) -> None:
        """Go on with those that another daemon has opened."""
        for config, fd in sockets.items():
            self._open[config] = listener = HttpListener(config, fd)
            listener.socket.setblocking(False)

    def hold(self, parent: Parent) -> None:
        """Let ``parent`` hold what is open, and what will be."""
        self._parent = parent
        for config, listener in self._open.items():
            parent.hold(_name(config), listener.socket.fileno())

    def adopt(self, configs: tuple[HttpServerConfig, ...]) -> None:
        """Open what is new or lost its file, and close what is gone.

        Raises:
            StartupError: an address cannot be used; the others are open all the same.
        """
        for config, listener in tuple(self._open.items()):
            if config not in configs or not listener.is_reachable:
                listener.close()
                del self._open[config]
                if self._parent is not None:
                    self._parent.drop(_name(config))
        refused: StartupError | None = None
        for config in configs:
            if config not in self._open:
                try:
                    self._open[config] = listener = HttpListener(config)
                    if self._parent is not None:
                        self._parent.hold(_name(config), listener.socket.fileno())
                except StartupError as error:
                    refused = refused or error
        if refused is not None:
            raise refused

    def copies(self) -> list[tuple[HttpServerConfig, socket.socket]]:
        """Duplicates for a server that closes what it is given."""
        return [(config, listener.socket.dup()) for config, listener in self._open.items()]

    def close(self) -> None:
        """Close all and remove their files."""
        self.adopt(())


def _name(config: HttpServerConfig) -> str:
    return f"http {config.section} {config.path or (config.host, config.port)}"
