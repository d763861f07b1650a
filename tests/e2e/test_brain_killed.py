"""The brain is killed at random moments: the programs do not notice, and nothing is lost or done twice.

``WARDEN_TEST_ROUNDS`` says how often (10), ``WARDEN_TEST_SEED`` at which moments; what was measured is printed.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import counting
from e2e.crowd import (
    answer,
    brain,
    events,
    expected,
    first_difference,
    kill_brain,
    logged,
    numbers,
    pass_seconds,
    program,
    seconds_to_answer,
)
from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux"),
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
    pytest.mark.xdist_group("crowd"),
]

ROUNDS = int(os.environ.get("WARDEN_TEST_ROUNDS", "10"))
LONGEST_LIFE = 1.5  # seconds until a brain is killed; some live long enough to count as calm

CROWD = "".join(
    [
        program("slow", "lines", 1, 0.02, stdout_logfile="%(here)s/slow.log"),
        program(
            "fast", "lines", 40, 0.004, stdout_logfile="%(here)s/fast.log",
            stdout_logfile_maxbytes="100KB", stdout_logfile_backups=2000,
        ),
        program(
            "both", "both", 0.003, stdout_logfile="%(here)s/both.out", stderr_logfile="%(here)s/both.err",
            stdout_logfile_maxbytes="10KB", stdout_logfile_backups=2000,
        ),
        program(
            "merged", "both", 0.003, stdout_logfile="%(here)s/merged.log", redirect_stderr="true",
            stdout_logfile_maxbytes=0,
        ),
        program(
            "fancy", "fancy", 0.01, stdout_logfile="%(here)s/fancy.log", stdout_logfile_maxbytes="20KB",
            stdout_logfile_backups=2000, stdout_capture_maxbytes="1KB",
        ),
        program("told", "lines", 1, 0.05, stdout_logfile="%(here)s/told.log", stdout_events_enabled="true"),
        program("quick", "quick", 0.3, startsecs=0, autorestart="true", exitcodes=0),
        program("flap", "quick", 0, startsecs=10, startretries=1000),
        program("stubborn", "stubborn", stopwaitsecs=1, autostart="false"),
        program("web", "fcgi", kind="fcgi-program", socket="unix://%(here)s/web.sock"),
        program(
            "ear", "listener", kind="eventlistener", buffer_size=100000,
            events="PROCESS_STATE,PROCESS_COMMUNICATION,PROCESS_LOG,REMOTE_COMMUNICATION",
        ),
        "[supervisord]\nstrip_ansi = true\n",
    ]
)  # fmt: skip
TOUCHED_ONCE = ("slow", "fast", "both", "merged", "fancy", "told", "web")


class Meddler:
    """Asks the daemon for this and that, a question at a time, whatever becomes of it."""

    def __init__(self, daemon: Daemon, dice: random.Random) -> None:
        self._daemon = daemon
        self._dice = dice
        self._published = 0
        self.promised: list[str] = []  # the events that the daemon said it had published

    def begin(self) -> threading.Thread:
        """Begin one question; it may well be cut off."""
        meddling = threading.Thread(target=self._dice.choice([self._publish, self._start, self._stop, self._look]))
        meddling.start()
        return meddling

    def _publish(self) -> None:
        self._published += 1
        text = f"event-{self._published}"
        if answer(self._daemon, "supervisor.sendRemoteCommEvent", "test", text) == {"value": True}:
            self.promised.append(text)

    def _start(self) -> None:
        answer(self._daemon, "supervisor.startProcess", "stubborn", False)

    def _stop(self) -> None:
        answer(self._daemon, "supervisor.stopProcess", "stubborn", False)

    def _look(self) -> None:
        answer(self._daemon, "supervisor.getAllProcessInfo")
        answer(self._daemon, "supervisor.tailProcessStdoutLog", "fast", 0, 100)


def web_pid(daemon: Daemon) -> int:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(daemon.home / "web.sock"))
        return int(client.recv(100))


def torment(daemon: Daemon, meddler: Meddler, dice: random.Random) -> list[float]:
    """Kill the brain again and again; return how long it took each time until somebody answered."""
    gaps = []
    for number in range(ROUNDS):
        pass_seconds(dice.uniform(0, LONGEST_LIFE))
        meddling = meddler.begin()
        pass_seconds(dice.uniform(0, 0.01))
        kill_brain(daemon)
        if number % 4 == 0:  # and its successor too, somewhere in its start
            brain(daemon)
            pass_seconds(dice.uniform(0, 0.3))
            kill_brain(daemon)
        gaps.append(seconds_to_answer(daemon))
        meddling.join()
    return gaps


Survived = tuple[Daemon, Meddler]


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survived]:
    """A daemon whose brain was killed many times, with all its programs stopped: what is left can be counted."""
    seed = int(os.environ.get("WARDEN_TEST_SEED", random.randrange(10**6)))
    print(f"\nWARDEN_TEST_SEED={seed}")
    dice = random.Random(seed)
    with Daemon(WARDEN, tmp_path_factory.mktemp("crowd") / "home", CROWD) as daemon:
        for name in (*TOUCHED_ONCE, "ear"):
            daemon.wait_state("ear" if name == "ear" else name if name != "web" else "web:web", "RUNNING")
        before = {**daemon.pids(), "web": web_pid(daemon)}
        meddler = Meddler(daemon, dice)
        gaps = torment(daemon, meddler, dice)
        assert {name: pid for name, pid in daemon.pids().items() if name.split(":")[0] in TOUCHED_ONCE} == {
            name: pid for name, pid in before.items() if ":" in name and name.split(":")[0] in TOUCHED_ONCE
        }
        assert web_pid(daemon) == before["web"]
        milliseconds = sorted(round(1000 * gap) for gap in gaps)
        print(f"{ROUNDS} rounds, gap in ms: median {statistics.median(milliseconds)}, worst {milliseconds[-1]}")
        for name in ("quick", "flap", "stubborn", *TOUCHED_ONCE):
            answer(daemon, "supervisor.stopProcess", name if name != "web" else "web:web")
        last = "the-last-event"
        daemon.rpc("supervisor.sendRemoteCommEvent", "test", last)
        until(lambda: any(last in row[3] for row in events(daemon, "ear")), lambda: "the listener has heard all")
        yield daemon, meddler


def total(daemon: Daemon, name: str) -> int:
    return int((daemon.home / f"{name}.total").read_text())


@pytest.mark.parametrize("name", ["slow", "fast", "fancy", "told"])
def test_no_line_is_missing_or_doubled(survived: Survived, name: str) -> None:
    daemon = survived[0]

    assert first_difference(logged(daemon, f"{name}.log"), expected(name, total(daemon, name))) == ""


@pytest.mark.parametrize(("log", "parity"), [("both.out", 0), ("both.err", 1)])
def test_no_line_of_two_channels_is_missing_or_doubled(survived: Survived, log: str, parity: int) -> None:
    daemon = survived[0]

    assert first_difference(logged(daemon, log), expected("both", total(daemon, "both"), parity)) == ""


def test_lines_of_two_channels_in_one_log_keep_their_order(survived: Survived) -> None:
    daemon = survived[0]

    assert first_difference(logged(daemon, "merged.log"), expected("merged", total(daemon, "merged"))) == ""


@pytest.mark.parametrize("name", TOUCHED_ONCE)
def test_nobody_was_started_twice(survived: Survived, name: str) -> None:
    assert len(numbers(survived[0], f"{name}.starts")) == 1


def test_no_exit_status_is_lost(survived: Survived) -> None:
    daemon = survived[0]
    codes = numbers(daemon, "quick.codes")
    text = (daemon.home / "main.log").read_text()

    said = [
        int(line.split("exit status ")[1].split(";")[0]) for line in text.splitlines() if "exited: quick (exit" in line
    ]

    once = [code for at, code in enumerate(said) if said[at - 1 : at] != [code]]
    print(f"exits of quick: {len(codes)}, told: {len(said)}")
    assert once == codes[: len(once)]
    assert len(codes) - len(once) <= 1  # the last one was stopped


def test_retries_go_on(survived: Survived) -> None:
    daemon = survived[0]
    rows = [
        row[3] for row in events(daemon, "ear") if row[2] == "PROCESS_STATE_BACKOFF" and "processname:flap" in row[3]
    ]
    tries = [int(row.split("tries:")[1].split()[0]) for row in rows]

    once = sorted(set(tries))
    print(f"tries of flap: {tries}")
    assert tries == sorted(tries)
    assert once == list(range(1, len(once) + 1))
    assert len(numbers(daemon, "flap.starts")) - len(once) in (0, 1)


def test_messages_reach_the_listener(survived: Survived) -> None:
    daemon = survived[0]
    heard = [row[3] for row in events(daemon, "ear") if row[2].startswith("PROCESS_COMMUNICATION")]

    said = [int(text.split("message ")[1]) for text in heard]

    sent = list(range(counting.MESSAGE_EVERY, total(daemon, "fancy") + 1, counting.MESSAGE_EVERY))
    print(f"messages: {len(sent)} sent, {len(said)} heard")
    assert sorted(set(said)) == sent


def test_promised_events_reach_the_listener(survived: Survived) -> None:
    daemon, meddler = survived
    heard = [row[3] for row in events(daemon, "ear") if row[2] == "REMOTE_COMMUNICATION"]

    missing = [text for text in meddler.promised if not any(row.endswith(text) for row in heard)]

    starts = len(numbers(daemon, "ear.starts"))
    print(f"events: {len(meddler.promised)} promised, {len(heard)} heard; the listener was started {starts} times")
    assert missing == []


def test_output_events_reach_the_listener(survived: Survived) -> None:
    daemon = survived[0]
    rows = [row[3].split(" | ", 1)[1] for row in events(daemon, "ear") if row[2] == "PROCESS_LOG_STDOUT"]
    heard = [int(line.split()[1]) for row in rows for line in row.split(" | ") if line.startswith("told")]

    print(f"output events: {len(heard)} lines heard of {total(daemon, 'told')}")
    assert sorted(set(heard)) == list(range(1, total(daemon, "told") + 1))


def test_serials_are_never_given_twice(survived: Survived) -> None:
    rows = events(survived[0], "ear")
    by_number: dict[str, set[str]] = {}
    for _serial, poolserial, name, payload in rows:
        by_number.setdefault(poolserial, set()).add(name + payload)

    assert [number for number, said in by_number.items() if len(said) > 1] == []


def test_every_child_of_the_stubborn_ended(survived: Survived) -> None:
    daemon = survived[0]
    alive = [pid for pid in numbers(daemon, "stubborn.starts") if Path(f"/proc/{pid}").exists()]

    assert alive == []
