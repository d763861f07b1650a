"""``schedule`` and its companions: what may be written, what follows from it, and what is said of mistakes."""

from __future__ import annotations

import sys

import pytest

from harness.config_bench import Bench
from warden.config.model import Schedule
from warden.words import Autorestart, Overlap


def test_a_scheduled_program_runs_only_when_it_is_due_and_may_end_at_once(bench: Bench) -> None:
    process = bench.process("schedule=*/5 * * * *")

    assert process.schedule == Schedule(rules=("*/5 * * * *",))
    assert not process.policy.autostart
    assert process.policy.autorestart is Autorestart.NEVER
    assert process.policy.startsecs == 0


def test_what_the_section_says_wins(bench: Bench) -> None:
    policy = bench.process("schedule=@daily\nautostart=true\nautorestart=unexpected\nstartsecs=3").policy

    assert policy.autostart
    assert policy.autorestart is Autorestart.UNEXPECTED
    assert policy.startsecs == 3


def test_everything_may_be_chosen(bench: Bench) -> None:
    process = bench.process(
        "schedule=0 2 * * *\nschedule_timezone=Europe/Berlin\nschedule_overlap=Replace\nschedule_catch_up=yes\n"
        "schedule_jitter=5m"
    )

    assert process.schedule == Schedule(
        rules=("0 2 * * *",), timezone="Europe/Berlin", overlap=Overlap.REPLACE, catch_up=True, jitter=300.0
    )


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("\n   0 2 * * *\n   0   14 * * MON#1", ("0 2 * * *", "0 14 * * MON#1")),
        ("0 2 * * *;0 14 * * *", ("0 2 * * *", "0 14 * * *")),
        ("0 2 * * *  ; at night", ("0 2 * * *",)),
        ("%(ENV_HOME)s", None),
        ("%(ENV_NOTHING:-)s", ()),
        ("", ()),
    ],
)
def test_several_stand_on_lines_of_their_own(bench: Bench, text: str, rules: tuple[str, ...] | None) -> None:
    options = f"schedule={text}"

    if rules is None:
        assert "not a schedule: '/home/me'" in str(bench.error(f"[supervisord]\n[program:x]\ncommand=cat\n{options}"))
    else:
        schedule = bench.process(options).schedule
        assert (schedule.rules if schedule else ()) == rules


def test_each_process_may_have_a_time_of_its_own(bench: Bench) -> None:
    text = "[supervisord]\n[program:x]\ncommand=cat\nnumprocs=2\nprocess_name=x%(process_num)d\n"
    processes = bench.load(text + "schedule=%(process_num)d * * * *").groups[0].processes

    assert [str(process.schedule) for process in processes] == ["0 * * * *", "1 * * * *"]


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("schedule=* * *", "it has minute, hour, day of the month, month and day of the week, as in */5 * * * *"),
        ("schedule=0 25 * * *", "hours are 0-23, as in 9-17 or */2"),
        (
            "schedule_timezone=Europe/Berln",
            "not a time zone: 'Europe/Berln'; write a name such as Europe/Berlin or UTC",
        ),
        ("schedule_overlap=wait", "not one of skip, queue, replace: 'wait'"),
        ("schedule_catch_up=perhaps", "not a valid boolean value: 'perhaps'"),
        ("schedule_jitter=soon", "not a duration: 'soon'"),
    ],
)
def test_each_mistake_is_told_with_what_would_be_right(bench: Bench, option: str, what: str) -> None:
    checked = bench.check(f"[supervisord]\n[program:x]\ncommand=cat\n{option}")

    (error,) = checked.errors
    assert what in str(error)
    assert error.place is not None
    assert error.place.option == option.partition("=")[0]


def test_a_listener_has_no_schedule(bench: Bench) -> None:
    process = bench.process("events=EVENT\nschedule=@daily", "eventlistener:x")

    assert process.schedule is None
    assert process.policy.autostart


def test_without_the_library_one_error_says_what_to_install(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    monkeypatch.delitem(sys.modules, "warden.config.cron", raising=False)
    monkeypatch.delattr("warden.config.cron", raising=False)

    error = bench.error("[supervisord]\n[program:x]\ncommand=cat\nschedule=@daily")

    assert "schedules need the package cronsim: pip install 'warden[schedule]'" in str(error)
    assert error.others == ()


def test_without_a_schedule_the_library_is_not_loaded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    monkeypatch.delitem(sys.modules, "warden.config.cron", raising=False)
    monkeypatch.delattr("warden.config.cron", raising=False)

    assert bench.process("").schedule is None
