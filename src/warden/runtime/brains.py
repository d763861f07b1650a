"""The brains of a keeper: how one is started, told what there is, made good for when it ends, and replaced.

Standard library only.  Messages are dictionaries: ``do`` says what a brain wants, ``say`` what it is told;
``runtime.kept`` is the other side.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from warden.runtime.courier import ENVIRONMENT, Courier, Gone, Message
from warden.runtime.polling import Poll
from warden.runtime.reflex import Flags

_CALM_SECONDS = 1.0  # a brain that was up as long as this did not die of its start
_QUICK_LOSSES = 20  # that are made good at once
_LONGEST_PAUSE = 60.0
_TRIAL_SECONDS = 20.0  # in which a new version has to become healthy
_WISHES = 64  # that one brain may have before anybody else gets a turn

Part = Callable[[], AbstractContextManager[tuple[Message, list[int]]]]  # descriptors are there when it is told


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
        self.to_tell: list[Part] = []
        self.missed: list[Message] | None = None  # news for when it has been told all there was
        self.flags: Flags | None = None  # of its orders


Wish = Callable[[Brain, Message, list[int]], None]


class Brains:
    """One brain, and a candidate while another version is tried.

    ``argv`` starts one; ``facts`` are told to each.  ``inventory(programs)``
    gives in parts what there is, ``wishes`` are those that are not about brains.
    ``pids`` are of processes that somebody here reaps.
    """

    def __init__(
        self,
        poll: Poll,
        pids: set[int],
        argv: list[str],
        facts: Message,
        *,
        inventory: Callable[[bool], list[Part]],
        wishes: Mapping[str, Wish],
    ) -> None:
        self.status: int | None = None  # with which the daemon ends
        self._poll = poll
        self._pids = pids
        self._argv = argv
        self._facts = facts
        self._inventory = inventory
        self._brain: Brain | None = None
        self._candidate: Brain | None = None
        self._yielded = False  # the brain has made way for the candidate
        self._why = ""  # the last brain was lost, or the last upgrade failed
        self._signals: list[int] = []  # nobody has heard of these
        self._proven = False  # a brain was up
        self._failures = 0  # of brains that never were up, in a row
        self._quick_losses = 0  # of brains that were not up for long, in a row
        self._restart_at: float | None = None
        self._trial_ends: float | None = None
        self._do: dict[str, Wish] = {
            **wishes,
            "hello": self._hello,
            "flags": self._share_flags,
            "up": self._up,
            "bye": self._bye,
            "upgrade": self._upgrade,
            "fit": self._fit,
            "unfit": self._unfit,
            "yielded": self._has_yielded,
        }

    def begin(self, brain: Brain) -> None:
        """Begin with a brain that runs already and knows all there is."""
        brain.hears = True
        self._brain = brain
        self._listen_to(brain)

    def seconds_left(self) -> float | None:
        """How long nothing is due; None for ever."""
        moments = [moment for moment in (self._restart_at, self._trial_ends) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def on_time(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._restart_at is not None and now >= self._restart_at:
            self._restart_at = None
            self._brain = self._start()
            if self._brain is None:
                self._failures += 1
                self._later()
        if self._trial_ends is not None and now >= self._trial_ends:
            self._call_off(f"the new version was not ready within {_TRIAL_SECONDS:.0f} seconds")

    def signalled(self, signals: Iterable[int]) -> None:
        """Tell the brain what signals came, now or when it is up."""
        self._signals += sorted(signals)
        brain = self._brain
        if brain is not None and brain.up and not self._yielded:
            for signum in self._signals:
                self.send(brain, {"say": "signal", "signum": signum})
            self._signals.clear()

    def send(self, brain: Brain, message: Message, fds: list[int] | None = None) -> None:
        """Send a message to one brain."""
        brain.courier.send(message, fds or [])
        self._follow_up(brain)

    def _follow_up(self, brain: Brain) -> None:
        self._poll.also_when_writable(brain.courier.socket.fileno(), brain.courier.waiting)

    def tell(self, message: Message, fds: list[int] | None = None) -> None:
        """Tell the brain that has the say; one that does not listen yet will ask for all there is."""
        brain = self._candidate if self._yielded else self._brain
        if brain is None:
            return
        if brain.hears:
            self.send(brain, message, fds)
        elif brain.missed is not None:
            brain.missed.append(message)

    # --- one after the other

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
        self._poll.watch(brain.courier.socket.fileno(), partial(self._on_message, brain))
        self._poll.watch(brain.pidfd, partial(self._on_end_of_brain, brain))

    def _on_message(self, brain: Brain) -> bool:
        """Carry out what a brain wants, a few wishes at a time; return whether there may be more."""
        brain.courier.flush()
        self._follow_up(brain)
        for _turn in range(_WISHES):
            try:
                received = brain.courier.receive()
            except Gone:
                self._poll.ignore(brain.courier.socket.fileno())
                return False
            if received is None:
                return False
            self._poll.safely(partial(self._carry_out, brain, *received))  # one that fails costs no other
        return True

    def _carry_out(self, brain: Brain, message: Message, fds: list[int]) -> None:
        self._do[message["do"]](brain, message, fds)

    def _hello(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        """Tell a brain all there is, a part for each time it asks: descriptors on their way are few."""
        if message["first"]:
            programs = bool(message["programs"])
            brain.hears, brain.missed = False, [] if programs else None
            facts = {**self._facts, "failures": self._failures, "why": self._why, "trial": brain is self._candidate}
            brain.to_tell = [*self._inventory(programs), lambda: nullcontext(({"facts": facts}, []))]
        with brain.to_tell.pop(0)() as (part, fds):
            self.send(brain, {"say": "part", "last": not brain.to_tell, **part}, fds)
        if not brain.to_tell and brain.missed is not None:
            news, brain.missed, brain.hears = brain.missed, None, True
            for each in news:
                self.send(brain, each)

    def _share_flags(self, brain: Brain, _message: Message, fds: list[int]) -> None:
        for fd in fds:
            brain.flags = Flags(fd)
            os.close(fd)

    def _up(self, brain: Brain, _message: Message, _fds: list[int]) -> None:
        brain.up = self._proven = True
        brain.since = time.monotonic()
        self._why = ""
        if brain is self._candidate:
            old, self._brain, self._candidate = self._brain, brain, None
            self._yielded, self._trial_ends = False, None
            if old is not None:
                self.send(old, {"say": "retire"})
        self.signalled([])

    def _bye(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        brain.left = message["status"]

    def _on_end_of_brain(self, brain: Brain) -> None:
        result = os.waitid(os.P_PIDFD, brain.pidfd, os.WEXITED | os.WNOHANG)
        if result is None:
            return
        if brain.flags is not None:
            brain.flags.clear()  # the next one may want something else
        self._poll.ignore(brain.pidfd)
        self._pids.discard(brain.pid)
        os.close(brain.pidfd)
        self._poll.safely(partial(self._hear_out, brain))
        self._poll.ignore(brain.courier.socket.fileno())
        brain.courier.close()
        exited = result.si_code == os.CLD_EXITED
        how = f"exit status {result.si_status}" if exited else f"killed by signal {result.si_status}"
        if brain is self._candidate:
            self._candidate = None
            self._call_off(f"the new version ended at its start ({how})")
        elif brain is self._brain:
            self._brain = None
            killed = not exited and result.si_status == signal.SIGKILL
            self._on_loss(brain, result.si_status if exited else 2, how, killed=killed)

    def _hear_out(self, brain: Brain) -> None:
        """Carry out what a brain that has ended still wanted."""
        while self._on_message(brain):
            continue

    def _on_loss(self, brain: Brain, status: int, how: str, *, killed: bool) -> None:
        if brain.left is not None:
            self.status = brain.left
        elif not self._proven:
            self.status = status  # it has said itself why it cannot start
        elif not self._yielded:
            calm = time.monotonic() - brain.since >= _CALM_SECONDS
            self._quick_losses = 0 if calm else self._quick_losses + 1
            if brain.up:
                self._failures = 0
            elif not killed or self._quick_losses > _QUICK_LOSSES:  # killed that often: its start may take too much
                self._failures += 1
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
            self.send(self._brain, {"say": "yield", "version": message["version"]})

    def _unfit(self, brain: Brain, message: Message, _fds: list[int]) -> None:
        if brain is self._candidate:
            self._call_off(message["why"])

    def _has_yielded(self, brain: Brain, _message: Message, _fds: list[int]) -> None:
        if brain is self._brain and self._candidate is not None:
            self._yielded = True
            brain.up = brain.hears = False
            self.send(self._candidate, {"say": "go"})
        else:
            self.send(brain, {"say": "resume", "why": self._why})

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
            self.send(self._brain, {"say": "resume" if yielded else "refused", "why": why})
