"""The actions of the old page: verbs of the daemon in, one sentence for people out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from warden.errors import (
    AbnormalTermination,
    AlreadyStarted,
    BadName,
    NoFile,
    NotExecutable,
    NotRunning,
    RequestError,
    SpawnFailed,
)
from warden.rpc.control import Control, Outcome
from warden.rpc.faults import fault_from
from warden.words import make_namespec

ON_ALL = frozenset({"refresh", "stopall", "restartall"})
ON_ONE = frozenset({"start", "stop", "restart", "clearlog"})

_WHY = {
    NoFile: "no such file",
    NotExecutable: "file not executable",
    AlreadyStarted: "already started",
    SpawnFailed: "spawn error",
    AbnormalTermination: "abnormal termination",
}


def is_known(action: str, namespec: str | None) -> bool:
    """Tell whether there is such an action and it has the process it needs."""
    return action in ON_ALL or (action in ON_ONE and namespec is not None)


async def perform(control: Control, action: str, namespec: str | None) -> str:
    """Do it, wait until it is done, and say how it went; the action ``is_known``."""
    try:
        if action in ON_ALL or namespec is None:
            return await _on_all(control, action)
        return await _on_one(control, action, namespec)
    except RequestError as error:
        return fault_text(error)


def fault_text(error: RequestError) -> str:
    """Return the sentence for an error that has no sentence of its own."""
    fault = fault_from(error)
    return f"unexpected rpc fault [{fault.faultCode}] {fault.faultString}"


async def _on_all(control: Control, action: str) -> str:
    outcomes: list[Outcome] = []
    done = "Page refreshed"
    if action in ("stopall", "restartall"):
        outcomes += await control.stop_many(None, wait=True)
        done = "All stopped"
    if action == "restartall":
        outcomes += await control.start_many(None, wait=True)
        done = "All restarted"
    failures = list(_failures(outcomes))
    return "; ".join(failures) if failures else f"{done} at {time.ctime()}"


def _failures(outcomes: Iterable[Outcome]) -> Iterable[str]:
    for outcome in outcomes:
        if outcome.error is not None:
            yield _failed(make_namespec(outcome.group, outcome.name), outcome.error)


async def _on_one(control: Control, action: str, namespec: str) -> str:
    try:
        control.process(namespec)
    except BadName:
        return f"No such process named {namespec}"
    match action:
        case "clearlog":
            control.clear_logs(namespec)
            return f"Log for {namespec} cleared"
        case "stop":
            await control.stop(namespec, wait=True)
            return f"Process {namespec} stopped"
        case "restart":
            with suppress(NotRunning):  # then it only has to be started
                await control.stop(namespec, wait=True)
            return await _start(control, namespec, "restarted")
        case _:
            return await _start(control, namespec, "started")


async def _start(control: Control, namespec: str, done: str) -> str:
    try:
        await control.start(namespec, wait=True)
    except RequestError as error:
        return _failed(namespec, error)
    return f"Process {namespec} {done}"


def _failed(namespec: str, error: RequestError) -> str:
    return f"ERROR: Process {namespec}: {_WHY.get(type(error)) or fault_text(error)}"
