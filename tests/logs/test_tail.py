"""Reading, tailing and following log files by the rules of the RPC methods."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from warden.errors import BadArguments, Failed, NoFile
from warden.logs import tail
from warden.logs.tail import TRUNCATED, Follower, Piece, Place, Turn


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.parametrize(
    ("offset", "length", "found"),
    [
        (0, 0, b"0123456789"),
        (4, 0, b"456789"),
        (10, 0, b""),
        (11, 5, b""),
        (10**30, 0, b""),
        (2, 3, b"234"),
        (8, 5, b"89"),
        (-4, 0, b"6789"),
        (-40, 0, b"0123456789"),
    ],
)
def test_a_range_is_read(log: Path, offset: int, length: int, found: bytes) -> None:
    assert tail.read(str(log), offset, length) == found


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (-1, -1), (0, -1), (5, -1)])
def test_offsets_and_lengths_that_make_no_sense_are_refused(log: Path, offset: int, length: int) -> None:
    with pytest.raises(BadArguments) as caught:
        tail.read(str(log), offset, length)

    assert str(caught.value) == ""


def test_reading_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(NoFile) as caught:
        tail.read(str(tmp_path / "none"), 0, 0)

    assert str(caught.value) == str(tmp_path / "none")


def test_reading_what_cannot_be_opened_fails(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(Failed):
        tail.read(str(loop), 0, 0)
    assert tail.tail(str(loop), 7, 5) == (b"", 7, False)


def test_one_read_is_bounded(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_READ_BYTES", 3)

    assert tail.read(str(log), 0, 0) == b"012"
    assert tail.tail(str(log), 0, 10) == (b"789", 10, False)


@pytest.mark.parametrize(
    ("offset", "length", "answer"),
    [
        (0, 4, (b"6789", 10, True)),
        (4, 6, (b"456789", 10, False)),
        (4, 8, (b"456789", 10, False)),  # Supervisor gives bytes before the offset again
        (9, 5, (b"9", 10, False)),
        (10, 5, (b"", 10, False)),
        (99, 5, (b"", 10, False)),
        (0, 0, (b"", 10, True)),
        (0, -3, (b"", 10, True)),
        (-5, 4, (b"6789", 10, True)),
        (-5, 40, (b"0123456789", 10, False)),
    ],
)
def test_a_tail_gives_data_size_and_overflow(
    log: Path, offset: int, length: int, answer: tuple[bytes, int, bool]
) -> None:
    assert tail.tail(str(log), offset, length) == answer


def test_the_tail_of_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert tail.tail(str(tmp_path / "none"), 5, 5) == (b"", 0, False)
    assert tail.tail(str(tmp_path / "none" / "deeper"), 5, 5) == (b"", 0, False)


def test_a_fifo_counts_as_empty_and_nothing_waits_for_a_writer(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    assert tail.read(str(fifo), 0, 0) == b""
    assert tail.tail(str(fifo), 0, 9) == (b"", 0, False)
    assert Follower(str(fifo)).read() == b""


class Followed:
    """A log with somebody who follows it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.follower = Follower(str(path))

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def rotate(self, *, backups: int = 3) -> None:
        for number in range(backups - 1, 0, -1):
            older = Path(f"{self.path}.{number}")
            if older.exists():
                older.rename(f"{self.path}.{number + 1}")
        self.path.rename(f"{self.path}.1")

    def heard(self) -> bytes:
        found = b""
        while more := self.follower.read():
            found += more
        return found


@pytest.fixture
def followed(log: Path) -> Iterator[Followed]:
    one = Followed(log)
    yield one
    one.follower.close()


def test_following_begins_with_the_last_kibibyte(log: Path) -> None:
    log.write_bytes(b"a" * 5 + b"b" * 1024)
    one = Followed(log)

    assert one.heard() == b"b" * 1024
    one.follower.close()


def test_each_read_gives_what_is_new(followed: Followed) -> None:
    assert followed.heard() == b"0123456789"
    assert followed.heard() == b""

    followed.append(b"more")

    assert followed.heard() == b"more"


def test_a_large_burst_comes_in_bounded_parts(log: Path) -> None:
    follower = Follower(str(log), chunk_bytes=4)

    assert [follower.read() for _ in range(4)] == [b"0123", b"4567", b"89", b""]
    follower.close()


