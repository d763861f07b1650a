"""The program itself: a real terminal, real keys, real exit statuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.ctl.fake_daemon import FakeDaemon, process

# pexpect forks while the fake daemon's thread runs; the child only executes the program
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

PROGRAM = [sys.executable, "-m", "warden.ctl.main"]
PROMPT = "supervisor> "
STATUS = "web                              RUNNING   \r\n"
Start = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def fleet(daemon: FakeDaemon) -> FakeDaemon:
    daemon.answers |= {"getAllProcessInfo": [process("web")], "getPID": 77, "getProcessInfo": process("web", pid=5)}
    return daemon


@pytest.fixture
def start(fleet: FakeDaemon, tmp_path: Path) -> Iterator[Start]:
    """Start supervisorctl in a terminal."""
    children = []

    def run(*arguments: str, settings: str = "", **environ: str) -> pexpect.spawn[str]:
        (tmp_path / "supervisord.conf").write_text(f"[supervisorctl]\nserverurl={fleet.url}\n{settings}\n")
        child = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], "-c", str(tmp_path / "supervisord.conf"), *arguments],
            env=os.environ | {"NO_COLOR": "1", "TERM": "xterm", "INPUTRC": "/dev/null"} | environ,
            cwd=str(tmp_path),
            encoding="utf-8",
            timeout=30,
            dimensions=(24, 200),
        )
        children.append(child)
        return child

    yield run
    for child in children:
        child.close(force=True)


def ended(child: pexpect.spawn[str]) -> str:
    """Wait for the end and return what was written since the last match."""
    child.expect(pexpect.EOF)
    child.wait()
    return str(child.before)


def test_the_shell_shows_the_status_and_ends_with_ctrl_d(start: Start) -> None:
    child = start()

    child.expect_exact(STATUS + PROMPT)
    child.sendeof()

    assert ended(child).endswith("\r\n")
    assert child.exitstatus == 0


@pytest.mark.parametrize("word", ["quit", "exit", "exit 3", "EOF"])
def test_words_that_end_the_shell(start: Start, word: str) -> None:
    child = start()

    child.expect_exact(PROMPT)
    child.sendline(word)

    assert ended(child).endswith("\r\n\r\n")
    assert child.exitstatus == 0


def test_ctrl_c_at_the_prompt_ends_the_shell(start: Start) -> None:
    child = start()

    child.expect_exact(PROMPT)
    child.sendintr()

    assert ended(child).endswith("\r\n")
    assert child.exitstatus == 0


def test_a_failure_does_not_end_the_shell_and_leaves_status_0(start: Start) -> None:
    child = start(settings="prompt=mine")

    child.expect_exact("mine> ")
    child.sendline("nonsense")
    child.expect_exact("*** Unknown syntax: nonsense\r\nmine> ")
    child.sendline("")
    child.expect_exact("mine> ")
    child.sendline("quit")

    ended(child)
    assert child.exitstatus == 0


def test_tab_completes_names_of_processes(start: Start) -> None:
    child = start()

    child.expect_exact(PROMPT)
    child.send("si\tTER\tw\t")
    child.expect_exact("signal TERM web ")
    typed = child.after
    child.sendintr()
    ended(child)

    assert typed == "signal TERM web "


def test_history_is_kept_between_sessions(start: Start, tmp_path: Path) -> None:
    child = start("-r", "history")
    child.expect_exact(PROMPT)
    child.sendline("pid")
    child.expect_exact("77\r\n" + PROMPT)
    child.sendline("quit")
    ended(child)

    child = start(settings="history_file=history")
    child.expect_exact(PROMPT)
    child.send("\x1b[A\x1b[A\r")
    child.expect_exact("77\r\n" + PROMPT)
    child.sendeof()
    ended(child)

    assert (tmp_path / "history").read_text().split() == ["pid", "quit", "pid"]


def test_a_history_file_that_cannot_be_used_makes_no_noise(start: Start) -> None:
    child = start("--history-file=/nonexistent/history")

    child.expect_exact(PROMPT)
    child.sendeof()

    assert "rror" not in ended(child)
    assert child.exitstatus == 0


def test_a_password_is_asked_for_and_not_shown(start: Start, fleet: FakeDaemon) -> None:
    fleet.credentials = "Basic Ym9iOnNlY3JldA=="
    child = start()

    child.expect_exact("Server requires authentication\r\nUsername:")
    child.sendline("bob")
    child.expect_exact("Password:")
    child.waitnoecho()
    child.sendline("secret")
    child.expect_exact("\r\n\r\n" + STATUS + PROMPT)
    child.sendline("pid")
    child.expect_exact("77\r\n")
    child.sendeof()

    assert "secret" not in ended(child)


def test_the_restart_is_confirmed(start: Start, fleet: FakeDaemon) -> None:
    fleet.answers["restart"] = True
    child = start()

    child.expect_exact(PROMPT)
    child.sendline("reload")
    child.expect_exact("y/N? ")
    child.sendline("n")
    child.expect_exact(PROMPT)
    child.sendline("reload")
    child.expect_exact("y/N? ")
    child.sendline("y")
    child.expect_exact("Restarted supervisord\r\n" + PROMPT)
    child.sendeof()

    ended(child)
    assert fleet.calls.count(("restart",)) == 1


def test_ctrl_c_in_a_blocking_action_dies_of_the_signal_without_a_traceback(start: Start, fleet: FakeDaemon) -> None:
    reached = threading.Event()

    def never(_: str) -> bool:
        reached.set()
        return fleet.released.wait()

    fleet.answers["startProcess"] = never
    child = start("start", "web")

    assert reached.wait(30)
    child.sendintr()

    assert ended(child).strip() in ("", "^C")
    assert child.signalstatus == signal.SIGINT


def test_ctrl_c_ends_following_with_status_0(start: Start, fleet: FakeDaemon) -> None:
    fleet.streams["/logtail/web/stdout"] = [b"line\n"]
    fleet.keep_streams = True
    child = start("tail", "-f", "web")

    child.expect_exact("==> Press Ctrl-C to exit <==\r\nline\r\n")
    child.sendintr()

    assert ended(child).endswith("\r\n")
    assert child.exitstatus == 0


def test_fg_shows_both_logs_sends_lines_and_ends_with_ctrl_c(start: Start, fleet: FakeDaemon) -> None:
    fleet.streams |= {"/logtail/web/stdout": [b"out\n"], "/logtail/web/stderr": [b"err\n"]}
    fleet.keep_streams = True
    sent = threading.Event()
    fleet.answers["sendProcessStdin"] = lambda *_: sent.set() or True
    child = start()

    child.expect_exact(PROMPT)
    child.sendline("fg web")
    child.expect_exact("==> Press Ctrl-C to exit <==\r\n")
    child.expect_exact(["out", "err"])
    child.expect_exact(["out", "err"])
    child.sendline("hello")
    assert sent.wait(30)
    child.sendintr()
    child.expect_exact("Exiting foreground\r\n" + PROMPT)
    child.sendeof()

    ended(child)
    assert ("sendProcessStdin", "web", "hello\n") in fleet.calls


def test_fg_notices_that_the_process_died(start: Start, fleet: FakeDaemon) -> None:
    answers = iter([process("web", pid=5), process("web", pid=6)])
    fleet.answers["getProcessInfo"] = lambda _: next(answers)
    fleet.keep_streams = True
    child = start("fg", "web")

    child.expect_exact("Process got killed\r\nExiting foreground\r\n")

    ended(child)
    assert child.exitstatus == 0


@pytest.mark.parametrize(("no_color", "out"), [("", "\x1b[32mRUNNING\x1b[0m   \r\n"), ("1", "RUNNING   \r\n")])
def test_states_are_coloured_on_a_terminal_unless_no_color_is_set(start: Start, no_color: str, out: str) -> None:
    child = start("status", NO_COLOR=no_color)

    assert ended(child) == f"{'web':<33}{out}"


# --- without a terminal


def run(*arguments: str, cwd: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environ,
        timeout=60,
    )


def test_piped_lines_are_prompted_for_too(fleet: FakeDaemon, tmp_path: Path) -> None:
    fleet.answers["sendProcessStdin"] = True

    ran = run("-s", fleet.url, cwd=tmp_path, stdin="pid\nfg web\nhello\n")

    status = STATUS.replace("\r", "")
    foreground = "==> Press Ctrl-C to exit <==\nExiting foreground\n"
    assert ran.stdout == f"{status}{PROMPT}77\n{PROMPT}{foreground}{PROMPT}\n"
    assert ("sendProcessStdin", "web", "hello\n") in fleet.calls
    assert (ran.stderr, ran.returncode) == ("", 0)


def test_words_are_joined_and_parsed_again(fleet: FakeDaemon, tmp_path: Path) -> None:
    fleet.answers["signalProcess"] = True

    ran = run("-s", fleet.url, "signal HUP", "web", cwd=tmp_path)

    assert (ran.stdout, ran.returncode) == ("web: signalled\n", 0)
    assert fleet.asked() == [("signalProcess", "web", "HUP")]


def test_start_up_errors_go_to_stderr(tmp_path: Path) -> None:
    ran = run("-s", "foo", "status", cwd=tmp_path)

    first, second = ran.stderr.splitlines()[:2]
    assert first == "Error: invalid value for -s 'foo': value 'foo' is not a URL"
    assert second.startswith("For help, use ")
    assert (ran.stdout, ran.returncode) == ("", 2)


@pytest.mark.parametrize(
    ("arguments", "begin"), [(["-h"], "supervisorctl -- "), (["-?"], "supervisorctl -- "), (["--version"], "5.")]
)
def test_help_and_version_are_answered_without_a_server(tmp_path: Path, arguments: list[str], begin: str) -> None:
    ran = run(*arguments, cwd=tmp_path)

    assert ran.stdout.startswith(begin)
    assert (ran.stderr, ran.returncode) == ("", 0)


def test_a_url_that_cannot_be_used_is_a_start_up_error(tmp_path: Path) -> None:
    ran = run("-s", "http://host:port", "status", cwd=tmp_path)

    assert (ran.stdout, ran.returncode) == ("", 2)
    assert ran.stderr.startswith("Error: ")


def test_credentials_may_come_from_the_environment(fleet: FakeDaemon, tmp_path: Path) -> None:
    fleet.credentials = "Basic Ym9iOnNlY3JldA=="

    ran = run("-s", fleet.url, "pid", cwd=tmp_path, SUPERVISOR_USERNAME="bob", SUPERVISOR_PASSWORD="secret")

    assert (ran.stdout, ran.returncode) == ("77\n", 0)


def test_log_bytes_go_through_whatever_the_locale(fleet: FakeDaemon, tmp_path: Path) -> None:
    fleet.answers["readProcessStdoutLog"] = "café"

    ran = run("-s", fleet.url, "tail", "web", cwd=tmp_path, LC_ALL="C", PYTHONIOENCODING="ascii")

    assert (ran.stdout.encode(), ran.stderr) == ("café\n".encode(), "")


def test_a_reader_that_has_seen_enough_is_no_traceback(fleet: FakeDaemon, tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)

    ran = subprocess.run(
        [*PROGRAM, "-s", fleet.url, "status"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    os.close(theirs)

    assert ran.stderr == ""


def test_the_old_module_runs_too(fleet: FakeDaemon, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisorctl", "-s", fleet.url, "pid"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )

    assert (ran.stdout, ran.stderr, ran.returncode) == ("77\n", "", 0)
