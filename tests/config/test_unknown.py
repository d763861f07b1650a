"""Typing mistakes are warned of, with a place and a suggestion."""

from __future__ import annotations

import pytest

from harness.config_bench import Bench

MAIN = "[supervisord]\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "[program:x]\ncommand=c\nautstart=1\n",
            "Unknown option autstart in section [program:x] (file: 'c.conf', line: 4) is ignored; "
            "did you mean autostart?",
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
