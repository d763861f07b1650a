"""The keeper: the parent of all programs, and of the brain, which it starts again when it ends.

Everything that can go wrong lives in the brain; here is only what must not end when the brain does: the programs
(this process is their parent, and a subreaper), the pipe ends and listening sockets, the statuses of those who have
ended, and the brain's record.  Standard library only, no configuration, no network.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import time
from functools import partial

from warden.runtime.brains import Brain, Brains, Part
from warden.runtime.courier import HEARD, MOST_FDS, Courier, Message
from warden.runtime.polling import Poll
from warden.runtime.spawn import SpawnPlan, spawn

_PER_MESSAGE = MOST_FDS // 4
_CODES = {os.CLD_EXITED: "code", os.CLD_KILLED: "signum", os.CLD_DUMPED: "dumped"}


class Child:
    """A program's process, from its spawn until the brain has buried it: a zombie meanwhile keeps its pid taken."""

    __slots__ = ("at", "born", "ends", "pid", "pidfd", "status", "tag")

    def __init__(self, tag: Message, pid: int, pidfd: int, ends: list[int]) -> None:
        self.tag = tag
        self.pid = pid
        self.pidfd = pidfd
        self.ends = ends  # the brain's ends of its pipes
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
            "fds": len(self.ends),
        }


class Keeper:
    """Programs by the number of their life, descriptors by name; ``argv`` and ``facts`` are for brains."""

    def __init__(self, argv: list[str], facts: Message) -> None:
        self._children: dict[int, Child] = {}
        self._held: dict[str, int] = {}
        self._pids: set[int] = set()  # of programs and brains: whoever else dies here was an orphan
        self._poll = Poll(lambda trace: self._brains.tell({"say": "bug", "text": trace}))
        wishes = {"spawn": self._spawn, "bury": self._bury, "hold": self._hold, "drop": self._drop}
        self._brains = Brains(self._poll, self._pids, argv, facts, inventory=self._inventory, wishes=wishes)

    def run(self, brain: Brain) -> int:
        """Keep until a brain says goodbye; return the exit status of the daemon."""
        self._poll.listen_to(HEARD, self._on_signals)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)  # see kept.split
        self._brains.begin(brain)
        self._bury_orphans()
        while self._brains.status is None:
            self._poll.turn(self._brains.seconds_left())
            self._poll.safely(self._brains.on_time)
        return self._brains.status

    def _on_signals(self, heard: set[int]) -> None:
        if signal.SIGCHLD in heard:
            heard.discard(signal.SIGCHLD)
            self._bury_orphans()
        self._brains.signalled(heard)

    def _inventory(self, programs: bool) -> list[Part]:
        """Return what there is for a brain, in parts: descriptors on their way are few."""
        parts: list[Part] = []
        held = list(self._held.items())
        for start in range(0, len(held), _PER_MESSAGE):
            some = held[start : start + _PER_MESSAGE]
            parts.append(({"held": [name for name, _fd in some]}, [fd for _name, fd in some]))
        children = list(self._children.items()) if programs else []
        for start in range(0, len(children), _PER_MESSAGE):
            rows = children[start : start + _PER_MESSAGE]
            fds = [fd for _life, child in rows for fd in child.ends]
            parts.append(({"children": [child.row(life) for life, child in rows]}, fds))
        return parts

    # --- programs

    def _spawn(self, brain: Brain, message: Message, fds: list[int]) -> None:
        life = message["life"]
        plan, wanted = message["plan"], message["fds"]
        try:
            if len(fds) < wanted:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # no room for them here
            pid, pidfd = _watched(spawn(SpawnPlan.unpack(plan, fds)))
        except OSError as error:
            for fd in fds:
                os.close(fd)
            self._brains.send(brain, {"say": "failed", "life": life, "errno": error.errno, "text": error.strerror})
            return
        for fd in fds[:3]:
            os.close(fd)
        child = Child(message["tag"], pid, pidfd, fds[3:])
        self._children[life] = child
        self._pids.add(pid)
        self._poll.watch(child.pidfd, partial(self._ended, life, child))
        self._brains.send(brain, {"say": "spawned", "life": life, "pid": pid})

    def _ended(self, life: int, child: Child) -> None:
        """Look how a child ended, and leave it to be buried: until then nobody else can get its pid."""
        result = os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return
        self._poll.ignore(child.pidfd)
        child.at = time.monotonic()
        child.status = {_CODES[result.si_code]: result.si_status}
        self._brains.tell({"say": "ended", "life": life, "status": child.status, "at": child.at})

    def _bury(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        child = self._children.pop(message["life"], None)
        if child is None:
            return
        self._poll.ignore(child.pidfd)
        for fd in (child.pidfd, *child.ends):
            os.close(fd)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child.pid, os.WNOHANG)
        self._pids.discard(child.pid)
        self._bury_orphans()

    def _bury_orphans(self) -> None:
        """Reap those whose parent has died: they are ours now.  Our own wait for the brain, and orphans behind them."""
        with contextlib.suppress(ChildProcessError):
            while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if dead.si_pid in self._pids:
                    return
                os.waitpid(dead.si_pid, 0)
                self._brains.tell(
                    {"say": "stranger", "pid": dead.si_pid, "status": {_CODES[dead.si_code]: dead.si_status}}
                )

    # --- descriptors

    def _hold(self, _brain: Brain, message: Message, fds: list[int]) -> None:
        self._drop(_brain, message, [])
        if fds:
            self._held[message["name"]] = fds[0]

    def _drop(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        fd = self._held.pop(message["name"], None)
        if fd is not None:
            os.close(fd)


def _watched(pid: int) -> tuple[int, int]:
    """Return a child's pid with a descriptor for it; a child that cannot be watched must not be."""
    try:
        return pid, os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def main(descriptor: int, brain_pid: int) -> int:
    """Keep: ``descriptor`` is the socket to the brain that runs already; what to know lies in it."""
    courier = Courier(socket.socket(fileno=descriptor))
    received = courier.receive()
    assert received is not None  # it was sent before we began
    argv, facts = received[0]["argv"], received[0]["facts"]
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write(facts["name"])  # by which people find the daemon
    os.set_inheritable(descriptor, False)
    return Keeper(argv, facts).run(Brain(brain_pid, courier))


def start() -> None:
    """Run with the words after ``--`` on the command line; those before are only for people to see."""
    sys.exit(main(*map(int, sys.argv[-2:])))
