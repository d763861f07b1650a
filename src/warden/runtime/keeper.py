"""The keeper: the parent of all programs, and of the brain, which it starts again when it ends.

Everything that can go wrong lives in the brain; here is only what must not end when the brain does: the programs
(this process is their parent, and a subreaper), the pipe ends and listening sockets, the statuses of those who have
ended, and the brain's record.  Standard library only, no configuration, no network.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from warden.runtime.brains import Brain, Brains, Part
from warden.runtime.bundles import PER_MESSAGE, Bundles, in_lumps
from warden.runtime.courier import HEARD, Courier, Message, new_life
from warden.runtime.polling import Poll
from warden.runtime.reflex import Reflex
from warden.runtime.spawn import SpawnPlan, spawn

_CODES = {os.CLD_EXITED: "code", os.CLD_KILLED: "signum", os.CLD_DUMPED: "dumped"}


class Child:
    """A program's process, from its spawn until the brain has buried it: a zombie meanwhile keeps its pid taken."""

    __slots__ = ("after", "at", "born", "pid", "reflex", "status", "tag")

    def __init__(self, tag: Message, pid: int, reflex: Reflex | None, after: int | None = None) -> None:
        self.tag = tag
        self.pid = pid
        self.reflex = reflex
        self.after = after  # the life before it, if that is the reason for it
        self.born = time.monotonic()
        self.status: dict[str, int] | None = None
        self.at = 0.0  # when it ended, on the monotonic clock

    def row(self, life: int) -> Message:
        """What a brain has to know of it."""
        return {
            "life": life,
            "tag": self.tag,
            "pid": self.pid,
            "born": self.born,
            "status": self.status,
            "at": self.at,
            "after": self.after,
        }


