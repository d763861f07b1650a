"""Takes care of children that are not its own, beside those of an ordinary parent.

Such are the programs of a daemon whose place we took, those that a daemon which
was killed has left behind, and all of them once the keeper is gone.  The
descriptors by which we know them are held by the keeper, under names that say
whose they are, so that they are still known when this process ends.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from warden.runtime import foreign, proc
from warden.runtime.parent import FoundChild, Order, Owner, Parent
from warden.runtime.reflex import Flags
from warden.runtime.roster import Roster
from warden.runtime.spawn import SpawnPlan
from warden.words import ExitStatus

_CHILD = "foreign child "
_END = "foreign end "


def found_in(held: dict[str, int]) -> list[FoundChild]:
    """Take the foreign children out of what the keeper holds."""
    children: dict[int, FoundChild] = {}
    for name in [name for name in held if name.startswith(_CHILD)]:
        life, tag, pid, born = json.loads(name.removeprefix(_CHILD))
        children[life] = FoundChild(life=life, tag=tag, pid=pid, ends=[], born=born, pidfd=held.pop(name))
    for name in sorted(name for name in held if name.startswith(_END)):
        life, _place = map(int, name.removeprefix(_END).split())
        children[life].ends.append(held.pop(name))
    return list(children.values())


def _names(child: FoundChild) -> list[str]:
    row = json.dumps([child.life, child.tag, child.pid, child.born])
    return [f"{_CHILD}{row}", *(f"{_END}{child.life} {place}" for place in range(len(child.ends)))]


class FosterParent:
    """A ``Parent`` in front of another one.

    ``given`` are descriptors that nobody holds yet, for ``inherit``.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        roster: Roster,
        given: Mapping[str, int] | None = None,
    ) -> None:
        self._loop = loop
        self._parent = parent
        self._roster = roster
        self._watch: foreign.Watch | None = None  # made for the first foreign child
        self._ours: dict[int, _Ours] = {}
        self._foreign: dict[int, FoundChild] = {}
        self._given: dict[str, int] = {}
        for name, fd in (given or {}).items():
            self.endow(name, fd)

    @property
    def pid(self) -> int:
        """The pid by which the daemon is known."""
        return self._parent.pid

    @property
    def crowded(self) -> bool:
        """Whether more starts would only queue up."""
        return self._parent.crowded

    def spawn(
        self,
        life: int,
        tag: Mapping[str, Any],
        plan: SpawnPlan,
        ends: Sequence[int],
        owner: Owner,
        order: Order | None = None,
    ) -> None:
        """Let the other parent start a child."""
        ours = self._ours[life] = _Ours(self, life, tag, ends, owner)
        self._parent.spawn(life, tag, plan, ends, ours, order)

    def reflexes(self) -> Flags | None:
        """Return the flags of the other parent."""
        return self._parent.reflexes()

    def successor(self, life: int) -> FoundChild | None:
        """Return the child that the other parent has started when that one ended, once."""
        return self._parent.successor(life)

    def adopt(self, child: FoundChild, owner: Owner) -> None:
        """Tell ``owner`` how a child ends that somebody before us has started, whoever is its parent."""
        self._roster.born(child.life, child.tag, child.pid, child.ends)
        if child.pidfd is None:
            ours = self._ours[child.life] = _Ours(self, child.life, child.tag, child.ends, owner)
            ours.pid, ours.tag = child.pid, None
            self._parent.adopt(child, ours)
        else:
            self._take_in(child, child.pidfd, owner)

    def _take_in(self, child: FoundChild, pidfd: int, owner: Owner) -> None:
        self._foreign[child.life] = child
        for name, fd in zip(_names(child), (pidfd, *child.ends), strict=True):
            self._parent.hold(name, fd)
        if self._watch is None:
            self._watch = foreign.Watch(self._loop)
        self._watch.add(pidfd, child.pid, lambda status: owner.ended(status, self._loop.time()))

    def settle(self, life: int) -> None:
        """Wait for the answer to ``spawn``."""
        self._parent.settle(life)

    def bury(self, life: int) -> None:
        """Let go of a child that has ended."""
        self._roster.ended(life)
        child = self._foreign.pop(life, None)
        if child is None:
            self._ours.pop(life, None)
            self._parent.bury(life)
            return
        for name in _names(child):
            self._parent.drop(name)
        if child.pidfd is not None:
            os.close(child.pidfd)

    def hold(self, name: str, fd: int) -> None:
        """Let the other parent hold it."""
        self._parent.hold(name, fd)

    def drop(self, name: str) -> None:
        """Let go of it."""
        self._parent.drop(name)

    def endow(self, name: str, fd: int) -> None:
        """Have ``fd`` for ``inherit``."""
        self._given[name] = fd
        self._parent.hold(name, fd)

    def inherit(self, name: str) -> int | None:
        """Return what somebody before us had under that name, once."""
        given = self._given.pop(name, None)
        return self._parent.inherit(name) if given is None else given

    def close(self) -> None:
        """Watch nobody any more."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def let_go(self) -> None:
        """Forget everybody: another brain makes their acquaintance, or we do once more."""
        self.close()
        for child in self._foreign.values():
            if child.pidfd is not None:
                os.close(child.pidfd)
        self._foreign.clear()
        self._ours.clear()
        self._roster.let_go()

    # --- the keeper is gone

    def replace(self, parent: Parent) -> None:
        """Go on with another parent because the one before is gone: its children are foreign from now on."""
        self._parent = parent
        for life, ours in tuple(self._ours.items()):
            pid = ours.pid or ours.find()
            if not pid:
                del self._ours[life]
                ours.owner.refused(OSError(errno.ESRCH, os.strerror(errno.ESRCH)))
                continue
            if not ours.pid:
                ours.born(pid)
            pidfd = foreign.open_process(pid)
            if pidfd is None or not ours.is_it():
                if pidfd is not None:
                    os.close(pidfd)
                ours.owner.ended(ExitStatus(), self._loop.time())
                continue
            del self._ours[life]
            child = FoundChild(
                life=life, tag=self._roster.tag(life), pid=pid, ends=list(ours.ends), born=0.0, pidfd=pidfd
            )
            self._take_in(child, pidfd, ours.owner)

    def note(self, ours: _Ours) -> None:
        """A child of the other parent is born."""
        assert ours.tag is not None
        self._roster.born(ours.life, ours.tag, ours.pid, ours.ends)
        ours.tag = None

    def forget(self, life: int) -> None:
        """A child of the other parent will not be."""
        self._ours.pop(life, None)


class _Ours:
    """A child of the other parent: stands between it and the owner, and knows what is needed if the parent dies."""

    __slots__ = ("_foster", "_known_at", "ends", "life", "owner", "pid", "tag")

    def __init__(
        self, foster: FosterParent, life: int, tag: Mapping[str, Any], ends: Sequence[int], owner: Owner
    ) -> None:
        self._foster = foster
        self.life = life
        self.tag: Mapping[str, Any] | None = tag  # None as soon as the roster has it: thousands may live
        self.ends = ends
        self.owner = owner
        self.pid = 0
        self._known_at = _since_boot()

    def born(self, pid: int) -> None:
        """Hear that it exists."""
        self.pid = pid
        self._known_at = _since_boot()
        self._foster.note(self)
        self.owner.born(pid)

    def refused(self, error: OSError) -> None:
        """Hear that it will not."""
        self._foster.forget(self.life)
        self.owner.refused(error)

    def ended(self, status: ExitStatus, at: float) -> None:
        """Hear how it ended."""
        self.owner.ended(status, at)

    def is_it(self) -> bool:
        """Whether the process that has the pid now was there when we heard of it: a pid may have found another user."""
        start = proc.started_at(self.pid)
        return start is not None and start <= self._known_at

    def find(self) -> int:
        """Return the pid of a child of whose birth nobody told us, by the pipes that were made for it; 0 if none."""
        wanted = {os.fstat(fd).st_ino for fd in self.ends}
        leaders = (pid for pid in proc.pids() if (found := proc.stat(pid)) is not None and found.group == pid)
        for pid in leaders:
            if pid != os.getpid() and any(pipe.inode in wanted for pipe in proc.pipes(pid)):
                return pid
        return 0


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
