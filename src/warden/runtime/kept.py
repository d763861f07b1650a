"""The keeper as the brain sees it: how the two come to be, and the parent of the programs behind a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from warden.runtime.courier import ENVIRONMENT, HEARD, Courier, Gone, Message
from warden.runtime.foster import found_in
from warden.runtime.parent import FoundChild, Order, Owner
from warden.runtime.polling import readable
from warden.runtime.reflex import Flags, flags_file
from warden.runtime.spawn import SpawnPlan
from warden.words import ExitStatus

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
_UNANSWERED = 32  # spawns on their way: enough to keep the keeper busy, few enough for the kernel's limits
_SLICE_SECONDS = 0.002  # the longest that many messages keep the loop to themselves
_SETTLE_SECONDS = 1.0
_NAME = "warden-brain"


def why_not() -> str | None:
    """Say why a keeper cannot work on this system; None if it can."""
    try:
        os.close(os.pidfd_open(os.getpid()))
        os.close(os.memfd_create("probe"))
    except (AttributeError, OSError) as error:
        return f"this system has no process descriptors ({error})"
    return None


def split(name: str, here: str) -> Courier:
    """Become two: this process goes on as the keeper, a child of it as the brain; only the brain returns.

    ``name`` is what the keeper is called in process lists, ``here`` the
    directory from which relative paths were meant.  Nothing that must live on
    may run in threads.

    Raises:
        OSError: there is no process to be had.
    """
    ours, theirs = Courier.pair()
    ours.send({"argv": _again(), "facts": {"name": name, "here": here}})
    sys.stdout.flush()
    sys.stderr.flush()
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)  # until the keeper can hear them
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        theirs.close()
        os.setpgid(0, 0)  # what is typed at our terminal is for the keeper alone, which tells us
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # and yet we may write there
        _call_ourselves(_NAME)
        return ours
    ours.close()
    os.set_inheritable(theirs.fileno(), True)
    import ctypes  # here, where it is gone after the exec

    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)  # survives the exec
    code = f"import sys; sys.path.insert(0, {_home()!r}); from warden.runtime.keeper import start; start()"
    words = [*sys.argv, "--", str(theirs.fileno()), str(pid)]
    return os.execv(sys.executable, [sys.executable, "-ISc", code, *words])


def _home() -> str:
    """Return the directory that holds the package."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _again() -> list[str]:
    """Return the command that starts this program again."""
    words = [sys.executable, *sys.orig_argv[1:]]
    for at, word in enumerate(words):
        if word == sys.argv[0] and os.path.exists(word):
            words[at] = os.path.abspath(word)
            break
    return words


def _call_ourselves(name: str) -> None:
    with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write(name)


def connect() -> Courier | None:
    """Return the connection to the keeper that has started us, None if none has."""
    number = os.environ.pop(ENVIRONMENT, None)
    if number is None:
        return None
    os.set_inheritable(int(number), False)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    _call_ourselves(_NAME)
    return Courier(socket.socket(fileno=int(number)))


@dataclass(slots=True)
class Found:
    """All that the keeper has for a brain."""

    held: dict[str, int] = field(default_factory=dict)
    children: list[FoundChild] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)  # descriptors that no keeper holds yet, to inherit by name


