"""What is done beside a child in the moments of its life, one thing at a time: which is due when; pure.

An *errand* is under way from ``RunErrand`` to ``ErrandDone``, which always comes.
Its time is an absolute moment, so that it is kept whoever carries the errand out.
"""

from __future__ import annotations

from dataclasses import replace

from warden.config.model import Policy
from warden.process.step import Effect, EndErrand, Errand, RunErrand, State, Step
from warden.words import Moment

MOST_PATIENCE = 2.0  # seconds that whoever a child has left behind may take to end when he is asked to
AFTERMATH = (Moment.KILL_TREE, Moment.AFTER_STOP)  # what is done after the end of a child, in this order


def wanted(moment: Moment, policy: Policy) -> bool:
    """Whether there is anything to do in that moment."""
    return bool(getattr(policy, moment))


def seconds(moment: Moment, policy: Policy) -> float:
    """Return how long it may take."""
    match moment:
        case Moment.STOP_COMMAND:
            return policy.stopwaitsecs
        case Moment.KILL_TREE:
            return min(policy.stopwaitsecs, MOST_PATIENCE)
        case _:
            return policy.hook_timeout


def begin(state: State, moment: Moment, now: float, policy: Policy) -> tuple[State, RunErrand]:
    """Begin an errand beside the present child, if there is one; none must be under way."""
    errand = Errand(moment=moment, until=now + seconds(moment, policy), pid=state.pid)
    return replace(state, errand=errand), RunErrand(errand)


def cut_short(state: State) -> tuple[State, tuple[Effect, ...]]:
    """Tell an errand that is under way to end, once; its answer still comes."""
    if state.errand is None or state.errand.cut_short:
        return state, ()
    return replace(state, errand=replace(state.errand, cut_short=True)), (EndErrand(),)


def greet(state: State, effects: tuple[Effect, ...], now: float, policy: Policy) -> Step:
    """Begin after_start beside a child for which that was not done yet."""
    if not state.pid or state.killing or state.greeted or not wanted(Moment.AFTER_START, policy):
        return state, effects
    greeting, run = begin(replace(state, greeted=True), Moment.AFTER_START, now, policy)
    return greeting, (*effects, run)


def aftermath(before: State, step: Step, now: float, policy: Policy) -> Step:
    """Begin what is done after the end of the child that there was ``before``.

    What is under way beside it has to be answered first; after_start is of no use
    any more, and ends.
    """
    after, effects = step
    if before.errand is None:
        if not any(wanted(moment, policy) for moment in AFTERMATH):  # as with most, and they want to be back
            return step
        ended = Errand(moment=Moment.AFTER_STOP, until=now, pid=before.pid, asked=before.killing)
        begun, more = _begin_first_of(AFTERMATH, after, ended, now, policy)
        return begun, effects + more
    after = replace(after, errand=replace(before.errand, asked=before.killing))
    if before.errand.moment is Moment.AFTER_START:
        after, more = cut_short(after)
        return after, effects + more
    return after, effects


def next_after(state: State, done: Errand, now: float, policy: Policy) -> Step:
    """Begin what comes after an errand that was the last one answered; the child has ended."""
    rest = AFTERMATH[AFTERMATH.index(done.moment) + 1 :] if done.moment in AFTERMATH else AFTERMATH
    return _begin_first_of(rest, state, done, now, policy)


def _begin_first_of(moments: tuple[Moment, ...], state: State, last: Errand, now: float, policy: Policy) -> Step:
    for moment in moments:
        if wanted(moment, policy):
            errand = replace(last, moment=moment, until=now + seconds(moment, policy), cut_short=False)
            return replace(state, errand=errand), (RunErrand(errand),)
    return state, ()
