"""User, limits and pid file."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

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
