"""How a process is stopped: hook, command and signals, one stage after the other, and SIGKILL in the end; pure.

``State.stage`` counts the stages that have begun.  A stage ends with its time or
with the answer to its errand; the stop ends with the child, whatever the stage.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import NamedTuple

from warden.config.model import Policy
from warden.process import errands
from warden.process.step import Errand, Remark, SendSignal, State, Step, enter
from warden.words import Moment, Phase, signal_text

SHORTEST_KILL_INTERVAL = 1  # seconds; with stopwaitsecs=0 SIGKILL would be repeated without pause


class _Signal(NamedTuple):
    """A stage: a signal, and how long the end may take then."""

    signum: int
    seconds: float


def stages(policy: Policy) -> tuple[Moment | _Signal, ...]:
    """Return what a stop of a process consists of, before the SIGKILL that ends it in any case."""
    first = [moment for moment in (Moment.BEFORE_STOP, Moment.STOP_COMMAND) if errands.wanted(moment, policy)]
    signals = policy.stop_sequence or ((policy.stopsignal, policy.stopwaitsecs),)
    return (*first, *(_Signal(*pair) for pair in signals))


def stop(state: State, now: float, policy: Policy, cause: str) -> Step:
    """Begin to stop a process, or let it be that it does not start again."""
    match state.phase:
        case Phase.BACKOFF:
            return enter(state, Phase.STOPPED, cause)
        case Phase.STARTING if not state.pid and state.errand is not None:
            ending, effects = errands.cut_short(replace(state, killing=True))
            return enter(ending, Phase.STOPPING, cause, *effects)
        case Phase.STARTING if not state.pid:  # the answer to Spawn is still to come
            return replace(state, killing=True), ()
        case Phase.FATAL if revives(state):
            return enter(state, Phase.STOPPED, cause)
        case Phase.STOPPED:
            return replace(state, deadline=None), ()
        case Phase.STARTING | Phase.RUNNING if state.pid:
            announced, effects = enter(replace(state, killing=True, stage=0), Phase.STOPPING, cause)
            begun, more = overdue(announced, now, policy)
            return begun, effects + more
        case _:
            return state, ()


def revives(state: State) -> bool:
    """Tell whether a FATAL process will be started again by itself, which a stop request prevents."""
    return state.phase is Phase.FATAL and state.deadline is not None


def overdue(state: State, now: float, policy: Policy) -> Step:
    """Begin the next stage, whatever is still under way beside a child that should have ended by now."""
    ending, effects = errands.cut_short(state)
    begun, more = _begin_next(ending, now, policy)
    return begun, effects + more


def errand_done(state: State, errand: Errand, failure: str, now: float, policy: Policy) -> Step:
    """Go on after an errand that was answered while the process is STOPPING.

    A stop command that has done its work leaves the child the rest of its time; so
    does one whose time was over, if the child has asked for more.
    """
    if not state.pid:  # it was before_start that had to end
        next_at = now if state.again else None
        return enter(replace(state, killing=False), Phase.STOPPED, f"{errand.moment} was ended", deadline=next_at)
    failed = errand.moment is Moment.STOP_COMMAND and failure and now < errand.until
    return _begin_next(state, now, policy) if failed or state.deadline is None else (state, ())


def _begin_next(state: State, now: float, policy: Policy) -> Step:
    """Begin the next stage; an errand waits for the answer to the one before it."""
    plan = stages(policy)
    last = _Signal(signal.SIGKILL, max(policy.stopwaitsecs, SHORTEST_KILL_INTERVAL))
    stage = plan[state.stage] if state.stage < len(plan) else last
    if isinstance(stage, Moment):
        if state.errand is not None:
            return replace(state, deadline=None), ()
        begun, run = errands.begin(replace(state, stage=state.stage + 1), stage, now, policy)
        begun = replace(begun, deadline=run.errand.until if stage is Moment.STOP_COMMAND else None)
        return begun, (Remark(describe(begun, policy)), run)
    forced = stage.signum == signal.SIGKILL and state.stage > 0
    begun = replace(state, stage=min(state.stage, len(plan)) + 1, deadline=now + stage.seconds)
    kill = SendSignal(state.pid, stage.signum, policy.killasgroup if forced else policy.stopasgroup, forced=forced)
    return begun, (kill,) if len(plan) == 1 else (Remark(describe(begun, policy)), kill)


def describe(state: State, policy: Policy) -> str:
    """Say at which stage a stop is; "" where there is but one."""
    plan = stages(policy)
    if len(plan) == 1 or not state.stage:
        return ""
    if state.stage > len(plan):
        return f"{signal_text(signal.SIGKILL)} sent after all {len(plan)} steps"
    stage = plan[state.stage - 1]
    done = f"{stage} is running" if isinstance(stage, Moment) else f"{signal_text(stage.signum)} sent"
    return f"step {state.stage} of {len(plan)}: {done}"
