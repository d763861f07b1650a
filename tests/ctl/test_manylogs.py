"""The action logs: what its words mean, and how the pieces of many logs become whole lines."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run, process
from warden.ctl.logs import MAX_LINES, Printer, Wish, WrongWords, parse


class Screen:
    """What a printer needs of a session; keeps what was written and noted."""

    def __init__(self, *, colour: bool = False) -> None:
        self.colour = colour
        self.text = ""
        self.notes: list[str] = []

    def write(self, data: bytes) -> None:
        self.text += data.decode()

    def note(self, text: str) -> None:
        self.notes.append(text)


def piece(name: str, text: str, channel: str = "stdout") -> tuple[str, dict[str, object]]:
    return "log", {"process": name, "channel": channel, "text": text}


def about(event: str, name: str, channel: str = "stdout") -> tuple[str, dict[str, object]]:
    return event, {"process": name, "channel": channel}


PRESENT: tuple[str, dict[str, object]] = ("present", {})


def shown(*events: tuple[str, dict[str, object]], names: Sequence[str] = ("a", "long"), follow: bool = False) -> str:
    screen = Screen()
    Printer(screen, names).show(iter(events), stop_at_present=not follow)  # type: ignore[arg-type]  # all it needs
    return screen.text


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("web", Wish(["web"])),
        ("-f web:* cron", Wish(["web:*", "cron"], follow=True)),
        ("web --follow --stderr", Wish(["web"], follow=True, channel="stderr")),
        ("-n 5 web", Wish(["web"], lines=5)),
        ("--lines=99999 web --stdout", Wish(["web"], lines=MAX_LINES, channel="stdout")),
        ("--since 1h30m web", Wish(["web"], since=5400)),
        ("--since=45 web", Wish(["web"], since=45)),
    ],
)
def test_options_and_names_stand_in_any_order(words: str, wish: Wish) -> None:
    assert parse(words.split()) == wish


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("-n x web", "-n needs a number of lines, not 'x'"),
        ("web -n", "-n needs a number of lines, not ''"),
        ("--since 1y web", "--since needs a time such as 30s, 10m, 2h or 1d, not '1y'"),
        ("--since=\u0663m web", "--since needs a time .*, not '\u0663m'"),
        ("-x web", "unknown option -x"),
        ("-f", "logs requires a process name"),
    ],
)
def test_words_that_make_no_sense_are_told(words: str, complaint: str) -> None:
    with pytest.raises(WrongWords, match=complaint):
        parse(words.split())


def test_lines_are_whole_and_have_the_name_of_their_process() -> None:
    assert shown(piece("a", "one\ntw"), piece("a", "o\n"), piece("long", "three\n"), PRESENT) == (
        "a    | one\na    | two\nlong | three\n"
    )


def test_one_log_alone_needs_no_names() -> None:
    assert shown(piece("a", "one\n"), names=["a"]) == "one\n"


def test_what_has_no_line_end_is_written_when_nothing_more_comes() -> None:
    assert shown(piece("a", "half"), piece("long", "other\n"), PRESENT) == "a    | half\nlong | other\n"


def test_channels_of_one_process_do_not_mix_within_a_line() -> None:
    assert shown(piece("a", "out"), piece("a", "err\n", "stderr"), piece("a", "put\n"), names=["a"], follow=True) == (
        "err\noutput\n"
    )


@pytest.mark.parametrize("event", ["rotated", "cleared"])
def test_a_log_that_begins_anew_ends_its_line(event: str) -> None:
    assert shown(piece("a", "half"), about(event, "a"), piece("a", "new\n"), names=["a"], follow=True) == "half\nnew\n"


def test_who_was_not_asked_for_is_left_out() -> None:
    assert shown(piece("stranger", "hello\n"), piece("a", "one\n"), names=["a"]) == "one\n"


def test_following_goes_on_where_the_present_begins() -> None:
    assert shown(piece("a", "old\n"), PRESENT, piece("a", "new\n"), names=["a"], follow=True) == "old\nnew\n"


def test_lines_whose_age_nobody_knows_are_noted() -> None:
    screen = Screen()

    Printer(screen, ["a"]).show(iter([about("unknown", "a")]), stop_at_present=True)  # type: ignore[arg-type]  # above

    assert screen.notes == ["a (stdout): nobody knows when its older lines were written; these are the last"]


def test_names_have_colours_of_their_own_for_people() -> None:
    screen = Screen(colour=True)

    Printer(screen, ["a", "b"]).show(iter([piece("b", "x\n")]), stop_at_present=True)  # type: ignore[arg-type]  # above

    assert screen.text == "\x1b[33mb | \x1b[0mx\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("logs -x web", "Error: unknown option -x"),
        ("logs nobody", "nobody: ERROR (no such process)"),
        ("logs '!web' !nobody", "!nobody: ERROR (no such process)"),
        ("logs silent", "silent: ERROR (no log file)"),
    ],
)
def test_what_cannot_be_shown_is_a_failure(run: Run, daemon: FakeDaemon, line: str, complaint: str) -> None:
    logged = process("web", stdout_logfile="/x", stderr_logfile="")
    daemon.answers["getAllProcessInfo"] = [logged, process("silent", stdout_logfile="", stderr_logfile="")]

    ran = run(line)

    assert ran.out.splitlines() == [complaint]
    assert ran.status == 1
