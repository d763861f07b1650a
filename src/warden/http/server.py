"""Our HTTP servers, asleep until somebody knocks.

aiohttp costs about 11 MiB and an eighth of a second.  A daemon nobody talks to
must not pay for it: until the first connection each listening socket
is only watched, then the rest of this room is imported in a thread (the loop
goes on) and takes the sockets over.  This module itself does not import it.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from warden.config.model import HttpServerConfig
from warden.rpc.control import Control
from warden.rpc.insight import Insight
from warden.rpc.registry import Registry
from warden.runtime.threads import in_thread

_RETRY_SECONDS = 1.0
_SITE = "warden.http.site"

Listeners = Sequence[tuple[HttpServerConfig, socket.socket]]


class Log(Protocol):
    """The part of the activity log that this room writes to."""

    def enabled(self, level: str) -> bool:
        """Whether messages of that level are written."""
        ...

    def trace(self, message: str) -> None:
        """Log a request."""
        ...

    def error(self, message: str) -> None:
        """Log a request that makes no sense."""
        ...

    def critical(self, message: str) -> None:
        """Log a failure of ours."""
        ...


class Site(Protocol):
    """Servers that accept connections."""

    async def close(self, *, resumed: bool) -> None:
        """Stop accepting, end what goes on, close the sockets."""
        ...


Open = Callable[[Listeners, Registry, Control, Insight, Log], Awaitable[Site]]


class HttpServer:
    """Serves one registry on several listening, non-blocking sockets, each with credentials of its own.

    The sockets belong to this object from now on: ``close`` closes them (socket
    files stay).
    """

    def __init__(self, listeners: Listeners, registry: Registry, control: Control, insight: Insight, log: Log) -> None:
        self._listeners = listeners
        self._registry = registry
        self._control = control
        self._insight = insight
        self._log = log
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[Site | None] | None = None
        self._later: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to wait for the first connection."""
        self._loop = loop
        for _, listener in self._listeners:
            listener.setblocking(False)
        self._watch(loop)

    async def close(self, *, resumed: bool = False) -> None:
        """End all connections, the last answers excepted, and close the sockets.

        ``resumed``: somebody else serves the same clients from now on.
        """
        if self._later is not None:
            self._later.cancel()
        if self._loop is not None:
            self._stop_watching(self._loop)
        site = None if self._opening is None else await self._opening
        if site is not None:
            await site.close(resumed=resumed)
        for _, listener in self._listeners:
            listener.close()

    def _wake_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_watching(loop)
        self._opening = loop.create_task(self._open(loop), name="warden http")

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        for _, listener in self._listeners:
            loop.add_reader(listener, self._wake_up, loop)

    def _stop_watching(self, loop: asyncio.AbstractEventLoop) -> None:
        for _, listener in self._listeners:
            if listener.fileno() >= 0:
                loop.remove_reader(listener)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Site | None:
        try:
            open_site = await in_thread(_load)
        except OSError as error:  # no descriptor to read a module with, say: that may pass
            self._log.critical(f"cannot serve HTTP yet: {error}")
            self._later = loop.call_later(_RETRY_SECONDS, self._watch, loop)
            return None
        except ImportError as error:  # refuse connections rather than let clients wait for ever
            self._log.critical(f"cannot serve HTTP: {error}")
            for _, listener in self._listeners:
                listener.close()
            return None
        return await open_site(self._listeners, self._registry, self._control, self._insight, self._log)


def _load() -> Open:
    """Import the rest, and let the collector of garbage never look at what is there by now, which stays.

    A full collection would visit 40,000 objects and more, and stop all threads for 25 to 45 ms.  What was there
    before is left out first, so that the import can clear its own garbage away (every tenth class is made twice)
    in collections that are short.  Once is enough: what a later session replaces must be collected.
    """
    fresh = _SITE not in sys.modules
    if fresh:
        gc.freeze()
    from warden.http.site import open_site

    if fresh:
        gc.freeze()
    return open_site
