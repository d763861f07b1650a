"""Log files: rotation, reopening, clearing, and disks that fail."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import filesink, turnover
from warden.logs.filesink import FileSink
from warden.logs.targets import Waiting


class Desk:
    """Makes sinks, hears what they report, owns their clock; closes them at the end."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log"
        self.reports: list[str] = []
        self.waits: list[Waiting] = []
        self.now = 0.0
        self._sinks: list[FileSink] = []

    def open(
        self, path: str | Path | None = None, *, maxbytes: int = 0, backups: int = 0, buffer_bytes: int = 100
    ) -> FileSink:
        sink = FileSink(
            str(path or self.path),
            maxbytes,
            backups,
            self.reports.append,
            on_wait=self.waits.append,
            buffer_bytes=buffer_bytes,
            clock=lambda: self.now,
        )
        self._sinks.append(sink)
        return sink

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


class Disk:
    """Stands for ``os.write`` of a disk that has ``room`` bytes left, or fails with ``error``."""

    def __init__(self, sink: FileSink, monkeypatch: pytest.MonkeyPatch, *, room: int, error: int) -> None:
        self.room = room
        self._error = error
        monkeypatch.setattr(sink, "_put", self._put)

    def _put(self, fd: int, data: bytes | bytearray) -> int:
        if not self.room:
            raise OSError(self._error, os.strerror(self._error))
        taken = min(self.room, len(data))
        self.room -= taken
        return os.write(fd, data[:taken])


# --- rotation


def test_output_is_appended_to_what_is_there(desk: Desk) -> None:
    desk.path.write_bytes(b"old ")

    desk.open().write(b"new")

    assert desk.files() == {"log": b"old new"}


def test_a_file_that_reaches_its_limit_is_rotated_after_the_write(desk: Desk) -> None:
    sink = desk.open(maxbytes=5, backups=2)

    for data in (b"1234", b"5678", b"exact", b"x", b"a long chunk", b"end"):
        sink.write(data)

    assert desk.files() == {"log": b"end", "log.1": b"xa long chunk", "log.2": b"exact"}


def test_an_exact_hit_leaves_a_new_empty_file(desk: Desk) -> None:
    desk.open(maxbytes=5, backups=1).write(b"12345")

    assert desk.files() == {"log": b"", "log.1": b"12345"}


def test_what_was_there_counts(desk: Desk) -> None:
    desk.path.write_bytes(b"1234")

    desk.open(maxbytes=5, backups=1).write(b"5")

    assert desk.files() == {"log": b"", "log.1": b"12345"}


def test_without_backups_the_file_is_emptied(desk: Desk) -> None:
    sink = desk.open(maxbytes=5)

    for data in (b"123456", b"ab", b"cdef", b"z"):
        sink.write(data)

    assert desk.files() == {"log": b"z"}


@pytest.mark.parametrize("maxbytes", [0, -1])
def test_without_a_limit_nothing_is_rotated(desk: Desk, maxbytes: int) -> None:
    sink = desk.open(maxbytes=maxbytes, backups=3)

    for _ in range(100):
        sink.write(b"x" * 100)

    assert desk.files() == {"log": b"x" * 10_000}


def test_gaps_among_the_rotated_files_are_kept_and_surplus_ones_left_alone(desk: Desk) -> None:
    Path(f"{desk.path}.2").write_bytes(b"two")
    Path(f"{desk.path}.9").write_bytes(b"nine")

    desk.open(maxbytes=1, backups=3).write(b"x")

    assert desk.files() == {"log": b"", "log.1": b"x", "log.3": b"two", "log.9": b"nine"}


def test_a_rotated_file_keeps_its_permissions(desk: Desk) -> None:
    desk.path.touch(0o600)

    desk.open(maxbytes=1, backups=1).write(b"x")

    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


@given(st.lists(st.binary(max_size=20), max_size=40), st.integers(1, 30), st.integers(1, 3))
def test_rotation_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], maxbytes: int, sinks: int
) -> None:
    desk = Desk(tmp_path_factory.mktemp("logs"))
    writers = [desk.open(maxbytes=maxbytes, backups=1000) for _ in range(sinks)]

    for number, chunk in enumerate(chunks):
        writers[number % sinks].write(chunk)
    desk.close()

    files = desk.files()
    in_order = sorted(files, key=lambda name: int(name.partition(".")[2] or 0), reverse=True)
    assert b"".join(files[name] for name in in_order) == b"".join(chunks)
    assert all(maxbytes <= len(files[name]) < maxbytes + 20 for name in in_order if name != "log")
    assert desk.reports == []


