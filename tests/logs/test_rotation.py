"""Rotation by time, compression of rotated files, and what readers find meanwhile."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import rotation
from warden.logs.filesink import FileSink
from warden.logs.marks import Marks
from warden.logs.rotation import compress, end_of_period, next_to_compress, replace_plain, temporary_name
from warden.logs.tail import Follower
from warden.logs.turnover import Rotation
from warden.words import Period


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    """A zone with a summer and a winter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def at(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def shown(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


@pytest.mark.parametrize(
    ("period", "when", "end"),
    [
        (Period.HOURLY, "2026-03-01 10:00:00", "2026-03-01 11:00:00"),
        (Period.HOURLY, "2026-12-31 23:59:59", "2027-01-01 00:00:00"),
        (Period.DAILY, "2026-03-01 10:00:00", "2026-03-02 00:00:00"),
        (Period.DAILY, "2026-03-29 00:00:00", "2026-03-30 00:00:00"),  # a day of 23 hours
        (Period.DAILY, "2026-10-25 12:00:00", "2026-10-26 00:00:00"),  # a day of 25 hours
        (Period.WEEKLY, "2026-02-23 00:00:00", "2026-03-02 00:00:00"),  # Monday
        (Period.WEEKLY, "2026-03-01 23:59:59", "2026-03-02 00:00:00"),  # Sunday
    ],
)
def test_a_period_ends_when_the_clock_on_the_wall_says_so(period: Period, when: str, end: str) -> None:
    assert shown(end_of_period(period, at(when))) == end


@given(st.floats(1_700_000_000, 1_900_000_000), st.sampled_from([Period.HOURLY, Period.DAILY, Period.WEEKLY]))
def test_a_period_always_ends_later_and_not_too_late(when: float, period: Period) -> None:
    hours = {Period.HOURLY: 1, Period.DAILY: 25, Period.WEEKLY: 7 * 24 + 1}[period]

    assert when < end_of_period(period, when) <= when + hours * 3600 + 0.001


class Desk:
    """One log with a wall clock of its own; ``rotated`` are the paths that ``on_rotate`` heard."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.wall = at("2026-05-01 12:00:00")
        self.rotated: list[str] = []
        self.marks = Marks()
        self._ahead = 0.0  # of the wall clock, by which the monotonic one is
        self._sinks: list[FileSink] = []

    def open(self, period: Period = Period.DAILY, *, backups: int = 3, maxbytes: int = 0) -> FileSink:
        sink = FileSink(
            str(self.path),
            maxbytes,
            backups,
            print,
            clock=lambda: self.wall + self._ahead,
            wall=lambda: self.wall,
            period=period,
            on_rotate=self.rotated.append,
            marks=self.marks,
        )
        self._sinks.append(sink)
        return sink

    def set_clock(self, when: str) -> None:
        """Set the clock on the wall, a while later."""
        self._ahead += self.wall - at(when) + 60
        self.wall = at(when)

    def touch(self, when: str) -> None:
        os.utime(self.path, (at(when), at(when)))

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.path.parent.iterdir()}

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.close()


def test_the_first_write_of_a_day_begins_a_new_file(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"noon\n")
    desk.wall = at("2026-05-01 23:59:59") + 0.5
    sink.write(b"late\n")
    desk.wall = at("2026-05-02 00:00:00") + 0.01
    sink.write(b"next day\n")

    assert desk.files() == {"log": b"next day\n", "log.1": b"noon\nlate\n"}
    assert desk.rotated == [str(desk.path)]


def test_a_clock_that_was_far_ahead_does_not_put_rotation_off_for_years(desk: Desk) -> None:
    desk.wall = at("2031-05-01 12:00:00")
    sink = desk.open()
    sink.write(b"first\n")
    desk.set_clock("2026-05-01 12:00:00")
    sink.write(b"noon\n")
    desk.wall = at("2026-05-02 00:00:01")
    sink.write(b"next day\n")

    assert desk.files() == {"log": b"next day\n", "log.1": b"first\nnoon\n"}


def test_a_file_of_the_future_is_as_old_as_we_are(desk: Desk) -> None:
    desk.path.write_bytes(b"future\n")
    desk.touch("2031-05-01 12:00:00")
    sink = desk.open()
    desk.wall = at("2026-05-02 00:00:01")
    sink.write(b"next day\n")

    assert desk.files() == {"log": b"next day\n", "log.1": b"future\n"}


def test_a_quiet_day_leaves_no_empty_file(desk: Desk) -> None:
    sink = desk.open()
    desk.wall = at("2026-05-03 01:00:00")
    sink.write(b"first\n")
    desk.wall = at("2026-05-03 02:00:00")
    sink.write(b"same day\n")

    assert desk.files() == {"log": b"first\nsame day\n"}


def test_a_file_of_yesterday_is_put_aside_by_the_next_daemon(desk: Desk) -> None:
    desk.path.write_bytes(b"yesterday\n")
    desk.touch("2026-04-30 23:00:00")

    sink = desk.open()
    desk.wall += 0.1
    sink.write(b"today\n")

    assert desk.files() == {"log": b"today\n", "log.1": b"yesterday\n"}


def test_size_and_time_both_count(desk: Desk) -> None:
    sink = desk.open(maxbytes=6)
    sink.write(b"123456")
    sink.write(b"abc")
    desk.wall = at("2026-05-02 08:00:00")
    sink.write(b"def")

    assert desk.files() == {"log": b"def", "log.1": b"abc", "log.2": b"123456"}


def test_without_backups_a_new_day_empties_the_file(desk: Desk) -> None:
    sink = desk.open(backups=0)
    sink.write(b"old")
    desk.wall = at("2026-05-02 08:00:00")
    sink.write(b"new")
    desk.wall = at("2026-05-02 09:00:00")
    sink.write(b"er")

    assert desk.files() == {"log": b"newer"}


def test_two_sinks_on_one_path_rotate_once(desk: Desk) -> None:
    one, other = desk.open(), desk.open()
    one.write(b"a")
    desk.wall = at("2026-05-02 00:00:01")
    one.write(b"b")
    other.write(b"c")

    assert desk.files() == {"log": b"bc", "log.1": b"a"}


def unpacked(folder: Path) -> dict[str, bytes]:
    files = {path.name: path for path in folder.iterdir()}
    return {
        name: gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        for name, path in files.items()
    }


def turn_over(path: str, backups: int) -> None:
    rotation = Rotation(path, backups, 0o666, os.stat(path))
    rotation.prepare()
    rotation.finish()


def compress_all(path: str, backups: int) -> None:
    while (source := next_to_compress(path, backups)) is not None:
        replace_plain(path, backups, compress(source, temporary_name(path)), temporary_name(path))


def test_the_newest_rotated_file_stays_plain_the_older_are_compressed(desk: Desk) -> None:
    sink = desk.open(Period.NEVER, maxbytes=3, backups=3)

    for data in (b"aaa", b"bbb", b"ccc", b"ddd", b"eee", b"f"):
        sink.write(data)
        compress_all(str(desk.path), 3)

    assert unpacked(desk.path.parent) == {"log": b"f", "log.1": b"eee", "log.2.gz": b"ddd", "log.3.gz": b"ccc"}


def test_a_log_that_is_rotated_while_it_is_compressed_keeps_everything(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    for name, data in (("log", b"new"), ("log.1", b"one"), ("log.2", b"two")):
        (tmp_path / name).write_bytes(data)

    compressed = compress(f"{path}.2", temporary_name(path))
    turn_over(path, 4)  # meanwhile
    replace_plain(path, 4, compressed, temporary_name(path))

    assert unpacked(tmp_path) == {"log": b"", "log.1": b"new", "log.2": b"one", "log.3.gz": b"two"}


def test_what_was_rotated_out_meanwhile_leaves_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    (tmp_path / "log.2").write_bytes(b"two")

    compressed = compress(f"{path}.2", temporary_name(path))
    os.unlink(f"{path}.2")
    replace_plain(path, 2, compressed, temporary_name(path))

    assert unpacked(tmp_path) == {}


@pytest.mark.parametrize("crash", ["while it grows", "before the plain file goes"])
def test_after_a_crash_the_next_compression_puts_all_right(tmp_path: Path, crash: str) -> None:
    path = str(tmp_path / "log")
    (tmp_path / "log.2").write_bytes(b"two")
    if crash == "while it grows":
        (tmp_path / "log.compressing").write_bytes(b"\x1f\x8bhalf")
    else:
        (tmp_path / "log.2.gz").write_bytes(gzip.compress(b"two"))

    compress_all(path, 3)

    assert unpacked(tmp_path) == {"log.2.gz": b"two"}


@given(st.lists(st.sampled_from(["rotate", "compress", "crash", "crash late"]), max_size=20), st.integers(1, 4))
def test_whatever_happens_the_numbers_stay_in_order_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str], backups: int
) -> None:
    """The files, oldest first, are the newest that fit; a number stands for one file or for two of the same content."""
    folder = tmp_path_factory.mktemp("r")
    path, written = str(folder / "log"), 0
    (folder / "log").write_bytes(b"0")
    for act in acts:
        source = next_to_compress(path, backups)
        if act == "rotate":
            turn_over(path, backups)
            written += 1
            (folder / "log").write_bytes(b"%d" % written)
        elif source is not None:
            status = compress(source, temporary_name(path))
            if act == "compress":
                replace_plain(path, backups, status, temporary_name(path))
            elif act == "crash late":
                os.replace(temporary_name(path), f"{source}.gz")

    found = unpacked(folder)
    found.pop("log.compressing", None)
    numbers = {int(name.removesuffix(".gz").rpartition(".")[2]) if "." in name else 0 for name in found}
    assert numbers == set(range(min(backups, written) + 1))
    for name, data in found.items():
        number = 0 if name == "log" else int(name.removesuffix(".gz").rpartition(".")[2])
        assert data == b"%d" % (written - number)


def test_a_compressed_file_keeps_mode_and_time(tmp_path: Path) -> None:
    path = tmp_path / "log.2"
    path.write_bytes(b"two")
    path.chmod(0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))

    compress_all(str(tmp_path / "log"), 2)

    status = (tmp_path / "log.2.gz").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 1_700_000_000)


def test_a_compression_that_fails_leaves_the_plain_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "log.2").write_bytes(b"two")
    monkeypatch.setattr(rotation.os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        compress(str(tmp_path / "log.2"), temporary_name(str(tmp_path / "log")))

    assert unpacked(tmp_path) == {"log.2": b"two"}


def test_a_follower_of_which_the_file_was_compressed_goes_on_with_the_next(desk: Desk) -> None:
    sink = desk.open(Period.NEVER, maxbytes=4, backups=5)
    sink.write(b"one")
    follower = Follower(str(desk.path), 0)
    seen = follower.read()

    for data in (b"1", b"two2", b"tre3", b"four", b"5"):
        sink.write(data)
        compress_all(str(desk.path), 5)
    while data := follower.read():
        seen += data
    follower.close()

    assert sorted(desk.files()) == ["log", "log.1", "log.2.gz", "log.3.gz", "log.4.gz"]
    assert seen == b"one1four5"


# --- since


def test_recent_bytes_are_found_by_time(desk: Desk) -> None:
    sink = desk.open(Period.NEVER)
    start = desk.wall
    for _ in range(5):
        desk.wall += 10
        sink.write(b"12345")

    def since(seconds: float) -> int | None:
        return desk.marks.offset_since(start + seconds, 25)

    assert [since(seconds) for seconds in (-5, 5, 15, 20, 50, 50.5, 52)] == [0, 0, 5, 5, 20, 20, 25]


def test_what_an_earlier_daemon_wrote_is_old_if_the_file_says_so(desk: Desk) -> None:
    desk.path.write_bytes(b"old")
    desk.touch("2026-05-01 11:00:00")
    sink = desk.open(Period.NEVER)
    desk.wall += 10
    sink.write(b"new")

    assert desk.marks.offset_since(at("2026-05-01 11:30:00"), 6) == 3
    assert desk.marks.offset_since(at("2026-05-01 10:30:00"), 6) is None


def test_a_new_file_begins_new_marks(desk: Desk) -> None:
    sink = desk.open(Period.NEVER, maxbytes=10)
    start = desk.wall
    for _ in range(3):
        desk.wall += 10
        sink.write(b"12345")

    assert desk.marks.offset_since(start, 5) == 0


def test_many_marks_thin_out_where_they_are_old(desk: Desk) -> None:
    sink = desk.open(Period.NEVER)
    start = desk.wall
    for _ in range(5000):
        desk.wall += 2
        sink.write(b"x")

    for ago in (5, 50, 500, 4000):
        found = desk.marks.offset_since(start + 2 * (5000 - ago), 5000)
        assert found is not None
        assert ago <= 5000 - found <= ago * 1.2 + 2
