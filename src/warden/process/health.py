"""Whether a child is ready and healthy, as a pure function of what is found out about it.

``observe(vitals, event, now, rules)`` returns the next vitals and the effects
that the daemon must carry out.  Nothing here does I/O or reads a clock; all
times are seconds on one monotonic clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from warden.config.model import ProcessConfig
from warden.config.probes import ASKED
from warden.frozen import frozen
from warden.words import Health

FIRST_RETRY = 0.05  # seconds between the first tries of a ready probe; they grow to
LAST_RETRY = 1.0


@frozen(kw_only=True)
class Rules:
    """What a configuration says about readiness and health; times in seconds, 0 = no limit.

    ``tells``: readiness is told or observed, not the same as RUNNING.  ``asked``:
    somebody has to try a probe for it.  ``interval`` 0 means no health checks.
    """

    tells: bool = False
    asked: bool = False
    ready_timeout: float = 0
    interval: float = 0
    retries: int = 3
    start_period: float = 0
    watchdog: float = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to observe."""
        return self.tells or bool(self.interval) or bool(self.watchdog)


def rules_of(config: ProcessConfig) -> Rules:
    """Return the rules of a process."""
    check = config.healthcheck
    return Rules(
        tells=config.ready is not None,
        asked=config.ready is not None and config.ready.way in ASKED,
        ready_timeout=config.ready_timeout if config.ready is not None else 0,
        interval=check.interval if check is not None else 0,
        retries=check.retries if check is not None else 0,
        start_period=check.start_period if check is not None else 0,
        watchdog=config.watchdog_secs,
    )


@frozen(kw_only=True)
class Vitals:
    """What is known of one child.

    ``trouble`` is why it is not ready or not healthy, in words, and ``said`` what
    it says of itself.  ``failures`` counts failed health checks in a row,
    ``tries`` those of the ready probe.  ``checked_from`` is when health checks
    began to count.  The other moments are deadlines, None when nothing is due:
    the next try, the next check, the end of the patience for readiness and for
    the next sign of life.
    """

    ready: bool = False
    health: Health = Health.UNKNOWN
    trouble: str = ""
    said: str = ""
    tries: int = 0
    failures: int = 0
    began_at: float = 0
    ready_at: float | None = None
    counted_from: float = 0
    try_at: float | None = None
    check_at: float | None = None
    ready_by: float | None = None
    beat_by: float | None = None
    beat_every: float = 0

    @property
    def deadline(self) -> float | None:
        """The moment at which the next ``Due`` is due."""
        return min(filter(None, (self.try_at, self.check_at, self.ready_by, self.beat_by)), default=None)


# --- events: what was found out


@frozen
class Ready:
    """It can do its work: it said so, or the ready probe saw it."""


@frozen
class NotReady:
    """It cannot, or no longer; ``reason`` says why."""

    reason: str


@frozen
class CheckPassed:
    """A health check was answered well."""


@frozen
class CheckFailed:
    """A health check was not."""

    reason: str


@frozen
class Beat:
    """It said WATCHDOG=1; ``every`` is the new interval in seconds, if it named one."""

    every: float = 0


@frozen
class Tripped:
    """It said itself that it is in trouble (WATCHDOG=trigger)."""


@frozen
class Said:
    """It described itself (STATUS=)."""

    text: str


@frozen
class Extended:
    """It asks for patience: what it is to do next may take this many seconds from now."""

    seconds: float


@frozen
class Due:
    """The deadline has come."""


Finding = Ready | NotReady | CheckPassed | CheckFailed | Beat | Tripped | Said | Extended | Due


# --- effects: what to do


@frozen
class TryReady:
    """Try the ready probe and answer with ``Ready`` or ``NotReady``."""


@frozen
class CheckHealth:
    """Check the health and answer with ``CheckPassed`` or ``CheckFailed``."""


@frozen
class Ail:
    """The process is unhealthy from now on: do what the configuration says."""

    reason: str


Treatment = TryReady | CheckHealth | Ail
Result = tuple[Vitals, tuple[Treatment, ...]]


def begin(now: float, rules: Rules) -> Vitals:
    """Return the vitals of a child that has just been born."""
    vitals = Vitals(
        began_at=now,
        beat_every=rules.watchdog,
        try_at=now if rules.asked else None,
        ready_by=now + rules.ready_timeout if rules.ready_timeout else None,
    )
    return vitals if rules.tells else _begin_checks(vitals, now, rules)


def resumed(vitals: Vitals, now: float, rules: Rules) -> Vitals:
    """Go on with the vitals of a child after nobody has looked for a while: that must not count against it."""
    began = vitals.ready_at is not None or not rules.tells
    return replace(
        vitals,
        try_at=now if rules.asked and vitals.ready_at is None else None,
        check_at=now if rules.interval and began else None,
        beat_by=now + vitals.beat_every if vitals.beat_by is not None else None,
    )