def test_a_file_that_somebody_else_emptied_is_not_rotated_too_early(desk: Desk) -> None:
    sink = desk.open(maxbytes=10, backups=1)
    sink.write(b"12345678")
    os.truncate(desk.path, 0)

    sink.write(b"abc")
    sink.write(b"defg")

    assert desk.files() == {"log": b"abcdefg"}


def test_a_file_that_somebody_else_moved_is_not_rotated_again(desk: Desk) -> None:
    sink = desk.open(maxbytes=10, backups=2)
    sink.write(b"1234")
    desk.path.rename(f"{desk.path}.1")
    desk.path.write_bytes(b"other ")

    sink.write(b"567890")
    sink.write(b"new")

    assert desk.files() == {"log": b"other new", "log.1": b"1234567890"}


def test_a_rotation_that_is_impossible_is_reported_once_and_loses_nothing(desk: Desk) -> None:
    sink = desk.open(maxbytes=4, backups=1)
    obstacle = Path(f"{desk.path}.1")
    obstacle.mkdir()

    for _ in range(5):
        sink.write(b"12345")

    assert desk.path.read_bytes() == b"12345" * 5
    assert len(desk.reports) == 1
    assert desk.reports[0].startswith(f"cannot open or rotate log {desk.path}: ")

    obstacle.rmdir()
    sink.write(b"12345")

    assert desk.files() == {"log": b"", "log.1": b"12345" * 6}
    assert desk.reports[1:] == [f"log {desk.path} can be opened and rotated again"]


def test_if_no_new_file_can_be_opened_the_old_one_gets_its_name_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = desk.open(maxbytes=4, backups=1)

    with monkeypatch.context() as patch:
        patch.setattr(turnover, "open_target", refuse)
        sink.write(b"1234")
        sink.write(b"5")

    assert desk.files() == {"log": b"12345"}
    assert desk.reports == [f"cannot open or rotate log {desk.path}: Permission denied"]


def refuse(_path: str, _mode: int, *, whole_lines: bool = False) -> None:
    raise PermissionError(13, "Permission denied")


# --- reopening, clearing, closing


def test_reopening_follows_the_name(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"old")
    desk.path.rename(f"{desk.path}.moved")
    sink.write(b" rest")

    sink.reopen()
    sink.write(b"new")

    assert desk.files() == {"log": b"new", "log.moved": b"old rest"}


def test_if_reopening_fails_the_old_file_is_used_until_it_works(desk: Desk) -> None:
    sink = desk.open(buffer_bytes=10)
    moved = desk.path.rename(f"{desk.path}.moved")
    desk.path.mkdir()

    sink.reopen()
    sink.write(b"12345678901")
    desk.path.rmdir()
    sink.write(b"12345678901")
    sink.write(b"new")

    assert moved.read_bytes() == b"12345678901" * 2
    assert desk.path.read_bytes() == b"new"
    assert len(desk.reports) == 2


def test_clearing_removes_what_was_written_and_keeps_rotated_files_and_permissions(desk: Desk) -> None:
    desk.path.touch(0o600)
    sink = desk.open(maxbytes=3, backups=1)
    sink.write(b"abc")
    sink.write(b"x")

    sink.clear()
    sink.write(b"y")

    assert desk.files() == {"log": b"y", "log.1": b"abc"}
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


def test_clearing_a_file_that_is_gone_begins_a_new_one(desk: Desk) -> None:
    sink = desk.open()
    desk.path.unlink()

    sink.clear()

    assert desk.files() == {"log": b""}


def test_clearing_that_is_impossible_raises_and_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()
    sink.write(b"kept")

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", lambda _path: refuse("", 0))
        with pytest.raises(PermissionError):
            sink.clear()
    sink.write(b" and more")

    assert desk.files() == {"log": b"kept and more"}


def test_a_closed_sink_ignores_everything(desk: Desk) -> None:
    sink = desk.open()
    sink.close()

    sink.write(b"late")
    sink.reopen()
    sink.close()

    assert sink.flush()
    assert sink.fileno() == -1
    assert desk.files() == {"log": b""}


@pytest.mark.parametrize("path", ["", "missing/log", "."])
def test_a_log_that_cannot_be_opened_is_an_error_at_once(desk: Desk, path: str) -> None:
    with pytest.raises(OSError, match=r"\[Errno"):
        desk.open(f"{desk.path.parent}/{path}")


def test_every_write_is_announced(desk: Desk) -> None:
    sink = desk.open(maxbytes=2, backups=1)
    woken: list[str] = []
    sink.on_write = lambda: woken.append("!")

    sink.write(b"a")
    sink.write(b"b")

    assert woken == ["!", "!"]


# --- several sinks on one path


