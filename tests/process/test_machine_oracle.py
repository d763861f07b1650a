"""The oracle: the same random scripts through our machine and through Supervisor 4.3.0's own process class.

The ancestor runs in its own virtual environment, since our distribution has a
package called ``supervisor`` too.  Deliberate differences:

- Tries are counted anew after an administrative start (``ancestor_worker.Ancestor.start``).
- The exit of a child in UNKNOWN ends the ancestor; with us the process becomes
  STOPPED or EXITED (``None`` in the ancestor's story; here its script ends).
"""

from __future__ import annotations

import json
import random
import subprocess
from collections import deque
from pathlib import Path

import pytest

from warden.config.model import Policy
from warden.process.machine import transition
from warden.process.step import (
    Announce,
    Event,
    Exited,
    GiveUp,
    SendSignal,
    SignalFailed,
    Spawn,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    StopRequested,
    Tick,
)
from warden.words import Autorestart, ExitStatus, Phase

ANCESTOR = Path(__file__).parents[2] / ".venv-supervisor" / "bin" / "python"
WORKER = Path(__file__).with_name("ancestor_worker.py")
BATCHES, SCRIPTS_PER_BATCH = 8, 3000
CANNOT_FORK = "Too many processes in process table to spawn 'p'"
SPANS = (0.013, 0.47, 1.0931, 2.713, 5.1777, 10.3119, 31.7)  # sums never meet a deadline exactly

Script = dict[str, object]
Row = list[object]


