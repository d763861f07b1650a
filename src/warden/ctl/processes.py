"""Commands on processes: status, start, stop, signal, clear, pid."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from warden.ctl import codes, finishing
from warden.ctl.api import NoJsonApi, results_of
from warden.ctl.client import Fault, Struct
from warden.ctl.codes import Exit, StatusExit, exit_for
from warden.ctl.output import namespec, status_json, status_text
from warden.ctl.session import Session
from warden.ctl.wire import Lost
from warden.words import STOPPED_PHASES, make_namespec, split_namespec

Finish = Callable[[Session, Sequence[str], float], list[Struct]]


class Verb(NamedTuple):
    """How the outcome of one action on one process is told."""

    done: str
    reasons: Mapping[int, str]  # by fault code; any other fault is told in the server's words
    finish: Finish | None = None  # what brings it to its end if the answer is lost
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
    finish=finishing.finish_start,
    harmless=codes.ALREADY_STARTED,
    no_group=Exit.INVALID_ARGS,
)
STOP = Verb(
    done="stopped",
    reasons=NO_SUCH_PROCESS | {codes.NOT_RUNNING: "not running"},
    finish=finishing.finish_stop,
    harmless=codes.NOT_RUNNING,
)
SIGNAL = Verb(
    done="signalled",
    reasons=NO_SUCH_PROCESS | {codes.BAD_SIGNAL: "bad signal name", codes.NOT_RUNNING: "not running"},
)
RELOAD = Verb(
    done="reloaded",
    reasons=NO_SUCH_PROCESS | {codes.NOT_RUNNING: "not running", codes.ABNORMAL_TERMINATION: "ended while it reloaded"},
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
    """Start processes, several names at the same time."""
    start_all(session, words)


def start_all(session: Session, words: Sequence[str]) -> bool:
    """Start processes and return whether nothing went wrong."""
    if (well := _together(session, START, "start", words)) is not None:
        return well
    return _each(session, START, words, _calls(session, "start"))


def stop(session: Session, words: Sequence[str]) -> None:
    """Stop processes, several names at the same time."""
    if _together(session, STOP, "stop", words) is not None:
        return
    _each(session, STOP, words, _calls(session, "stop"))


def signal(session: Session, words: Sequence[str]) -> None:
    """Send the signal named first to the processes named after it."""
    signame, *names = words
    _each(session, SIGNAL, names, _calls(session, "signal", signame))


def reload(session: Session, words: Sequence[str]) -> None:
    """Let processes read their configuration again, all at the same time."""
    if (names := session.names(words)) is None:
        return
    answer = session.api("POST", "/processes/reload", {"namespecs": "all" if "all" in names else names})
    tell_results(session, RELOAD, answer)
    if not results_of(answer):
        session.fail("ERROR: nothing to reload: no process of these runs and has a reload_signal")


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

    _each(session, CLEAR, words, _Calls(lambda: client.structs("clearAllProcessLogs"), clear_group, clear_one))


class _Calls(NamedTuple):
    """What asks the daemon to do something with all processes, with a group, with one."""

    everything: Callable[[], list[Struct]]
    group: Callable[[str], list[Struct]]
    one: Callable[[str], object]


def _calls(session: Session, verb: str, *more: str) -> _Calls:
    client = session.client
    return _Calls(
        lambda: client.structs(f"{verb}AllProcesses", *more),
        lambda name: client.structs(f"{verb}ProcessGroup", name, *more),
        lambda name: client.call(f"{verb}Process", name, *more),
    )


def _each(session: Session, verb: Verb, names: Sequence[str], calls: _Calls) -> bool:
    """Do ``verb`` for every name, tell each outcome as soon as it is known, and return whether all is well."""
    if "all" in names:
        return _surely(session, verb, ["all"], lambda: _tell_all(session, verb, calls.everything()))
    told = [_surely(session, verb, [name], partial(_one, session, verb, name, calls)) for name in names]
    return all(told)


def _one(session: Session, verb: Verb, name: str, calls: _Calls) -> bool:
    group_name, process = split_namespec(name)
    if process is not None:
        return _tell(session, verb, make_namespec(group_name, process), _outcome(calls.one, name))
    try:
        return _tell_all(session, verb, calls.group(group_name))
    except Fault as fault:
        if fault.code != codes.BAD_NAME:
            raise
        return _tell_no_group(session, verb, group_name)


def _surely(session: Session, verb: Verb, names: Sequence[str], act: Callable[[], bool]) -> bool:
    """Do ``act``, which does ``verb`` to these; if its answer is lost, bring it to its end all the same."""
    asked = time.time()
    try:
        return act()
    except Lost as lost:
        if verb.finish is None:
            raise
        try:
            results = verb.finish(session, names, asked)
        except NoJsonApi:
            raise lost from None
    return _tell_results(session, verb, results)


def _together(session: Session, verb: Verb, action: str, names: Sequence[str]) -> bool | None:
    """Do ``verb`` for all names at the same time, tell the outcomes in their order, and return whether all is well.

    Returns None where one after the other is the only way: for a single name,
    for names that mean a process twice, and with a daemon that has no JSON API.
    """
    if len(names) < 2 or "all" in names or _overlap(names):
        return None

    def act() -> bool:
        answer = session.api("POST", f"/processes/{action}", {"namespecs": list(names), "wait": True})
        return tell_results(session, verb, answer)

    try:
        return _surely(session, verb, names, act)
    except NoJsonApi:
        return None


def tell_results(session: Session, verb: Verb, answer: object) -> bool:
    """Tell the results of an action of the JSON API and return whether all is well; raises Fault on a shutdown."""
    return _tell_results(session, verb, results_of(answer))


def _tell_results(session: Session, verb: Verb, results: Sequence[Struct]) -> bool:
    well = True
    for result in results:
        code, text = result["code"], str(result["error"])
        if code == codes.SHUTDOWN_STATE:
            raise Fault(code, text)
        if result["name"] == "*":
            well = _tell_no_group(session, verb, str(result["group"]))
        else:
            well &= _tell(session, verb, namespec(result), {"status": code, "description": text})
    return well


def _overlap(names: Sequence[str]) -> bool:
    """Tell whether a process may be meant twice: then the order decides what becomes of it."""
    targets = [split_namespec(name) for name in names]
    whole = {group for group, process in targets if process is None}
    return len(set(targets)) < len(targets) or any(process is not None and group in whole for group, process in targets)


def _tell_no_group(session: Session, verb: Verb, group: str) -> bool:
    session.fail(f"{group}: ERROR (no such group)", verb.no_group)
    return False


def _outcome(call: Callable[[str], object], name: str) -> Struct:
    """Do one call and return what the server would say of it in a list; a server that goes down is raised."""
    try:
        call(name)
    except Fault as fault:
        if fault.code == codes.SHUTDOWN_STATE:
            raise
        return {"status": fault.code, "description": fault.text}
    return {"status": codes.SUCCESS, "description": "OK"}


def _tell_all(session: Session, verb: Verb, results: Sequence[Struct]) -> bool:
    told = [_tell(session, verb, namespec(result), result) for result in results]
    return all(told)


def _tell(session: Session, verb: Verb, name: str, outcome: Struct) -> bool:
    """Tell one outcome and return whether it is a good or a harmless one."""
    fault = outcome["status"]
    assert isinstance(fault, int)
    if fault == codes.SUCCESS:
        session.output(f"{name}: {verb.done}")
        return True
    session.output(f"{name}: ERROR ({verb.reasons.get(fault) or outcome['description']})")
    if fault != verb.harmless:
        session.exitstatus = exit_for(fault)
    return fault == verb.harmless


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
