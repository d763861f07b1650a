"""Runs one event listener pool: connects the pure pool with pipes, timers and result handlers."""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from warden.config.model import PoolConfig
from warden.daemon.letters import Archive, Entry
from warden.daemon.notes import Notes
from warden.daemon.records import Group, Process
from warden.daemon.spots import PoolRemains, Spots
from warden.events.effects import Effect, Judge, Note, RejectEvent, Send, Verdict, default_verdict
from warden.events.letters import Changes, Letter
from warden.events.listener import Dialect
from warden.events.pool import Pool
from warden.events.types import NAMES, Event
from warden.logs.mainlog import MainLog
from warden.runtime.deadlines import Deadlines
from warden.runtime.spawn import send_signal

_MOST_OVER = 64  # letters that are over, in the record of one pool
ResultHandler = Callable[[Event, bytes], object]


class RunningPool:
    """One pool and its listeners; carries out what the pure pool wants done."""

    def __init__(
        self,
        config: PoolConfig,
        group: Group,
        handler: ResultHandler | None,
        *,
        identifier: str,
        loop: asyncio.AbstractEventLoop,
        log: MainLog,
        deadlines: Deadlines[RunningPool],
        notes: Notes,
        archive: Archive,
    ) -> None:
        self.core = Pool(
            group.config.name,
            list(group.processes),
            [NAMES[name] for name in config.events],
            buffer_size=config.buffer_size,
            server=identifier,
            dialect=Dialect(facts=config.payload_facts, text=config.payload_text),
            verbose=log.enabled("debug"),
        )
        self._notes = notes
        self._archive = archive
        self._spots = Spots(self.core.name, notes.slot.cells)
        self._unnoted: set[str] = set()  # listeners that stand elsewhere than is noted
        self._over: list[Letter] = []  # processed, and still in the record
        self._accepted = 0  # as the record has it
        self._processes = group.processes
        self._handler = handler
        self._loop = loop
        self._log = log
        self._deadlines = deadlines
        self._to_do: deque[Effect] = deque()
        self._busy = False
        self._watchers: dict[str, Callable[[], None]] = {}
        for process in group.processes.values():
            process.on_stdout = partial(self._heard, process.name)
            self._watchers[process.name] = partial(self._entered, process)
            process.watchers.append(self._watchers[process.name])

    def accept(self, event: Event, serial: int) -> None:
        """Take an event in; nothing is sent before ``carry_on``."""
        self._to_do.extend(self.core.accept(event, serial, self._loop.time()))

    def look(self) -> None:
        """See where the listeners are: an event may be about one of them, whose watchers are only called after it."""
        for process in self._processes.values():
            self._entered(process)

    def due(self) -> None:
        """Send again what came back a while ago."""
        self._do(self.core.due(self._loop.time()))

    def close(self) -> None:
        """Let go of the processes; whoever comes after us knows nothing of this pool."""
        self._do(self.core.sum_up())
        names = [f"{what} {name}" for name in self._processes for what in ("listener", "partly")]
        ours = ((f"pool {self.core.name} {name}", None) for name in (*names, "accepted"))
        self._notes.pools([*self._archive.forget(self.core.name, [*self._over, *self.core.letters()]), *ours])
        self._spots.close()
        self._deadlines.set(self, None)
        for process in self._processes.values():
            process.watchers.remove(self._watchers[process.name])
            process.on_stdout = None

    def _heard(self, listener: str, data: bytes) -> None:
        self._do(self.core.heard(listener, data, self._loop.time()))

    def _entered(self, process: Process) -> None:
        if self.core.phase(process.name) is not process.state.phase:  # it is asked before each event
            self._do(self.core.entered(process.name, process.state.phase, self._loop.time()))

    def _do(self, effects: list[Effect]) -> None:
        self._to_do.extend(effects)
        self.carry_on()

    def carry_on(self) -> None:
        """Carry out effects in order; those that follow from one of them come after the others."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._to_do:
                try:
                    more = self._carry_out(self._to_do[0])
                finally:
                    self._to_do.popleft()
                self._to_do.extend(more)
        finally:
            self._busy = False
        self._note()
        self._deadlines.set(self, self.core.deadline)

    def resume(self, left: PoolRemains) -> None:
        """Go on where another pool stood; listeners that are doubtful are started again."""
        waiting, self._over = left.sort()
        standings = {name: spot.standing for name, spot in left.spots.items()}
        self.core.resume(waiting, standings, left.accepted, left.unsent)
        self._accepted = left.accepted
        self._spots.resume(left.spots)
        for letter in left.letters:
            self._archive.count(letter)
        for name in left.doubtful:
            child = self._processes[name].child if name in self._processes else None
            if child is not None:
                self._log.warn(f"{name}: nobody knows how much of an event it was sent, so it is started again")
                with suppress(OSError):
                    send_signal(child.pid, signal.SIGKILL, to_group=False)

    def wake(self) -> None:
        """Take note of what became of the listeners, and send what can be sent."""
        self.look()
        self.due()

    def _note(self, sent: str | None = None) -> None:
        """Remember what is different: before an event is ``sent`` to a listener, and when all is done."""
        if not (self.core.has_changed or self._unnoted):
            return
        if entries := self.news(sent):
            self._notes.pools(entries)
        self.noted()

    def noted(self) -> None:
        """Hear that ``news`` are in the record."""
        self._spots.write()

    def news(self, sent: str | None = None) -> list[Entry]:
        """Return what is to be noted in the record; call ``noted`` when it is.

        A listener that is to be judged or sent something stands where it stood until that is done, or begins to be
        ``sent``: else an answer that nobody has judged, or an event that nobody has sent, would count as dealt with.
        """
        changes = self.core.take_changes()
        if not self._notes.keeps:
            return []
        entries = self._news_of_letters(changes)
        self._unnoted |= changes.listeners
        if self._unnoted:
            to_send = {effect.listener for effect in self._to_do if isinstance(effect, Send)} - {sent}
            to_come = to_send | {effect.listener for effect in self._to_do if isinstance(effect, Judge)}
            moved = [(name, self.core.standing(name)) for name in self._unnoted - to_come]
            entries += self._spots.entries(moved, self._notes.slot.number, self._unsent(to_send))
            self._unnoted &= to_come
        return entries

    def _unsent(self, to_send: Iterable[str]) -> int:
        """Return the number of the first letter that was never sent; ``to_send`` are listeners whose turn comes yet."""
        letters = map(self.core.letter_of, to_send)
        firsts = (letter.number for letter in letters if letter is not None and not letter.not_before)
        return min(firsts, default=self.core.unsent)

    def _news_of_letters(self, changes: Changes) -> list[Entry]:
        """Return what the record is told at once; of those that were processed in their turn the spots tell."""
        self._over += changes.over
        in_turn = all(not letter.not_before and letter.number < self.core.unsent for letter in changes.over)
        if in_turn and not (changes.came or changes.waiting or len(self._over) >= _MOST_OVER):
            return []
        pool, over, self._over = self.core.name, self._over, []
        entries = list(self._archive.entries(pool, changes._replace(over=over)))
        if self.core.accepted != self._accepted:
            self._accepted = self.core.accepted
            entries.append((f"pool {pool} accepted", self._accepted))
        return entries

    def _carry_out(self, effect: Effect) -> list[Effect]:
        match effect:
            case Note(level, text):
                self._log.log(level, text)
                return []
            case Send(listener, data):
                return self._send(listener, data)
            case Judge(listener, event, result):
                return self.core.judged(listener, self._judge(event, result), self._loop.time())

    def _send(self, listener: str, data: bytes) -> list[Effect]:
        letter = self.core.letter_of(listener)
        self._notes.slot.letter = 0 if letter is None else letter.number + 1
        self._note(sent=listener)
        try:
            return self._write(listener, data)
        finally:
            child = self._processes[listener].child
            if child is not None and child.stdin is not None and len(child.stdin):
                self._notes.pools([(f"pool {self.core.name} partly {listener}", letter and letter.number)])
            self._notes.slot.letter = 0

    def _write(self, listener: str, data: bytes) -> list[Effect]:
        child = self._processes[listener].child
        try:
            if child is None or child.stdin is None:
                raise BrokenPipeError
            child.stdin.write(data)
        except BlockingIOError:
            return self.core.distrust(listener, self._loop.time())
        except OSError:
            return self.core.undeliverable(listener, self._loop.time())
        return []

    def _judge(self, event: Event, result: bytes) -> Verdict:
        if self._handler is None:
            return default_verdict(result)
        try:
            self._handler(event, result)
        except RejectEvent:
            return Verdict.REJECTED
        except Exception:  # noqa: BLE001 - a plugin's code may raise anything; it costs only this listener
            self._log.debug(f"result handler of {self.core.name}:\n{traceback.format_exc()}")
            return Verdict.FAILED
        return Verdict.PROCESSED
