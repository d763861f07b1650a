"""Turning a log over: which file gets which number, whatever is missing, in the way, or goes wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import turnover
from warden.logs.tail import Follower, Place
from warden.logs.turnover import Rotation, grown_since, make_room

FEW, MANY = 5, 30  # looked for one by one, or by reading the directory


def fill(folder: Path, names: Collection[str]) -> str:
    """Make the files ``log.<name>`` with their name in them; return the path of the log."""
    for name in names:
        (folder / f"log.{name}").write_text(name)
    return str(folder / "log")


def found(folder: Path) -> dict[str, str]:
    return {path.name.removeprefix("log."): path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("backups", [FEW, MANY])
@pytest.mark.parametrize("gap", [(), (1,), (2,), (1, 2), (2, 4)])
def test_every_file_gets_the_next_number_and_a_gap_stays_a_gap(tmp_path: Path, backups: int, gap: tuple[int]) -> None:
    numbers = [number for number in range(1, backups) if number not in gap]

    make_room(fill(tmp_path, [str(number) for number in numbers]), backups)

    assert found(tmp_path) == {str(number + 1): str(number) for number in numbers}


@pytest.mark.parametrize("backups", [1, FEW, MANY])
def test_the_last_file_goes_of_either_kind(tmp_path: Path, backups: int) -> None:
    numbers = [str(number) for number in range(1, backups + 1)]
    path = fill(tmp_path, [*numbers, f"{backups}.gz"])

    make_room(path, backups)

    assert found(tmp_path) == {str(number + 1): str(number) for number in range(1, backups)}


@pytest.mark.parametrize("backups", [FEW, MANY])
def test_the_last_file_stays_while_nobody_needs_its_number(tmp_path: Path, backups: int) -> None:
    make_room(fill(tmp_path, ["1", str(backups)]), backups)

    assert found(tmp_path) == {"2": "1", str(backups): str(backups)}


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    others = ["0", "01", "x", "1.bz2", "1.gz.old", str(MANY + 1), "-1", "1x"]
    (tmp_path / "catalog.1").write_text("other")
    path = fill(tmp_path, [*others, "1", "2.gz"])

    make_room(path, MANY)

    assert found(tmp_path) == {"2": "1", "3.gz": "2.gz", "catalog.1": "other", **{name: name for name in others}}


def test_a_directory_that_may_not_be_read_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path, ["1", "7"])

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", deny)
        make_room(path, MANY)

    assert found(tmp_path) == {"2": "1", "8": "7"}


def deny(*_: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_path_without_directory_is_in_the_present_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ["1"])
    monkeypatch.chdir(tmp_path)

    make_room("log", MANY)

    assert found(tmp_path) == {"2": "1"}


@given(numbers=st.sets(st.integers(1, MANY + 2)), packed=st.sets(st.integers(2, MANY + 2)), fails_at=st.integers(0, 40))
def test_an_error_in_the_middle_costs_no_file_and_the_next_attempt_goes_on(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], packed: set[int], fails_at: int
) -> None:
    folder = tmp_path_factory.mktemp("r")
    path = fill(folder, [*map(str, numbers), *(f"{number}.gz" for number in packed - numbers)])
    before = found(folder)
    left = fails_at

    def rename(source: str, target: str) -> None:
        nonlocal left
        assert not os.path.exists(target)  # nothing is ever replaced
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turnover.os, "rename", rename)
        if fails_at < sum(number < MANY for number in numbers | packed):
            with pytest.raises(OSError, match="No space"):
                make_room(path, MANY)
    last = {text for name, text in before.items() if int(name.removesuffix(".gz")) == MANY}
    assert set(before.values()) - last <= set(found(folder).values())

    make_room(path, MANY)

    after = found(folder)
    assert set(before.values()) - set(after.values()) <= {"28", "28.gz", "29", "29.gz", "30", "30.gz"}
    assert not after.keys() & {"1", "1.gz"}
    in_order = [int(after[name].removesuffix(".gz")) for name in sorted(after, key=lambda n: int(n.partition(".")[0]))]
    assert in_order == sorted(in_order)


class Enough(Exception):
    """So far, and no further."""


def stop_after(patch: pytest.MonkeyPatch, count: int) -> None:
    """Let renaming end for ever after so many files, as if we were killed."""
    left = iter(range(count))

    def rename(source: str, target: str) -> None:
        if next(left, None) is None:
            raise Enough
        os.replace(source, target)

    patch.setattr(turnover.os, "rename", rename)


@pytest.mark.parametrize("done", range(6))
@pytest.mark.parametrize("behind", range(7))
def test_whoever_reads_the_files_in_the_middle_misses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: int, done: int
) -> None:
    path = fill(tmp_path, [str(number) for number in range(1, 7)])
    Path(path).write_text("0")
    name = f"{path}.{behind}" if behind else path
    place, size = Place(os.stat(name).st_ino, 1), os.stat(name).st_size
    follower = Follower(path, place)
    stop_after(monkeypatch, done)
    with pytest.raises(Enough):
        make_room(path, MANY)

    read = [b"".join(iter(one.read, b"")) for one in (follower, Follower(path, place))]
    follower.close()

    expected = "".join(str(number) for number in range(behind - 1, -1, -1))
    assert read == [expected.encode()] * 2
    assert grown_since(path, (os.stat(path).st_ino, 1), place.inode, size) == behind


def test_a_file_that_goes_meanwhile_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path, ["1", "2"])
    rename = os.rename

    def removed_before(source: str, target: str) -> None:
        if source.endswith(".2"):
            os.unlink(source)
        rename(source, target)

    monkeypatch.setattr(turnover.os, "rename", removed_before)
    make_room(path, FEW)

    assert found(tmp_path) == {"2": "1"}


@pytest.mark.parametrize("backups", [0, 1])
def test_a_file_that_was_moved_between_the_steps_stays_as_it_is(tmp_path: Path, backups: int) -> None:
    log = tmp_path / "log"
    log.write_text("old")
    rotation = Rotation(str(log), backups, 0o666, log.stat())
    log.rename(tmp_path / "moved")
    log.write_text("new")

    rotation.prepare()

    assert not rotation.finish()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"log": "new", "moved": "old"}


@pytest.mark.parametrize(
    ("backups", "size", "is_quick"),
    [(10, 1024 * 1024, True), (10, 50 * 1024 * 1024, False), (1000, 10, False), (0, 0, True)],
)
def test_what_is_large_or_many_is_not_quick(tmp_path: Path, backups: int, size: int, *, is_quick: bool) -> None:
    log = tmp_path / "log"
    log.touch()
    os.truncate(log, size)

    assert Rotation(str(log), backups, 0o666, log.stat()).is_quick is is_quick
