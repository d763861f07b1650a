"""The file that tells the next start which programs may still run."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from warden.runtime.roster import Roster

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs process descriptors")

TAG = {"name": "web", "ends": ["stdin"], "stop": [15, 10, False, True]}


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
        yield cat


@pytest.fixture
def pidfile(tmp_path: Path) -> Path:
    return tmp_path / "pid"


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def roster(pidfile: Path, complaints: list[str]) -> Roster:
    roster = Roster(complaints.append)
    roster.open(str(pidfile))
    return roster


def rows(pidfile: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(f"{pidfile}.programs").read_text().splitlines()]


def rewrite(pidfile: Path, changed: list[dict[str, Any]], rest: str = "") -> None:
    Path(f"{pidfile}.programs").write_text("".join(json.dumps(row) + "\n" for row in changed) + rest)


def names(pidfile: Path) -> list[str]:
    """Return whom the next start finds."""
    found = Roster(lambda _text: None).leftovers(str(pidfile))
    for left in found:
        left.close()
    return [left.name for left in found]


def bear(roster: Roster, child: subprocess.Popen[bytes], life: int = 1) -> None:
    assert child.stdin is not None
    roster.born(life, TAG, child.pid, [child.stdin.fileno()])


def test_without_programs_there_is_no_file(roster: Roster, pidfile: Path) -> None:
    assert not Path(f"{pidfile}.programs").exists()
    assert names(pidfile) == []


def test_who_lives_is_found_with_how_to_stop_it(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)

    [left] = Roster(lambda _text: None).leftovers(str(pidfile))

    assert (left.name, left.pid, left.signum, left.wait_seconds) == ("web", child.pid, 15, 10)
    assert (left.stop_group, left.kill_group) == (False, True)
    assert 0 <= left.age < 60
    left.close()


def test_its_pipe_is_opened_again(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)
    [left] = Roster(lambda _text: None).leftovers(str(pidfile))

    found = left.child()

    assert child.stdin is not None
    assert os.fstat(found.ends[0]).st_ino == os.fstat(child.stdin.fileno()).st_ino
    assert found.tag["ends"] == ["stdin"]
    found.close()


def test_who_has_ended_is_not(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)
    roster.ended(1)

    assert names(pidfile) == []


def test_a_program_that_died_with_the_daemon_is_not(
    roster: Roster, child: subprocess.Popen[bytes], pidfile: Path
) -> None:
    bear(roster, child)
    child.kill()
    child.wait(40)

    assert names(pidfile) == []


@pytest.mark.parametrize(("field", "value"), [("start", 1), ("pid", 1)])
def test_another_process_with_the_pid_is_not(
    roster: Roster, child: subprocess.Popen[bytes], pidfile: Path, field: str, value: int
) -> None:
    bear(roster, child)
    boot, row = rows(pidfile)

    rewrite(pidfile, [boot, {**row, field: value}])

    assert names(pidfile) == []


def test_nothing_outlives_a_boot(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)
    _boot, row = rows(pidfile)

    rewrite(pidfile, [{"boot": "another"}, row])

    assert names(pidfile) == []


@pytest.mark.parametrize("rest", ['{"life":2,"ta', "\0\0\0", "[1]\n", '"text"\n'])
def test_a_line_that_was_not_finished_costs_that_line_only(
    roster: Roster, child: subprocess.Popen[bytes], pidfile: Path, rest: str
) -> None:
    bear(roster, child)

    rewrite(pidfile, rows(pidfile), rest)

    assert names(pidfile) == ["web"]


def test_the_end_removes_the_file(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)
    roster.ended(1)
    roster.close()

    assert list(pidfile.parent.iterdir()) == []


def test_an_end_with_somebody_left_does_not(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)
    roster.close()

    assert names(pidfile) == ["web"]


def test_our_own_file_tells_us_nothing(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    bear(roster, child)

    assert roster.leftovers(str(pidfile)) == []


def test_what_happened_before_it_was_opened_is_written_then(
    child: subprocess.Popen[bytes], pidfile: Path, complaints: list[str]
) -> None:
    roster = Roster(complaints.append)
    bear(roster, child)
    roster.open(str(pidfile))

    assert names(pidfile) == ["web"]


def test_it_does_not_grow_for_ever(roster: Roster, child: subprocess.Popen[bytes], pidfile: Path) -> None:
    for life in range(3000):
        bear(roster, child, life)
        roster.ended(life)

    assert len(rows(pidfile)) < 1100


def test_a_file_that_cannot_be_written_costs_one_line(
    child: subprocess.Popen[bytes], tmp_path: Path, complaints: list[str]
) -> None:
    folder = tmp_path / "later"
    roster = Roster(complaints.append)
    roster.open(str(folder / "pid"))
    bear(roster, child, 1)
    bear(roster, child, 2)
    assert len(complaints) == 1
    assert "No such file or directory" in complaints[0]

    folder.mkdir()
    bear(roster, child, 3)

    assert names(folder / "pid") == ["web", "web", "web"]
    assert len(complaints) == 1
