"""Groups, shared sockets, and what the reference silently drops."""

from __future__ import annotations

import os
import pwd

import pytest

from harness.config_bench import Bench
from warden.config.model import FcgiSocketConfig, Kind

MAIN = "[supervisord]\n"
FCGI = MAIN + "[fcgi-program:f]\ncommand=cat\n"


def test_groups_come_in_order_of_priority_and_name(bench: Bench) -> None:
    config = bench.load(
        MAIN + "[program:b]\ncommand=x\n[program:a]\ncommand=x\n[eventlistener:z]\ncommand=x\nevents=TICK\n"
        "[program:c]\ncommand=x\npriority=1\n[group:g]\npriority=5\nprograms=a\n[fcgi-program:f]\ncommand=x\n"
        "socket=tcp://h:1\npriority=2\n[group:empty]\n"
    )

    assert [(group.name, group.kind, group.priority) for group in config.groups] == [
        ("z", Kind.LISTENER, -1),
        ("c", Kind.PROGRAM, 1),
        ("f", Kind.FCGI, 2),
        ("g", None, 5),
        ("b", Kind.PROGRAM, 999),
        ("empty", None, 999),
    ]


def test_members_of_a_group_come_by_priority_then_as_written(bench: Bench) -> None:
    config = bench.load(
        MAIN + "[group:g]\nprograms=c, b,a,b\n[program:a]\ncommand=x\npriority=1\n[program:b]\ncommand=%(group_name)s\n"
        "[program:c]\ncommand=x\n"
    )

    assert [(process.name, process.command) for process in config.groups[0].processes] == [
        ("a", "x"),
        ("c", "x"),
        ("b", "g"),
    ]


SITE = (
    MAIN
    + "[program:db]\ncommand=x\n[program:a]\ncommand=x\n{own}\n[program:b]\ncommand=x\n[group:site]\nprograms=a,b\n"
)


def test_what_a_group_depends_on_every_member_does(bench: Bench) -> None:
    config = bench.load(SITE.format(own="depends_on=b:started") + "depends_on=db\n")

    site = next(group for group in config.groups if group.name == "site")
    assert [(one.name, [str(need) for need in one.depends_on]) for one in site.processes] == [
        ("a", ["b:started", "db:ready"]),
        ("b", ["db:ready"]),
    ]


@pytest.mark.parametrize(
    ("own", "shared", "place", "message"),
    [
        ("", "nobody", ("group:site", 11), "depends_on names 'nobody'"),
        ("depends_on=db", "nobody", ("group:site", 11), "depends_on names 'nobody'"),
        ("depends_on=nobody", "db", ("program:a", 6), "depends_on names 'nobody'"),
        ("", "a", ("group:site", 11), "depends_on makes a circle: site:a -> site:a"),
        ("", "a b", ("group:site", 11), "'a b' is not NAME, GROUP:NAME or GROUP:*"),
    ],
)
def test_a_dependency_that_cannot_be_is_told_where_it_stands(
    bench: Bench, own: str, shared: str, place: tuple[str, int], message: str
) -> None:
    error = bench.error(SITE.format(own=own) + f"depends_on={shared}\n")

    assert str(error).startswith(message)
    assert (error.place.section, error.place.line) == place
    assert ("take one of these dependencies out" in (error.advice or "")) == ("circle" in message)


def test_a_program_in_two_groups_has_processes_in_both(bench: Bench) -> None:
    config = bench.load(MAIN + "[group:g]\nprograms=a\n[group:h]\nprograms=a\n[program:a]\ncommand=%(group_name)s\n")

    assert [(group.name, group.processes[0].command) for group in config.groups] == [("g", "g"), ("h", "h")]


def test_a_group_and_a_program_of_one_name_are_refused(bench: Bench) -> None:
    error = bench.error(MAIN + "[group:x]\nprograms=a\n[program:a]\ncommand=c\n[program:x]\ncommand=c\n")

    assert str(error) == "[group:x] and [program:x] both make a group named x"
    assert error.place.line == 6


def test_processes_of_one_name_are_refused(bench: Bench) -> None:
    error = bench.error(
        MAIN + "[group:g]\nprograms=a,b\n[program:a]\ncommand=c\n[program:b]\ncommand=c\nprocess_name=a\n"
    )

    assert str(error) == "[group:g] makes 2 processes named a"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            "socket=unix:///tmp/%(program_name)s.sock\n",
            FcgiSocketConfig(
                program="f", url="unix:///tmp/f.sock", path="/tmp/f.sock", mode=0o700, owner=None, backlog=None
            ),
        ),
        (
            "socket=unix:///s\nsocket_owner=root:0\nsocket_mode=0600\nsocket_backlog=7\n",
            FcgiSocketConfig(program="f", url="unix:///s", path="/s", mode=0o600, owner=(0, 0), backlog=7),
        ),
        (
            "socket=tcp://LocalHost:9\n",
            FcgiSocketConfig(program="f", url="tcp://localhost:9", host="localhost", port=9),
        ),
        ("socket=tcp://[::1]:9\n", FcgiSocketConfig(program="f", url="tcp://[::1]:9", host="::1", port=9)),
    ],
)
def test_the_processes_of_an_fcgi_program_share_a_socket(
    bench: Bench, options: str, expected: FcgiSocketConfig
) -> None:
    alone = bench.load(FCGI + options).groups[0]
    grouped = bench.load(FCGI + options + "[group:g]\nprograms=f\n").groups[0]

    assert [process.socket for process in alone.processes + grouped.processes] == [expected, expected]
    assert [process.kind for process in grouped.processes] == [Kind.FCGI]


def test_the_socket_of_an_fcgi_program_in_a_group_is_checked(bench: Bench) -> None:
    error = bench.error(FCGI + "socket=foo\n[group:g]\nprograms=f\n")

    assert str(error) == "Bad socket format foo in [fcgi-program:f] socket"


def test_a_socket_belongs_to_the_user_of_its_program(bench: Bench) -> None:
    other = next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != os.getuid())
    text = FCGI + "socket=unix:///s\nuser=1\n"

    socket = bench.load(text.replace("user=1", f"user={other}")).groups[0].processes[0].socket

    assert socket is not None
    assert socket.owner is not None
    assert socket.owner[0] == other


@pytest.mark.parametrize("who", ["[supervisord]\nuser=1\n", ""])
def test_a_socket_is_not_given_to_whom_the_daemon_runs_as(bench: Bench, who: str) -> None:
    user = 1 if who else os.getuid()

    socket = bench.load(who + FCGI + f"socket=unix:///s\nuser={user}\n").groups[0].processes[0].socket

    assert socket is not None
    assert socket.owner is None
