"""Whoever follows a log goes on doing so when the brain is killed: no line is lost, none comes twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.crowd import expected, first_difference, kill_brain, logged, pass_seconds, program
from harness.daemon import ALARM, Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

KILLS = 4
FAST = program(
    "fast", "lines", 5, 0.005, stdout_logfile="%(here)s/fast.log", stdout_logfile_maxbytes="100KB",
    stdout_logfile_backups=2000,
)  # fmt: skip
SLOW = program("slow", "both", 0.02, stdout_logfile="%(here)s/slow.out", stderr_logfile="%(here)s/slow.err")


class Reader:
    """A supervisorctl that follows something; what it says is kept."""

    def __init__(self, daemon: Daemon, words: tuple[str, ...]) -> None:
        self.said = b""
        self.client = subprocess.Popen(
            [WARDEN.command("supervisorctl"), "-c", str(daemon.conf), *words],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._ear = threading.Thread(target=self._listen)
        self._ear.start()

    def _listen(self) -> None:
        assert self.client.stdout is not None
        with self.client.stdout as output:
            while data := os.read(output.fileno(), 65536):
                self.said += data

    def end(self) -> int:
        """Wait for its end and return its exit status."""
        status = self.client.wait(ALARM)
        self._ear.join(ALARM)
        return status


@contextmanager
def following(daemon: Daemon, *words: str) -> Iterator[Reader]:
    reader = Reader(daemon, words)
    try:
        yield reader
    finally:
        reader.client.kill()
        reader.end()


def torment(daemon: Daemon, reader: Reader) -> None:
    """Kill the brain a few times, each time when it has been heard of again."""
    for _ in range(KILLS):
        before = len(reader.said)
        until(lambda before=before: len(reader.said) > before, lambda: "something is shown")
        pass_seconds(0.1)
        kill_brain(daemon)
    before = len(reader.said)
    until(lambda: len(reader.said) > before, lambda: "something is shown in the end")


def test_tail_goes_on_through_the_ends_of_brains_and_rotations(tmp_path: Path) -> None:
    with Daemon(WARDEN, tmp_path / "home", FAST) as daemon, following(daemon, "tail", "-f", "fast") as reader:
        torment(daemon, reader)
        daemon.rpc("supervisor.stopProcess", "fast")
        whole = logged(daemon, "fast.log")
        until(lambda: reader.said.endswith(whole[-300:]), lambda: "the last line is shown")
        reader.client.send_signal(signal.SIGINT)
        status = reader.end()

        announced, _, shown = reader.said.partition(b"\n")
        assert announced == b"==> Press Ctrl-C to exit <=="
        assert first_difference(whole[-len(shown) + 1 :] + b"\n", shown) == ""
        assert status == 0
        assert whole == expected("fast", int((daemon.home / "fast.total").read_text()))
        assert list(daemon.home.glob("fast.log.*"))


@pytest.mark.parametrize("words", [("tail", "-f", "fast"), ("logs", "-f", "fast")], ids=" ".join)
def test_an_upgrade_ends_nobody_who_follows(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Daemon(WARDEN, tmp_path / "home", FAST) as daemon, following(daemon, *words) as reader:
        until(lambda: reader.said, lambda: "something is shown")
        upgraded = daemon.ctl("upgrade")
        daemon.rpc("supervisor.stopProcess", "fast")
        whole = logged(daemon, "fast.log")
        until(lambda: reader.said.endswith(whole[-300:]), lambda: "the last line is shown")
        shown = [line.split()[1] for line in reader.said.splitlines() if line.startswith(b"fast ")]

        assert upgraded.stdout.startswith("Upgraded supervisord")
        assert shown == [b"%d" % number for number in range(int(shown[0]), int(shown[-1]) + 1)]


def test_maintail_goes_on(tmp_path: Path) -> None:
    quick = program("quick", "quick", 0.05, startsecs=0, autorestart="true", exitcodes=0)
    with Daemon(WARDEN, tmp_path / "home", quick) as daemon, following(daemon, "maintail", "-f") as reader:
        torment(daemon, reader)
        daemon.rpc("supervisor.stopProcess", "quick")
        whole = (daemon.home / "main.log").read_bytes()
        until(lambda: reader.said.endswith(whole[-100:]), lambda: "the last line is shown")
        _, _, shown = reader.said.partition(b"\n")

        assert whole.endswith(shown)
        assert whole.count(b"went on") == KILLS


def test_the_logs_of_many_go_on(tmp_path: Path) -> None:
    names = ("fast", "slow")
    with Daemon(WARDEN, tmp_path / "home", FAST + SLOW) as daemon:
        with following(daemon, "logs", "-f", "-n", "1", *names) as reader:
            torment(daemon, reader)
            for name in names:
                daemon.rpc("supervisor.stopProcess", name)
            logs = [daemon.home / name for name in ("fast.log", "slow.out", "slow.err")]
            lasts = [log.read_bytes().splitlines()[-1] for log in logs]
            until(lambda: all(last in reader.said for last in lasts), lambda: "the last lines are shown")
        shown = reader.said.splitlines()

        for name, parity in (("fast", (0, 1)), ("slow", (0,)), ("slow", (1,))):
            prefix = b"%-4s | " % name.encode()
            lines = [line.removeprefix(prefix) for line in shown if line.startswith(prefix)]
            numbers = [number for line in lines if (number := int(line.split()[1])) % 2 in parity]
            assert numbers == list(range(numbers[0], numbers[-1] + 1, 2 if len(parity) == 1 else 1))


@pytest.mark.parametrize("words", [("tail", "-f", "fast"), ("maintail", "-f"), ("logs", "-f", "fast")], ids=" ".join)
def test_when_the_daemon_ends_so_does_who_follows(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Daemon(WARDEN, tmp_path / "home", FAST) as daemon, following(daemon, *words) as reader:
        torment(daemon, reader)
        daemon.signal(signal.SIGTERM)
        daemon.wait_end()

        assert reader.end() == 0
        assert b"error" not in reader.said