def observe(vitals: Vitals, event: Finding, now: float, rules: Rules) -> Result:
    """Take one finding into account."""
    match event:
        case Ready():
            return _ready(vitals, now, rules), ()
        case NotReady(reason):
            return _not_ready(vitals, reason, now, rules), ()
        case CheckPassed():
            good = replace(vitals, health=Health.HEALTHY, trouble="", failures=0)
            return replace(good, check_at=now + rules.interval), ()
        case CheckFailed(reason):
            return _failed(vitals, reason, now, rules)
        case Beat(every):
            return _beat(vitals, every, now, rules), ()
        case Tripped():
            return _ail(vitals, "it asks for help (WATCHDOG=trigger)")
        case Said(text):
            return replace(vitals, said=text), ()
        case Extended(seconds):
            return _extend(vitals, now + seconds), ()
        case Due():
            return _due(vitals, now, rules)
        case _:
            assert_never(event)


def _begin_checks(vitals: Vitals, now: float, rules: Rules) -> Vitals:
    """Begin to watch the health: of a program that has just become ready at once, or else after the first interval."""
    at_once = rules.tells or rules.start_period
    return replace(
        vitals,
        counted_from=vitals.began_at + rules.start_period,
        check_at=(now if at_once else now + rules.interval) if rules.interval else None,
        beat_by=now + vitals.beat_every if vitals.beat_every else None,
    )


def _ready(vitals: Vitals, now: float, rules: Rules) -> Vitals:
    if vitals.ready:
        return vitals
    ready = replace(vitals, ready=True, trouble="", try_at=None, ready_by=None)
    if vitals.ready_at is not None:  # it had said that it was busy with itself
        return ready
    return _begin_checks(replace(ready, ready_at=now, health=Health.UNKNOWN), now, rules)


def _not_ready(vitals: Vitals, reason: str, now: float, rules: Rules) -> Vitals:
    """Note why; a probe is tried again soon, and less and less often."""
    if not rules.asked or vitals.ready:
        return replace(vitals, ready=False, trouble=reason)
    pause = min(FIRST_RETRY * 2.0 ** min(vitals.tries, 10), LAST_RETRY)
    return replace(vitals, trouble=reason, tries=vitals.tries + 1, try_at=now + pause)


def _failed(vitals: Vitals, reason: str, now: float, rules: Rules) -> Result:
    early = now < vitals.counted_from and vitals.health is Health.UNKNOWN
    pause = min(rules.interval, LAST_RETRY) if early else rules.interval
    failures = vitals.failures + (not early)
    failed = replace(vitals, trouble=reason, failures=failures, check_at=now + pause)
    if failures < rules.retries:
        return failed, ()
    times = "once" if failures == 1 else f"{failures} times in a row"
    return _ail(failed, f"healthcheck failed {times}: {reason}")


def _beat(vitals: Vitals, every: float, now: float, rules: Rules) -> Vitals:
    """Count a sign of life; without health checks it is all there is to know of the health."""
    interval = every or vitals.beat_every
    if not interval or (rules.tells and vitals.ready_at is None):  # it counts from the moment it is ready
        return replace(vitals, beat_every=interval)
    beaten = replace(vitals, beat_every=interval, beat_by=now + interval)
    return beaten if rules.interval else replace(beaten, health=Health.HEALTHY, trouble="")


def _extend(vitals: Vitals, until: float) -> Vitals:
    """Be patient until then; who has more time already keeps it, and where there is no limit none begins."""
    return replace(
        vitals,
        ready_by=None if vitals.ready_by is None else max(vitals.ready_by, until),
        beat_by=None if vitals.beat_by is None else max(vitals.beat_by, until),
    )


def _due(vitals: Vitals, now: float, rules: Rules) -> Result:
    """Do what is due; a probe that is on its way is not due again before its answer."""
    effects: list[Treatment] = []
    if vitals.try_at is not None and now >= vitals.try_at:
        vitals = replace(vitals, try_at=None)
        effects.append(TryReady())
    if vitals.check_at is not None and now >= vitals.check_at:
        vitals = replace(vitals, check_at=None)
        effects.append(CheckHealth())
    if vitals.ready_by is not None and now >= vitals.ready_by:
        trouble = f": {vitals.trouble}" if vitals.trouble else ""
        vitals, more = _ail(replace(vitals, ready_by=None), f"not ready within {rules.ready_timeout:g} s{trouble}")
        effects += more
    if vitals.beat_by is not None and now >= vitals.beat_by:
        vitals, more = _ail(replace(vitals, beat_by=None), f"no WATCHDOG=1 for {vitals.beat_every:g} s")
        effects += more
    return vitals, tuple(effects)


def _ail(vitals: Vitals, reason: str) -> Result:
    """Become unhealthy; who is it already stays so, and nothing is done twice."""
    ailing = replace(vitals, health=Health.UNHEALTHY, trouble=reason)
    return ailing, () if vitals.health is Health.UNHEALTHY else (Ail(reason),)
