"""What has no effect is warned of, with its place: typing mistakes with a suggestion, options that need another one."""

from __future__ import annotations

import pytest

from harness.config_bench import Bench
from warden.config.options import SECTION_KINDS

MAIN = "[supervisord]\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "[program:x]\ncommand=c\nautstart=1\n",
            "Unknown option autstart in section [program:x] (file: 'c.conf', line: 4) is ignored; "
            "did you mean autostart?",
        ),
        (
            "[program:x]\ncommand=c\nschedule_tz=UTC\n",
            "Unknown option schedule_tz in section [program:x] (file: 'c.conf', line: 4) is ignored; "
            "did you mean schedule_timezone?",
        ),
        ("zzz=1\n", "Unknown option zzz in section [supervisord] (file: 'c.conf', line: 2) is ignored"),
        ("[progam:x]\n", "Unknown section [progam:x] (file: 'c.conf', line: 2) is ignored; did you mean [program:x]?"),
        (
            "[supervisor]\n",
            "Unknown section [supervisor] (file: 'c.conf', line: 2) is ignored; did you mean [supervisord]?",
        ),
        (
            "[rpcinterface]\n",
            "Unknown section [rpcinterface] (file: 'c.conf', line: 2) is ignored; did you mean [rpcinterface:x]?",
        ),
        ("[something else]\n", "Unknown section [something else] (file: 'c.conf', line: 2) is ignored"),
        (
            "[program:x]\ncommand=c\nsocket=unix:///x\n",
            "Unknown option socket in section [program:x] (file: 'c.conf', line: 4) is ignored",
        ),
    ],
)
def test_what_nobody_reads_is_warned_of(bench: Bench, text: str, warning: str) -> None:
    assert bench.messages(MAIN + text) == [warning]


@pytest.mark.parametrize(
    "text",
    [
        "[DEFAULT]\nanything=1\n",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory=a:b\nanything=1\n",
        "[ctlplugin:x]\nanything=1\n",
        "[supervisorctl]\nserverurl=x\n",
        "[inet_http_server:tag]\nport=1\n",
    ],
)
def test_what_somebody_may_read_is_not(bench: Bench, text: str) -> None:
    assert bench.messages(MAIN + text) == []


@pytest.mark.parametrize(
    ("option", "needs"),
    [
        ("ready_timeout=5", "ready"),
        ("healthcheck_interval=5", "healthcheck"),
        ("healthcheck_timeout=2", "healthcheck"),
        ("healthcheck_retries=2", "healthcheck"),
        ("healthcheck_start_period=5", "healthcheck"),
        ("unhealthy_action=stop", "healthcheck or watchdog_secs or ready_timeout"),
        ("hook_timeout=5", "before_start or after_start or before_stop or after_stop"),
        ("watch_debounce=5", "watch"),
        ("watch_action=restart", "watch"),
        ("schedule_timezone=UTC", "schedule"),
        ("schedule_overlap=queue", "schedule"),
        ("schedule_catch_up=true", "schedule"),
        ("schedule_jitter=5", "schedule"),
        ("restart_factor=2", "restart_delay"),
        ("restart_reset=5", "restart_delay"),
    ],
)
def test_what_does_nothing_without_another_option_is_warned_of(bench: Bench, option: str, needs: str) -> None:
    name = option.partition("=")[0]
    warning = f"Option {name} in section [program:x] (file: 'c.conf', line: 4) has no effect without {needs}"

    assert bench.messages(f"{MAIN}[program:x]\ncommand=c\n{option}\n") == [warning]


@pytest.mark.parametrize(
    "text",
    [
        "[program:x]\ncommand=c\nrestart_factor=2\nrestart_delay=1\n",
        "[program:x]\ncommand=c\nunhealthy_action=stop\nwatchdog_secs=5\n",
        "[DEFAULT]\nrestart_delay=1\n[program:x]\ncommand=c\nrestart_factor=2\n",
        "[DEFAULT]\nrestart_factor=2\n[program:x]\ncommand=c\n",
    ],
)
def test_what_has_the_option_that_it_needs_is_not(bench: Bench, text: str) -> None:
    assert bench.messages(MAIN + text) == []


def test_an_option_that_is_switched_off_is_none(bench: Bench) -> None:
    text = "[program:x]\ncommand=c\nwatchdog_secs=0\nunhealthy_action=stop\n"

    assert [message.partition(")")[2] for message in bench.messages(MAIN + text)] == [
        " has no effect without healthcheck or watchdog_secs or ready_timeout"
    ]


def test_whatever_an_option_needs_is_an_option_of_the_same_sections() -> None:
    for kind in SECTION_KINDS:
        known = {option.name for option in kind.options}
        assert {need for option in kind.options for need in option.needs} <= known
