"""Time zones by name, and that of the machine; imported only for programs that have a schedule."""

from __future__ import annotations

import functools
import zoneinfo
from datetime import UTC, datetime, timedelta, tzinfo


@functools.cache
def zone(name: str) -> tzinfo:
    """Return a time zone by its name in the IANA database, or that of the machine for "".

    Raises:
        ValueError: there is none of that name.
    """
    if not name:
        return _MachineZone()
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of the database, say
        raise ValueError(
            f"not a time zone: {name!r}; write a name such as Europe/Berlin or UTC"
            + ("" if zoneinfo.available_timezones() else " (this system knows none: install its tzdata)")
        ) from None


class _MachineZone(tzinfo):
    """The time of the machine, as the C library tells it: with ``TZ``, and all changes of the past and to come."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, _moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        return datetime.fromtimestamp(moment.replace(tzinfo=UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006 - it is local time
