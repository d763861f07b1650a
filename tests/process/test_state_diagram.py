"""The diagram in docs/processes.md shows what the machine really does.

``python tests/process/test_state_diagram.py`` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

from warden.config.model import Policy
from warden.process.machine import transition
from warden.process.step import (
    Announce,
    Event,
    Exited,
    GiveUp,
    SignalFailed,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    StopRequested,
    Tick,
)
from warden.words import Autorestart, ExitStatus, Phase

PAGE = Path(__file__).parents[2] / "docs" / "processes.md"
BEGIN, END = "```mermaid\n", "```\n"

LABELS: dict[Event, str] = {
    StartRequested(): "start",
    StopRequested(): "stop",
    Spawned(7): "child exists",
    SpawnFailed("no"): "cannot be spawned",
    Exited(ExitStatus(code=0)): "exit",
    Exited(ExitStatus(code=1)): "exit",
    SignalFailed(): "signal refused",
    Tick(): "time",
    GiveUp(): "daemon goes down",
}
SPANS = (0, 1, 60)  # seconds between two events; startsecs is 1
POLICY = Policy(startretries=1, autorestart=Autorestart.UNEXPECTED)


def arrows() -> dict[tuple[Phase, Phase], list[str]]:
    """Return every change of phase that can happen, with its reasons, by trying all events in all reachable states."""
    found: dict[tuple[Phase, Phase], list[str]] = {}
    seen: set[State] = set()
    frontier = [(State(), 0.0)]
    while frontier:
        state, now = frontier.pop()
        for event, label in LABELS.items():
            for span in SPANS:
                after, effects = transition(state, event, now + span, POLICY)
                for effect in effects:
                    if isinstance(effect, Announce):
                        reasons = found.setdefault((effect.previous, effect.phase), [])
                        reasons += [label] if label not in reasons else []
                key = relative(after, now + span)
                if key not in seen:
                    seen.add(key)
                    frontier.append((after, now + span))
    return found


def relative(state: State, now: float) -> State:
    """Forget when it is, so that there are finitely many states."""
    values = {name: getattr(state, name) for name in State.__slots__}
    for moment in ("started_at", "deadline"):
        if values[moment] is not None:
            values[moment] = max(-60.0, min(60.0, values[moment] - now))
    return State(**values)


def diagram() -> str:
    rows = sorted(arrows().items())
    lines = [f"    {before.name} --> {after.name}: {', '.join(sorted(why))}" for (before, after), why in rows]
    return "\n".join(["stateDiagram-v2", "    [*] --> STOPPED", *lines, ""])


def split_page() -> tuple[str, str, str]:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    shown, _, after = rest.partition(END)
    return before, shown, after


def test_the_page_shows_what_the_machine_does() -> None:
    _, shown, _ = split_page()

    assert shown == diagram()


if __name__ == "__main__":
    before, _, after = split_page()
    PAGE.write_text(before + BEGIN + diagram() + END + after)
