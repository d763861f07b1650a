"""tail, maintail and fg: what is asked, what is shown."""

from __future__ import annotations

from xmlrpc.client import Binary, Fault

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process

PRESS = "==> Press Ctrl-C to exit <==\n"


def known_process(name: str) -> object:
    if name == "nope":
        raise Fault(10, "BAD_NAME: nope")
    return process(name, pid=5)


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("tail web", ("readProcessStdoutLog", "web", -1600, 0)),
        ("tail -20 web", ("readProcessStdoutLog", "web", -20, 0)),
        ("tail web STDERR", ("readProcessStderrLog", "web", -1600, 0)),
        ("tail -5 g:p stdout", ("readProcessStdoutLog", "g:p", -5, 0)),
        ("tail -99999999999 web", ("readProcessStdoutLog", "web", -2147483647, 0)),
        ("maintail", ("readLog", -1600, 0)),
        ("maintail -30", ("readLog", -30, 0)),
    ],
)
def test_the_end_of_a_log_is_shown_with_one_more_newline(
    run: Run, daemon: FakeDaemon, line: str, call: tuple[object, ...]
) -> None:
    daemon.answers[str(call[0])] = "ine 7\nline 8\n"

    ran = run(line)

    assert (ran.out, ran.status) == ("ine 7\nline 8\n\n", 0)
    assert daemon.asked() == [call]


@pytest.mark.parametrize("line", ["tail -0 web", "maintail -0"])
def test_minus_zero_shows_nothing(run: Run, daemon: FakeDaemon, line: str) -> None:
    daemon.answers |= {"readProcessStdoutLog": "x", "readLog": "x"}

    assert (run(line).out, run(line).status) == ("", 0)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("tail -f", "Error: tail requires process name"),
        ("tail -100", "Error: tail requires process name"),
        ("tail web OTHER", "Error: bad channel 'other'"),
        ("tail -x web other", "Error: bad channel 'other'"),
        ("tail -x web", "Error: bad argument -x"),
        ("tail - web", "Error: bad argument -"),
        ("tail --5 web", "Error: bad argument --5"),
        ("maintail 5", "Error: bad argument 5"),
        ("maintail --5", "Error: bad argument --5"),
        ("maintail web", "Error: bad argument web"),
    ],
)
def test_a_word_that_makes_no_sense_is_told(run: Run, daemon: FakeDaemon, line: str, complaint: str) -> None:
    ran = run(line)

    assert (ran.out, ran.status) == (f"{complaint}\n", 1)
    assert daemon.asked() == []


@pytest.mark.parametrize(
    ("fault", "reason"), [(10, "no such process name"), (20, "no log file"), (30, "unknown error reading log")]
)
def test_a_log_that_cannot_be_read_is_told(run: Run, daemon: FakeDaemon, fault: int, reason: str) -> None:
    daemon.answers |= {"readProcessStdoutLog": Fault(fault, "X"), "readLog": Fault(fault, "X")}

    assert (run("tail web").out, run("tail web").status) == (f"web: ERROR ({reason})\n", 1)
    assert run("maintail").out == f"supervisord: ERROR ({reason})\n"


def test_following_ends_with_the_server(run: Run, daemon: FakeDaemon) -> None:
    daemon.streams = {"/logtail/web/stderr": [b"one\n", b"caf\xc3", b"\xa9\n"], "/mainlogtail": [b"boot\n"]}

    assert (run("tail -f web stderr").out, run("tail -f web stderr").status) == (PRESS + "one\ncafé\n", 0)
    assert run("maintail -f").out == PRESS + "boot\n"


def test_names_are_quoted_in_the_path(run: Run, daemon: FakeDaemon) -> None:
    daemon.streams = {"/logtail/g:caf%C3%A9%23%3F/stdout": [b"x"]}

    assert run("tail -f g:café#?").out == PRESS + "x"


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("tail -f nope", "nope: ERROR (no such process name)\n"),
        ("tail -f web", "web: ERROR (no log file)\n"),
        ("maintail -f", "supervisord: ERROR (no log file)\n"),
    ],
)
def test_what_cannot_be_followed_is_a_failure(run: Run, daemon: FakeDaemon, line: str, out: str) -> None:
    daemon.answers["getProcessInfo"] = known_process

    assert (run(line).out, run(line).status) == (out, 1)


@pytest.mark.parametrize(
    ("line", "answer", "complaint"),
    [
        ("fg a b", True, "too many process names supplied"),
        ("fg nope", Fault(10, "BAD_NAME"), "bad process name supplied"),
        ("fg g:*", Fault(10, "BAD_NAME"), "bad process name supplied"),
        ("fg web", Fault(30, "FAILED: why"), "FAILED: why"),
        ("fg web", process("web", "STARTING"), "process not running"),
    ],
)
def test_fg_tells_why_not(run: Run, daemon: FakeDaemon, line: str, answer: object, complaint: str) -> None:
    daemon.answers["getProcessInfo"] = answer

    assert (run(line).out, run(line).status) == (f"ERROR: {complaint}\n", 1)


def test_fg_sends_what_is_typed_and_ends_with_the_input(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers |= {"getProcessInfo": known_process, "sendProcessStdin": True}
    daemon.streams = {"/logtail/web/stdout": []}
    daemon.keep_streams = True

    ran = run("fg web", typed="hello\n\tcafé \x1b[A\nlast")

    assert (ran.out, ran.status) == (PRESS + "Exiting foreground\n", 0)
    sent = [call[2] for call in daemon.calls if call[0] == "sendProcessStdin"]
    texts = [data.data.decode() if isinstance(data, Binary) else data for data in sent]
    assert texts == ["hello\n", "\tcafé \x1b[A\n", "last\n"]


def test_fg_tells_why_a_line_could_not_be_sent(run: Run, daemon: FakeDaemon) -> None:
    daemon.answers |= {"getProcessInfo": known_process, "sendProcessStdin": Fault(70, "NOT_RUNNING: web")}

    ran = run("fg web", typed="hello\n")

    assert (ran.out, ran.status) == (PRESS + "ERROR: NOT_RUNNING: web\nExiting foreground\n", 0)
