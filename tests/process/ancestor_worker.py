"""Runs scripts through Supervisor 4.3.0's own process class; started by ``test_machine_oracle`` in the ancestor's venv.

Reads a JSON list of ``{"policy": {...}, "steps": [[verb, argument], ...]}`` on
stdin and writes a JSON list of stories on stdout: per step one row of
``[phase, child, tries, exitstatus, spawnerr, announcements, signals]``.
The class is driven from outside only, as the daemon drives it.
"""

# mypy: ignore-errors
# (the ancestor has no types)

from __future__ import annotations

import errno
import json
import sys

from supervisor import events, process
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.states import (
    RUNNING_STATES,
    STOPPED_STATES,
    ProcessStates,
    SupervisorStates,
    getProcessStateDescription,
)
from supervisor.tests import base

AUTORESTART = {"false": False, "true": RestartUnconditionally, "unexpected": RestartWhenExitUnexpected}


class Clock:
    """Stands in for the ``time`` module inside ``supervisor.process``."""

    now = 1000.0

    def time(self):
        return self.now


class Ancestor:
    def __init__(self, policy):
        self.clock = process.time = Clock()
        self.options = base.DummyOptions()
        self.options.kill = self.kill
        self.next_pid = 100
        self.spawn_works, self.kill_works = True, True
        self.announcements, self.signals = [], []
        config = base.DummyPConfig(
            self.options,
            "p",
            "/bin/true",
            autostart=False,
            **{**policy, "autorestart": AUTORESTART[policy["autorestart"]]},
        )
        self.process = process.Subprocess(config)
        events.clear()
        events.subscribe(events.ProcessStateEvent, self.note)

    def note(self, event):
        name = events.getEventNameByType(type(event)).removeprefix("PROCESS_STATE_")
        extras = {key: int(value) for key, value in event.extra_values}
        self.announcements.append([name, getProcessStateDescription(event.from_state), extras])

    def kill(self, pid, signum):
        if not self.kill_works:
            raise OSError(errno.EPERM, "Operation not permitted")
        self.signals.append(["group" if pid < 0 else "child", int(signum)])

    def play(self, steps):
        """Return one row per step; the last is None if the ancestor would have died in that step."""
        rows = []
        for verb, argument in steps:
            if verb == "exit" and self.process.get_state() == ProcessStates.UNKNOWN:
                rows.append(None)
                break
            self.announcements, self.signals = [], []
            getattr(self, verb)(argument)
            if verb != "nap":
                self.look()
            rows.append(self.row())
        return rows

    def row(self):
        p = self.process
        phase = getProcessStateDescription(p.get_state())
        return [phase, bool(p.pid), p.backoff, p.exitstatus, p.spawnerr, self.announcements, self.signals]

    def look(self):
        """Three passes of the main loop: what needs a second pass there has happened then."""
        for _ in range(3):
            self.clock.now += 1e-4
            self.arm()
            self.process.transition()

    def arm(self):
        self.next_pid += 1
        self.options.forkpid = self.next_pid
        self.options.fork_exception = None if self.spawn_works else OSError(errno.EAGAIN, "")

    # --- verbs

    def advance(self, seconds):
        self.clock.now += seconds

    nap = advance

    def start(self, works):
        self.spawn_works = works
        if self.options.mood != SupervisorStates.RUNNING or self.process.get_state() in RUNNING_STATES:
            return
        # Deliberate difference: we count tries anew after an administrative start.
        # The ancestor's counter survives a stop during BACKOFF or STARTING.
        if self.process.get_state() in STOPPED_STATES and not self.process.pid:
            self.process.backoff = 0
        self.arm()
        self.process.spawn()

    def stop(self, _):
        if self.process.get_state() in RUNNING_STATES:
            self.process.stop()

    def exit(self, code):
        if self.process.pid:
            self.process.finish(self.process.pid, -code if code < 0 else code << 8)

    def go_down(self, _):
        self.options.mood = SupervisorStates.SHUTDOWN

    def may_kill(self, allowed):
        self.kill_works = allowed

    def give_up(self, _):
        if self.process.get_state() == ProcessStates.BACKOFF:
            self.process.give_up()


if __name__ == "__main__":
    json.dump([Ancestor(script["policy"]).play(script["steps"]) for script in json.load(sys.stdin)], sys.stdout)
