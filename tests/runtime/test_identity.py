"""User, limits and pid file."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.waiting import until
from warden.errors import StartupError
from warden.runtime import identity
from warden.runtime.identity import PidFile


def test_the_daemons_own_user_changes_nothing() -> None:
    assert identity.identity_for_child(None) is None
    assert identity.identity_for_child(os.getuid()) is None


def test_an_unknown_user_is_refused_in_the_reference_s_words() -> None:
    assert identity.identity_for_child(4_000_000) == "couldn't setuid to 4000000: Can't find uid 4000000"
    with pytest.raises(StartupError, match=r"^Can't find uid 4000000$"):
        identity.become(4_000_000)


@pytest.mark.skipif(os.getuid() != 0, reason="needs a user that may become another")
def test_root_may_give_a_child_another_user() -> None:
    found = identity.identity_for_child(1)

    assert isinstance(found, identity.Identity)
    assert found.uid == 1
    assert found.gid in found.groups


@pytest.mark.skipif(os.getuid() == 0, reason="root may become anybody")
def test_a_plain_user_may_not() -> None:
    assert identity.identity_for_child(0) == "couldn't setuid to 0: Can't drop privilege as nonroot user"
    with pytest.raises(StartupError, match=r"^Can't drop privilege as nonroot user$"):
        identity.become(0)


def test_limits_that_suffice_are_left_alone() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert identity.raise_limits(1, 1) == []
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_a_limit_that_cannot_be_raised_names_the_true_hard_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_which: int, _limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _which: (100, 200))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    with pytest.raises(
        StartupError, match=r"required to run this process is 1000 as per .* only allow you to open 200 file"
    ):
        identity.raise_limits(1000, 1)


def test_raised_limits_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    set_: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (100, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: set_.append((which, limits)))

    said = identity.raise_limits(1000, 50)

    assert said == ["Increased RLIMIT_NOFILE limit to 1000"]
    assert set_ == [(resource.RLIMIT_NOFILE, (1000, resource.RLIM_INFINITY))]


def test_the_pid_file_holds_our_pid_and_goes_with_us(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    file = PidFile(str(path))

    assert file.write(os.getpid())
    assert path.read_text() == f"{os.getpid()}\n"
    file.remove()
    file.remove()
    assert not path.exists()


def test_a_pid_file_that_we_did_not_write_stays(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("1\n")

    PidFile(str(path)).remove()

    assert path.exists()


def test_only_a_regular_pid_file_is_removed(tmp_path: Path) -> None:
    """``pidfile = /dev/null`` is an idiom of containers, where we are root."""
    path = tmp_path / "pid"
    path.symlink_to("/dev/null")
    file = PidFile(str(path))

    assert file.write(os.getpid())
    file.remove()

    assert path.is_symlink()


def test_a_pid_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    assert not PidFile(str(tmp_path / "missing" / "pid")).write(os.getpid())


def test_a_pid_file_that_can_be_opened_but_not_written_is_removed_again(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        written = PidFile(str(tmp_path / "pid")).write(os.getpid())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not written
    assert not (tmp_path / "pid").exists()


def test_a_pid_file_that_cannot_be_removed_is_left(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    file = PidFile(str(path))
    file.write(os.getpid())
    path.unlink()
    path.mkdir()

    file.remove()

    assert path.exists()


@pytest.mark.parametrize("text", ["", "garbage", str(2**30), "\n"])
def test_a_stale_or_broken_pid_file_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    file = PidFile(str(path))

    file.check()
    assert file.write(os.getpid())

    assert path.read_text() == f"{os.getpid()}\n"


def test_the_pid_file_of_a_living_supervisord_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pid"
    path.write_text("4711\n")
    monkeypatch.setattr(identity, "_is_supervisord", lambda pid: pid == 4711)

    with pytest.raises(StartupError, match="already running with pid 4711"):
        PidFile(str(path)).check()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc here")
def test_a_process_is_a_supervisord_by_its_command_line() -> None:
    assert not identity._is_supervisord(os.getpid())
    assert not identity._is_supervisord(2**30)


def test_errno_names() -> None:
    assert identity.errno_name(OSError(errno.EACCES, "x")) == "EACCES"
    assert identity.errno_name(OSError("no number")) == "no number"


# --- what changes a process for good happens in one of its own


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a process of its own."""
    command = [sys.executable, "-c", f"import os, signal, sys\nfrom warden.runtime import identity\n{code}", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
def test_root_becomes_another_user_with_its_groups() -> None:
    code = "identity.become(1)\nprint(os.getresuid(), os.getresgid(), sorted(os.getgroups()))"

    who = identity.look_up(1)
    assert run(code).stdout.strip() == f"{(1, 1, 1)} {(who.gid,) * 3} {sorted(who.groups)}"


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives up what it may")
@pytest.mark.parametrize(
    ("refused", "why"), [("setgroups", "set groups of effective user"), ("setgid", "set group id of effective user")]
)
def test_a_refusal_of_the_system_ends_the_start(refused: str, why: str) -> None:
    code = f"""
def refuse(*_): raise PermissionError(1, "no")
os.{refused} = refuse
identity.become(1)
"""

    assert f"StartupError: Could not {why}" in run(code).stderr


def test_ignored_and_blocked_signals_of_a_parent_are_not_passed_on() -> None:
    code = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
identity.reset_signals()
print(signal.getsignal(signal.SIGHUP).name, signal.getsignal(signal.SIGPIPE).name, signal.pthread_sigmask(0, ()))
"""

    assert run(code).stdout.strip() == "SIG_DFL SIG_IGN set()"


def test_standard_descriptors_that_are_closed_are_opened_on_nothing() -> None:
    code = """
fact = os.dup(1)
for fd in (0, 1, 2):
    os.close(fd)
sys.stdin = sys.stdout = sys.stderr = None
identity.open_standard_descriptors()
print("into nothing")
facts = [os.readlink(f"/dev/fd/{fd}") for fd in (0, 1, 2)] + [os.get_inheritable(2), sys.stderr.fileno()]
os.write(fact, repr(facts).encode())
"""

    assert run(code).stdout == repr(["/dev/null"] * 3 + [True, 2])


DAEMONIZE = """
report = identity.daemonize(sys.argv[1], 0o27, lambda level, text: os.write(1, f"{level} {text}\\n".encode()))
mask = os.umask(0o27)
facts = [os.getsid(0) == os.getpid(), os.getcwd(), oct(mask), os.readlink("/dev/fd/1")]
with open(sys.argv[2], "w") as file:
    print(*facts, file=file)
"""


def test_the_background_process_has_a_session_of_its_own_and_the_parent_waits_until_it_is_ready(
    tmp_path: Path,
) -> None:
    ended = run(f"{DAEMONIZE}\nreport(None)\nreport('too late')", str(tmp_path), str(tmp_path / "facts"))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "facts").read_text().split() == ["True", str(tmp_path), "0o27", "/dev/null"]
    assert sorted(ended.stdout.splitlines()) == [
        "blather supervisord forked; parent exiting",
        "info daemonizing the supervisord process",
        f"info set current directory: {str(tmp_path)!r}",
    ]


def test_an_error_of_the_background_process_is_what_the_parent_ends_with(tmp_path: Path) -> None:
    ended = run(f"{DAEMONIZE}\nreport('it is cold')", str(tmp_path), str(tmp_path / "facts"))

    assert (ended.returncode, ended.stderr) == (2, "Error: it is cold\n")


def test_a_background_process_that_says_nothing_has_failed(tmp_path: Path) -> None:
    ended = run(f"{DAEMONIZE}\nos._exit(0)", str(tmp_path), str(tmp_path / "facts"))

    assert (ended.returncode, ended.stderr) == (2, "")


def test_a_directory_that_is_not_there_is_told_and_does_not_matter(tmp_path: Path) -> None:
    ended = run(f"{DAEMONIZE}\nreport(None)", "/nowhere", str(tmp_path / "facts"))

    assert ended.returncode == 0
    assert "critical can't chdir into '/nowhere': [Errno 2] No such file or directory: '/nowhere'" in ended.stdout


def test_a_parent_that_was_killed_does_not_stop_the_background_process(tmp_path: Path) -> None:
    code = "os.kill(os.getppid(), signal.SIGKILL)\nwhile os.getppid() == parent: signal.sigtimedwait([], 0.01)\n"
    after = f"report(None)\nopen({str(tmp_path / 'after')!r}, 'w').close()"

    ended = run(f"parent = os.getpid()\n{DAEMONIZE}\n{code}{after}", str(tmp_path), str(tmp_path / "facts"))

    assert ended.returncode == -signal.SIGKILL
    assert until(lambda: (tmp_path / "after").exists(), lambda: "the background process goes on")


def test_who_cannot_fork_cannot_go_to_the_background() -> None:
    code = """
def refuse(): raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = refuse
identity.daemonize(None, 0, print)
"""

    assert "StartupError: cannot go to the background: Resource temporarily unavailable" in run(code).stderr
