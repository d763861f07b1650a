"""Commands on processes: status, start, stop, restart, signal, clear, pid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from warden.ctl import codes
from warden.ctl.client import Fault, Struct
from warden.ctl.codes import Exit, StatusExit, exit_for
from warden.ctl.output import namespec, status_json, status_text
from warden.ctl.session import Session
from warden.words import STOPPED_PHASES, make_namespec, split_namespec


class Verb(NamedTuple):
    """How the outcome of one action on one process is told."""

    done: str
    reasons: Mapping[int, str]  # by fault code; any other fault is told in the server's words
    harmless: int | None = None  # the fault that leaves the exit status alone
    no_group: Exit = Exit.GENERIC


NO_SUCH_PROCESS = {codes.BAD_NAME: "no such process"}
START = Verb(
    done="started",
    reasons=NO_SUCH_PROCESS
    | {
        codes.NO_FILE: "no such file",
        codes.NOT_EXECUTABLE: "file is not executable",
        codes.ABNORMAL_TERMINATION: "abnormal termination",
        codes.SPAWN_ERROR: "spawn error",
        codes.ALREADY_STARTED: "already started",
    },
    harmless=codes.ALREADY_STARTED,
    no_group=Exit.INVALID_ARGS,
)
STOP = Verb(done="stopped", reasons=NO_SUCH_PROCESS | {codes.NOT_RUNNING: "not running"}, harmless=codes.NOT_RUNNING)
SIGNAL = Verb(
    done="signalled",
    reasons=NO_SUCH_PROCESS | {codes.BAD_SIGNAL: "bad signal name", codes.NOT_RUNNING: "not running"},
)
CLEAR = Verb(done="cleared", reasons=NO_SUCH_PROCESS | {codes.FAILED: "failed"})


def status(session: Session, words: Sequence[str]) -> None:
    """Show the state of the named processes, or of all."""
    as_json = "--json" in words
    names = [word for word in words if word != "--json"]
    if not session.preflight():
        session.exitstatus = StatusExit.UNKNOWN
        return
    rows = session.client.structs("getAllProcessInfo")
    errors: list[tuple[str, str]] = []
    if names and "all" not in names:
        rows, errors = _select(rows, names)
    if errors:
        session.exitstatus = StatusExit.UNKNOWN
    if any(row["state"] in STOPPED_PHASES for row in rows):
        session.exitstatus = StatusExit.NOT_RUNNING
    if as_json:
        session.output(status_json(rows, errors))
        return
    for name, reason in errors:
        session.output(f"{name}: ERROR ({reason})")
    if rows:
        session.output(status_text(rows, colour=session.colour))


def _select(rows: Sequence[Struct], names: Sequence[str]) -> tuple[list[Struct], list[tuple[str, str]]]:
    """Return the rows that ``names`` mean, in the order typed, and (name, reason) for those that mean nothing."""
    groups: dict[str, dict[str, Struct]] = {}
    for row in rows:
        groups.setdefault(str(row["group"]), {})[str(row["name"])] = row
    chosen: list[Struct] = []
    errors = []
    for name in names:
        group, process = split_namespec(name)
        members = groups.get(group, {})
        if process is None and members:
            chosen.extend(members.values())
        elif process is None:
            errors.append((group, "no such group"))
        elif process in members:
            chosen.append(members[process])
        else:
            errors.append((name, "no such process"))
    return chosen, errors


def start(session: Session, words: Sequence[str]) -> None:
    """Start processes, one name after the other."""
    client = session.client
    _each(
        session,
        START,
        words,
        everything=lambda: client.structs("startAllProcesses"),
        group=lambda name: client.structs("startProcessGroup", name),
        one=lambda name: client.call("startProcess", name),
    )


def stop(session: Session, words: Sequence[str]) -> None:
    """Stop processes, one name after the other."""
    client = session.client
    _each(
        session,
        STOP,
        words,
        everything=lambda: client.structs("stopAllProcesses"),
        group=lambda name: client.structs("stopProcessGroup", name),
        one=lambda name: client.call("stopProcess", name),
    )


def restart(session: Session, words: Sequence[str]) -> None:
    """Stop all of them, then start all of them."""
    stop(session, words)
    start(session, words)


def signal(session: Session, words: Sequence[str]) -> None:
    """Send the signal named first to the processes named after it."""
    client, (signame, *names) = session.client, words
    _each(
        session,
        SIGNAL,
        names,
        everything=lambda: client.structs("signalAllProcesses", signame),
        group=lambda name: client.structs("signalProcessGroup", name, signame),
        one=lambda name: client.call("signalProcess", name, signame),
    )


def clear(session: Session, words: Sequence[str]) -> None:
    """Clear the log files of processes."""
    client = session.client

    def clear_one(name: str) -> object:
        return client.call("clearProcessLogs", name)

    def clear_group(group: str) -> list[Struct]:  # the server has no verb for it
        members = [row for row in client.structs("getAllProcessInfo") if row["group"] == group]
        if not members:
            raise Fault(codes.BAD_NAME, f"BAD_NAME: {group}")
        return [row | _outcome(clear_one, namespec(row)) for row in members]

    _each(
        session,
        CLEAR,
        words,
        everything=lambda: client.structs("clearAllProcessLogs"),
        group=clear_group,
        one=clear_one,
    )


def _each(
    session: Session,
    verb: Verb,
    names: Sequence[str],
    *,
    everything: Callable[[], list[Struct]],
    group: Callable[[str], list[Struct]],
    one: Callable[[str], object],
) -> None:
    """Do ``verb`` for every name and tell each outcome as soon as it is known."""
    if "all" in names:
        _tell_all(session, verb, everything())
        return
    for name in names:
        group_name, process = split_namespec(name)
        if process is not None:
            outcome = _outcome(one, name)
            _tell(session, verb, make_namespec(group_name, process), outcome)
            continue
        try:
            _tell_all(session, verb, group(group_name))
        except Fault as fault:
            if fault.code != codes.BAD_NAME:
                raise
            session.fail(f"{group_name}: ERROR (no such group)", verb.no_group)


def _outcome(call: Callable[[str], object], name: str) -> Struct:
    """Do one call and return what the server would say of it in a list; a server that goes down is raised."""
    try:
        call(name)
    except Fault as fault:
        if fault.code == codes.SHUTDOWN_STATE:
            raise
        return {"status": fault.code, "description": fault.text}
    return {"status": codes.SUCCESS, "description": "OK"}


def _tell_all(session: Session, verb: Verb, results: Sequence[Struct]) -> None:
    for result in results:
        _tell(session, verb, namespec(result), result)


def _tell(session: Session, verb: Verb, name: str, outcome: Struct) -> None:
    fault = outcome["status"]
    assert isinstance(fault, int)
    if fault == codes.SUCCESS:
        session.output(f"{name}: {verb.done}")
        return
    session.output(f"{name}: ERROR ({verb.reasons.get(fault) or outcome['description']})")
    if fault != verb.harmless:
        session.exitstatus = exit_for(fault)


def pid(session: Session, words: Sequence[str]) -> None:
    """Show pids: the daemon's, those of the named processes, or all."""
    if not words:
        session.output(str(session.client.call("getPID")))
        return
    if "all" in words:
        for row in session.client.structs("getAllProcessInfo"):
            session.output(str(row["pid"]))
        return
    for name in words:
        try:
            number = session.client.struct("getProcessInfo", name)["pid"]
        except Fault as fault:
            if fault.code != codes.BAD_NAME:
                raise
            session.fail(f"No such process {name}")
            continue
        session.output(str(number))
        if not number:
            session.exitstatus = Exit.NOT_RUNNING
