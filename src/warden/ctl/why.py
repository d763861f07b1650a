"""The action why: what happened to a process, in words, with causes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from warden.ctl.api import Refusal, segment
from warden.ctl.codes import Exit
from warden.ctl.output import json_text
from warden.ctl.session import Session

SHOWN_STEPS = 20
KILLED = "terminated by SIGKILL"

Facts = Mapping[str, object]


def why(session: Session, words: Sequence[str]) -> None:
    """Tell the story of each named process."""
    names = session.members([word for word in words if word != "--json"])
    stories: list[tuple[Facts, Sequence[Facts]]] = []
    for name in names:
        try:
            stories.append(_ask(session, name))
        except Refusal as refusal:
            session.fail(f"{name}: ERROR (no such process)" if refusal.fault == "BAD_NAME" else f"error: {refusal}")
    if "--json" in words:
        session.output(json_text([{**process, "history": steps} for process, steps in stories]))
    else:
        for process, steps in stories:
            session.output("\n".join(tell(process, steps)) + "\n" * (len(names) > 1))


def _ask(session: Session, name: str) -> tuple[Facts, Sequence[Facts]]:
    process = session.api("GET", f"/processes/{segment(name)}")
    found = session.api("GET", f"/processes/{segment(name)}/history")
    if not isinstance(process, dict) or not isinstance(found, dict) or not isinstance(found.get("history"), list):
        raise Refusal(200, Exit.GENERIC, "FAILED", f"{name}: the daemon answered something unexpected")
    return process, found["history"]


def tell(process: Facts, steps: Sequence[Facts]) -> list[str]:
    """Return the lines of a story: how things stand, then what led there, oldest first."""
    now = f"{process['namespec']} is {process['state']}"
    if not steps:
        return [f"{now}: {process['description']}"]
    shown = steps[-SHOWN_STEPS:]
    changes = [step for step in steps if step["state"] != step["previous"]]  # the others are remarks
    lines = [_head(now, process, (changes or steps)[-1])]
    if len(shown) < len(steps):
        lines.append(f"  ({len(steps) - len(shown)} earlier changes are not shown)")
    if process.get("next_run"):
        lines.insert(1, f"  next run {_when(process['next_run'])} (schedule {process['schedule']})")
    return [*lines, *(f"  {_when(step['at'])}  {step['state']:<8}  {reason(step)}" for step in shown)]


def _head(now: str, process: Facts, last: Facts) -> str:
    if last["state"] != process["state"]:  # of an earlier run of the daemon
        return f"{now}: {process['description']}"
    return f"{now} since {_when(last['at'])}: {reason(last)}"


def reason(step: Facts) -> str:
    """Say why one change happened."""
    cause, exit_, sent = str(step["cause"]), str(step["exit"]), str(step.get("sent", ""))
    said = cause if not exit_ or exit_ in cause else f"{cause}: {exit_}"
    if step["pid"] and not exit_ and step["state"] != "RUNNING":
        said += f" (pid {step['pid']})"
    if not exit_.startswith("terminated by "):
        return said
    if sent:
        return f"{said}, sent by supervisord: {sent}"
    hint = "; the kernel's log says if memory ran out" if exit_.startswith(KILLED) else ""
    return f"{said}, not sent by supervisord{hint}"


def _when(at: object) -> str:
    assert isinstance(at, int | float)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
