"""How a program is stopped, and what runs around it: what may be written, and what is said of mistakes."""

from __future__ import annotations

import signal

import pytest

from harness.config_bench import Bench
from warden.config.model import Policy
from warden.words import Moment

COMMANDS = [moment for moment in Moment if moment is not Moment.KILL_TREE]

TERM, INT, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGKILL


def policy(bench: Bench, options: str) -> Policy:
    return bench.process(options).policy


@pytest.mark.parametrize("text", ["QUIT", "SIGQUIT", "quit", "3", " QUIT "])
def test_a_single_signal_means_what_it_always_meant(bench: Bench, text: str) -> None:
    read = policy(bench, f"stopsignal={text}\nstopwaitsecs=7")

    assert (read.stopsignal, read.stop_sequence) == (signal.SIGQUIT, ())


@pytest.mark.parametrize(
    ("text", "sequence"),
    [
        ("TERM:10 INT:5 KILL", ((TERM, 10), (INT, 5), (KILL, 7))),
        ("SIGTERM:0.5  15:2m", ((TERM, 0.5), (TERM, 120))),
        ("TERM:30", ((TERM, 30),)),
        ("RTMIN+3:1 TERM", ((signal.SIGRTMIN + 3, 1), (TERM, 7))),
    ],
)
def test_several_signals_have_their_times(bench: Bench, text: str, sequence: object) -> None:
    read = policy(bench, f"stopsignal={text}\nstopwaitsecs=7")

    assert read.stop_sequence == sequence
    assert read.stopsignal == read.stop_sequence[0][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("stopsignal=TERM INT:5", "does not say how long to wait after TERM: write the seconds, such as TERM:10 KILL"),
        ("stopsignal=TERM:x KILL", "not a duration: 'x'; write seconds (0.5, 90) or a number with s, m, h or d (15m)"),
        ("stopsignal=TERM: KILL", "not a duration: ''"),
        ("stopsignal=TERM:5 STOPIT", "value 'STOPIT' is not a valid signal name"),
        ("stopsignal=:5", "value '' is not a valid signal name"),
        ("hook_timeout=0", "must be longer than 0"),
        ("hook_timeout=soon", "not a duration: 'soon'"),
        *(
            (f'{moment}=cat "x', "cannot split the command 'cat \"x' into words: no closing quotation")
            for moment in COMMANDS
        ),
        *((f"{moment}=''", "names no command to run") for moment in COMMANDS),
        ("kill_tree=perhaps", "not a valid boolean value: 'perhaps'"),
    ],
)
def test_mistakes_are_found_when_the_file_is_read(bench: Bench, options: str, message: str) -> None:
    text = f"[supervisord]\n[program:x]\ncommand=cat\n{options}\n"

    [problem] = bench.check(text).errors

    assert message in str(problem)
    assert problem.place is not None
    assert problem.place.option == options.partition("=")[0]


def test_hooks_are_read_for_each_process(bench: Bench) -> None:
    options = "numprocs=2\nprocess_name=x%(process_num)d\nstop_command=ctl stop %(process_num)d\nhook_timeout=5m"
    config = bench.load(f"[supervisord]\n[program:x]\ncommand=cat\n{options}\n")

    policies = [process.policy for process in config.groups[0].processes]
    assert [one.stop_command for one in policies] == ["ctl stop 0", "ctl stop 1"]
    assert {one.hook_timeout for one in policies} == {300}


def test_after_start_waits_for_readiness_where_there_is_a_way_to_tell(bench: Bench) -> None:
    assert policy(bench, "after_start=true\nready=notify").greets_when_ready
    assert not policy(bench, "after_start=true").greets_when_ready
    assert not policy(bench, "before_start=true\nready=notify").greets_when_ready
