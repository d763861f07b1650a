"""Whose children the programs are: this process's own, or the keeper's (``runtime.kept``)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

from warden.runtime.reaper import Reaper
from warden.runtime.reflex import Flags
from warden.runtime.spawn import SpawnPlan, spawn
from warden.words import ExitStatus


@dataclass(slots=True, kw_only=True)
class FoundChild:
    """A child that somebody before us has started, when it was ``born``; ``ends`` are our ends of its pipes.

    ``status`` is how it ended meanwhile, ``at`` when.  Times are on the monotonic clock.
    ``pidfd`` is set for one that is nobody's child of ours (``runtime.foreign``), ``after`` for
    one that the parent has started by itself: the life of the one before it.
    """

    life: int
    tag: Mapping[str, Any]
    pid: int
    ends: list[int]
    born: float
    status: ExitStatus | None = None
    at: float = 0.0
    pidfd: int | None = None
    after: int | None = None

    def close(self) -> None:
        """Close all that is open for it."""
        for fd in (*self.ends, *(() if self.pidfd is None else (self.pidfd,))):
            os.close(fd)


class Owner(Protocol):
    """Who wanted a child."""

    def born(self, pid: int) -> None:
        """Hear that the child exists."""
        ...

    def refused(self, error: OSError) -> None:
        """Hear that there will be none."""
        ...

    def ended(self, status: ExitStatus, at: float) -> None:
        """Hear how it ended, and when on the monotonic clock; answer with ``Parent.bury``."""
        ...


class Parent(Protocol):
    """Starts children and tells their owners what becomes of them."""

    @property
    def pid(self) -> int:
        """The pid by which the daemon is known."""
        ...

    @property
    def crowded(self) -> bool:
        """Whether more starts would only queue up."""
        ...

    def spawn(
        self,
        life: int,
        tag: Mapping[str, object],
        plan: SpawnPlan,
        ends: Sequence[int],
        owner: Owner,
        order: Order | None = None,
    ) -> None:
        """Start the child that is known as ``life`` and answer ``owner``, at once or later.

        ``tag`` (JSON) is kept with it.
        ``ends`` are our ends of its pipes, which outlive this process if the
        parent does.  The descriptors of ``plan`` may be closed afterwards.
        With an ``order`` a parent that has ``reflexes`` starts its successor.
        """
        ...

    def reflexes(self) -> Flags | None:
        """Return the flags that let orders stand, the same each time; None if children are never started by itself."""
        ...

    def successor(self, life: int) -> FoundChild | None:
        """Return the child that the parent has started when that one ended, once; ``adopt`` or end it."""
        ...

    def adopt(self, child: FoundChild, owner: Owner) -> None:
        """Tell ``owner`` how a child ends that somebody before us has started."""
        ...

    def settle(self, life: int) -> None:
        """Wait for the answer to ``spawn``, which nobody else on the loop may want to: for plugins alone."""
        ...

    def bury(self, life: int) -> None:
        """Give the pid of a child that has ended free, and let go of its ``ends``."""
        ...

    def hold(self, name: str, fd: int) -> None:
        """Hold a duplicate of ``fd`` for whoever comes after us."""
        ...

    def drop(self, name: str) -> None:
        """Let go of it."""
        ...

    def inherit(self, name: str) -> int | None:
        """Return what somebody before us let it hold, once."""
        ...


class Order(NamedTuple):
    """What lets a parent replace a child: the number of its ``flag``, and exit codes after which it must not."""

    flag: int
    unless: tuple[int, ...]


class OwnParent:
    """This process is the parent: its children are orphaned when it is killed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reaper: Reaper, pid: int) -> None:
        self.pid = pid
        self.crowded = False
        self._loop = loop
        self._reaper = reaper

    def spawn(
        self,
        _life: int,
        _tag: Mapping[str, object],
        plan: SpawnPlan,
        _ends: Sequence[int],
        owner: Owner,
        _order: Order | None = None,
    ) -> None:
        """Start a child; the answer comes at once."""
        try:
            pid = spawn(plan)
        except OSError as error:
            owner.refused(error)
            return
        self._reaper.register(pid, partial(self._ended, owner))
        owner.born(pid)

    def _ended(self, owner: Owner, status: ExitStatus) -> None:
        owner.ended(status, self._loop.time())

    def reflexes(self) -> Flags | None:
        """Return nothing: whoever hears of an end is here."""
        return None

    def successor(self, _life: int) -> FoundChild | None:
        """Return nothing."""
        return None

    def adopt(self, child: FoundChild, owner: Owner) -> None:
        """Refuse: nobody was before us."""
        raise NotImplementedError

    def settle(self, life: int) -> None:
        """Do nothing: it came at once."""

    def bury(self, life: int) -> None:
        """Do nothing: the reaper has done it."""

    def hold(self, name: str, fd: int) -> None:
        """Do nothing: nobody could come after us."""

    def drop(self, name: str) -> None:
        """Do nothing."""

    def inherit(self, name: str) -> int | None:
        """Return nothing: nobody was before us."""