def test_sinks_on_one_path_rotate_together(desk: Desk) -> None:
    stdout, stderr = desk.open(maxbytes=4, backups=2), desk.open(maxbytes=100, backups=2)
    woken: list[str] = []
    stderr.on_write = lambda: woken.append("!")

    stderr.write(b"ee")
    stdout.write(b"oo")
    stderr.write(b"e")

    assert desk.files() == {"log": b"e", "log.1": b"eeoo"}
    assert woken == ["!", "!", "!"]


def test_sinks_on_one_path_are_cleared_together(desk: Desk) -> None:
    stdout, stderr = desk.open(), desk.open()
    stdout.write(b"o")
    stderr.write(b"e")

    stdout.clear()
    stderr.write(b"E")
    stdout.write(b"O")

    assert desk.files() == {"log": b"EO"}


def test_sinks_on_one_path_hear_of_each_other_when_waiting_output_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout, stderr = desk.open(), desk.open()
    disk = Disk(stdout, monkeypatch, room=0, error=28)
    woken: list[str] = []
    stderr.on_write = lambda: woken.append("!")
    stdout.write(b"x")

    disk.room = 10
    stdout.flush()

    assert woken == ["!"]


# --- troubles


def test_a_full_disk_is_reported_once_retried_and_its_end_reported(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()
    disk = Disk(sink, monkeypatch, room=4, error=28)
    woken: list[str] = []
    sink.on_write = lambda: woken.append("!")

    for data in (b"123", b"456", b"789"):
        sink.write(data)

    assert desk.path.read_bytes() == b"1234"
    assert desk.reports == [f"cannot write log {desk.path}: No space left on device"]
    assert desk.waits == [sink]
    assert (sink.waiting, sink.blocked, sink.flush()) == (5, False, False)
    woken.clear()

    disk.room = 1000

    assert sink.flush()
    assert desk.path.read_bytes() == b"123456789"
    assert desk.reports[1:] == [f"log {desk.path} can be written again, 0 bytes were lost"]
    assert woken == ["!"]


def test_a_second_trouble_is_reported_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()
    disk = Disk(sink, monkeypatch, room=0, error=28)

    for room in (0, 100):
        disk.room = 0
        sink.write(b"x")
        disk.room = room or 1
        sink.flush()

    assert len(desk.reports) == 4
    assert len(desk.waits) == 2


def test_what_waits_is_bounded_and_the_oldest_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open(buffer_bytes=10)
    disk = Disk(sink, monkeypatch, room=0, error=28)

    for number in range(10):
        sink.write(b"%d--" % number)
    disk.room = 1000
    sink.write(b"!")

    assert desk.path.read_bytes() == b"7--8--9--!"
    assert desk.reports[-1] == f"log {desk.path} can be written again, 21 bytes were lost"
    assert len(desk.reports) == 3  # cannot write; output is being lost; can be written again


def test_output_that_waits_is_rotated_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open(maxbytes=5, backups=1)
    disk = Disk(sink, monkeypatch, room=0, error=28)

    sink.write(b"12345")
    disk.room = 1000
    sink.flush()

    assert desk.files() == {"log": b"", "log.1": b"12345"}


def test_what_cannot_be_written_before_the_end_is_reported(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()
    Disk(sink, monkeypatch, room=1, error=28)

    sink.write(b"123")
    sink.close()

    assert desk.reports[-1] == f"cannot write log {desk.path}: 2 bytes were lost"


def test_a_device_that_is_always_full_harms_nobody(desk: Desk) -> None:
    sink = desk.open("/dev/full", maxbytes=10)

    for _ in range(50):
        sink.write(b"12345")

    assert desk.reports[0] == "cannot write log /dev/full: No space left on device"
    assert len(desk.reports) == 2  # and that output is being lost
    assert sink.waiting == 100


def test_a_descriptor_that_will_not_recover_is_opened_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()
    Disk(sink, monkeypatch, room=0, error=5)

    sink.write(b"1")
    sink.write(b"2")

    assert desk.path.read_bytes() == b"12"
    assert len(desk.reports) == 2


def test_a_deleted_file_comes_back_with_the_next_write(desk: Desk) -> None:
    sink = desk.open()
    sink.write(b"gone")
    desk.path.unlink()

    desk.now += 1.1
    sink.write(b"new")

    assert desk.files() == {"log": b"new"}


def test_output_waits_while_the_directory_is_gone(tmp_path: Path) -> None:
    home = tmp_path / "logs"
    home.mkdir()
    desk = Desk(home)
    sink = desk.open()
    shutil.rmtree(home)

    desk.now += 1.1
    sink.write(b"1")
    sink.reopen()
    sink.write(b"2")

    assert desk.reports == [f"cannot write log {desk.path}: No such file or directory"]
    assert desk.waits == [sink]

    home.mkdir()
    sink.write(b"3")

    assert desk.files() == {"log": b"123"}
    assert desk.reports[1:] == [f"log {desk.path} can be written again, 0 bytes were lost"]
    desk.close()


def test_a_file_the_system_lost_counts_as_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = desk.open()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda _fd: refuse("", 0))
        patch.setattr(filesink, "open_target", refuse)
        desk.now += 1.1
        sink.write(b"kept")
    sink.flush()

    assert desk.files() == {"log": b"kept"}


# --- what is no regular file


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def listen(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def test_a_fifo_is_written_but_neither_rotated_nor_cleared(desk: Desk, fifo: Path) -> None:
    reader = listen(fifo)
    sink = desk.open(fifo, maxbytes=3, backups=2)

    for data in (b"1234", b"5678"):
        sink.write(data)
    sink.clear()
    sink.reopen()
    sink.write(b"9")

    assert os.read(reader, 100) == b"123456789"
    assert desk.reports == [f"cannot rotate log {fifo}: it is no regular file, so maxbytes is ignored"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    os.close(reader)


def test_a_full_fifo_blocks_nobody_and_loses_nothing_while_the_buffer_lasts(desk: Desk, fifo: Path) -> None:
    reader = listen(fifo)
    sink = desk.open(fifo, buffer_bytes=300_000)

    sink.write(b"x" * 200_000)

    assert sink.blocked
    assert desk.waits == [sink]
    assert desk.reports == []
    received = 0
    while not sink.flush():
        received += len(os.read(reader, 65536))
    received += len(os.read(reader, 65536))
    assert received == 200_000
    assert not sink.blocked
    assert desk.reports == []
    os.close(reader)


def test_a_fifo_without_reader_is_waited_for(desk: Desk, fifo: Path) -> None:
    sink = desk.open(fifo)

    sink.write(b"early ")
    assert desk.reports == [f"cannot write log {fifo}: No such device or address"]
    reader = listen(fifo)
    sink.write(b"late")

    assert os.read(reader, 100) == b"early late"
    os.close(reader)


def test_a_fifo_whose_reader_left_is_waited_for(desk: Desk, fifo: Path) -> None:
    reader = listen(fifo)
    sink = desk.open(fifo)
    os.close(reader)

    sink.write(b"kept ")
    assert desk.reports == [f"cannot write log {fifo}: Broken pipe"]
    reader = listen(fifo)
    sink.write(b"here")

    assert os.read(reader, 100) == b"kept here"
    os.close(reader)


def test_a_socket_file_is_no_log(desk: Desk, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="No such device"):
            desk.open(tmp_path / "s")


def test_the_null_device_takes_everything_without_a_word(desk: Desk) -> None:
    desk.open("/dev/null", maxbytes=1, backups=1).write(b"xyz")

    assert desk.reports == []


def test_a_terminal_is_written_without_blocking(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    sink = desk.open(os.ttyname(theirs), maxbytes=2)

    sink.write(b"hello")

    assert os.read(ours, 10) == b"hello"
    assert len(desk.reports) == 1
    os.close(theirs)
    os.close(ours)


def test_our_own_pipe_is_made_non_blocking_for_us_alone(desk: Desk) -> None:
    reader, writer = os.pipe()
    sink = desk.open(f"/dev/fd/{writer}", buffer_bytes=300_000)

    sink.write(b"x" * 200_000)

    assert sink.blocked
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


def test_our_own_file_is_shared_and_never_rotated(desk: Desk, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb", buffering=0) as out:
        out.write(b"first ")
        sink = desk.open(f"/proc/self/fd/{out.fileno()}", maxbytes=3, backups=1)

        sink.write(b"second ")
        out.write(b"third")

    assert desk.files() == {"out": b"first second third"}
    assert len(desk.reports) == 1


def test_our_own_socket_is_written_only_when_it_has_room(desk: Desk) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sink = desk.open(f"/dev/fd/{theirs.fileno()}", buffer_bytes=2_000_000)

        sink.write(b"x" * 1_000_000)

        assert sink.blocked
        received = 0
        while not sink.flush():
            received += len(ours.recv(65536))
        theirs.shutdown(socket.SHUT_WR)
        while data := ours.recv(65536):
            received += len(data)
        assert received == 1_000_000


def test_a_descriptor_we_do_not_have_is_an_error(desk: Desk) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)

    with pytest.raises(OSError, match="Bad file descriptor"):
        desk.open(f"/dev/fd/{writer}")
