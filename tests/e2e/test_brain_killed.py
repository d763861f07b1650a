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


def total(daemon: Daemon, name: str) -> int:
    return int((daemon.home / f"{name}.total").read_text())


# --- what may have gone wrong: each answers with what did


def lines(daemon: Daemon) -> Iterator[str]:
    """No line is missing or doubled, and those of two channels in one log keep their order."""
    logs = [(f"{name}.log", name, None) for name in ("slow", "fast", "fancy", "told", "merged")]
    for log, name, parity in [*logs, ("both.out", "both", 0), ("both.err", "both", 1)]:
        difference = first_difference(logged(daemon, log), expected(name, total(daemon, name), parity))
        if difference:
            yield f"{log}: {difference}"


def starts(daemon: Daemon) -> Iterator[str]:
    """Nobody was started twice, and who was to end did."""
    for name in TOUCHED_ONCE:
        if len(numbers(daemon, f"{name}.starts")) != 1:
            yield f"{name} was started again: {numbers(daemon, f'{name}.starts')}"
    for pid in numbers(daemon, "stubborn.starts"):
        if Path(f"/proc/{pid}").exists():
            yield f"stubborn {pid} lives"
    print(f"the listener was started {len(numbers(daemon, 'ear.starts'))} times")


def exit_statuses(daemon: Daemon) -> Iterator[str]:
    """Every exit status is told."""
    ended = numbers(daemon, "quick.codes")
    log = (daemon.home / "main.log").read_text().splitlines()
    told = [int(line.split("exit status ")[1].split(";")[0]) for line in log if "exited: quick (exit" in line]
    once = [code for at, code in enumerate(told) if told[at - 1 : at] != [code]]
    print(f"exits of quick: {len(ended)}, told: {len(told)}")
    if once not in (ended, ended[:-1]):  # the last one may have been stopped
        yield f"quick ended with {ended}, told were {told}"


def retries(daemon: Daemon) -> Iterator[str]:
    """Retries are counted on."""
    backoffs = [row[3] for row in events(daemon, "ear") if row[2] == "PROCESS_STATE_BACKOFF"]
    tries = [int(row.split("tries:")[1].split()[0]) for row in backoffs if "processname:flap " in row]
    once = sorted(set(tries))
    print(f"tries of flap: {tries}")
    if tries != sorted(tries) or once != list(range(1, len(once) + 1)):
        yield f"tries of flap: {tries}"
    if len(numbers(daemon, "flap.starts")) - len(once) not in (0, 1):
        yield f"flap started {len(numbers(daemon, 'flap.starts'))} times, tries: {tries}"


def heard_events(daemon: Daemon, meddler: Meddler) -> Iterator[str]:
    """What was to reach the listener did: messages, output, and the events that a client was promised."""
    rows = events(daemon, "ear")
    said = [int(row[3].split("message ")[1]) for row in rows if row[2].startswith("PROCESS_COMMUNICATION")]
    sent = list(range(counting.MESSAGE_EVERY, total(daemon, "fancy") + 1, counting.MESSAGE_EVERY))
    print(f"messages: {len(sent)} sent, {len(said)} heard")
    if sorted(set(said)) != sent:
        yield f"messages heard: {said}, sent: {sent}"
    output = [row[3].split(" | ", 1)[1] for row in rows if row[2] == "PROCESS_LOG_STDOUT"]
    shown = [int(line.split()[1]) for part in output for line in part.split(" | ") if line.startswith("told")]
    print(f"lines as events: {total(daemon, 'told')} sent, {len(shown)} heard")
    if sorted(set(shown)) != list(range(1, total(daemon, "told") + 1)):
        yield f"lines as events: {shown}"
    published = [row[3] for row in rows if row[2] == "REMOTE_COMMUNICATION"]
    missing = [text for text in meddler.promised if not any(row.endswith(text) for row in published)]
    print(f"published: {len(meddler.promised)} promised, {len(published)} heard")
    if missing:
        yield f"promised and not heard: {missing}"


def numbers_of_events(daemon: Daemon) -> Iterator[str]:
    """No two events have the same number."""
    by_number: dict[str, set[str]] = {}
    for _serial, poolserial, name, payload in events(daemon, "ear"):
        by_number.setdefault(poolserial, set()).add(name + payload)
    twice = [number for number, said in by_number.items() if len(said) > 1]
    if twice:
        yield f"numbers given twice: {twice}"


def test_nothing_is_lost_and_nothing_done_twice_however_often_the_brain_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("WARDEN_TEST_SEED", random.randrange(10**6)))
    print(f"WARDEN_TEST_SEED={seed}")
    dice = random.Random(seed)
    with Daemon(WARDEN, tmp_path / "home", CROWD) as daemon:
        names = [name if name != "web" else "web:web" for name in TOUCHED_ONCE]
        for name in (*names, "ear"):
            daemon.wait_state(name, "RUNNING")
        before = web_pid(daemon)
        meddler = Meddler(daemon, dice)
        milliseconds = sorted(round(1000 * gap) for gap in torment(daemon, meddler, dice))
        print(f"{ROUNDS} rounds, gap in ms: median {statistics.median(milliseconds)}, worst {milliseconds[-1]}")
        after = web_pid(daemon)
        for name in ("quick", "flap", "stubborn", *names):
            answer(daemon, "supervisor.stopProcess", name)
        daemon.rpc("supervisor.sendRemoteCommEvent", "test", "the-last-event")
        until(
            lambda: any("the-last-event" in row[3] for row in events(daemon, "ear")),
            lambda: "the listener hears the last event:\n" + "\n".join(daemon.lines[-30:]),
        )

        complaints = [*lines(daemon), *starts(daemon), *exit_statuses(daemon), *retries(daemon)]
        complaints += [*heard_events(daemon, meddler), *numbers_of_events(daemon)]
        assert complaints == []
        assert after == before