def test_following_may_begin_anywhere(log: Path) -> None:
    follower = Follower(str(log), 7)

    assert follower.piece() == Piece(Turn.NONE, 7, b"789")
    assert follower.piece() is None
    follower.close()


def test_a_position_behind_the_end_means_that_the_log_began_again(log: Path) -> None:
    follower = Follower(str(log), 99)

    assert follower.piece() == Piece(Turn.TRUNCATED, 0, b"0123456789")
    follower.close()


def test_pieces_tell_a_rotation_from_a_clearing(followed: Followed) -> None:
    followed.heard()
    followed.rotate()
    followed.append(b"rotated")
    rotated = followed.follower.piece()
    followed.path.unlink()
    followed.path.touch()
    removed = followed.follower.piece()

    assert rotated == Piece(Turn.ROTATED, 0, b"rotated")
    assert removed == Piece(Turn.REMOVED, 0, b"")
    assert followed.follower.piece() is None


def test_after_a_rotation_the_rest_of_the_old_file_comes_first(followed: Followed) -> None:
    followed.append(b" rest")
    followed.rotate()
    followed.append(b"new")

    assert followed.heard() == b"0123456789 restnew"


def test_several_rotations_between_two_reads_lose_nothing(followed: Followed) -> None:
    for text in (b" one", b" two", b" three"):
        followed.rotate()
        followed.append(text)

    assert followed.heard() == b"0123456789 one two three"


def test_if_the_followed_file_is_rotated_away_the_log_itself_is_next(followed: Followed) -> None:
    for text in (b" one", b" two"):
        followed.rotate(backups=1)
        followed.append(text)

    assert followed.heard() == b"0123456789 two"


def test_a_removed_file_is_followed_when_it_comes_back(followed: Followed) -> None:
    followed.heard()
    followed.path.unlink()

    assert followed.heard() == b""

    followed.append(b"again")

    assert followed.heard() == b"again"


def test_a_truncated_file_is_announced_and_read_from_its_start(followed: Followed) -> None:
    followed.heard()
    followed.path.write_bytes(b"new")

    assert followed.heard() == TRUNCATED + b"new"


def test_a_file_that_appears_later_is_read_from_its_start(tmp_path: Path) -> None:
    one = Followed(tmp_path / "later")

    assert one.heard() == b""

    one.append(b"x" * 2000)

    assert one.heard() == b"x" * 2000
    one.follower.close()


def test_a_file_that_cannot_be_read_gives_nothing(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        assert followed.heard() == b""

    assert followed.heard() == b"0123456789"


@pytest.mark.parametrize("text", [None, "", "new", "1", "1:", ":1", "1:-2", "1:2:3", "1" * 30 + ":1", "²:1"])
def test_what_is_no_place_is_none(text: str | None) -> None:
    assert Place.read(text) is None


def test_a_place_is_read_as_it_is_written() -> None:
    assert Place.read(str(Place(123, 4567))) == Place(123, 4567)


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_who_comes_back_goes_on_where_it_was_whatever_was_rotated_meanwhile(followed: Followed, rotations: int) -> None:
    followed.heard()
    place = followed.follower.place
    for number in range(rotations):
        followed.append(b"%d" % number)
        followed.rotate()
    followed.append(b"last")
    missed = b"".join(b"%d" % number for number in range(rotations)) + b"last"

    again = Follower(str(followed.path), place)

    assert b"".join(iter(again.read, b"")) == missed
    again.close()


def test_who_comes_back_to_a_log_whose_old_file_is_gone_reads_all_of_the_new_one(followed: Followed) -> None:
    followed.heard()
    place = followed.follower.place
    followed.path.unlink()
    followed.append(b"new")  # while the old file is held open, nobody gets its number

    again = Follower(str(followed.path), place)

    assert again.read() == b"new"
    again.close()


def test_who_comes_back_to_a_log_that_was_emptied_is_told(followed: Followed) -> None:
    followed.heard()
    place = followed.follower.place
    followed.path.write_bytes(b"new")

    again = Follower(str(followed.path), place)

    assert again.read() == b"==> File truncated <==\nnew"
    again.close()
