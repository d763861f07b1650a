"""All listener pools of the daemon: which of them hear of an event, under which number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

from warden.config.model import PoolConfig
from warden.daemon.notes import Notes
from warden.daemon.plugins import DEFAULT_HANDLER, resolve
from warden.daemon.records import Group
from warden.events.bus import Bus
from warden.events.serials import Serials
from warden.events.types import Event
from warden.logs.mainlog import MainLog
from warden.runtime.deadlines import Deadlines

if TYPE_CHECKING:
    from warden.daemon.letters import Archive
    from warden.daemon.listeners import ResultHandler, RunningPool
    from warden.events.listener import ListenerState


class Pools:
    """Takes events from the bus to the pools that want them.

    An event that several pools take carries the same serial in all of them,
    and one that no pool takes uses up none.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        bus: Bus,
        log: MainLog,
        serials: Serials,
        identifier: str,
        notes: Notes,
    ) -> None:
        self._loop = loop
        self._bus = bus
        self._log = log
        self._serials = serials
        self._identifier = identifier
        self._open_view: Callable[[], Callable[[Event], object]] = lambda: _unchanged
        self._notes = notes
        self._archive: Archive | None = None  # one for all pools
        self._stirred: dict[RunningPool, None] = {}  # those that have got something in the burst that goes on
        self._pools: dict[str, RunningPool] = {}
        self._subscribed: frozenset[type[Event]] = frozenset()
        self._routes: dict[type[Event], tuple[RunningPool, ...]] = {}  # cache, built on demand
        self._deadlines: Deadlines[RunningPool] = Deadlines(loop, lambda pool: pool.due())

    def add(self, group: Group, config: PoolConfig) -> None:
        """Connect a pool; its group is active already."""
        from warden.daemon.letters import Archive  # with the pure pool and the listeners: most daemons have none
        from warden.daemon.listeners import RunningPool

        if self._archive is None:
            self._archive = Archive()
        pool = RunningPool(
            config,
            group,
            self._handler(config.result_handler),
            identifier=self._identifier,
            loop=self._loop,
            log=self._log,
            deadlines=self._deadlines,
            notes=self._notes,
            archive=self._archive,
        )
        self._pools[group.config.name] = pool
        self._subscribe()

    def present(self, open_view: Callable[[], Callable[[Event], object]]) -> None:
        """Let result handlers get what ``open_view()`` makes of an event; it is called when the first one is there."""
        self._open_view = open_view

    def remove(self, name: str) -> None:
        """Disconnect a pool; what its buffer holds is dropped."""
        pool = self._pools.pop(name, None)
        if pool is not None:
            self._subscribe()
            self._stirred.pop(pool, None)
            pool.close()

    def listener_state(self, group: str, process: str) -> ListenerState | None:
        """Where the conversation with a listener is; None for what is no listener."""
        pool = self._pools.get(group)
        return None if pool is None else pool.core.listener_state(process)

    def leave(self) -> None:
        """Let go of all; what they hold is noted."""
        self._deadlines.clear()

    def find(self, group: str) -> RunningPool | None:
        """Return the pool of a group, None if it is none."""
        return self._pools.get(group)

    def close(self) -> None:
        """Disconnect all."""
        for name in tuple(self._pools):
            self.remove(name)

    def _handler(self, reference: str) -> ResultHandler | None:
        """Load a result handler; None for the default one."""
        if reference == DEFAULT_HANDLER:
            return None
        handler = resolve(reference)
        assert callable(handler)  # resolve() has seen to that
        show = self._open_view()
        return lambda event, result: handler(show(event), result)

    def _subscribe(self) -> None:
        """Hear what at least one pool wants, once for all of them."""
        self._routes.clear()
        wanted = frozenset(kind for pool in self._pools.values() for kind in pool.core.kinds)
        before, self._subscribed = self._subscribed, wanted
        for kind in wanted - before:
            self._bus.subscribe(kind, self._accept)
        for kind in before - wanted:
            self._bus.unsubscribe(kind, self._accept)

    def _accept(self, event: Event) -> None:
        kind = type(event)
        if kind not in self._routes:
            self._routes[kind] = tuple(pool for pool in self._pools.values() if issubclass(kind, pool.core.kinds))
        serial = self._serials.take()
        is_first = not self._stirred
        for pool in self._routes[kind]:
            if pool not in self._stirred:
                self._stirred[pool] = None
                pool.look()
            pool.accept(event, serial)
        if is_first:
            self._bus.afterwards(self._settle)

    def _settle(self) -> None:
        """Note all that a burst has brought, in one go; only then send it."""
        stirred, self._stirred = self._stirred, {}
        self._notes.events(chain.from_iterable(pool.news() for pool in stirred), self._serials.count)
        for pool in stirred:
            pool.noted()
            pool.carry_on()


def _unchanged(event: Event) -> object:
    return event
