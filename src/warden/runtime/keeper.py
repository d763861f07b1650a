"""The keeper: the parent of all programs, and of the brain, which it starts again when it ends.

Everything that can go wrong lives in the brain; here is only what must not end when the brain does: the programs
(this process is their parent, and a subreaper), the pipe ends and listening sockets, the statuses of those who have
ended, and the brain's record.  Standard library only, no configuration, no network; ``runtime.kept`` is the other
side.  Messages are dictionaries: ``do`` says what the brain wants, ``say`` what the keeper tells.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial

from warden.runtime.courier import MOST_FDS, Courier, Gone, Message
from warden.runtime.spawn import SpawnPlan, spawn

ENVIRONMENT = "WARDEN_BRAIN"  # tells a brain the number of its socket
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
HEARD = (*FORWARDED, signal.SIGCHLD)
_CALM_SECONDS = 1.0  # a brain that was up as long as this did not die of its start
_QUICK_LOSSES = 20  # that are made good at once
_LONGEST_PAUSE = 60.0
_TRIAL_SECONDS = 20.0  # in which a new version has to become healthy
_PER_MESSAGE = MOST_FDS // 4
_WISHES = 64  # that one brain may have before anybody else gets a turn
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


class Brain:
    """A process that runs the daemon's code, and the connection to it."""

    def __init__(self, pid: int, courier: Courier) -> None:
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.courier = courier
        self.since = time.monotonic()
        self.hears = False  # it has been told all there was
        self.up = False
        self.left: int | None = None  # the exit status with which the daemon shall end
        self.to_tell: list[tuple[Message, list[int]]] = []


