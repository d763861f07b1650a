"""Output of a process as syslog records."""

from __future__ import annotations

import itertools
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs.sinks import SyslogSink
from warden.logs.syslog import RECORD_BYTES, SyslogClient
from warden.logs.targets import Waiting

NOON = 1_700_000_000.0


class Daemon:
    """A syslog daemon that can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self.path = os.path.relpath(directory / "log")  # socket paths are short
        self._socket: socket.socket | None = None

    def start(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            os.unlink(self.path)
            self._socket = None

    def records(self) -> list[bytes]:
        assert self._socket is not None
        found = []
        while True:
            try:
                found.append(self._socket.recv(1 << 20))
            except BlockingIOError:
                return found

    def texts(self) -> list[bytes]:
        return [record.partition(b"supervisord: ")[2] for record in self.records()]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(daemon: Daemon, clock: Clock) -> Iterator[SyslogClient]:
    one = SyslogClient(("/nowhere", daemon.path), clock=clock, backlog=100_000)
    yield one
    one.close()


def test_a_record_has_priority_time_and_program(daemon: Daemon, client: SyslogClient) -> None:
    client.send(b"hello\0\xff")

    [record] = daemon.records()
    assert re.fullmatch(rb"<14>Nov 1[45] \d\d:\d\d:20 supervisord: hello#000\xff", record)


def test_while_the_daemon_is_away_records_wait(daemon: Daemon, client: SyslogClient, clock: Clock) -> None:
    waits: list[Waiting] = []
    client.on_wait = waits.append
    client.send(b"one")
    daemon.stop()

    client.send(b"two")
    client.send(b"three")

    assert waits == [client]
    assert (client.blocked, client.fileno(), client.flush()) == (False, -1, False)

    daemon.start()
    clock.now += 1
    client.send(b"four")

    assert daemon.texts() == [b"two", b"three", b"four"]
    assert client.flush()


def test_a_missing_daemon_is_looked_for_once_a_second(daemon: Daemon, client: SyslogClient, clock: Clock) -> None:
    daemon.stop()
    client.send(b"one")
    daemon.start()

    clock.now += 0.9
    client.send(b"two")
    assert daemon.records() == []
    clock.now -= 3600  # somebody sets the clock
    client.send(b"three")

    assert daemon.texts() == [b"one", b"two", b"three"]


def test_after_a_restart_of_the_daemon_records_go_to_the_new_one(daemon: Daemon, client: SyslogClient) -> None:
    client.send(b"one")
    daemon.stop()
    daemon.start()

    client.send(b"two")

    assert daemon.texts() == [b"two"]


def test_a_daemon_that_does_not_read_blocks_nobody_and_gets_all_in_the_end(
    daemon: Daemon, client: SyslogClient
) -> None:
    waits: list[Waiting] = []
    client.on_wait = waits.append

    for number in range(1000):
        client.send(b"%d" % number)

    assert waits == [client]
    assert client.blocked
    assert client.fileno() >= 0
    heard = daemon.texts()
    while not client.flush():
        heard += daemon.texts()
    heard += daemon.texts()
    assert heard == [b"%d" % number for number in range(1000)]
    assert not client.blocked


def test_what_waits_is_bounded_and_the_loss_is_told(daemon: Daemon, client: SyslogClient, clock: Clock) -> None:
    daemon.stop()
    for number in range(100):
        client.send(b"%02d" % number * 1000)
    daemon.start()
    clock.now += 1
    heard = []
    while not client.flush():
        heard += daemon.texts()
    heard += daemon.texts()

    kept, told = heard[:-1], heard[-1]
    lost = 100 - len(kept)
    assert [text[:2] for text in kept] == [b"%02d" % number for number in range(lost, 100)]
    assert told == b"%d log records were lost" % lost
    assert 45 <= len(kept) <= 50


def test_a_record_too_large_for_a_datagram_is_cut(daemon: Daemon, clock: Clock) -> None:
    client = SyslogClient((daemon.path,), clock=clock, backlog=10_000_000)

    client.send(b"x" * 5_000_000)
    client.send(b"next")

    first, second = daemon.records()
    assert len(first) == RECORD_BYTES
    assert second.endswith(b"next")
    client.close()


def test_without_any_address_records_just_wait() -> None:
    client = SyslogClient(())

    client.send(b"x")
    client.close()

    assert not client.flush()


# --- lines of a process


class Lines(SyslogClient):
    """Keeps what it should send."""

    def __init__(self) -> None:
        super().__init__(())
        self.found: list[bytes] = []

    def send(self, text: bytes) -> None:
        self.found.append(text)


def lines_of(*chunks: bytes) -> list[bytes]:
    lines = Lines()
    sink = SyslogSink("cat", lines)
    for chunk in chunks:
        sink.write(chunk)
    sink.close()
    return lines.found


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (b"one\n\ntwo\nlast", [b"cat one", b"cat ", b"cat two", b"cat last"]),
        (b"one\n", [b"cat one"]),
        (b"\xff\n", [b"cat \xff"]),
        (b"", []),
        (b"x" * (RECORD_BYTES + 1) + b"\n", [b"cat " + b"x" * RECORD_BYTES, b"cat x"]),
        (b"x" * RECORD_BYTES + b"\n", [b"cat " + b"x" * RECORD_BYTES]),
    ],
)
def test_each_line_is_a_record(text: bytes, records: list[bytes]) -> None:
    assert lines_of(text) == records


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"\n", b"x" * 5000])).map(b"".join),
    st.data(),
)
def test_chunk_borders_do_not_make_records(text: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    chunks = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]

    assert lines_of(*chunks) == lines_of(text)


def test_a_line_is_held_back_until_it_is_complete() -> None:
    lines = Lines()
    sink = SyslogSink("cat", lines)

    sink.write(b"half")
    sink.reopen()
    sink.clear()
    assert lines.found == []
    sink.write(b" whole\n")

    assert lines.found == [b"cat half whole"]
