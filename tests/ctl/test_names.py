"""Wildcards and exceptions in names."""

from __future__ import annotations

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process
from warden.ctl.names import NothingExcepted, expand, members, need_expansion

ROWS = [process("cron"), process("w1", group="web"), process("w2", group="web"), process("worker"), process("odd*")]


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("cron web:* all", "cron web:* all"),
        ("wor*", "worker"),
        ("w*", "web:w1 web:w2 worker"),
        ("web:w?", "web:w1 web:w2"),
        ("we*:w[2]", "web:w2"),
        ("w*:*", "web:w1 web:w2 worker"),
        ("w* web:w2", "web:w1 web:w2 worker"),
        ("odd*", "odd*"),
        ("none*", "none*"),
        ("!cron", "web:w1 web:w2 worker odd*"),
        ("all !web", "cron worker odd*"),
        ("web:* !web:w1", "web:w2"),
        ("cron !w*", "cron"),
        ("nobody !cron", "nobody"),
        ("cron !cron", ""),
    ],
)
def test_what_words_mean(typed: str, plain: str) -> None:
    assert expand(typed.split(), ROWS) == plain.split()


def test_an_exception_that_excepts_nothing_is_a_mistake() -> None:
    with pytest.raises(NothingExcepted, match="!crom"):
        expand(["all", "!crom"], ROWS)


def test_plain_names_need_no_look_at_the_daemon() -> None:
    assert not need_expansion(["cron", "web:*", "web:", "all"])
    assert need_expansion(["wor*"])


def test_groups_become_their_members_each_once() -> None:
    assert members(["web:*", "web:w1", "cron", "nobody"], ROWS) == ["web:w1", "web:w2", "cron", "nobody"]


def test_actions_take_wildcards(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers |= {"getAllProcessInfo": ROWS, "stopProcess": True}

    ran = run("stop w* !web:w1")

    assert ran.out == "web:w2: stopped\nworker: stopped\n"


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("stop all !crom", "!crom: ERROR (no such process)\n"),
        ("stop cron !cron", "ERROR: the exceptions leave nothing\n"),
    ],
)
def test_a_selection_that_is_most_likely_a_mistake_does_nothing(
    run: Run, daemon: FakeDaemon, line: str, out: str
) -> None:
    daemon.answers["getAllProcessInfo"] = ROWS

    ran = run(line)

    assert (ran.out, ran.status) == (out, 1)
    assert daemon.asked() == [("getAllProcessInfo",)]


def test_the_name_of_a_signal_is_no_pattern(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers |= {"getAllProcessInfo": ROWS, "signalProcess": True}

    assert run("signal H?P wor*").out == "worker: signalled\n"
    assert ("signalProcess", "worker", "H?P") in daemon.calls
