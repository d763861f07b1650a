"""The action restart: at once, a few at a time, or with the configuration read anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from warden.ctl import groups, processes
from warden.ctl.api import NoJsonApi, results_of
from warden.ctl.codes import Exit
from warden.ctl.output import namespec
from warden.ctl.session import Session
from warden.words import split_namespec


class Order(NamedTuple):
    """What was typed; ``batch`` is 0 for all at once."""

    names: list[str]
    batch: int = 0
    reread: bool = False


def restart(session: Session, words: Sequence[str]) -> None:
    """Stop the named processes, then start them."""
    try:
        order = _parse(words)
    except ValueError as error:
        session.fail(f"Error: {error}", Exit.INVALID_ARGS)
        return
    names = session.names(order.names)
    if names is None:
        return
    if order.reread:
        _restart_reread(session, names)
    elif order.batch:
        _roll(session, session.members(names), order.batch)
    else:
        processes.stop(session, names)
        processes.start(session, names)


def _parse(words: Sequence[str]) -> Order:
    """Raises ValueError."""
    names: list[str] = []
    rolling, reread, batch = False, False, "1"
    rest = iter(words)
    for word in rest:
        if word == "--rolling":
            rolling = True
        elif word == "--reread":
            reread = True
        elif word == "--batch":
            batch = next(rest, "")
        else:
            names.append(word)
    if not (batch.isascii() and batch.isdigit() and int(batch)):
        raise ValueError(f"--batch takes how many are restarted at the same time, 1 or more, not {batch!r}")
    if "--batch" in words and not rolling:
        raise ValueError("--batch is for restart --rolling")
    if rolling and reread:
        raise ValueError("--rolling and --reread do not go together: the groups that changed are replaced as a whole")
    if not names:
        raise ValueError("restart requires a process name")
    return Order(names, int(batch) if rolling else 0, reread)


def _roll(session: Session, names: Sequence[str], batch: int) -> None:
    """Restart a few at a time; the next ones only when those run and are ready."""
    for at in range(0, len(names), batch):
        part, rest = names[at : at + batch], names[at + batch :]
        processes.stop(session, part)
        if not (processes.start_all(session, part) and _ready(session, part)):
            if rest:
                session.output(f"ERROR: the rolling restart ends here; not restarted: {' '.join(rest)}")
            return


def _ready(session: Session, names: Sequence[str]) -> bool:
    """Wait until all can do their work; a daemon without that notion has told what it knows when they were started."""
    try:
        answer = session.api("POST", "/processes/ready", {"namespecs": list(names)}, again=True)
    except NoJsonApi:
        return True
    failed = [result for result in results_of(answer) if not result["ok"]]
    for result in failed:
        session.fail(f"{namespec(result)}: ERROR (did not become ready)", Exit.NOT_RUNNING)
    return not failed


def _restart_reread(session: Session, names: Sequence[str]) -> None:
    """Restart with the configuration as it is in the files now; only groups that are named."""
    changes = groups.read_changes(session, "ERROR: already shutting down")
    if changes is None:
        return
    _, changed, removed = changes
    rows = session.client.structs("getAllProcessInfo")
    chosen = {str(row["group"]) for row in rows} if "all" in names else {split_namespec(name)[0] for name in names}
    wanted = set(session.members(names))
    for group in changed:
        if group not in chosen:
            continue
        if not wanted.issuperset(session.members([f"{group}:*"])):
            session.fail(f"{group}: ERROR (its configuration has changed: restart all of it, {group}:*)")
            return
    for group in removed:
        if group in chosen:
            session.fail(f"{group}: ERROR (it is no longer configured: update removes it)")
            return
    same = [name for name in session.members(names) if split_namespec(name)[0] not in changed]
    if same:
        processes.stop(session, same)
        processes.start(session, same)
    for group in changed:
        if group in chosen:
            groups.replace(session, group)