class Keeper:
    """``argv`` starts a brain; ``facts`` are told to each."""

    def __init__(self, argv: list[str], facts: Message) -> None:
        self._argv = argv
        self._facts = facts
        self._poll = select.epoll()
        self._handlers: dict[int, Callable[[], object]] = {}
        self._children: dict[int, Child] = {}
        self._pids: set[int] = set()  # theirs and those of the brains: whoever else dies here was an orphan
        self._held: dict[str, int] = {}
        self._brain: Brain | None = None
        self._candidate: Brain | None = None
        self._yielded = False  # the brain has made way for the candidate
        self._why = ""  # the last upgrade failed
        self._signals: list[int] = []  # nobody has heard of these
        self._heard: set[int] = set()
        self._proven = False  # a brain was up
        self._failures = 0  # of brains that never were up, in a row
        self._quick_losses = 0  # of brains that were not up for long, in a row
        self._restart_at: float | None = None
        self._trial_ends: float | None = None
        self._status: int | None = None
        self._do: dict[str, Callable[[Brain, Message, list[int]], None]] = {
            "hello": self._hello,
            "spawn": self._spawn,
            "bury": self._bury,
            "hold": self._hold,
            "drop": self._drop,
            "up": self._up,
            "bye": self._bye,
            "upgrade": self._upgrade,
            "fit": self._fit,
            "unfit": self._unfit,
            "yielded": self._has_yielded,
        }

    def run(self, brain: Brain) -> int:
        """Keep until a brain says goodbye; return the exit status of the daemon."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for signum in HEARD:
            signal.signal(signum, lambda signum, _frame: self._heard.add(signum))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)  # see kept.split
        self._watch(woken.fileno(), partial(self._on_signals, woken))
        self._brain = brain
        self._listen_to(brain)
        self._heard.add(signal.SIGCHLD)
        self._on_signals(woken)
        while self._status is None:
            for fd, _events in self._poll.poll(self._seconds_left()):
                self._safely(self._handlers.get(fd))
            self._safely(self._on_time)
        return self._status

    # --- the loop

    def _watch(self, fd: int, handler: Callable[[], object]) -> None:
        self._handlers[fd] = handler
        self._poll.register(fd, select.EPOLLIN)

    def _ignore(self, fd: int) -> None:
        if self._handlers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def _safely(self, handler: Callable[[], object] | None) -> None:
        """Whatever goes wrong in one step must not end the keeper."""
        if handler is None:
            return
        try:
            handler()
        except Exception:  # noqa: BLE001 - the loop boundary
            self._tell({"say": "bug", "text": traceback.format_exc()})

    def _seconds_left(self) -> float | None:
        moments = [moment for moment in (self._restart_at, self._trial_ends) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _on_time(self) -> None:
        now = time.monotonic()
        if self._restart_at is not None and now >= self._restart_at:
            self._restart_at = None
            self._brain = self._start()
            if self._brain is None:
                self._failures += 1
                self._later()
        if self._trial_ends is not None and now >= self._trial_ends:
            self._call_off(f"the new version was not ready within {_TRIAL_SECONDS:.0f} seconds")

    def _on_signals(self, woken: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            woken.recv(4096)
        heard, self._heard = self._heard, set()
        if signal.SIGCHLD in heard:
            heard.discard(signal.SIGCHLD)
            self._bury_orphans()
        self._signals += sorted(heard)
        self._tell_signals()

    def _tell_signals(self) -> None:
        brain = self._brain
        if brain is not None and brain.up and not self._yielded:
            for signum in self._signals:
                self._send(brain, {"say": "signal", "signum": signum})
            self._signals.clear()

    # --- programs

    def _spawn(self, brain: Brain, message: Message, fds: list[int]) -> None:
        life = message["life"]
        plan, wanted = message["plan"], message["fds"]
        try:
            if len(fds) < wanted:
                raise OSError(24, os.strerror(24))  # no room for them here
            pid = spawn(SpawnPlan.unpack(plan, fds))
        except OSError as error:
            for fd in fds:
                os.close(fd)
            self._send(brain, {"say": "failed", "life": life, "errno": error.errno, "text": error.strerror})
            return
        for fd in fds[:3]:
            os.close(fd)
        child = Child(message["tag"], pid, os.pidfd_open(pid), fds[3:])
        self._children[life] = child
        self._pids.add(pid)
        self._watch(child.pidfd, partial(self._ended, life, child))
        self._send(brain, {"say": "spawned", "life": life, "pid": pid})

    def _ended(self, life: int, child: Child) -> None:
        """Look how a child ended, and leave it to be buried: until then nobody else can get its pid."""
        result = os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if result is None:
            return
        self._ignore(child.pidfd)
        child.at = time.monotonic()
        child.status = {_CODES[result.si_code]: result.si_status}
        self._tell({"say": "ended", "life": life, "status": child.status, "at": child.at})

    def _bury(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        child = self._children.pop(message["life"], None)
        if child is None:
            return
        self._ignore(child.pidfd)
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
                self._tell({"say": "stranger", "pid": dead.si_pid, "status": {_CODES[dead.si_code]: dead.si_status}})

    # --- descriptors

    def _hold(self, _brain: Brain, message: Message, fds: list[int]) -> None:
        self._drop(_brain, message, [])
        if fds:
            self._held[message["name"]] = fds[0]

    def _drop(self, _brain: Brain, message: Message, _fds: list[int]) -> None:
        fd = self._held.pop(message["name"], None)
        if fd is not None:
            os.close(fd)

    # --- brains

    def _start(self) -> Brain | None:
        courier, theirs = Courier.pair()
        with theirs:
            try:
                brain = subprocess.Popen(
                    self._argv,
                    env={**os.environ, ENVIRONMENT: str(theirs.fileno())},
                    pass_fds=(theirs.fileno(),),
                    process_group=0,  # what is typed at our terminal is for us alone
                )
            except OSError as error:
                courier.close()
                self._why = f"cannot start {self._argv[0]}: {error.strerror}"
                return None
        brain.returncode = 0  # we reap it ourselves
        started = Brain(brain.pid, courier)
        self._listen_to(started)
        return started

    def _later(self) -> None:
        """Start a brain, at once unless several have failed."""
        troubles = max(self._failures - 1, self._quick_losses - _QUICK_LOSSES, 0)
        pause = min(2.0 ** (troubles - 1), _LONGEST_PAUSE) if troubles else 0.0
        self._restart_at = time.monotonic() + pause

    def _listen_to(self, brain: Brain) -> None:
        self._pids.add(brain.pid)
        self._watch(brain.courier.socket.fileno(), partial(self._on_message, brain))
        self._watch(brain.pidfd, partial(self._on_end_of_brain, brain))

    def _on_message(self, brain: Brain) -> bool:
        """Carry out what a brain wants, a few wishes at a time; return whether there may be more."""
        brain.courier.flush()
        self._follow_up(brain)
        for _turn in range(_WISHES):
            try:
                received = brain.courier.receive()
            except Gone:
                self._ignore(brain.courier.socket.fileno())
                return False
            if received is None:
                return False
            message, fds = received
            self._do[message["do"]](brain, message, fds)
        return True

    def _send(self, brain: Brain, message: Message, fds: list[int] | None = None) -> None:
        brain.courier.send(message, fds or [])
        self._follow_up(brain)

    def _follow_up(self, brain: Brain) -> None:
        fd = brain.courier.socket.fileno()
        if fd in self._handlers:
            self._poll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if brain.courier.waiting else 0))

    def _tell(self, message: Message) -> None:
        """Tell the brain that has the say; one that does not listen yet will ask for all there is."""
        brain = self._candidate if self._yielded else self._brain
        if brain is not None and brain.hears:
            self._send(brain, message)

    def _hello(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        """Tell a brain all there is, a part for each time it asks: descriptors on their way are few."""
        if message["first"]:
            brain.hears = False
            brain.to_tell = []
            held = list(self._held.items())
            for start in range(0, len(held), _PER_MESSAGE):
                some = held[start : start + _PER_MESSAGE]
                brain.to_tell.append(({"held": [name for name, _fd in some]}, [fd for _name, fd in some]))
            if message["programs"]:
                children = list(self._children.items())
                for start in range(0, len(children), _PER_MESSAGE):
                    rows = children[start : start + _PER_MESSAGE]
                    fds = [fd for _life, child in rows for fd in child.ends]
                    brain.to_tell.append(({"children": [child.row(life) for life, child in rows]}, fds))
            facts = {**self._facts, "failures": self._failures, "why": self._why, "trial": brain is self._candidate}
            brain.to_tell.append(({"facts": facts}, []))
        part, fds = brain.to_tell.pop(0)
        if not brain.to_tell:
            brain.hears = bool(message["programs"])
        self._send(brain, {"say": "part", "last": not brain.to_tell, **part}, fds)

    def _up(self, brain: Brain, _message: Message, _fds: list[int]) -> None:
        brain.up = self._proven = True
        brain.since = time.monotonic()
        self._why = ""
        if brain is self._candidate:
            old, self._brain, self._candidate = self._brain, brain, None
            self._yielded, self._trial_ends = False, None
            if old is not None:
                self._send(old, {"say": "retire"})
        self._tell_signals()

    def _bye(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        brain.left = message["status"]

    def _on_end_of_brain(self, brain: Brain) -> None:
        result = os.waitid(os.P_PIDFD, brain.pidfd, os.WEXITED | os.WNOHANG)
        if result is None:
            return
        while self._on_message(brain):  # what it still wanted
            continue
        self._ignore(brain.courier.socket.fileno())
        self._ignore(brain.pidfd)
        self._pids.discard(brain.pid)
        os.close(brain.pidfd)
        brain.courier.close()
        exited = result.si_code == os.CLD_EXITED
        how = f"exit status {result.si_status}" if exited else f"killed by signal {result.si_status}"
        if brain is self._candidate:
            self._candidate = None
            self._call_off(f"the new version ended at its start ({how})")
        elif brain is self._brain:
            self._brain = None
            self._on_loss(brain, result.si_status if exited else 2, how)

    def _on_loss(self, brain: Brain, status: int, how: str) -> None:
        if brain.left is not None:
            self._status = brain.left
        elif not self._proven:
            self._status = status  # it has said itself why it cannot start
        elif not self._yielded:
            calm = time.monotonic() - brain.since >= _CALM_SECONDS
            self._failures = 0 if brain.up else self._failures + 1
            self._quick_losses = 0 if calm else self._quick_losses + 1
            self._call_off(f"the brain (pid {brain.pid}) ended ({how})")

    # --- upgrade: the new version first shows that it understands the record, then the old one makes way

    def _upgrade(self, brain: Brain, _message: Message, _fds: list[int]) -> None:
        if self._candidate is None and brain is self._brain:
            self._trial_ends = time.monotonic() + _TRIAL_SECONDS
            self._candidate = self._start()
            if self._candidate is None:
                self._call_off(self._why)

    def _fit(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        if brain is self._candidate and self._brain is not None:
            self._send(self._brain, {"say": "yield", "version": message["version"]})

    def _unfit(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        if brain is self._candidate:
            self._call_off(message["why"])

    def _has_yielded(self, brain: Brain, _message: Message, _fds: list[int]) -> None:
        if brain is self._brain and self._candidate is not None:
            self._yielded = True
            brain.up = brain.hears = False
            self._send(self._candidate, {"say": "go"})
        else:
            self._send(brain, {"say": "resume", "why": self._why})

    def _call_off(self, why: str) -> None:
        """Go on with the old version, which tells people why."""
        self._trial_ends = None
        self._why = why
        candidate, self._candidate = self._candidate, None
        if candidate is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(candidate.pid, signal.SIGKILL)
        yielded, self._yielded = self._yielded, False
        if self._brain is None:
            self._later()
        else:
            self._send(self._brain, {"say": "resume" if yielded else "refused", "why": why})


def main(descriptor: int, brain_pid: int) -> int:
    """Keep: ``descriptor`` is the socket to the brain that runs already; what to know lies in it."""
    courier = Courier(socket.socket(fileno=descriptor))
    received = courier.receive()
    assert received is not None  # it was sent before we began
    argv, facts = received[0]["argv"], received[0]["facts"]
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write(facts["name"])  # by which people find the daemon
    os.set_inheritable(descriptor, False)
    brain = Brain(brain_pid, courier)
    brain.hears = True
    return Keeper(argv, facts).run(brain)


def start() -> None:
    """Run with the words after ``--`` on the command line; those before are only for people to see."""
    sys.exit(main(*map(int, sys.argv[-2:])))
