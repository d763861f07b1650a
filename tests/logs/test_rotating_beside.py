"""A rotation that takes long is prepared beside the loop: what becomes of output, and of everything else, meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import turnover
from warden.logs.family import Then
from warden.logs.filesink import FileSink
from warden.logs.targets import Waiting
from warden.words import Period

MANY = 30
DAY = 86400.0


class Desk:
    """Makes sinks; what they give away to be done beside stays undone until ``work``, and untold until ``tell``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.now = 10 * DAY
        self.reports: list[str] = []
        self.waits: list[Waiting] = []
        self.given: list[tuple[Callable[[], None], Then]] = []
        self.sinks: list[FileSink] = []

    def open(self, maxbytes: int = 4, backups: int = MANY, period: Period = Period.NEVER) -> FileSink:
        sink = FileSink(
            str(self.path),
            maxbytes,
            backups,
            self.reports.append,
            on_wait=self.waits.append,
            clock=lambda: self.now,
            wall=lambda: self.now,
            period=period,
            beside=lambda *given: self.given.append(given),
        )
        self.sinks.append(sink)
        return sink

    def work(self, error: OSError | None = None) -> Callable[[], None]:
        """Do what was given away first; return what tells the sink."""
        work, then = self.given.pop(0)
        if error is None:
            work()
        return lambda: then(error)

    def finish(self, error: OSError | None = None) -> None:
        self.work(error)()

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.path.parent.iterdir()}

    def in_order(self) -> bytes:
        files = self.files()
        return b"".join(files[name] for name in sorted(files, key=lambda name: -int(name.partition(".")[2] or 0)))

    def close(self) -> None:
        for sink in self.sinks:
            sink.close()
        while self.given:
            self.finish()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.close()


def test_what_comes_meanwhile_goes_into_the_old_file(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"1234")
    sink.write(b"56789")
    tell = desk.work()
    sink.write(b"0")
    assert desk.files() == {"log": b"1234567890"}

    tell()
    sink.write(b"new")

    assert desk.files() == {"log": b"new", "log.1": b"1234567890"}
    assert desk.given == []


def test_the_owner_is_asked_to_wait_once_and_told_when_it_is_over(desk: Desk) -> None:
    sink = desk.open()
    told: list[bool] = []
    sink.on_change = lambda: told.append(sink.blocked)

    sink.write(b"1234")
    sink.write(b"5678")

    assert desk.waits == [sink]
    assert (sink.blocked, sink.fileno(), sink.flush()) == (True, -1, False)
    assert told == []

    desk.finish()

    assert told[-1] is False
    assert sink.flush()
    assert sink.fileno() >= 0

    sink.write(b"1234")

    assert desk.waits == [sink, sink]


@pytest.mark.parametrize(("maxbytes", "backups"), [(4, 10), (4, 0)])
def test_what_is_quick_is_done_at_once(desk: Desk, maxbytes: int, backups: int) -> None:
    desk.open(maxbytes, backups).write(b"1234")

    assert desk.given == []
    assert desk.files()["log"] == b""


def test_a_large_file_is_emptied_beside(desk: Desk) -> None:
    sink = desk.open(5_000_000, 0)
    sink.write(b"x" * 5_000_000)
    assert sink.blocked

    desk.finish()
    sink.write(b"new")

    assert desk.files() == {"log": b"new"}


def test_the_first_output_of_a_period_waits_for_its_file(desk: Desk) -> None:
    sink = desk.open(0, period=Period.DAILY)
    sink.write(b"monday")
    desk.now += DAY

    sink.write(b"tues")
    sink.write(b"day")
    assert desk.files() == {"log": b"monday"}
    assert desk.waits == [sink]
    desk.finish()

    assert desk.files() == {"log": b"tuesday", "log.1": b"monday"}


def test_what_waits_for_a_file_that_cannot_be_made_goes_into_the_old_one(desk: Desk) -> None:
    sink = desk.open(0, period=Period.DAILY)
    sink.write(b"monday")
    desk.now += DAY
    sink.write(b"tues")

    desk.finish(OSError(errno.EACCES, os.strerror(errno.EACCES)))

    assert desk.files() == {"log": b"mondaytues"}
    assert desk.reports == [f"cannot open or rotate log {desk.path}: Permission denied"]


