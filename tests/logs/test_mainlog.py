"""The activity log: levels, format and targets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warden.logs import appender
from warden.logs.mainlog import LEVELS, MainLog
from warden.logs.syslog import SyslogClient
from warden.logs.targets import Waiting


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "main.log"


@pytest.fixture
def log(path: Path) -> Iterator[MainLog]:
    one = MainLog()
    one.add_file(str(path))
    yield one
    one.close()


def messages(path: Path) -> list[str]:
    """Each line without its time."""
    return [line[24:] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (1_700_000_000.0, "2023-11-14 22:13:20,000 INFO hello\n"),
        (1_700_000_000.9999, "2023-11-14 22:13:20,999 INFO hello\n"),
        (1_700_000_001.05, "2023-11-14 22:13:21,049 INFO hello\n"),
    ],
)
def test_a_line_has_local_time_milliseconds_level_and_message(path: Path, now: float, line: str) -> None:
    script = (
        "import sys; from warden.logs.mainlog import MainLog; "
        "log = MainLog(clock=lambda: float(sys.argv[2])); log.add_file(sys.argv[1]); log.info('hello')"
    )

    subprocess.run([sys.executable, "-c", script, path, str(now)], env={**os.environ, "TZ": "UTC"}, check=True)

    assert path.read_text() == line


def test_the_second_changes_with_the_clock(path: Path) -> None:
    times = iter([0.25, 0.5, 61.0])
    log = MainLog(clock=lambda: next(times))
    log.add_file(str(path))

    for _ in range(3):
        log.info("x")
    log.close()

    assert [line[17:23] for line in path.read_text().splitlines()] == ["00,250", "00,500", "01,000"]


CODES = {
    "critical": "CRIT",
    "error": "ERRO",
    "warn": "WARN",
    "info": "INFO",
    "debug": "DEBG",
    "trace": "TRAC",
    "blather": "BLAT",
}


@pytest.mark.parametrize("threshold", LEVELS)
def test_messages_from_the_level_upwards_are_written(path: Path, threshold: str) -> None:
    log = MainLog(threshold)
    log.add_file(str(path))
    expected = list(CODES)[: list(CODES).index(threshold) + 1]

    for level in CODES:
        getattr(log, level)("by method")
        log.log(level, "by name")
    log.close()

    assert messages(path) == [f"{CODES[level]} {how}" for level in expected for how in ("by method", "by name")]
    assert [level for level in CODES if log.enabled(level)] == expected


def test_further_lines_have_no_prefix_and_any_text_can_be_written(log: MainLog, path: Path) -> None:
    log.info("first\nsecond é \udcff")

    assert path.read_bytes()[24:] == "INFO first\nsecond é \\udcff\n".encode()


def test_without_targets_messages_go_nowhere() -> None:
    log = MainLog()

    log.critical("nobody hears")
    log.reopen()
    log.clear()

    assert log.path is None


def test_reopening_follows_the_name(log: MainLog, path: Path) -> None:
    log.info("old")
    path.rename(f"{path}.moved")

    log.reopen()
    log.info("new")

    assert messages(path) == ["INFO new"]
    assert log.path == str(path)


def test_clearing_begins_a_new_file_and_tells_the_other_targets(
    path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = MainLog()
    log.add_file(str(path))
    log.add_stdout()
    log.info("old")
    capfd.readouterr()

    log.clear()

    assert path.read_bytes() == b""
    assert [line[24:] for line in capfd.readouterr().out.splitlines()] == ["INFO reopening log file"] * 2
    log.info("new")
    assert messages(path) == ["INFO new"]
    log.close()


def test_followers_are_woken_until_they_stop(path: Path) -> None:
    log = MainLog()
    woken: list[str] = []
    stop_early = log.watch(lambda: woken.append("early"))
    log.add_file(str(path))
    stop_late = log.watch(lambda: woken.append("late"))

    log.info("1")
    stop_early()
    log.info("2")
    log.clear()
    stop_late()
    log.info("3")

    assert woken == ["early", "late", "late", "late", "late"]
    log.close()


def test_the_log_reports_its_own_trouble_when_it_is_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[Waiting] = []
    log = MainLog(on_wait=waits.append)
    log.add_file(str(path))
    full = [True]

    def put(fd: int, data: bytes) -> int:
        if full[0]:
            raise OSError(28, os.strerror(28))
        return os.write(fd, data)

    monkeypatch.setattr(log._file, "_put", put)
    log.info("one")
    log.info("two")
    full[0] = False
    log.info("three")

    assert messages(path) == [
        "INFO one",
        f"CRIT cannot write log {path}: No space left on device",
        "INFO two",
        "INFO three",
        f"CRIT log {path} can be written again, 0 bytes were lost",
    ]
    assert len(waits) == 1
    log.close()


def test_a_log_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MainLog().add_file(str(tmp_path / "none" / "log"))


def test_the_null_device_is_a_log(log: MainLog) -> None:
    log.close()
    log.add_file("/dev/null", 50, 10)

    log.info("x" * 100)

    assert log.path == "/dev/null"


STDOUT = """
import os, sys
from warden.logs.mainlog import MainLog
log = MainLog()
log.add_file(sys.argv[1])
if sys.argv[2] == "closed":
    os.close(1)
log.add_stdout()
sys.stdin.read(1)
for _ in range(3):
    log.info("x" * 100_000)
"""


@pytest.mark.parametrize("kind", ["closed", "stuck", "gone"])
def test_a_stdout_that_takes_nothing_stops_nobody(path: Path, kind: str) -> None:
    reader, writer = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", STDOUT, path, kind], stdin=subprocess.PIPE, stdout=writer)
    os.close(writer)
    if kind == "gone":
        os.close(reader)

    child.communicate(b"!")

    assert child.returncode == 0
    written = messages(path)
    assert [line for line in written if line.startswith("INFO")] == ["INFO " + "x" * 100_000] * 3
    complaints = [line for line in written if line.startswith("CRIT")]
    expected = {
        "closed": [],
        "stuck": [],
        "gone": ["CRIT cannot write log /dev/stdout: Broken pipe"],
    }
    assert complaints == expected[kind]
    if kind != "gone":
        os.close(reader)


def test_stdout_gets_the_same_lines(path: Path, log: MainLog, capfd: pytest.CaptureFixture[str]) -> None:
    log.add_stdout()

    log.info("hello")
    log.debug("hidden")

    assert capfd.readouterr().out == path.read_text()


def test_in_syslog_each_line_has_the_whole_format(path: Path, log: MainLog) -> None:
    records: list[bytes] = []

    class Client(SyslogClient):
        def send(self, text: bytes) -> None:
            records.append(text)

    log.add_syslog(Client())

    log.info("one\n\ntwo\n")

    assert [record[24:] for record in records] == [b"INFO one", b"INFO ", b"INFO two"]
    assert path.read_bytes().startswith(records[0])


def test_the_buffer_of_a_log_is_bounded() -> None:
    assert appender.BUFFER_BYTES == 1024 * 1024
