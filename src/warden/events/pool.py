"""The buffer of a listener pool as a pure machine: which event goes to which listener, and when.

A pool is told what happened and answers with effects, which the daemon carries
out in order.  Nothing in this module does I/O, reads a clock or logs.  All times
are seconds on one monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import assert_never

from warden.events.effects import Effect, Judge, Note, Send, Verdict
from warden.events.letters import LONGEST_PAUSE, Changes, Letter, Listener, Standing
from warden.events.listener import Conversation, Dialect, ListenerState, Ready, Result, Violation, envelope
from warden.events.serials import SERIAL_WRAP
from warden.events.types import Event
from warden.words import Phase, counted

BURST_SECONDS = 1.0  # losses within this time are summed up in one line


class Pool:
    """The buffer of one pool and its conversations with its listeners.

    Unless it is ``verbose`` it makes no notes for the level debug of what every
    event brings with it.

    Events are sent oldest first, each to the first listener in configuration
    order that is RUNNING and READY.  An event that comes back (rejected, or its
    listener died or broke the protocol) takes its old place and is sent again
    after a pause that doubles with every return; what is behind it waits, so
    nothing overtakes it.  A buffer that is full loses its oldest event; each loss
    is noted, and how many there were, once a burst of them is over.

    Every method that takes ``now`` returns effects, in order.  Afterwards
    ``deadline`` is the moment at which ``due`` must be called, None if only
    outside events can move the pool.
    """

    def __init__(
        self,
        name: str,
        listeners: Iterable[str],
        kinds: Iterable[type[Event]],
        *,
        buffer_size: int,
        server: str,
        dialect: Dialect | None = None,
        verbose: bool = True,
    ) -> None:
        self.name = name
        self.kinds = tuple(kinds)
        self.lost = 0  # events discarded because the buffer was full
        self._buffer_size = buffer_size
        self._server = server
        self._dialect = dialect
        self._verbose = verbose
        self._listeners = {listener: Listener(name=listener) for listener in listeners}
        self._buffer: deque[Letter] = deque()
        self.accepted = 0  # events so far, which gave each its number
        self.unsent = 0  # the number of the first event that was never sent to anybody
        self._burst: tuple[int, float] | None = None  # losses before it, and when it counts as over
        self._changed: dict[int, Letter] = {}  # by number, since the last ``take_changes``
        self._stirred: set[str] = set()  # the listeners of whom something is different since then

    @property
    def deadline(self) -> float | None:
        """When an event that came back may be sent to a listener that is free, or a burst of losses is over."""
        if self._burst is None and (not self._buffer or not self._buffer[0].not_before):
            return None
        moments = [] if self._burst is None else [self._burst[1]]
        pause_ends = self._buffer[0].not_before if self._buffer else 0.0
        if pause_ends and any(listener.free for listener in self._listeners.values()):
            moments.append(pause_ends)
        return min(moments, default=None)

    def listener_state(self, listener: str) -> ListenerState:
        """Return where the conversation with one listener is."""
        return self._listeners[listener].conversation.state

    def phase(self, listener: str) -> Phase:
        """Return the phase in which a listener's process was when it was last heard of."""
        return self._listeners[listener].phase

    def standing(self, listener: str) -> Standing:
        """Return where a listener is."""
        who = self._listeners[listener]
        heard, result_bytes = who.conversation.heard
        return Standing(
            phase=who.phase,
            state=who.conversation.state,
            heard=heard,
            result_bytes=result_bytes,
            deaf=who.deaf,
            letter=None if who.letter is None else who.letter.number,
        )

    def letter_of(self, listener: str) -> Letter | None:
        """Return the letter that a listener has, or is to be sent."""
        return self._listeners[listener].letter

    def letters(self) -> list[Letter]:
        """Return the events that wait, or are with a listener."""
        with_listeners = (listener.letter for listener in self._listeners.values())
        return [letter for letter in (*self._buffer, *with_listeners) if letter is not None]

    @property
    def has_changed(self) -> bool:
        """Whether ``take_changes`` would tell of something."""
        return bool(self._changed or self._stirred)

    def take_changes(self) -> Changes:
        """Return what is different since the last call; nothing of letters that came and are over."""
        changes = Changes([], [], [], self._stirred)
        for letter in self._changed.values():
            if not letter.told:
                if not letter.over:
                    letter.told = True
                    changes.came.append(letter)
            elif letter.over:
                changes.over.append(letter)
            else:
                changes.waiting.append(letter)
        self._changed, self._stirred = {}, set()
        return changes

    def resume(
        self, letters: Collection[Letter], standings: Mapping[str, Standing], accepted: int, unsent: int
    ) -> None:
        """Go on where another pool stood, before anything else happens to this one."""
        by_number = {letter.number: letter for letter in letters}
        for letter in letters:
            letter.told = True
        for name, standing in standings.items():
            who = self._listeners.get(name)
            if who is not None:
                who.phase, who.deaf = standing.phase, standing.deaf
                who.conversation.resume(standing.state, standing.heard, standing.result_bytes)
                who.letter = None if standing.letter is None else by_number.pop(standing.letter, None)
        self.accepted, self.unsent = accepted, unsent
        self._buffer.extend(by_number[number] for number in sorted(by_number))

    def accept(self, event: Event, serial: int, now: float) -> list[Effect]:
        """Take an event in."""
        effects = self._make_room(now)
        letter = self._changed[self.accepted] = Letter(event=event, serial=serial, number=self.accepted)
        self._buffer.append(letter)
        self.accepted += 1
        return effects + self.due(now)

    def entered(self, listener: str, phase: Phase, now: float) -> list[Effect]:
        """Take note that a listener's process entered a phase; each attempt to start begins a new conversation.

        To hear of the same phase twice changes nothing.
        """
        who = self._listeners[listener]
        if who.phase is phase:
            return []
        who.phase = phase
        self._stirred.add(listener)
        effects: list[Effect] = []
        if phase not in (Phase.RUNNING, Phase.STOPPING, Phase.UNKNOWN):  # in these three there is a child
            effects = self._take_back(who, now)
            who.conversation, who.deaf = Conversation(), False
        return effects + self.due(now)

    def heard(self, listener: str, chunk: bytes, now: float) -> list[Effect]:
        """Take in output of a listener."""
        who = self._listeners[listener]
        self._stirred.add(listener)
        who.conversation.feed(chunk)
        return self._listen(who, now) + self.due(now)

    def judged(self, listener: str, verdict: Verdict, now: float) -> list[Effect]:
        """Take the answer to ``Judge``; until it comes the listener is sent nothing."""
        who = self._listeners[listener]
        self._stirred.add(listener)
        effects: list[Effect] = []
        match verdict:
            case Verdict.PROCESSED:
                if who.letter is not None:
                    self._finish(who.letter)
                who.letter = None
                if self._verbose:
                    effects += [
                        Note("debug", f"{listener}: event was processed"),
                        _moved(listener, ListenerState.BUSY, ListenerState.ACKNOWLEDGED),
                    ]
            case Verdict.REJECTED:
                effects += [
                    Note("warn", f"{listener}: event was rejected"),
                    _moved(listener, ListenerState.BUSY, ListenerState.ACKNOWLEDGED),
                    *self._take_back(who, now),
                ]
            case Verdict.FAILED:
                effects.append(Note("warn", f"{listener}: event caused an error"))
                effects += self._give_up_on(who, ListenerState.BUSY, now)
            case _:
                assert_never(verdict)
        return effects + self._listen(who, now) + self.due(now)

    def undeliverable(self, listener: str, now: float) -> list[Effect]:
        """Take note that a listener has closed its stdin: it is sent nothing more until it is started again."""
        who = self._listeners[listener]
        who.deaf = True
        self._stirred.add(listener)
        effects: list[Effect] = []
        if who.letter is not None:
            what = f"epipe occurred while sending event {who.letter.serial} to listener {listener}"
            effects = [Note("debug", f"{what}, listener state unchanged"), *self._take_back(who, now)]
        return effects + self.due(now)

    def distrust(self, listener: str, now: float) -> list[Effect]:
        """Take note that a listener does not read what it is sent."""
        who = self._listeners[listener]
        before = who.conversation.state
        if before is ListenerState.UNKNOWN:
            return []
        return self._give_up_on(who, before, now) + self.due(now)

    def due(self, now: float) -> list[Effect]:
        """Send what can be sent; the other methods end with this."""
        effects: list[Effect] = []
        if self._burst is not None and self._burst[1] <= now:
            effects += self.sum_up()
        while self._buffer and self._buffer[0].not_before <= now:
            who = self._first_free()
            if who is None:
                break
            who.letter = letter = self._buffer.popleft()
            who.conversation.sent()
            self.unsent = max(self.unsent, letter.number + 1)
            self._stirred.add(who.name)
            effects.append(Send(who.name, self._envelope(letter)))
            if self._verbose:
                effects.append(Note("debug", f"event {letter.serial} sent to listener {who.name}"))
        return effects

    def _first_free(self) -> Listener | None:
        for listener in self._listeners.values():
            if listener.free:
                return listener
        return None

    def _finish(self, letter: Letter) -> None:
        letter.over = True
        self._changed[letter.number] = letter

    def sum_up(self) -> list[Effect]:
        """Say how many events were lost in the burst that goes on, if one does."""
        if self._burst is None:
            return []
        lost, self._burst = self.lost - self._burst[0], None
        why = f"its buffer of {self._buffer_size} was full"
        return [Note("warn", f"pool {self.name} lost {counted(lost, 'event')} ({self.lost} since it was added): {why}")]

    def _listen(self, who: Listener, now: float) -> list[Effect]:
        """Work through what a listener said, up to the first result: its verdict decides about the rest."""
        before = who.conversation.state
        match who.conversation.next_outcome():
            case None:
                return []
            case Ready():
                moved = [_moved(who.name, before, ListenerState.READY)] if self._verbose else []
                return moved + self._listen(who, now)
            case Violation(line):
                return _complaint(who.name, line) + self._give_up_on(who, before, now)
            case Result(data):
                if who.letter is None:  # taken back already: the late answer changes nothing
                    return self._listen(who, now)
                return [Judge(who.name, who.letter.event, data)]
            case other:
                assert_never(other)

    def _give_up_on(self, who: Listener, before: ListenerState, now: float) -> list[Effect]:
        who.conversation.distrust()
        self._stirred.add(who.name)
        why = "this usually indicates the process violated the eventlistener protocol"
        return [
            _moved(who.name, before, ListenerState.UNKNOWN),
            Note("warn", f"{who.name}: has entered the UNKNOWN state and will no longer receive events, {why}"),
            *self._take_back(who, now),
        ]

    def _take_back(self, who: Listener, now: float) -> list[Effect]:
        """Put the event of a listener that did not process it back to its place in the sequence."""
        letter, who.letter = who.letter, None
        if letter is None:
            return []
        letter.not_before = now + letter.pause
        letter.pause = min(2 * letter.pause, LONGEST_PAUSE)
        self._changed[letter.number] = letter
        sizes = f"(buf size={len(self._buffer)}, max={self._buffer_size})"
        effects: list[Effect] = [Note("debug", f"rebuffering event {letter.serial} for pool {self.name} {sizes}")]
        effects += self._make_room(now)
        place = next((i for i, other in enumerate(self._buffer) if other.number > letter.number), len(self._buffer))
        self._buffer.insert(place, letter)
        return effects

    def _make_room(self, now: float) -> list[Effect]:
        if len(self._buffer) < self._buffer_size:
            return []
        if self._burst is None:
            self._burst = (self.lost, now + BURST_SECONDS)
        self.lost += 1
        lost = self._buffer.popleft()
        self._finish(lost)
        return [Note("error", f"pool {self.name} event buffer overflowed, discarding event {lost.serial}")]

    def _envelope(self, letter: Letter) -> bytes:
        poolserial = letter.number % SERIAL_WRAP
        return envelope(
            letter.event,
            server=self._server,
            serial=letter.serial,
            pool=self.name,
            poolserial=poolserial,
            dialect=self._dialect,
        )


def _moved(listener: str, before: ListenerState, after: ListenerState) -> Note:
    return Note("debug", f"{listener}: {before.name} -> {after.name}")


def _complaint(listener: str, line: bytes | None) -> list[Effect]:
    if line is None:
        return []
    return [Note("warn", f"{listener}: bad result line: '{line.decode(errors='backslashreplace')}'")]
