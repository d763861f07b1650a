"""Lets the parent replace children by itself, as long as nothing would have to be thought about."""

from __future__ import annotations

from collections.abc import Callable

from warden.config.bounds import NO_LIMITS
from warden.daemon.records import Process
from warden.process.restarting import comes_back_unless
from warden.runtime.parent import Order
from warden.runtime.reflex import FLAGS, Flags
from warden.runtime.spawn import SpawnPlan
from warden.words import Phase


class Reflexes:
    """Gives the orders; what comes of them is ``Parent.successor``.

    An order stands while its process is RUNNING, and until ``close``.  ``share``
    is ``Parent.reflexes``.
    """

    def __init__(self, share: Callable[[], Flags | None]) -> None:
        self._share = share
        self._flags: Flags | None = None
        self._numbers = iter(range(FLAGS))
        self._free: list[int] = []  # flags of those that have gone
        self._is_closed = False

    def order(self, process: Process, plan: SpawnPlan) -> Order | None:
        """Return the order for a child of ``process`` that is started with ``plan``; None if it needs the brain."""
        unless = comes_back_unless(process.config.policy)
        if unless is None or self._is_closed or not _is_plain(process, plan):
            self.forget(process)
            return None
        if process.flag is None:
            self._flags = self._share()
            if self._flags is None:
                return None
            process.flag = self._free.pop() if self._free else next(self._numbers, None)
        return None if process.flag is None else Order(process.flag, unless)

    def follow(self, process: Process) -> None:
        """Let the order of a process stand, or not, after its phase has changed."""
        if process.flag is not None and self._flags is not None and not self._is_closed:
            self._flags.put(process.flag, stands=process.state.phase is Phase.RUNNING)

    def forget(self, process: Process) -> None:
        """Let the order of a process stand no more: it is somebody else, or will be."""
        if process.flag is not None and self._flags is not None:
            self._flags.put(process.flag, stands=False)
            self._free.append(process.flag)
            process.flag = None

    def close(self) -> None:
        """Let no order stand any more: the daemon goes down."""
        self._is_closed = True
        if self._flags is not None:
            self._flags.clear()


def _is_plain(process: Process, plan: SpawnPlan) -> bool:
    """Whether a start takes nothing but what is in the plan.

    A command without a slash is not plain: it is looked for at each start.
    """
    config = process.config
    return (
        "/" in plan.argv[0]
        and plan.refusal is None
        and config.limits == NO_LIMITS
        and config.socket is None
        and config.schedule is None
        and config.ready is None
        and config.healthcheck is None
        and not config.watchdog_secs
        and not config.depends_on
        and not process.mark
        and process.on_stdout is None
    )
