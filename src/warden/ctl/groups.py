"""Commands on the configuration: avail, reread, add, remove, update."""

from __future__ import annotations

from collections.abc import Sequence

from warden.ctl import codes
from warden.ctl.api import Refusal
from warden.ctl.client import Fault
from warden.ctl.codes import Exit
from warden.ctl.output import avail_json, avail_text
from warden.ctl.session import Session

SETTLED = (codes.SUCCESS, codes.NOT_RUNNING)  # either way the process is not running any more


def avail(session: Session, words: Sequence[str]) -> None:
    """Show every configured process."""
    try:
        rows = session.client.structs("getAllConfigInfo")
    except Fault as fault:
        if fault.code != codes.SHUTDOWN_STATE:
            raise
        session.fail("ERROR: supervisor shutting down")
        return
    if "--json" in words:
        session.output(avail_json(rows))
    elif rows:
        session.output(avail_text(rows))


def reread(session: Session, _words: Sequence[str]) -> None:
    """Let the server read its configuration; show what an update would change."""
    changes = read_changes(session, "ERROR: supervisor shutting down")
    if changes is None:
        return
    told = zip(changes, ("available", "changed", "disappeared"), strict=True)
    lines = sorted((group, what) for groups, what in told for group in groups)
    for group, what in lines:
        session.output(f"{group}: {what}")
    if not lines:
        session.output("No config updates to processes")


def read_changes(session: Session, when_shutting_down: str) -> tuple[list[str], list[str], list[str]] | None:
    """Return (added, changed, removed), or None after telling why not."""
    try:
        return session.client.changes()
    except Fault as fault:
        if fault.code == codes.SHUTDOWN_STATE:
            session.fail(when_shutting_down)
        elif fault.code == codes.CANT_REREAD:
            session.fail(f"ERROR: {fault.text}")
        else:
            raise
        return None


def add(session: Session, words: Sequence[str]) -> None:
    """Activate groups of the configuration read last."""
    for group in words:
        try:
            session.client.call("addProcessGroup", group)
        except Fault as fault:
            if fault.code == codes.ALREADY_ADDED:
                session.output("ERROR: process group already active")
            elif fault.code == codes.SHUTDOWN_STATE:
                session.fail("ERROR: shutting down")
            elif fault.code == codes.BAD_NAME:
                session.fail(f"ERROR: no such process/group: {group}")
            else:
                session.fail(f"ERROR: {fault.text}")
        else:
            session.output(f"{group}: added process group")


def remove(session: Session, words: Sequence[str]) -> None:
    """Deactivate groups that are stopped."""
    for group in words:
        try:
            session.client.call("removeProcessGroup", group)
        except Fault as fault:
            if fault.code == codes.STILL_RUNNING:
                session.fail(f"ERROR: process/group still running: {group}")
            elif fault.code == codes.BAD_NAME:
                session.fail(f"ERROR: no such process/group: {group}")
            else:
                raise
        else:
            session.output(f"{group}: removed process group")


def update(session: Session, words: Sequence[str]) -> None:
    """Reread and apply: remove, then change, then add groups; only the named ones if there are names."""
    if "--confirm" in words:
        _update_on_trial(session, words)
        return
    changes = read_changes(session, "ERROR: already shutting down")
    if changes is None:
        return
    wanted = _wanted(session, words, frozenset().union(*changes))
    added, changed, removed = ([group for group in groups if group in wanted] for groups in changes)
    for group in removed:
        if _stop_and_remove(session, group, "removing"):
            session.output(f"{group}: removed process group")
    for group in changed:
        replace(session, group)
    for group in added:
        if _add(session, group):
            session.output(f"{group}: added process group")


def _update_on_trial(session: Session, words: Sequence[str]) -> None:
    """Let the daemon update, and go back by itself unless somebody confirms it in time."""
    at = words.index("--confirm")
    seconds, names = "".join(words[at + 1 : at + 2]), [*words[:at], *words[at + 2 :]]
    if not (seconds.isascii() and seconds.isdigit() and int(seconds)):
        session.fail(f"Error: --confirm takes a number of seconds, not {seconds!r}", Exit.INVALID_ARGS)
        return
    body = {"groups": None if not names or "all" in names else names, "confirm": int(seconds)}
    try:
        changes = session.api("POST", "/update", body)
    except Refusal as refusal:
        session.fail(f"ERROR: {refusal}")
        return
    told = False
    for what, done in (("removed", "removed"), ("changed", "updated"), ("added", "added")):
        for group in changes.get(what, ()) if isinstance(changes, dict) else ():
            session.output(f"{group}: {done} process group")
            told = True
    if told:
        session.output(f"It is taken back in {seconds} seconds unless you confirm it: supervisorctl confirm")


def confirm(session: Session, _words: Sequence[str]) -> None:
    """Keep the update that waits for it."""
    if session.api("POST", "/update/confirm") == {"ok": True}:
        session.output("The update is confirmed")
    else:
        session.fail("ERROR: no update waits for a confirmation")


def replace(session: Session, group: str) -> None:
    """Stop a group and start it again with its new configuration."""
    if _stop_and_remove(session, group, "updating") and _add(session, group):
        session.output(f"{group}: updated process group")


def _wanted(session: Session, words: Sequence[str], differing: frozenset[str]) -> frozenset[str]:
    """Return the groups that ``words`` let change; a name that no group has is told."""
    if not words or "all" in words:
        return differing
    known = {str(row["group"]) for row in session.client.structs("getAllProcessInfo")} | differing
    for group in dict.fromkeys(words):
        if group not in known:
            session.fail(f"ERROR: no such group: {group}")
    return frozenset(words)


def _stop_and_remove(session: Session, group: str, purpose: str) -> bool:
    """Return whether the group is gone; one that will not stop must not end the whole update."""
    results = session.client.structs("stopProcessGroup", group)
    session.output(f"{group}: stopped")
    try:
        if all(result["status"] in SETTLED for result in results):
            session.client.call("removeProcessGroup", group)
            return True
    except Fault as fault:
        if fault.code != codes.STILL_RUNNING:
            raise
    session.fail(f"{group}: has problems; not {purpose}")
    return False


def _add(session: Session, group: str) -> bool:
    try:
        session.client.call("addProcessGroup", group)
    except Fault as fault:
        if fault.code == codes.SHUTDOWN_STATE:
            raise
        session.fail(f"{group}: ERROR ({fault.text})")
        return False
    return True
