"""Runs the event listener pools: connects the pure pool with events, pipes, timers and result handlers."""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import chain

from warden.config.model import PoolConfig
from warden.daemon.letters import Archive, Entry
from warden.daemon.notes import Notes
from warden.daemon.plugins import DEFAULT_HANDLER, resolve
from warden.daemon.records import Group, Process
from warden.daemon.spots import PoolRemains, Spots
from warden.events.bus import Bus
from warden.events.effects import Effect, Judge, Note, RejectEvent, Send, Verdict, default_verdict
from warden.events.letters import Changes, Letter
from warden.events.listener import Dialect, ListenerState
from warden.events.pool import Pool, Serials
from warden.events.types import NAMES, Event
from warden.logs.mainlog import MainLog
from warden.runtime.deadlines import Deadlines
from warden.runtime.spawn import send_signal

_MOST_OVER = 64  # letters that are over, in the record of one pool
ResultHandler = Callable[[Event, bytes], object]


class Pools:
    """All listener pools of the daemon.

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
        self._archive = Archive()
        self._stirred: dict[RunningPool, None] = {}  # those that have got something in the burst that goes on
        self._pools: dict[str, RunningPool] = {}
        self._subscribed: frozenset[type[Event]] = frozenset()
        self._routes: dict[type[Event], tuple[RunningPool, ...]] = {}  # cache, built on demand
        self._deadlines: Deadlines[RunningPool] = Deadlines(loop, lambda pool: pool.due())

    def add(self, group: Group, config: PoolConfig) -> None:
        """Connect a pool; its group is active already."""
        core = Pool(
            group.config.name,
            list(group.processes),
            [NAMES[name] for name in config.events],
            buffer_size=config.buffer_size,
            server=self._identifier,
            dialect=Dialect(facts=config.payload_facts, text=config.payload_text),
            verbose=self._log.enabled("debug"),
        )
        handler = self._handler(config.result_handler)
        pool = RunningPool(
            core,
            group,
            handler,
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


class RunningPool:
    """One pool and its listeners; carries out what the pure pool wants done."""

    def __init__(
        self,
        core: Pool,
        group: Group,
        handler: ResultHandler | None,
        *,
        loop: asyncio.AbstractEventLoop,
        log: MainLog,
        deadlines: Deadlines[RunningPool],
        notes: Notes,
        archive: Archive,
    ) -> None:
        self.core = core
        self._notes = notes
        self._archive = archive
        self._spots = Spots(core.name, notes.slot.cells)
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


def _unchanged(event: Event) -> object:
    return event
