"""The life cycle of one process as a pure function.

``transition(state, event, now, policy)`` returns the next state and the effects
that the daemon must carry out.  Nothing in this module does I/O, reads a clock
or logs.  All times are seconds on one monotonic clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict, Unpack, assert_never

from warden.config.model import Policy
from warden.process import errands, restarting, stopping
from warden.process.restarting import Streak
from warden.process.step import (
    AgainRequested,
    Announce,
    BecameReady,
    Effect,
    ErrandDone,
    Event,
    Exited,
    Extended,
    GiveUp,
    Released,
    Remark,
    RestartRequested,
    SignalFailed,
    Spawn,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    Step,
    StopRequested,
    Tick,
    enter,
)
from warden.words import FOREVER, Autorestart, ExitStatus, Moment, Phase, counted

TOO_QUICK = "Exited too quickly (process log may have details)"
_TOO_EARLY = "stop requested while it was being started"
_WITH_CHILD = (Phase.STARTING, Phase.RUNNING, Phase.STOPPING, Phase.UNKNOWN)


def transition(state: State, event: Event, now: float, policy: Policy, *, held: bool = False) -> Step:
    """Advance one process by one event.

    An event that means nothing in the current phase leaves the state as it is:
    requests race with exits, so "too late" is normal and not an error.  While
    the process is ``held`` (by others on which it depends) it does not start,
    but waits for ``Released``; so it does while an errand of its last child is
    under way.
    """
    after, effects = _advance(state, event, now, policy)
    if (held or state.errand is not None) and _starts(effects):
        return _hold(state, after, effects)
    if isinstance(event, ErrandDone) and after.waiting and after.errand is None:
        started, more = transition(after, Released(), now, policy, held=held)
        return started, effects + more
    return after, effects


def _starts(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, Announce) and effect.phase is Phase.STARTING for effect in effects)


def _hold(before: State, after: State, effects: tuple[Effect, ...]) -> Step:
    """Keep what a start would have changed in the counts, and its cause, for later."""
    cause = next(effect.cause for effect in effects if isinstance(effect, Announce))
    waiting = replace(before, waiting=cause, again="", deadline=None, tries=after.tries, streak=after.streak)
    return waiting, ()


def _advance(state: State, event: Event, now: float, policy: Policy) -> Step:  # noqa: C901, PLR0912 - one row per event
    match event:
        case Tick(may_start):
            return _tick(state, now, policy, may_start)
        case Spawned(pid):
            if state.phase is not Phase.STARTING or state.pid:
                return state, ()
            born = replace(state, pid=pid, killing=False)
            return stopping.stop(born, now, policy, _TOO_EARLY) if state.killing else (born, ())
        case Exited(status):
            if not state.pid:
                return state, ()
            return errands.aftermath(state, _exit(state, status, now, policy), now, policy)
        case StartRequested(cause):
            if state.pid or state.phase is Phase.BACKOFF:
                return state, ()
            if state.phase is Phase.STARTING:
                return replace(state, killing=False), ()
            return _start_afresh(state, now, policy, cause)
        case StopRequested(cause):
            return stopping.stop(replace(state, again="", waiting=""), now, policy, cause)
        case AgainRequested(cause):
            return (replace(state, again=cause, asked_again=True) if state.phase in _WITH_CHILD else state), ()
        case RestartRequested(cause):
            return _restart(state, now, policy, cause)
        case Released():
            return _start(state, now, policy, state.waiting) if state.waiting else (state, ())
        case SpawnFailed(reason):
            return _spawn_failed(state, reason, now, policy)
        case Extended(seconds):
            if state.phase is not Phase.STOPPING or state.deadline is None:
                return state, ()
            return replace(state, deadline=max(state.deadline, now + seconds)), ()
        case SignalFailed():
            if not state.pid or state.phase is Phase.UNKNOWN:
                return state, ()
            return enter(state, Phase.UNKNOWN, "the operating system refused to signal it")
        case BecameReady():
            return errands.greet(state, (), now, policy) if policy.greets_when_ready else (state, ())
        case ErrandDone(failure):
            return _errand_done(state, failure, now, policy)
        case GiveUp():
            if state.phase is not Phase.BACKOFF:
                return state, ()
            return enter(state, Phase.FATAL, "the daemon goes down", tries=0, waiting="")
        case _:
            assert_never(event)


class _Counts(TypedDict, total=False):
    """The fields of a state that count starts."""

    tries: int
    streak: Streak


def _start(state: State, now: float, policy: Policy, cause: str, **counts: Unpack[_Counts]) -> Step:
    """Begin a start, which changes ``counts``."""
    prepared = errands.wanted(Moment.BEFORE_START, policy)
    starting, effects = enter(
        state,
        Phase.STARTING,
        cause,
        *(() if prepared else (Spawn(),)),
        deadline=None if prepared else now + policy.startsecs,
        started_at=now,
        exitstatus=None,
        spawn_error=None,
        killing=False,
        again="",
        asked_again=False,
        waiting="",
        greeted=False,
        **counts,
    )
    if not prepared:
        return starting, effects
    preparing, run = errands.begin(starting, Moment.BEFORE_START, now, policy)
    return preparing, (*effects, run)


def _spawn_failed(state: State, reason: str, now: float, policy: Policy) -> Step:
    if state.phase is not Phase.STARTING or state.pid:
        return state, ()
    failed, effects = _back_off(replace(state, killing=False), reason, reason, now, policy)
    if not state.killing:
        return failed, effects
    stopped, more = stopping.stop(failed, now, policy, _TOO_EARLY)
    return stopped, effects + more


def _errand_done(state: State, failure: str, now: float, policy: Policy) -> Step:
    """Go on after an errand: with the start, with the stop, or with what is still to be done after the end."""
    if state.errand is None:
        return state, ()
    errand, rest = state.errand, replace(state, errand=None)
    if errand.moment is Moment.BEFORE_START and not errand.cut_short:
        if failure:
            reason = f"{errand.moment} failed: {failure}"
            return _back_off(rest, reason, reason, now, policy)
        return replace(rest, started_at=now, deadline=now + policy.startsecs), (Spawn(),)
    remarks = (Remark(f"{errand.moment} failed: {failure}"),) if failure and not errand.cut_short else ()
    match state.phase:
        case Phase.STOPPING:
            after, effects = stopping.errand_done(rest, errand, failure, now, policy)
        case Phase.STARTING | Phase.RUNNING | Phase.UNKNOWN:
            after, effects = rest, ()
        case _:
            after, effects = errands.next_after(rest, errand, now, policy)
    return after, (*remarks, *effects)


def _start_afresh(state: State, now: float, policy: Policy, cause: str) -> Step:
    """Start with nothing counted against the process: not a consequence of its own end."""
    return _start(state, now, policy, cause, tries=0, streak=restarting.cleared(state.streak))


def _start_by_itself(state: State, now: float, policy: Policy, cause: str) -> Step:
    """Start as a consequence of its own end, unless there have been too many of these."""
    reason = restarting.exhausted(state.streak, policy, now)
    if reason is not None:
        return _give_up(replace(state, spawn_error=reason), now, policy, reason)
    return _start(state, now, policy, cause, streak=restarting.started(state.streak, policy, now))


def _restart(state: State, now: float, policy: Policy, cause: str) -> Step:
    match state.phase:
        case Phase.STARTING | Phase.RUNNING if state.pid:
            return _replace(state, now, policy, cause)
        case Phase.BACKOFF | Phase.EXITED | Phase.FATAL:
            return _start_afresh(state, now, policy, cause)
        case _:
            return state, ()


def _replace(state: State, now: float, policy: Policy, cause: str) -> Step:
    """Stop a child after which another one is to come."""
    if not state.again:
        state = replace(state, again=f"it was to start again: {cause}", asked_again=False)
    return stopping.stop(state, now, policy, cause)


def _back_off(state: State, reason: str, cause: str, now: float, policy: Policy) -> Step:
    """Record a failed start; give up once ``startretries`` is used up.

    How long it waits for the next try is ``restarting.pause``.
    """
    streak = restarting.ended(state.streak, policy, 0)
    tries = state.tries + 1
    deadline = now + restarting.pause(streak, policy, tries)
    waiting, effects = enter(
        state, Phase.BACKOFF, cause, deadline=deadline, tries=tries, spawn_error=reason, streak=streak, pid=0
    )
    if tries <= policy.startretries:
        return waiting, effects
    fatal, more = _give_up(waiting, now, policy, f"gave up after {counted(tries, 'try', 'tries')}: {cause}")
    return fatal, effects + more


def _give_up(state: State, now: float, policy: Policy, cause: str) -> Step:
    revival = None if policy.revive_after is None else now + policy.revive_after
    return enter(state, Phase.FATAL, cause, deadline=revival, tries=0, again="")


def _exit(state: State, status: ExitStatus, now: float, policy: Policy) -> Step:
    if state.killing:
        deadline = now if state.again else None
        return enter(state, Phase.STOPPED, str(status), deadline=deadline, exitstatus=status, killing=False, pid=0)
    assert state.started_at is not None
    ran_for = now - state.started_at
    if state.phase is Phase.STARTING and ran_for < policy.startsecs:
        return _back_off(state, TOO_QUICK, f"{status} before startsecs ({policy.startsecs} s)", now, policy)
    ran: tuple[Effect, ...] = ()
    if state.phase is Phase.STARTING:  # it lived long enough, but no Tick came in between
        state, ran = _succeed(state, policy)
    expected = status.number in policy.exitcodes
    reason = None if expected else f"Bad exit code {status.number}"
    streak = restarting.ended(state.streak, policy, ran_for)
    exited, more = enter(
        state,
        Phase.EXITED,
        str(status),
        expected=expected,
        deadline=now,
        exitstatus=status,
        spawn_error=reason,
        tries=0,
        streak=streak,
        pid=0,
    )
    return exited, ran + more


def _succeed(state: State, policy: Policy) -> Step:
    assert state.started_at is not None
    age = restarting.retirement(state.streak, policy, state.started_at)
    cause = f"stayed up for startsecs ({policy.startsecs} s)"
    return enter(state, Phase.RUNNING, cause, deadline=age, tries=0)


def _tick(state: State, now: float, policy: Policy, may_start: bool) -> Step:
    if state.deadline is None or now < state.deadline:
        return state, ()
    match state.phase:
        case Phase.STARTING if state.pid:
            running, effects = _succeed(state, policy)
            return (running, effects) if policy.greets_when_ready else errands.greet(running, effects, now, policy)
        case Phase.STARTING:  # the answer to Spawn is still to come
            return state, ()
        case Phase.BACKOFF if may_start:
            return _start_by_itself(state, now, policy, _retry(state, policy))
        case Phase.EXITED | Phase.STOPPED if may_start and state.again:
            return _start_afresh(state, now, policy, state.again)
        case Phase.EXITED if may_start and _restarts(state, policy):
            return _come_back(state, now, policy)
        case Phase.FATAL if may_start:
            return _start_afresh(state, now, policy, f"revive_after={policy.revive_after:g} s in FATAL")
        case Phase.RUNNING if may_start:
            return _replace(state, now, policy, f"older than max_age ({policy.max_age:g} s)")
        case Phase.STOPPING:
            return stopping.overdue(state, now, policy)
        case _:
            return replace(state, deadline=None), ()


def _retry(state: State, policy: Policy) -> str:
    if not state.tries:
        return f"restart_delay is over after: {state.spawn_error}"
    of = "" if policy.startretries == FOREVER else f" of {policy.startretries}"
    return f"retry {state.tries}{of} after: {state.spawn_error}"


def _come_back(state: State, now: float, policy: Policy) -> Step:
    """Start a process that exited by itself, after its wait if there is one."""
    wait = restarting.pause(state.streak, policy, tries=0)
    if not wait:
        return _start_by_itself(state, now, policy, f"autorestart={policy.autorestart.value} after {state.exitstatus}")
    cause = f"{state.exitstatus}, starts again in {wait:.3g} s"
    return enter(state, Phase.BACKOFF, cause, deadline=now + wait, spawn_error=cause)


def _restarts(state: State, policy: Policy) -> bool:
    match policy.autorestart:
        case Autorestart.ALWAYS:
            return True
        case Autorestart.UNEXPECTED:
            return state.exitstatus is None or state.exitstatus.number not in policy.exitcodes
        case Autorestart.NEVER:
            return False
        case _:
            assert_never(policy.autorestart)