class Ours:
    """Plays a script as the daemon would: answers to effects queue up behind the event that caused them."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.state, self.now = policy, State(), 1000.0
        self.next_pid = 100
        self.spawn_works = self.kill_works = self.starts_allowed = True
        self.announcements: list[object] = []
        self.signals: list[object] = []

    def play(self, steps: list[tuple[str, object]]) -> list[Row]:
        rows = []
        for verb, argument in steps:
            self.announcements, self.signals = [], []
            getattr(self, verb)(argument)
            if verb != "nap":
                self.look()
            rows.append(self.row())
        return rows

    def row(self) -> Row:
        state = self.state
        status = None if state.exitstatus is None else state.exitstatus.number
        story = [self.announcements, self.signals]
        return [state.phase.name, bool(state.pid), state.tries, status, state.spawn_error, *story]

    def look(self) -> None:
        for _ in range(3):
            self.now += 1e-4
            self.feed(Tick(may_start=self.starts_allowed))

    def feed(self, event: Event) -> None:
        inbox = deque([event])
        while inbox:
            self.state, effects = transition(self.state, inbox.popleft(), self.now, self.policy)
            for effect in effects:
                match effect:
                    case Announce():
                        self.announcements.append(announcement(effect))
                    case SendSignal() if not self.kill_works:
                        inbox.append(SignalFailed())
                    case SendSignal(_, signum, to_group):
                        self.signals.append(["group" if to_group else "child", int(signum)])
                    case Spawn():
                        self.next_pid += 1
                        inbox.append(Spawned(self.next_pid) if self.spawn_works else SpawnFailed(CANNOT_FORK))

    # --- verbs

    def advance(self, seconds: float) -> None:
        self.now += seconds

    nap = advance

    def start(self, works: bool) -> None:
        self.spawn_works = works
        if self.starts_allowed:
            self.feed(StartRequested())

    def stop(self, _: None) -> None:
        self.feed(StopRequested())

    def exit(self, code: int) -> None:
        self.feed(Exited(ExitStatus(signum=-code) if code < 0 else ExitStatus(code=code)))

    def go_down(self, _: None) -> None:
        self.starts_allowed = False

    def may_kill(self, allowed: bool) -> None:
        self.kill_works = allowed

    def give_up(self, _: None) -> None:
        self.feed(GiveUp())


def announcement(effect: Announce) -> list[object]:
    """Reduce an announcement to what a listener is told: the extras of that phase."""
    extras: dict[str, int] = {}
    match effect.phase:
        case Phase.STARTING | Phase.BACKOFF:
            extras = {"tries": effect.tries}
        case Phase.RUNNING | Phase.STOPPING | Phase.STOPPED:
            extras = {"pid": effect.pid}
        case Phase.EXITED:
            extras = {"expected": int(effect.expected), "pid": effect.pid}
    return [effect.phase.name, effect.previous.name, extras]


def with_pids_by_appearance(story: list[Row | None]) -> list[Row | None]:
    """Number children in the order in which they are mentioned: only identity is compared."""
    seen: dict[int, int] = {0: 0}
    for row in story:
        for _phase, _previous, extras in row[5] if row else ():  # type: ignore[attr-defined]
            if "pid" in extras:
                extras["pid"] = seen.setdefault(extras["pid"], len(seen))
    return story


def make_script(rng: random.Random) -> Script:
    verbs = (
        (8, "advance", lambda: rng.choice(SPANS)),
        (4, "nap", lambda: rng.choice(SPANS)),  # time passes and nobody looks
        (6, "start", lambda: rng.random() < 0.6),
        (4, "stop", lambda: None),
        (6, "exit", lambda: rng.choice((0, 1, 2, -9, -15))),
        (0.3, "go_down", lambda: None),
        (1, "may_kill", lambda: rng.random() < 0.7),
        (1, "give_up", lambda: None),
    )
    chosen = rng.choices(verbs, weights=[weight for weight, _, _ in verbs], k=rng.randint(1, 40))
    policy = {
        "autorestart": rng.choice(list(Autorestart)).value,
        "startsecs": rng.choice((0, 1, 5)),
        "startretries": rng.randint(0, 4),
        "stopwaitsecs": rng.choice((1, 10)),
        "exitcodes": rng.choice(([0], [0, 2], [1])),
        "stopasgroup": (as_group := rng.random() < 0.3),
        "killasgroup": as_group or rng.random() < 0.3,
    }
    return {"policy": policy, "steps": [(verb, draw()) for _, verb, draw in chosen]}


def our_policy(policy: dict[str, object]) -> Policy:
    values = {**policy, "autorestart": Autorestart(policy["autorestart"]), "exitcodes": tuple(policy["exitcodes"])}  # type: ignore[arg-type]
    return Policy(**values)  # type: ignore[arg-type]


def ancestor_stories(scripts: list[Script]) -> list[list[Row | None]]:
    answer = subprocess.run(
        [ANCESTOR, WORKER], input=json.dumps(scripts), capture_output=True, text=True, check=False, timeout=100
    )
    assert answer.returncode == 0, answer.stderr
    stories: list[list[Row | None]] = json.loads(answer.stdout)
    return stories


def first_difference(script: Script, theirs: list[Row | None]) -> str | None:
    steps: list[tuple[str, object]] = script["steps"]  # type: ignore[assignment]
    ours = with_pids_by_appearance(list(Ours(our_policy(script["policy"])).play(steps)))  # type: ignore[arg-type]
    for number, (our_row, their_row) in enumerate(zip(ours, with_pids_by_appearance(theirs), strict=False)):
        if their_row is None:  # the ancestor dies here: we only have to survive
            assert our_row is not None
            return None if our_row[0] != "UNKNOWN" else f"still UNKNOWN after the exit in step {number} of {script}"
        if our_row != their_row:
            return f"step {number} {steps[number]}\n  ours     {our_row}\n  ancestor {their_row}\n  script   {script}"
    return None


@pytest.mark.skipif(not ANCESTOR.exists(), reason="Supervisor 4.3.0 is not installed in .venv-supervisor")
@pytest.mark.parametrize("seed", range(BATCHES))
def test_our_machine_tells_the_same_story_as_the_ancestor(seed: int) -> None:
    rng = random.Random(seed)
    scripts = [make_script(rng) for _ in range(SCRIPTS_PER_BATCH)]

    stories = ancestor_stories(scripts)

    differences = [text for pair in zip(scripts, stories, strict=True) if (text := first_difference(*pair))]
    assert not differences, f"{len(differences)} differ; the shortest:\n{min(differences, key=len)}"
