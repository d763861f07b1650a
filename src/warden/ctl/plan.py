"""The action plan: what an update would do, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from warden.ctl.output import json_text
from warden.ctl.session import Session
from warden.ctl.wire import BrokenAnswer

PARTS = ("removed", "changed", "added", "options", "warnings")
NOTHING = "No config updates to processes"


def plan(session: Session, words: Sequence[str]) -> None:
    """Show what update would do; nothing changes."""
    found = session.api("GET", "/plan")
    if "--json" in words:
        session.output(json_text(found))
        return
    if not isinstance(found, dict) or not all(isinstance(found.get(part), list) for part in PARTS):
        raise BrokenAnswer("the daemon answered something unexpected")
    session.output("\n".join(tell(found)) or NOTHING)


def tell(found: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """Return a line for each step, and one for each option that makes a group a changed one."""
    for group in found["removed"]:
        yield f"{group}: would be stopped and removed"
    for group in found["changed"]:
        yield f"{group}: would be stopped and started with the new configuration"
        for option in found["options"]:
            if isinstance(option, dict) and option["group"] == group:
                yield _difference(option)
    for group in found["added"]:
        yield f"{group}: would be added"
    for warning in found["warnings"]:
        yield f"warning: {warning}"


def _difference(option: Mapping[str, object]) -> str:
    where = f"{option['process']} " if option["process"] else ""
    return f"    {where}{option['option']}: {_shown(option['old'])} -> {_shown(option['new'])}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
