"""The action restart: at once, a few at a time, or with the configuration read anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from warden.ctl import codes, groups, processes
from warden.ctl.api import NoJsonApi, results_of
from warden.ctl.client import Struct
from warden.ctl.codes import Exit
from warden.ctl.output import namespec
from warden.ctl.session import Session
from warden.words import split_namespec

PATIENCE_SECONDS = 600  # as other orchestrators have it
QUIET_SECONDS = 10  # in which nothing is said about what is waited for


class Order(NamedTuple):
    """What was typed; ``batch`` is 0 for all at once."""

    names: list[str]
    batch: int = 0
    reread: bool = False
    timeout: int = PATIENCE_SECONDS  # for the readiness of a batch; 0 = however long it takes


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
        _roll(session, session.members(names), order.batch, order.timeout)
    else:
        processes.stop(session, names)
        processes.start(session, names)


def _parse(words: Sequence[str]) -> Order:
    """Raises ValueError."""
    names: list[str] = []
    numbers = {"--batch": "1", "--timeout": str(PATIENCE_SECONDS)}
    rest = iter(words)
    for word in rest:
        if word in numbers:
            numbers[word] = next(rest, "")
        elif word not in ("--rolling", "--reread"):
            names.append(word)
    rolling, reread = "--rolling" in words, "--reread" in words
    batch = _number(numbers["--batch"], "--batch takes how many are restarted at the same time, 1 or more", least=1)
    timeout = _number(numbers["--timeout"], "--timeout takes a number of seconds, 0 for as long as it takes", least=0)
    for option in numbers:
        if option in words and not rolling:
            raise ValueError(f"{option} is for restart --rolling")
    if rolling and reread:
        raise ValueError("--rolling and --reread do not go together: the groups that changed are replaced as a whole")
    if not names:
        raise ValueError("restart requires a process name")
    return Order(names, batch if rolling else 0, reread, timeout)


def _number(text: str, expected: str, *, least: int) -> int:
    """Raises ValueError."""
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise ValueError(f"{expected}, not {text!r}")
    return int(text)


def _roll(session: Session, names: Sequence[str], batch: int, timeout: int) -> None:
    """Restart a few at a time; the next ones only when those run and are ready."""
    for at in range(0, len(names), batch):
        part, rest = names[at : at + batch], names[at + batch :]
        processes.stop(session, part)
        if not (processes.start_all(session, part) and _ready(session, part, timeout)):
            if rest:
                session.output(f"ERROR: the rolling restart ends here; not restarted: {' '.join(rest)}")
            return


def _ready(session: Session, names: Sequence[str], timeout: int) -> bool:
    """Wait until all can do their work; a daemon without that notion has told what it knows when they were started."""
    try:
        failed = _not_ready(session, names, min(timeout or QUIET_SECONDS, QUIET_SECONDS))
        if _are_late(failed) and (timeout == 0 or timeout > QUIET_SECONDS):
            waited_for = ", ".join(f"{namespec(result)} ({_why(result)})" for result in failed)
            session.note(f"waiting for {waited_for}; Ctrl-C ends the restart here")
            failed = _not_ready(session, list(map(namespec, failed)), timeout - QUIET_SECONDS if timeout else None)
    except NoJsonApi:
        return True
    for result in failed:
        after = f"; given up after {timeout} s" if result["code"] == codes.FAILED else ""
        session.fail(f"{namespec(result)}: ERROR ({_why(result)}{after})", Exit.NOT_RUNNING)
    return not failed


def _not_ready(session: Session, names: Sequence[str], seconds: int | None) -> list[Struct]:
    """Wait so long for all, and return the results of those that are not ready."""
    answer = session.api("POST", "/processes/ready", {"namespecs": list(names), "within": seconds}, again=True)
    return [result for result in results_of(answer) if not result["ok"]]


def _are_late(failed: Sequence[Struct]) -> bool:
    """Whether all of these may become ready still."""
    return bool(failed) and all(result["code"] == codes.FAILED for result in failed)


def _why(result: Struct) -> str:
    if result["code"] == codes.FAILED:
        return str(result["error"]).partition(": ")[2]
    return "did not become ready"


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
