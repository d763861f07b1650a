"""Brings starts and stops to their end whose answers were lost with the brain that was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from warden.ctl import codes
from warden.ctl.api import results_of
from warden.ctl.client import Struct
from warden.ctl.names import members
from warden.ctl.output import namespec
from warden.ctl.session import Session
from warden.ctl.wire import LOSSES, Lost
from warden.words import split_namespec

_RUNS = ("RUNNING", "BACKOFF")  # who is STARTING may be so because of us
_ENDED = {"EXITED": codes.SUCCESS, "FATAL": codes.SPAWN_ERROR, "STOPPED": codes.ABNORMAL_TERMINATION}


def finish_start(session: Session, names: Sequence[str], asked: float) -> list[Struct]:
    """Start what ``names`` mean and nobody has started since ``asked``, and wait for what starts.

    ``asked`` is our wall clock, in seconds.  Returns results as the JSON API
    gives them; a process that has been running all the time has one only if it
    was named itself.  Raises ClientError, NoJsonApi where no brain has a successor.
    """
    return _insist(lambda: _finish_start(session, names, asked))


def finish_stop(session: Session, names: Sequence[str], asked: float) -> list[Struct]:
    """Stop what ``names`` mean and still runs; likewise."""
    return _insist(lambda: _finish_stop(session, names, asked))


def _insist(act: Callable[[], list[Struct]]) -> list[Struct]:
    for _loss in range(LOSSES - 1):
        try:
            return act()
        except Lost:
            continue
    return act()


def _finish_start(session: Session, names: Sequence[str], asked: float) -> list[Struct]:
    found: dict[str, Struct] = {}
    wanted = []
    rows, began = _look(session, asked)
    for name in members(names, list(rows.values())):
        row, named = rows.get(name), _is_named(name, names)
        if row is not None and row["state"] in _RUNS and _float(row["since"]) < began:
            found |= {name: _result(row, codes.ALREADY_STARTED)} if named else {}
        elif row is not None and _has_ended(row, began):
            found[name] = _result(row, _ENDED[str(row["state"])])
        elif row is None or row["enabled"] or named:
            wanted.append(name)
    return [*found.values(), *_do(session, "start", {"namespecs": wanted, "wait": True, "may_run": True})]


def _has_ended(row: Struct, began: float) -> bool:
    """Tell whether it was started since ``began`` and has ended already: not everybody wants to run twice."""
    return row["state"] in _ENDED and _float(row["since"]) >= began and _float(row["start"]) >= int(began)


def _finish_stop(session: Session, names: Sequence[str], asked: float) -> list[Struct]:
    rows, began = _look(session, asked)
    before = {
        name
        for name, row in rows.items()
        if row["state"] in _ENDED and _float(row["since"]) < began and not row["waiting_for"]
    }
    meant = [name for name in members(names, list(rows.values())) if name in rows]
    results = {
        namespec(result): result for result in _do(session, "stop", {"namespecs": _selection(names), "wait": True})
    }
    for name in meant:
        ended = results.get(name, {"code": codes.NOT_RUNNING})["code"] == codes.NOT_RUNNING
        if ended and name not in before:
            results[name] = _result(rows[name], codes.SUCCESS)
    return list(results.values())


def _do(session: Session, action: str, body: dict[str, object]) -> list[Struct]:
    return results_of(session.api("POST", f"/processes/{action}", body)) if body["namespecs"] else []


def _selection(names: Sequence[str]) -> object:
    return "all" if "all" in names else list(names)


def _is_named(name: str, names: Sequence[str]) -> bool:
    return split_namespec(name) in map(split_namespec, names)


def _look(session: Session, asked: float) -> tuple[dict[str, Struct], float]:
    """Return all processes by name, and when by the clock of the daemon it was asked."""
    answer = session.api("GET", "/processes")
    assert isinstance(answer, dict)
    rows = {namespec(row): row for row in answer["processes"]}
    ahead = max((int(row["now"]) - int(time.time()) for row in rows.values()), default=0)
    return rows, asked + (ahead if abs(ahead) > 1 else 0)  # it tells whole seconds: for ours we know better


def _result(row: Struct, code: int) -> Struct:
    return {"name": row["name"], "group": row["group"], "code": code, "error": None}


def _float(value: object) -> float:
    assert isinstance(value, int | float)
    return value