class Keeper:
    """Programs by the number of their life, descriptors by name; ``argv`` and ``facts`` are for brains."""

    def __init__(self, argv: list[str], facts: Message) -> None:
        self._children: dict[int, Child] = {}
        self._unburied: set[int] = set()  # lives that have ended
        self._buried: dict[int, Child] = {}  # these must only be cleared away
        self._orphans = True  # some may have died
        self._held: dict[str, int] = {}
        self._pids: set[int] = set()  # of programs and brains: whoever else dies here was an orphan
        self._poll = Poll(lambda trace: self._brains.tell({"say": "bug", "text": trace}))
        self._bundles = Bundles(self._poll, self._look_at)
        wishes = {"spawn": self._spawn, "bury": self._bury, "hold": self._hold, "drop": self._drop}
        self._brains = Brains(self._poll, self._pids, argv, facts, inventory=self._inventory, wishes=wishes)

    def run(self, brain: Brain) -> int:
        """Keep until a brain says goodbye; return the exit status of the daemon."""
        self._poll.listen_to(HEARD, self._on_signals)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)  # see kept.split
        self._brains.begin(brain)
        while self._brains.status is None:
            self._poll.turn(self._brains.seconds_left())
            self._poll.safely(self._brains.on_time)
            self._poll.safely(self._tidy)
        return self._brains.status

    def _on_signals(self, heard: set[int]) -> None:
        if signal.SIGCHLD in heard:
            heard.discard(signal.SIGCHLD)
            self._orphans = True
        self._brains.signalled(heard)

    def _inventory(self, programs: bool) -> list[Part]:
        """Return what there is for a brain, in parts: descriptors on their way are few."""
        self._tidy()
        rows = [child.row(life) for life, child in self._children.items()] if programs else []
        return [
            *(partial(self._part_of_held, names) for names in in_lumps(self._held, PER_MESSAGE)),
            *(partial(self._part_of_children, some) for some in in_lumps(rows, PER_MESSAGE)),
        ]

    @contextmanager
    def _part_of_held(self, names: list[str]) -> Iterator[tuple[Message, list[int]]]:
        names = [name for name in names if name in self._held]
        yield {"held": names}, [self._held[name] for name in names]

    @contextmanager
    def _part_of_children(self, rows: list[Message]) -> Iterator[tuple[Message, list[int]]]:
        rows = [row for row in rows if row["life"] in self._children]
        with self._bundles.lent([row["life"] for row in rows]) as ends:
            rows = [{**row, "fds": len(some)} for row, some in zip(rows, ends, strict=True)]
            yield {"children": rows}, [end for some in ends for end in some]

    # --- programs

    def _spawn(self, brain: Brain, message: Message, fds: list[int]) -> None:
        life = message["life"]
        plan, wanted = message["plan"], message["fds"]
        try:
            if len(fds) < wanted:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # no room for them here
            pid = spawn(SpawnPlan.unpack(plan, fds))
            self._follow(life, pid, fds[3:])
        except OSError as error:
            for fd in fds:
                os.close(fd)
            self._brains.send(brain, {"say": "failed", "life": life, "errno": error.errno, "text": error.strerror})
            return
        self._children[life] = Child(message["tag"], pid, self._reflex(brain, message))
        self._brains.send(brain, {"say": "spawned", "life": life, "pid": pid})
        for fd in fds[:3]:
            os.close(fd)

    def _reflex(self, brain: Brain, message: Message) -> Reflex | None:
        order = message.get("order")
        if order is None or brain.flags is None:
            return None
        flag, unless = order
        return Reflex(brain.flags, flag, unless, message["plan"], message["tag"]["ends"])

    def _follow(self, life: int, pid: int, ends: list[int]) -> None:
        """Keep what there is of a child; one that cannot be watched must not be."""
        self._pids.add(pid)
        try:
            self._bundles.add(life, pid, ends)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self._pids.discard(pid)
            raise

    def _look_at(self, life: int) -> None:
        """Look whether and how a child ended, and leave it to be buried: until then nobody else can get its pid."""
        child = self._children.get(life)
        if child is None or child.status is not None:
            return
        result = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return
        self._unburied.add(life)
        child.at = time.monotonic()
        child.status = {_CODES[result.si_code]: result.si_status}
        successor, ends = self._replace(life, child)
        self._brains.tell({"say": "ended", "life": life, "status": child.status, "at": child.at, **successor}, ends)

    def _replace(self, life: int, child: Child) -> tuple[Message, list[int]]:
        """Start the successor of a child if that was ordered; return what there is to tell of it, and its ends."""
        reflex, child.reflex = child.reflex, None
        try:
            started = None if reflex is None or child.status is None else reflex.act(child.status)
            if started is None:
                return {}, []
            pid, wiring = started
            ends = list(wiring.ours.values())
            successor = new_life()
            try:
                self._follow(successor, pid, ends)
            except OSError:
                wiring.close()
                raise
        except OSError:
            return {}, []  # the brain will try, and say why it cannot
        self._children[successor] = Child(child.tag, pid, reflex, after=life)
        return {"next": {"life": successor, "tag": child.tag, "pid": pid}}, ends

    def _bury(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        for life in message["lives"]:
            child = self._children.pop(life, None)
            if child is not None:
                self._buried[life] = child

    def _tidy(self) -> None:
        """Clear away what is left of many at once, after all that somebody waits for."""
        if self._buried:
            buried, self._buried = self._buried, {}
            self._bundles.remove(buried)
            for child in buried.values():
                with suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)
                self._pids.discard(child.pid)
            self._unburied.difference_update(buried)
        if self._orphans and not self._unburied:
            self._bury_orphans()
        self._bundles.tidy()

    def _bury_orphans(self) -> None:
        """Reap those whose parent has died: they are ours now.

        The system goes through all children for that, and does not get past
        our own dead, who wait for the brain.
        """
        with suppress(ChildProcessError):
            while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if dead.si_pid in self._pids:
                    return
                os.waitpid(dead.si_pid, 0)
                self._brains.tell(
                    {"say": "stranger", "pid": dead.si_pid, "status": {_CODES[dead.si_code]: dead.si_status}}
                )
        self._orphans = False

    # --- descriptors

    def _hold(self, _brain: Brain, message: Message, fds: list[int]) -> None:
        self._drop(_brain, message, [])
        if fds:
            self._held[message["name"]] = fds[0]

    def _drop(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        fd = self._held.pop(message["name"], None)
        if fd is not None:
            os.close(fd)


def main(descriptor: int, brain_pid: int) -> int:
    """Keep: ``descriptor`` is the socket to the brain that runs already; what to know lies in it."""
    courier = Courier(socket.socket(fileno=descriptor))
    received = courier.receive()
    assert received is not None  # it was sent before we began
    argv, facts = received[0]["argv"], received[0]["facts"]
    with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write(facts["name"])  # by which people find the daemon
    os.set_inheritable(descriptor, False)
    return Keeper(argv, facts).run(Brain(brain_pid, courier))


def start() -> None:
    """Run with the words after ``--`` on the command line; those before are only for people to see."""
    sys.exit(main(*map(int, sys.argv[-2:])))
