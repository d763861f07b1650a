"""When a process that ended by itself starts again: waits, limits and ages; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from warden.config.model import Policy
from warden.frozen import frozen
from warden.words import Autorestart

if TYPE_CHECKING:
    from random import Random

_LONGEST = 365 * 86400.0  # seconds; powers grow beyond any clock


@frozen(kw_only=True)
class Streak:
    """The restarts in a row that nobody asked for.

    ``count`` is how many ends in a row came before the process had run well;
    ``moments`` are the latest automatic starts, as many as ``restart_limit``
    needs to know.  ``seed`` makes the next random choice: the core has no dice of
    its own, so that the same facts always lead to the same story.
    """

    count: int = 0
    moments: tuple[float, ...] = ()
    seed: int = 0


NO_STREAK = Streak()


def cleared(streak: Streak) -> Streak:
    """Forget what was before: somebody asked for a start."""
    return Streak(seed=streak.seed) if streak.count or streak.moments else streak


def ended(streak: Streak, policy: Policy, ran: float) -> Streak:
    """Count one more end of a process that had run for ``ran`` seconds (0: its start failed), if it matters."""
    if policy.restart.delay is None and not policy.restart.jitter:
        return streak
    good = ran >= policy.restart.reset
    return replace(streak, count=1 if good else streak.count + 1, seed=_dice(streak).getrandbits(32))


def started(streak: Streak, policy: Policy, now: float) -> Streak:
    """Remember an automatic start, if there is a limit to their number."""
    if policy.restart.limit is None:
        return streak
    most, _ = policy.restart.limit
    return replace(streak, moments=(*streak.moments, now)[-most:])


def exhausted(streak: Streak, policy: Policy, now: float) -> str | None:
    """Say why no further automatic start is allowed at ``now``; None if one is."""
    if policy.restart.limit is None:
        return None
    most, window = policy.restart.limit
    if sum(now - moment < window for moment in streak.moments) < most:
        return None
    return f"restarted {'once' if most == 1 else f'{most} times'} within {_seconds(window)} (restart_limit)"


def pause(streak: Streak, policy: Policy, tries: int) -> float:
    """Return the seconds to wait before the next start; ``tries`` failed starts came last (0: it had been RUNNING).

    Without ``restart_delay`` it is the old rule: one second more for each failed
    start, and none after an exit.
    """
    rule = policy.restart
    if rule.delay is None:
        wait = float(tries)
    else:
        try:
            wait = min(rule.delay * rule.factor ** (streak.count - 1), _LONGEST)
        except OverflowError:
            wait = _LONGEST
    if rule.max_delay is not None:
        wait = min(wait, rule.max_delay)
    return _shortened(wait, streak, policy)


def comes_back_unless(policy: Policy) -> tuple[int, ...] | None:
    """Say that a process which ends while it is RUNNING starts again at once, but for these exit codes.

    None if that depends on more, on what was before or on somebody else, or if
    it never does.
    """
    rule = policy.restart
    if rule.delay is not None or rule.jitter or rule.limit is not None or policy.kill_tree or policy.essential:
        return None
    if policy.before_start or policy.after_start or policy.before_stop or policy.after_stop:
        return None
    match policy.autorestart:
        case Autorestart.ALWAYS:
            return ()
        case Autorestart.UNEXPECTED:
            return policy.exitcodes
        case Autorestart.NEVER:
            return None
        case _:
            assert_never(policy.autorestart)


def retirement(streak: Streak, policy: Policy, started_at: float) -> float | None:
    """Return the moment at which a process that started then is too old; None without ``max_age``."""
    return None if policy.max_age is None else started_at + _shortened(policy.max_age, streak, policy)


def _shortened(seconds: float, streak: Streak, policy: Policy) -> float:
    """Shorten by a random part of up to ``restart_jitter``: a maximum stays one."""
    jitter = policy.restart.jitter
    return seconds * (1 - jitter * _dice(streak).random()) if jitter else seconds


def _dice(streak: Streak) -> Random:
    from random import Random  # 0.2 MiB, only for programs whose restarts are spread

    return Random(streak.seed)


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s"
