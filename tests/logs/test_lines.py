"""Whole lines with time and origin, into files, pipes and the journal."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.logs import journal
from warden.logs.datagrams import DatagramClient
from warden.logs.filesink import FileSink
from warden.logs.journal import JournalSink
from warden.logs.lines import LINE_BYTES, LineSink
from warden.logs.sinks import RingSink
from warden.logs.targets import open_target
from warden.words import Channel, LineFormat

NOON = 1_700_000_000.25
STAMP = rb"2023-11-1\dT\d\d:\d\d:20\.250[+-]\d\d:\d\d"


def dressed(line_format: LineFormat, *chunks: bytes) -> bytes:
    ring = RingSink(10_000_000)
    sink = LineSink(ring.write, line_format, "web:web_0", Channel.STDERR, lambda: NOON)
    for chunk in chunks:
        sink.write(chunk)
    sink.close()
    return ring.data


@pytest.mark.parametrize(
    ("line_format", "pattern"),
    [
        (LineFormat.RAW, rb"one\n\ntwo\n"),
        (LineFormat.PREFIX, rb"web:web_0 \| one\nweb:web_0 \| \nweb:web_0 \| two\n"),
        (LineFormat.TIMESTAMP, STAMP + rb" one\n" + STAMP + rb" \n" + STAMP + rb" two\n"),
        (
            LineFormat.TIMESTAMP_PREFIX,
            b"".join(STAMP + rb" web:web_0 \| " + word + rb"\n" for word in (b"one", b"", b"two")),
        ),
    ],
)
def test_each_line_gets_its_form(line_format: LineFormat, pattern: bytes) -> None:
    assert re.fullmatch(pattern, dressed(line_format, b"on", b"e\n\ntw", b"o"))


def test_json_says_when_who_where_and_what() -> None:
    found = [json.loads(line) for line in dressed(LineFormat.JSON, b'a "b"\t\xff\r\n{"x": 1}\n').splitlines()]

    assert [line["message"] for line in found] == ['a "b"\t�', '{"x": 1}']
    assert {(line["process"], line["channel"]) for line in found} == {("web:web_0", "stderr")}
    assert all(list(line) == ["time", "process", "channel", "message"] for line in found)


CHUNKS = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"d\ne", b"\xff\r", b"LONG"]), max_size=12)


@given(CHUNKS, st.sampled_from(LineFormat))
def test_chunk_borders_do_not_matter(chunks: list[bytes], line_format: LineFormat) -> None:
    long = [chunk.replace(b"LONG", b"x" * (LINE_BYTES // 2)) for chunk in chunks]

    assert dressed(line_format, *long) == dressed(line_format, b"".join(long))


def test_an_endless_line_does_not_eat_the_memory() -> None:
    found = dressed(LineFormat.RAW, *([b"x" * 10_000] * 20))

    assert [len(line) for line in found.splitlines()] == [LINE_BYTES, LINE_BYTES, LINE_BYTES, 200_000 - 3 * LINE_BYTES]


def test_several_writers_to_one_pipe_do_not_tear_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    sinks = [FileSink(f"/dev/fd/{writer}", 0, 0, print, whole_lines=True, buffer_bytes=10**7) for _ in range(2)]
    written, found = [], b""
    for number in range(2000):
        for name, sink in zip("ab", sinks, strict=True):
            line = f"{name}{number} ".encode() * (number % 300)
            written.append(line)
            sink.write(line + b"\n")
        if number % 50 == 0:
            found += os.read(reader, 1 << 20)
    while [sink for sink in sinks if not sink.flush()]:
        found += os.read(reader, 1 << 20)
    found += os.read(reader, 1 << 20)
    for sink in sinks:
        sink.close()
    os.close(writer)
    os.close(reader)

    assert sorted(found.split(b"\n")[:-1]) == sorted(written)


def test_a_long_line_goes_in_pieces() -> None:
    reader, writer = os.pipe()
    target = open_target(f"/dev/fd/{writer}", whole_lines=True)

    first = target.put(target.fd, b"short\n" + b"x" * 5000)
    second = target.put(target.fd, b"x" * 5000)

    assert (first, second) == (6, 4096)
    for fd in (reader, writer, target.fd):
        os.close(fd)


class Journal:
    """Listens as systemd's journal does."""

    def __init__(self, folder: Path) -> None:
        self.path = os.path.relpath(folder / "j")  # socket paths are short
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)

    def records(self) -> list[dict[bytes, bytes]]:
        found = []
        while True:
            try:
                data = self._socket.recv(1 << 20)
            except BlockingIOError:
                return found
            assert data.endswith(b"\n")
            found.append(dict(line.split(b"=", 1) for line in data[:-1].split(b"\n")))

    def close(self) -> None:
        self._socket.close()


def test_the_journal_gets_each_line_with_its_origin(tmp_path: Path) -> None:
    daemon = Journal(tmp_path)
    client = DatagramClient((daemon.path,), bytes, record_bytes=65536)
    sink = JournalSink(client, "web:web_0", Channel.STDERR)

    sink.write(b"one\ntw")
    sink.write(b"o = 2\n\xfflast")
    sink.close()

    found = daemon.records()
    client.close()
    daemon.close()
    assert [record[b"MESSAGE"] for record in found] == [b"one", b"two = 2", b"\xfflast"]
    assert found[0] == {
        b"PRIORITY": b"4",
        b"SYSLOG_IDENTIFIER": b"web:web_0",
        b"SUPERVISOR_PROCESS": b"web:web_0",
        b"SUPERVISOR_CHANNEL": b"stderr",
        b"MESSAGE": b"one",
    }


def test_a_line_too_long_for_the_journal_becomes_several(tmp_path: Path) -> None:
    daemon = Journal(tmp_path)
    client = DatagramClient((daemon.path,), bytes, record_bytes=65536)
    sink = JournalSink(client, "x", Channel.STDOUT)

    sink.write(b"x" * (journal.LINE_BYTES * 2 + 1))
    sink.write(b"y\n")

    found = [len(record[b"MESSAGE"]) for record in daemon.records()]
    client.close()
    daemon.close()
    assert found == [journal.LINE_BYTES, journal.LINE_BYTES, 2]


def test_there_is_one_client_for_each_journal() -> None:
    one = journal.client_of("/nowhere/journal", print)

    assert journal.client_of("/nowhere/journal", print) is one
