"""What the daemon tells, as the JSON objects of the API."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass

from warden.api.shapes import (
    Daemon,
    DaemonState,
    Group,
    GroupChanges,
    Health,
    Need,
    OptionDifference,
    Process,
    Program,
    Result,
    Sample,
    Scaling,
    State,
    Step,
    Tie,
    UpdatePlan,
)
from warden.config.option import option_name
from warden.config.probes import Probe
from warden.rpc.control import Changes, ConfigView, Outcome, ProcessView, Scaled
from warden.rpc.faults import Faults, fault_from
from warden.rpc.insight import DaemonView, Plan, TieView, Transition, Usage
from warden.words import API_VERSION, Mood, Phase, make_namespec, signal_text

MASK = "(hidden)"

_STATE: dict[Phase, State] = {
    Phase.STOPPED: "STOPPED",
    Phase.STARTING: "STARTING",
    Phase.RUNNING: "RUNNING",
    Phase.BACKOFF: "BACKOFF",
    Phase.STOPPING: "STOPPING",
    Phase.EXITED: "EXITED",
    Phase.FATAL: "FATAL",
    Phase.UNKNOWN: "UNKNOWN",
}
_HEALTH: dict[str, Health] = {"": "", "unknown": "unknown", "healthy": "healthy", "unhealthy": "unhealthy"}
_MOOD: dict[Mood, DaemonState] = {
    Mood.FATAL: "FATAL",
    Mood.RUNNING: "RUNNING",
    Mood.RESTARTING: "RESTARTING",
    Mood.SHUTDOWN: "SHUTDOWN",
}
# ``--password=x``, ``API_TOKEN=x``, ``--secret x``; and the password of a URL.
_SECRET_WORDS = re.compile(
    r"(?i)([\w-]*(?:passwo?r?d|secret|token|api[_-]?key)[\w-]*(?:\s*=\s*|\s+))('[^']*'|\"[^\"]*\"|\S+)"
)
_SECRET_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")


def process(view: ProcessView, usage: Usage | None) -> Process:
    """Return one process with its last measurement."""
    return {
        "name": view.name,
        "group": view.group,
        "namespec": make_namespec(view.group, view.name),
        "state": _STATE[view.phase],
        "description": view.description,
        "pid": view.pid,
        "start": view.start,
        "stop": view.stop,
        "now": view.now,
        "since": view.since,
        "cause": view.cause,
        "restarts": view.restarts,
        "last_exit": view.last_exit,
        "ready": view.ready,
        "health": _HEALTH[view.health],
        "trouble": view.trouble,
        "status_text": view.said,
        "waiting_for": list(view.waiting_for),
        "schedule": view.schedule,
        "next_run": view.next_run,
        "last_run": view.last_run,
        "last_run_exit": view.last_run_exit,
        "errand": view.errand,
        "enabled": view.enabled,
        "exitstatus": view.exitstatus,
        "spawnerr": view.spawnerr,
        "stdout_logfile": view.stdout_logfile,
        "stderr_logfile": view.stderr_logfile,
        "cpu": None if usage is None else round(usage.cpu, 2),
        "memory": None if usage is None else usage.memory,
        "processes": None if usage is None else usage.processes,
    }


def tie(view: TieView) -> Tie:
    """Return what a process needs."""
    needs: list[Need] = [
        {"namespec": need.namespec, "condition": need.condition.value, "obstacle": need.obstacle} for need in view.needs
    ]
    return {
        "namespec": view.namespec,
        "state": _STATE[view.phase],
        "needs": needs,
        "started": view.started,
        "waited": round(view.waited, 3),
        "took": None if view.took is None else round(view.took, 3),
    }


def result(outcome: Outcome) -> Result:
    """Return what became of one process."""
    fault = None if outcome.error is None else fault_from(outcome.error)
    return {
        "name": outcome.name,
        "group": outcome.group,
        "namespec": make_namespec(outcome.group, outcome.name),
        "ok": fault is None,
        "code": Faults.SUCCESS if fault is None else fault.faultCode,
        "error": None if fault is None else fault.faultString,
    }


def step(transition: Transition) -> Step:
    """Return one entry of a history."""
    return {
        "at": transition.at,
        "state": _STATE[transition.phase],
        "previous": _STATE[transition.previous],
        "cause": transition.cause,
        "pid": transition.pid,
        "exit": transition.exit,
        "sent": transition.sent,
    }


def sample(usage: Usage) -> Sample:
    """Return one measurement."""
    return {"at": usage.at, "cpu": round(usage.cpu, 2), "memory": usage.memory, "processes": usage.processes}


def daemon(view: DaemonView) -> Daemon:
    """Return the daemon."""
    return {
        "identifier": view.identifier,
        "version": view.version,
        "api_version": API_VERSION,
        "pid": view.pid,
        "brain": view.brain,
        "state": _MOOD[view.mood],
        "started": view.started,
        "config_file": view.config_file,
        "logfile": view.logfile,
        "warnings": list(view.warnings),
        "upgrade_failure": view.upgrade_failure,
    }


def changes(found: Changes) -> GroupChanges:
    """Return what a reading of the configuration found."""
    return {"added": list(found.added), "changed": list(found.changed), "removed": list(found.removed)}


def scaling(done: Scaled) -> Scaling:
    """Return what became of a program's processes."""
    return {"added": list(done.added), "removed": list(done.removed)}


