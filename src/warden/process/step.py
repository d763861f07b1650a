"""What a step of a process is made of: its state, what happens to it, and what is to be done; plain values."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TypedDict, Unpack

from warden.frozen import frozen
from warden.process.restarting import NO_STREAK, Streak
from warden.words import STOPPED_PHASES, ExitStatus, Moment, Phase


@frozen(kw_only=True)
class Errand:
    """Something that is done beside the child, and has not been answered yet.

    ``pid`` is that of the child, also when it has ended; 0 before it is born.
    ``asked``: the child ended because it was to stop.  ``cut_short``: nobody wants
    it any more, and it was told to end.  ``until`` is the moment at which it has to be over.
    """

    moment: Moment
    until: float
    pid: int = 0
    asked: bool = False
    cut_short: bool = False


@frozen(kw_only=True)
class State:
    """What the daemon knows about one process.

    ``pid`` is nonzero exactly while a child exists.  ``deadline`` is the moment
    at which the next ``Tick`` is due; None when only outside events can move
    the process.  ``tries`` counts failed starts in a row.  ``killing`` is true
    from the stop signal until the child is reaped, and from a stop that comes
    before the child until the child does.  ``again`` is the cause of one more
    start when its child has ended, whatever ``autorestart`` says, ``waiting`` that
    of a start that is held back; "" if there is none.  ``asked_again``: the start
    that comes again is one that somebody wants, and no restart.  ``errand`` is what is done
    beside the child: never two at once, and nothing starts before those of the
    last child are done.  ``stage`` counts the stages of the stop that have begun
    (``process.stopping``); ``greeted``: after_start was begun for this child.
    """

    phase: Phase = Phase.STOPPED
    pid: int = 0
    tries: int = 0
    started_at: float | None = None
    deadline: float | None = None
    exitstatus: ExitStatus | None = None
    spawn_error: str | None = None
    killing: bool = False
    again: str = ""
    asked_again: bool = False
    waiting: str = ""
    errand: Errand | None = None
    stage: int = 0
    greeted: bool = False
    streak: Streak = NO_STREAK

    @property
    def at_rest(self) -> bool:
        """Whether nothing of it runs any more: no child, and nothing that has to be done after one."""
        return self.errand is None and self.phase in STOPPED_PHASES

    @property
    def is_unborn(self) -> bool:
        """Whether it is not known yet what became of a start: its deadline may be due already."""
        return self.phase is Phase.STARTING and not self.pid

    @property
    def shown(self) -> tuple[object, ...]:
        """What is news for all who look at it."""
        return self.phase, self.pid, self.errand, self.stage

    @property
    def is_starting(self) -> bool:
        """Whether it starts, or would if nothing held it back."""
        return self.phase is Phase.STARTING or bool(self.waiting)


# --- events: what happened ------------------------------------------------------


@frozen
class StartRequested:
    """Somebody, or autostart, wants the process to run; ``cause`` says who and why."""

    cause: str = "start requested"


@frozen
class ScheduleDue(StartRequested):
    """The clock wants the process to run."""


@frozen
class AgainRequested:
    """A process that has a child is to start once more when that has ended; ``cause`` says why."""

    cause: str


@frozen
class StopRequested:
    """Somebody, or the shutdown, wants the process to stop; ``cause`` says who and why."""

    cause: str = "stop requested"


@frozen
class RestartRequested:
    """A child is to be replaced; ``cause`` says why.

    A process that runs is stopped and started again; one that waits for another
    try, or ended by itself, starts now; one that somebody stopped stays so.
    """

    cause: str


@frozen
class Released:
    """What held a start back is gone."""


@frozen
class Spawned:
    """The answer to ``Spawn``: a child exists."""

    pid: int


@frozen
class SpawnFailed:
    """The answer to ``Spawn``: there is no child."""

    reason: str


@frozen
class Exited:
    """The child was reaped."""

    status: ExitStatus


@frozen
class Extended:
    """The child asks for patience: its end may take this many seconds from now."""

    seconds: float


@frozen
class SignalFailed:
    """The operating system refused to signal the child."""


@frozen
class BecameReady:
    """The child can do its work: its ``ready`` probe says so for the first time."""


@frozen
class ErrandDone:
    """The answer to ``RunErrand``; ``failure`` says in words what went wrong, "" if nothing did."""

    failure: str = ""


@frozen
class Tick:
    """The deadline has come.  While the daemon goes down nothing may start."""

    may_start: bool = True


@frozen
class GiveUp:
    """The daemon goes down: do not wait for another try."""


Event = (
    StartRequested
    | StopRequested
    | AgainRequested
    | RestartRequested
    | Released
    | Spawned
    | SpawnFailed
    | Exited
    | Extended
    | SignalFailed
    | BecameReady
    | ErrandDone
    | Tick
    | GiveUp
)


# --- effects: what to do --------------------------------------------------------


@frozen
class Spawn:
    """Start a child and answer with ``Spawned`` or ``SpawnFailed``."""


@frozen
class SendSignal:
    """Signal the child, or its process group.  ``forced`` marks the SIGKILL after ``stopwaitsecs``."""

    pid: int
    signum: int
    to_group: bool
    forced: bool = False


@frozen
class RunErrand:
    """Do what belongs to the moment of ``errand``; ``ErrandDone`` comes when its time is over at the latest."""

    errand: Errand


@frozen
class EndErrand:
    """End what is under way beside the child, with its process group; ``ErrandDone`` still comes."""


@frozen
class Remark:
    """Tell people something that is no change of phase."""

    text: str


@frozen
class Announce:
    """Tell everybody about a new phase.

    The fields are those of the PROCESS_STATE event; ``cause`` says in words for
    people why it happened.
    """

    phase: Phase
    previous: Phase
    tries: int
    pid: int
    expected: bool = True
    cause: str = field(default="", compare=False)  # a wording, not a fact


Effect = Spawn | SendSignal | RunErrand | EndErrand | Remark | Announce
Step = tuple[State, tuple[Effect, ...]]


class Changes(TypedDict, total=False):
    """The fields of a state that may change together with its phase."""

    pid: int
    tries: int
    started_at: float | None
    exitstatus: ExitStatus | None
    spawn_error: str | None
    killing: bool
    again: str
    asked_again: bool
    waiting: str
    greeted: bool
    streak: Streak


def enter(
    state: State,
    phase: Phase,
    cause: str,
    *effects: Effect,
    deadline: float | None = None,
    expected: bool = True,
    **changes: Unpack[Changes],
) -> Step:
    """Change the phase, and what else of the state ``changes`` says; announce it, then run ``effects``.

    What is announced are the new count of tries and the child that there was.
    """
    tries = changes.get("tries", state.tries)
    announced = Announce(phase, state.phase, tries, state.pid, expected, cause)
    return replace(state, phase=phase, deadline=deadline, **changes), (announced, *effects)