class KeeperParent:
    """The keeper is the parent: children, and what it holds, survive this process.

    ``on_say`` gets the keeper's other messages: ``signal``, ``stranger``,
    ``bug``, and those of an upgrade.  ``on_loss`` is called when the keeper is gone.
    """

    def __init__(self, courier: Courier) -> None:
        self.pid = os.getppid()
        self.on_say: Callable[[Message], None] = lambda _message: None
        self.on_loss: Callable[[], None] = lambda: None
        self._courier = courier
        self._owners: dict[int, Owner] = {}
        self._unanswered = 0
        self._to_spawn: deque[tuple[Message, list[int]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inherited: dict[str, int] = {}
        self._unborn: set[int] = set()
        self._to_bury: list[int] = []
        self._flags: Flags | None = None
        self._successors: dict[int, FoundChild] = {}  # by the lives of those before them

    def ask(self, *, programs: bool) -> Found:
        """Return all that the keeper has, ``programs`` too if wanted; it blocks until everything is here.

        Raises:
            Gone: there is no keeper any more.
        """
        self._courier.socket.setblocking(True)
        found, first, last = Found(), True, False
        while not last:
            self._courier.send({"do": "hello", "first": first, "programs": programs})
            first = False
            message, fds = self._await("part")
            last = message["last"]
            found.facts.update(message.get("facts", {}))
            found.held.update(zip(message.get("held", ()), fds, strict=False))
            for row in message.get("children", ()):
                ends, fds = fds[: row["fds"]], fds[row["fds"] :]
                found.children.append(
                    FoundChild(
                        life=row["life"],
                        tag=row["tag"],
                        pid=row["pid"],
                        ends=ends,
                        born=row["born"],
                        status=_status(row["status"]) if row["status"] else None,
                        at=row["at"],
                        after=row.get("after"),
                    )
                )
        self._courier.socket.setblocking(False)
        strangers = found_in(found.held)
        if programs:
            found.children += strangers
        else:
            for child in strangers:
                child.close()
        self._inherited = dict(found.held)
        return found

    def _await(self, said: str) -> tuple[Message, list[int]]:
        """Block until the keeper says that; what else it says meanwhile is part of the answer to the next ``ask``."""
        while True:
            received = self._courier.receive()
            if received is not None and received[0]["say"] == said:
                return received
            for fd in received[1] if received is not None else ():
                os.close(fd)

    def await_go(self) -> None:
        """Block until it is our turn; the keeper ends us if it never is.

        Raises:
            Gone: there is no keeper any more.
        """
        self._courier.socket.setblocking(True)
        self._await("go")

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen to the keeper from now on."""
        self._loop = loop
        loop.add_reader(self._courier.socket.fileno(), self._listen)

    def detach(self) -> None:
        """Listen no more."""
        if self._flags is not None:
            self._flags.clear()
        self._bury_all()
        if self._loop is not None:
            self._loop.remove_reader(self._courier.socket.fileno())
            self._loop.remove_writer(self._courier.socket.fileno())
            self._loop = None

    def adopt(self, child: FoundChild, owner: Owner) -> None:
        """Tell ``owner`` how a child ends that was found."""
        self._owners[child.life] = owner

    @property
    def crowded(self) -> bool:
        """Whether more starts would only queue up."""
        return self._unanswered >= _UNANSWERED

    def spawn(
        self,
        life: int,
        tag: Mapping[str, object],
        plan: SpawnPlan,
        ends: Sequence[int],
        owner: Owner,
        order: Order | None = None,
    ) -> None:
        """Let the keeper start a child; the answer comes later."""
        self._owners[life] = owner
        self._unborn.add(life)
        fds = [plan.stdin, plan.stdout, plan.stderr, *ends]
        message = {"do": "spawn", "life": life, "tag": tag, "plan": plan.pack(), "fds": len(fds), "order": order}
        if self.crowded or self._to_spawn:
            self._to_spawn.append((message, [os.dup(fd) for fd in fds]))
        else:
            self._unanswered += 1
            self._send(message, fds)

    def reflexes(self) -> Flags | None:
        """Return the flags that let orders stand, which the keeper gets with the first call; None without memory."""
        if self._flags is None:
            try:
                fd = flags_file()
            except OSError:
                return None
            try:
                self._flags = Flags(fd)
                self._send({"do": "flags"}, [fd])
            except OSError:
                return None
            finally:
                os.close(fd)
        return self._flags

    def successor(self, life: int) -> FoundChild | None:
        """Return the child that the keeper has started when that one ended, once."""
        return self._successors.pop(life, None)

    def settle(self, life: int) -> None:
        """Wait for the answer to ``spawn``, up to a second."""
        end = time.monotonic() + _SETTLE_SECONDS
        fd = self._courier.socket.fileno()
        while life in self._unborn and (left := end - time.monotonic()) > 0 and readable(fd, left):
            self._listen()

    def bury(self, life: int) -> None:
        """Let go of a child that has ended."""
        self._owners.pop(life, None)
        self._to_bury.append(life)
        if self._loop is None:
            self._bury_all()
        elif len(self._to_bury) == 1:
            self._loop.call_soon(self._bury_all)  # together with those who end at the same time

    def _bury_all(self) -> None:
        if self._to_bury:
            lives, self._to_bury = self._to_bury, []
            self._send({"do": "bury", "lives": lives})

    def hold(self, name: str, fd: int) -> None:
        """Let the keeper hold ``fd``."""
        self._send({"do": "hold", "name": name}, [fd])

    def drop(self, name: str) -> None:
        """Let go of it."""
        self._send({"do": "drop", "name": name})

    def inherit(self, name: str) -> int | None:
        """Return what a brain before us let the keeper hold, once."""
        return self._inherited.pop(name, None)

    def disinherit(self) -> None:
        """Let go of all that nobody wanted."""
        for name, fd in self._inherited.items():
            self.drop(name)
            os.close(fd)
        self._inherited.clear()

    def wish(self, do: str, **more: object) -> None:
        """Send one of the other wishes: ``up``, ``upgrade``, ``fit``, ``unfit``, ``yielded``."""
        self._bury_all()
        self._send({"do": do, **more})

    def farewell(self, status: int) -> None:
        """Say, after all that waits to be said, that the daemon ends with this exit status."""
        self.detach()
        self._courier.socket.setblocking(True)
        self._courier.flush()
        self._courier.send({"do": "bye", "status": status})

    def _send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        self._courier.send(dict(message), fds)
        if self._courier.waiting and self._loop is not None:
            self._loop.add_writer(self._courier.socket.fileno(), self._flush)

    def _flush(self) -> None:
        self._courier.flush()
        if not self._courier.waiting and self._loop is not None:
            self._loop.remove_writer(self._courier.socket.fileno())

    def _listen(self) -> None:
        """Hear what the keeper says; the loop comes back if there is more than there is time for."""
        assert self._loop is not None
        end = self._loop.time() + _SLICE_SECONDS
        while self._loop is not None and self._loop.time() < end:
            try:
                received = self._courier.receive()
            except Gone:
                self.detach()
                for _message, fds in self._to_spawn:
                    for fd in fds:
                        os.close(fd)
                self._to_spawn.clear()
                self.on_loss()
                return
            if received is None:
                return
            self._hear(*received)

    def _hear(self, message: Message, fds: Sequence[int]) -> None:
        match message["say"]:
            case "spawned":
                self._answered(message["life"])
                self._owners[message["life"]].born(message["pid"])
            case "failed":
                self._answered(message["life"])
                self._owners.pop(message["life"]).refused(OSError(message["errno"], message["text"]))
            case "ended":
                owner = self._owners.get(message["life"])
                if owner is None:
                    return
                if "next" in message:
                    found = FoundChild(**message["next"], ends=list(fds), born=0.0)
                    self._successors[message["life"]] = found
                owner.ended(_status(message["status"]), message["at"])
            case "part":
                return  # of an answer that somebody before us wanted
            case _:
                self.on_say(message)

    def _answered(self, life: int) -> None:
        self._unborn.discard(life)
        self._unanswered -= 1
        if self._to_spawn:
            message, fds = self._to_spawn.popleft()
            self._unanswered += 1
            self._send(message, fds)
            for fd in fds:
                os.close(fd)


def _status(said: Mapping[str, int]) -> ExitStatus:
    if "code" in said:
        return ExitStatus(code=said["code"])
    return ExitStatus(signum=said.get("signum", said.get("dumped", 0)), core_dumped="dumped" in said)


def stranger(message: Message) -> tuple[int, ExitStatus]:
    """Read the keeper's word of an orphan that it reaped."""
    return message["pid"], _status(message["status"])
