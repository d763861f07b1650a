"""When cron expressions come, above all on the days on which clocks are set."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config import cron, zones


def moments(rule: str, zone: str, begin: str, end: str) -> list[str]:
    """All moments of a rule from ``begin`` (excluded) to ``end`` (included), in the zone's own time."""
    at = datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(zone)).timestamp()
    last = datetime.fromisoformat(end).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found = []
    while (following := cron.next_moment((rule,), zone, at)) is not None and following <= last:
        assert following > at
        at = following
        found.append(datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%m-%d %H:%M %Z"))
    return found


@pytest.mark.parametrize(
    ("rule", "zone", "begin", "end", "expected"),
    [
        (
            "30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", "2026-03-31 00:00",
            ["03-28 02:30 CET", "03-29 03:00 CEST", "03-30 02:30 CEST"],
        ),
        (
            "30 2 * * *", "Europe/Berlin", "2026-10-24 00:00", "2026-10-27 00:00",
            ["10-24 02:30 CEST", "10-25 02:30 CEST", "10-26 02:30 CET"],
        ),
        (
            "30 2 * * *", "America/New_York", "2026-03-07 00:00", "2026-03-10 00:00",
            ["03-07 02:30 EST", "03-08 03:00 EDT", "03-09 02:30 EDT"],
        ),
        (
            "30 1 * * *", "America/New_York", "2026-10-31 00:00", "2026-11-03 00:00",
            ["10-31 01:30 EDT", "11-01 01:30 EDT", "11-02 01:30 EST"],
        ),
        (
            "0 * * * *", "Europe/Berlin", "2026-03-29 00:30", "2026-03-29 04:30",
            ["03-29 01:00 CET", "03-29 03:00 CEST", "03-29 04:00 CEST"],
        ),
        (
            "@hourly", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 03:30",
            ["10-25 01:00 CEST", "10-25 02:00 CEST", "10-25 02:00 CET", "10-25 03:00 CET"],
        ),
        (
            "*/30 * * * *", "America/New_York", "2026-11-01 00:30", "2026-11-01 02:00",
            ["11-01 01:00 EDT", "11-01 01:30 EDT", "11-01 01:00 EST", "11-01 01:30 EST", "11-01 02:00 EST"],
        ),
        (
            "0,30 2 * * *", "Europe/Berlin", "2026-03-29 00:00", "2026-03-30 03:00",
            ["03-29 03:00 CEST", "03-30 02:00 CEST", "03-30 02:30 CEST"],
        ),
    ],
)  # fmt: skip
def test_what_comes_at_a_certain_hour_comes_once_and_what_comes_every_hour_comes_every_hour(
    rule: str, zone: str, begin: str, end: str, expected: list[str]
) -> None:
    assert moments(rule, zone, begin, end) == expected


def test_a_moment_of_the_first_of_two_equal_hours_is_over_in_the_second() -> None:
    second_hour = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 CET; 02:30 CEST was 40 minutes ago

    found = cron.next_moment(("30 2 * * *",), "Europe/Berlin", second_hour.timestamp())

    assert found == datetime(2026, 10, 26, 1, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("rule", "comes"),
    [
        ("*/20 9-10 * * MON-FRI", ["11-23 09:00", "11-23 09:20", "11-23 09:40", "11-23 10:00"]),
        ("0 0 1 jan,JUL *", ["01-01 00:00", "07-01 00:00"]),
        ("15 10 L * *", ["11-30 10:15", "12-31 10:15"]),
        ("0 12 * * MON#1", ["12-07 12:00", "01-04 12:00"]),
        ("30 0 0 * * *", ["11-22 00:00", "11-23 00:00"]),
        ("@weekly", ["11-22 00:00", "11-29 00:00"]),
        ("@Monthly", ["12-01 00:00", "01-01 00:00"]),
        ("@midnight", ["11-22 00:00", "11-23 00:00"]),
        ("@yearly", ["01-01 00:00", "01-01 00:00"]),
    ],
)
def test_names_ranges_steps_and_nicknames_are_known(rule: str, comes: list[str]) -> None:
    at = datetime(2026, 11, 21, 18, tzinfo=UTC).timestamp()  # a Saturday
    found = []
    for _ in comes:
        following = cron.next_moment((rule,), "UTC", at)
        assert following is not None
        at = following
        found.append(datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M"))

    cron.check(rule)
    assert found == comes


def test_of_several_rules_the_first_to_come_counts() -> None:
    at = datetime(2026, 11, 21, 9, 30, tzinfo=UTC).timestamp()

    assert cron.next_moment(("0 3 * * *", "0 10 * * *"), "UTC", at) == at + 1800


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("61 * * * *", "minutes are 0-59"),
        ("* 24 * * *", "hours are 0-23"),
        ("* * 0 * *", "days of the month are 1-31"),
        ("* * 30 2 *", "days of the month are 1-31, as many as the month has"),
        ("* * * FOO *", "months are 1-12 or JAN-DEC"),
        ("* * * * FRI-MON", r"days of the week are 0-7 \(0 and 7 are Sunday\) or SUN-SAT"),
        ("60 * * * * *", "seconds are 0-59"),
        ("*/0 * * * *", "minutes are 0-59"),
        ("* * * *", "it has minute, hour, day of the month, month and day of the week"),
        ("* * */20 * 1L", "there is no such day"),
        ("@reboot", "autostart=true starts it with the daemon"),
        ("@often", "@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"),
    ],
)
def test_what_is_no_schedule_is_told_with_what_would_be_right(rule: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"not a schedule: '.*': {what}"):
        cron.check(rule)


FIELD = st.text(alphabet="0123456789*/,-#LWMONSAT ", max_size=6)


@given(st.lists(FIELD, min_size=5, max_size=6).map(" ".join))
def test_any_text_is_a_schedule_or_refused(rule: str) -> None:
    try:
        cron.check(rule)
    except ValueError:
        return

    assert cron.next_moment((rule,), "UTC", 0.0) is not None


RULES = st.sampled_from(["30 2 * * *", "0 * * * *", "*/7 * * * *", "0 */2 * * *", "15 1-3 * * *", "5 0 2 * * *"])
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
BEGIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@given(RULES, ZONES, st.floats(BEGIN, BEGIN + 366 * 86400))
def test_moments_only_go_forward_and_none_between_them_is_missed(rule: str, zone: str, at: float) -> None:
    story = [at]
    for _ in range(5):
        following = cron.next_moment((rule,), zone, story[-1])
        assert following is not None
        story.append(following)

    for one, other in pairwise(story):
        assert one < other
        between = (one + other) / 2
        assert cron.next_moment((rule,), zone, between) == other


@pytest.fixture(params=["America/New_York", "EST5EDT,M3.2.0,M11.1.0", "UTC"])
def machine_in(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield "UTC" if request.param == "UTC" else "America/New_York"
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("rule", ["30 2 * * *", "30 1 * * *", "@hourly"])
@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01", "2026-07-01"])
def test_without_a_time_zone_it_is_that_of_the_machine(machine_in: str, rule: str, day: str) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    for _ in range(12):
        following = cron.next_moment((rule,), machine_in, at)
        assert following is not None
        assert cron.next_moment((rule,), "", at) == following
        at = following


@pytest.mark.parametrize("name", ["Mars/Phobos", "Europe", "../x", "/etc/localtime", "Europe/Berlin ", "x\0y"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"not a time zone: .*; write a name such as Europe/Berlin or UTC"):
        zones.zone(name)
