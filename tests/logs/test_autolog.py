"""Names, rights, claims and clearing of the logs that the daemon chooses itself."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from warden.logs import autolog
from warden.words import Channel


def make(directory: Path, process: str = "web", identifier: str = "supervisor", *, token: str = "") -> Path:
    return Path(autolog.create(str(directory), process, Channel.STDOUT, identifier, token=token))


def test_a_log_is_made_empty_and_private(tmp_path: Path) -> None:
    path = make(tmp_path)

    assert re.fullmatch(r"web-stdout---supervisor-[a-z0-9_]{8}\.log", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 0


def test_names_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    assert make(tmp_path, "../../etc/x", "a/b").parent == tmp_path


def test_no_name_is_given_twice(tmp_path: Path) -> None:
    assert len({make(tmp_path) for _ in range(50)}) == 50


def test_a_directory_without_a_free_name_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autolog, "_ALPHABET", "a")
    make(tmp_path)

    with pytest.raises(FileExistsError, match="no free name for web-stdout---supervisor-"):
        make(tmp_path)


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        ("web-stdout---supervisor-abcd_123.log", True),
        ("web-stderr---supervisor-abcd_123.log.1", True),
        ("web-stderr---supervisor-abcd_123.log.9999", True),
        ("web-stdout---supervisor-two-abcd1234.log", False),  # the identifier "supervisor-two"
        ("web-stdout---supervisorXabcd1234.log", False),
        ("web-stdout---supervisor-abcd1234.log.gz", False),
        ("web-stdout---supervisor-notes.log", False),
        ("prefix web-stdout---supervisor-abcd1234.log", True),
        ("---supervisor-abcd1234.log", False),
        ("unrelated.log", False),
    ],
)
def test_cleanup_removes_exactly_the_logs_of_its_identifier(tmp_path: Path, name: str, goes: bool) -> None:
    (tmp_path / name).touch()

    assert autolog.cleanup(str(tmp_path), "supervisor") == []
    assert (tmp_path / name).exists() is not goes


def test_an_identifier_is_no_pattern(tmp_path: Path) -> None:
    other, own = make(tmp_path, identifier="axb"), make(tmp_path, identifier="a.b")

    autolog.cleanup(str(tmp_path), "a.b")

    assert other.exists()
    assert not own.exists()


def test_what_cannot_be_removed_is_returned(tmp_path: Path) -> None:
    stubborn = tmp_path / "web-stdout---supervisor-abcd1234.log"
    stubborn.mkdir()

    assert autolog.cleanup(str(tmp_path), "supervisor") == [str(stubborn)]


def test_cleanup_of_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        autolog.cleanup(str(tmp_path / "none"), "supervisor")


def test_the_logs_of_a_living_daemon_stay(tmp_path: Path) -> None:
    claim = autolog.Claim(str(tmp_path), "supervisor")
    mine, stale = make(tmp_path, token=claim.token), make(tmp_path)

    autolog.cleanup(str(tmp_path), "supervisor")

    assert mine.exists()
    assert not stale.exists()
    claim.release()
    claim.release()


def test_the_logs_of_a_daemon_that_ended_go(tmp_path: Path) -> None:
    claim = autolog.Claim(str(tmp_path), "supervisor")
    make(tmp_path, token=claim.token)
    claim.release()

    autolog.cleanup(str(tmp_path), "supervisor")

    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_was_left_by_a_crash_protects_nothing(tmp_path: Path) -> None:
    left = tmp_path / "lock---supervisor-abcd0000.log"
    left.touch()
    log = make(tmp_path, token="abcd")

    autolog.cleanup(str(tmp_path), "supervisor")

    assert not left.exists()
    assert not log.exists()


def test_a_symbolic_link_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "lock---supervisor-abcd0000.log").symlink_to("/dev/null")
    log = make(tmp_path, token="abcd")

    autolog.cleanup(str(tmp_path), "supervisor")

    assert not log.exists()
    assert os.path.exists("/dev/null")


def test_a_lock_file_that_cannot_be_opened_holds_nothing(tmp_path: Path) -> None:
    assert not autolog._is_locked(str(tmp_path / "none"))


def test_a_log_that_vanishes_meanwhile_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda _path: ["web-stdout---supervisor-abcd1234.log"])

    assert autolog.cleanup(str(tmp_path), "supervisor") == []
