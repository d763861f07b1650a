"""When a schedule comes next: cron expressions in a time zone.

Imported only for programs that have a schedule, and with it the library that
knows cron.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from warden.config.zones import zone

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RIGHT = {
    "Wrong number of fields": "it has minute, hour, day of the month, month and day of the week, as in */5 * * * *",
    "Bad second": "seconds are 0-59",
    "Bad minute": "minutes are 0-59, as in 0,30 or */5",
    "Bad hour": "hours are 0-23, as in 9-17 or */2",
    "Bad day-of-month": "days of the month are 1-31, as many as the month has, or L for the last one",
    "Bad month": "months are 1-12 or JAN-DEC",
    "Bad day-of-week": "days of the week are 0-7 (0 and 7 are Sunday) or SUN-SAT, as in MON-FRI",
}


def check(rule: str) -> None:
    """Refuse what is no cron expression, or one whose time never comes; raises ValueError."""
    if rule.startswith("@") and rule.lower() not in _NICKNAMES:
        hint = "autostart=true starts it with the daemon" if rule.lower() == "@reboot" else ", ".join(_NICKNAMES)
        raise ValueError(f"not a schedule: {rule!r}: {hint}")
    try:
        comes = next_moment((rule,), "UTC", datetime.now(UTC).timestamp()) is not None
    except CronSimError as error:
        raise ValueError(f"not a schedule: {rule!r}: {_RIGHT.get(str(error), error)}") from None
    if not comes:
        raise ValueError(f"not a schedule: {rule!r}: there is no such day")


def next_moment(rules: Iterable[str], timezone: str, after: float) -> float | None:
    """Return the first moment of any of ``rules`` that is later than ``after``, both in seconds since the epoch.

    When clocks are set forward what would have come in the hour that is missing
    comes at its end; when they are set back what comes at a certain hour comes
    once.  What comes every hour or more often, or is given in seconds, goes by the
    clock as it shows: a missing hour is missed, and one that comes twice counts
    twice.  None if nothing comes within 50 years.
    """
    start = datetime.fromtimestamp(after, zone(timezone))
    found = (_first(_NICKNAMES.get(rule.lower(), rule), start, after) for rule in rules)
    return min((moment for moment in found if moment is not None), default=None)


def _first(rule: str, start: datetime, after: float) -> float | None:
    # Where clocks are set back the library begins with moments of the first of the two hours, which are over.
    return next((stamp for moment in CronSim(rule, start) if (stamp := moment.timestamp()) > after), None)