def plan(found: Plan) -> UpdatePlan:
    """Return what an update would do."""
    options: list[OptionDifference] = [
        {
            "group": change.group,
            "process": change.process,
            "option": change.option,
            "old": None if change.old is None else masked(change.old),
            "new": None if change.new is None else masked(change.new),
        }
        for change in found.options
    ]
    return {**changes(found.changes), "options": options, "warnings": list(found.warnings)}


def groups(processes: Iterable[ProcessView], available: Iterable[ConfigView]) -> list[Group]:
    """Return all groups, sorted by name."""
    found: dict[str, Group] = {}

    def group(name: str) -> Group:
        return found.setdefault(name, {"name": name, "active": False, "available": False, "processes": []})

    for view in processes:
        group(view.group)["active"] = True
        group(view.group)["processes"].append(make_namespec(view.group, view.name))
    for config in available:
        one = group(config.group.name)
        one["available"] = True
        one["active"] = one["active"] or config.inuse
        namespec = make_namespec(config.group.name, config.process.name)
        if not one["active"]:
            one["processes"].append(namespec)
    return [found[name] for name in sorted(found)]


def program(view: ConfigView) -> Program:
    """Return the configuration of one process, secrets masked."""
    config = view.process
    return {
        "name": config.name,
        "group": view.group.name,
        "namespec": make_namespec(view.group.name, config.name),
        "kind": config.kind.value,
        "inuse": view.inuse,
        "options": {"group_priority": view.group.priority} | dict(_options(config)),
        "environment": dict.fromkeys((name for name, _ in config.environment), MASK),
    }


def masked(text: str) -> str:
    """Return a command without the secrets that look like some."""
    return _SECRET_URL.sub(rf"\1{MASK}", _SECRET_WORDS.sub(rf"\1{MASK}", text))


def _options(config: object, outer: str = "") -> Iterator[tuple[str, object]]:
    """Name every value as its option is named in the file."""
    assert is_dataclass(config)
    for row in fields(config):
        value = getattr(config, row.name)
        if row.name in ("name", "kind", "environment", "greets_when_ready"):
            continue
        if is_dataclass(value) and not isinstance(value, Probe):
            yield from _options(value, "" if row.name == "policy" else row.name)
        else:
            yield option_name(outer, row.name), _plain(row.name, value)


def _plain(name: str, value: object) -> object:
    match name, value:
        case "stopsignal", int():
            return signal_text(value).removeprefix("SIG")
        case "stop_sequence", tuple():
            return " ".join(f"{signal_text(signum).removeprefix('SIG')}:{seconds:g}" for signum, seconds in value)
        case (("umask" | "mode"), int()):
            return f"{value:03o}"
        case _, enum.Enum():
            return value.value
        case _, str() | Probe():
            return masked(str(value))
        case "depends_on", tuple():
            return [str(dependency) for dependency in value]
        case _, Sequence():
            return list(value)
        case _:
            return value