def test_a_failure_is_reported_once_and_the_next_success(desk: Desk) -> None:
    sink = desk.open()
    for _ in range(3):
        sink.write(b"1234")
        desk.finish(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert not sink.blocked

    sink.write(b"1234")
    desk.finish()

    assert desk.reports == [
        f"cannot open or rotate log {desk.path}: No space left on device",
        f"log {desk.path} can be opened and rotated again",
    ]
    assert desk.files() == {"log": b"", "log.1": b"1234" * 4}


def test_a_sink_that_is_closed_meanwhile_leaves_a_whole_row(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"1234")
    sink.close()

    desk.finish()

    assert desk.files() == {"log": b"", "log.1": b"1234"}
    assert sink.fileno() == -1


def test_what_waits_when_a_sink_is_closed_is_not_lost(desk: Desk) -> None:
    sink = desk.open(0, period=Period.DAILY)
    sink.write(b"monday")
    desk.now += DAY
    sink.write(b"tues")

    sink.close()
    desk.finish()

    assert desk.in_order() == b"mondaytues"
    assert desk.reports == []


def test_a_sink_that_is_opened_meanwhile_waits_too_and_goes_on_in_the_next_file(desk: Desk) -> None:
    first = desk.open()
    first.write(b"1234")
    first.close()
    second = desk.open()
    assert second.blocked
    assert desk.waits == [first, second]

    desk.finish()
    second.write(b"new")

    assert desk.files() == {"log": b"new", "log.1": b"1234"}
    assert not second.blocked


def test_all_sinks_of_a_path_wait_and_follow(desk: Desk) -> None:
    one, other = desk.open(), desk.open(maxbytes=100)
    one.write(b"1234")
    assert desk.waits == [one, other]
    other.write(b"o")

    desk.finish()
    other.write(b"O")
    one.write(b"n")

    assert desk.files() == {"log": b"On", "log.1": b"1234o"}


@pytest.mark.parametrize("at", ["before the work", "after the work"])
def test_reopening_meanwhile_follows_the_name_at_once(desk: Desk, at: str) -> None:
    sink = desk.open()
    (desk.path.parent / "log.1").write_bytes(b"one")
    sink.write(b"1234")
    tell = desk.work() if at == "after the work" else None
    desk.path.rename(desk.path.parent / "moved")

    sink.reopen()
    sink.write(b"n")
    (tell or desk.work())()
    sink.write(b"ew")

    assert desk.files() == {"log": b"new", "log.2": b"one", "moved": b"1234"}


def test_clearing_meanwhile_leaves_what_comes_afterwards(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"1234")

    sink.clear()
    sink.write(b"n")
    desk.finish()

    assert desk.files() == {"log": b"n"}


def test_a_large_file_that_is_gone_is_closed_beside(desk: Desk) -> None:
    sink = desk.open(0)
    sink.write(b"x" * 5_000_000)
    old = sink.fileno()

    sink.clear()

    assert os.fstat(old).st_nlink == 0
    desk.finish()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(old)
    assert desk.files() == {"log": b""}


def test_the_permissions_stay(desk: Desk) -> None:
    desk.path.touch(0o600)
    sink = desk.open()
    sink.write(b"1234")

    desk.finish()

    assert desk.path.stat().st_mode & 0o777 == 0o600


def test_a_bug_in_the_middle_does_not_end_rotation_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open(backups=2)
    with monkeypatch.context() as patch:
        patch.setattr(turnover, "make_room", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sink.write(b"1234")

    sink.write(b"5678")

    assert desk.files() == {"log": b"", "log.1": b"12345678"}


class Script:
    """Two sinks on one path, to which anything may happen in any order."""

    def __init__(self, folder: Path, period: Period) -> None:
        self.desk = Desk(folder)
        self._period = period
        self._sinks = [self._open(), self._open()]
        self._told: list[Callable[[], None]] = []
        self.written = b""

    def _open(self) -> FileSink:
        return self.desk.open(backups=1000, period=self._period)

    def write(self, which: int, data: bytes) -> None:
        if self._sinks[which].waiting or not self._sinks[1 - which].waiting:  # else the order is open
            self._sinks[which].write(data)
            self.written += data

    def work(self, _which: int) -> None:
        if self.desk.given and not self._told:
            self._told.append(self.desk.work())

    def fail(self, _which: int) -> None:
        if self.desk.given and not self._told:
            self.desk.finish(OSError(errno.EIO, "as the test wants it"))

    def tell(self, _which: int) -> None:
        if self._told:
            self._told.pop()()

    def close(self, which: int) -> None:
        self._sinks[which].close()
        self._sinks[which] = self._open()

    def reopen(self, which: int) -> None:
        self._sinks[which].reopen()

    def wait_a_day(self, _which: int) -> None:
        self.desk.now += DAY

    def end(self) -> None:
        self.tell(0)
        while self.desk.given:
            self.desk.finish()
        self.desk.close()


ACTS = st.one_of(
    st.sampled_from([Script.work, Script.tell, Script.fail, Script.close, Script.reopen, Script.wait_a_day]),
    st.binary(min_size=1, max_size=6),
)


@given(st.lists(st.tuples(ACTS, st.integers(0, 1)), max_size=40), st.sampled_from(Period))
def test_whatever_happens_meanwhile_every_byte_is_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[bytes | Callable[[Script, int], None], int]],
    period: Period,
) -> None:
    script = Script(tmp_path_factory.mktemp("logs"), period)

    for act, which in acts:
        if isinstance(act, bytes):
            script.write(which, act)
        else:
            act(script, which)
    script.end()

    assert script.desk.in_order() == script.written
