"""What the daemon tells, as the structs of the XML-RPC contract."""

from __future__ import annotations

from collections.abc import Iterable

from warden.config.model import ChannelConfig
from warden.config.values import AUTO
from warden.rpc.control import ConfigView, Outcome, ProcessView
from warden.rpc.faults import Faults, fault_from
from warden.words import Autorestart, Channel, Phase

_STATE_NAMES = {phase: phase.name for phase in Phase}  # an enum takes its time to tell
_AUTORESTART: dict[Autorestart, object] = {
    Autorestart.ALWAYS: True,
    Autorestart.NEVER: False,
    Autorestart.UNEXPECTED: "unexpected",
}


def process_struct(view: ProcessView) -> dict[str, str | int]:
    """Return what ``getProcessInfo`` answers: the members of old, and more for a program whose configuration asks."""
    struct: dict[str, str | int] = {
        "name": view.name,
        "group": view.group,
        "start": view.start,
        "stop": view.stop,
        "now": view.now,
        "state": int(view.phase),
        "statename": _STATE_NAMES[view.phase],
        "spawnerr": view.spawnerr,
        "exitstatus": view.exitstatus,
        "logfile": view.stdout_logfile,
        "stdout_logfile": view.stdout_logfile,
        "stderr_logfile": view.stderr_logfile,
        "pid": view.pid,
        "description": view.description,
    }
    if view.ready is not None or view.health or view.waiting_for:
        struct |= _vitals(view)
    return struct | _schedule(view) if view.schedule else struct


def _schedule(view: ProcessView) -> dict[str, str | int]:
    return {
        "schedule": view.schedule,
        "next_run": view.next_run,
        "last_run": view.last_run,
        "last_run_exit": view.last_run_exit,
    }


def _vitals(view: ProcessView) -> dict[str, str | int]:
    struct: dict[str, str | int] = {}
    if view.ready is not None:
        struct["ready"] = view.ready
    told = {
        "health": view.health,
        "trouble": view.trouble,
        "status_text": view.said,
        "waiting_for": "; ".join(view.waiting_for),
    }
    return struct | {name: text for name, text in told.items() if text}


def outcome_structs(outcomes: Iterable[Outcome]) -> list[dict[str, object]]:
    """Return what a request for many answers: one struct per process."""
    return [_outcome_struct(outcome) for outcome in outcomes]


def _outcome_struct(outcome: Outcome) -> dict[str, object]:
    status, description = Faults.SUCCESS, "OK"
    if outcome.error is not None:
        fault = fault_from(outcome.error)
        status, description = fault.faultCode, fault.faultString
    return {"name": outcome.name, "group": outcome.group, "status": status, "description": description}


def config_struct(view: ConfigView, active: ProcessView | None) -> dict[str, object]:
    """Return one entry of ``getAllConfigInfo``; ``active`` is the process of that name, if there is one."""
    config, policy = view.process, view.process.policy
    logs = {Channel.STDOUT: config.stdout, Channel.STDERR: config.stderr}
    names = {
        Channel.STDOUT: active.stdout_logfile if active else "",
        Channel.STDERR: active.stderr_logfile if active else "",
    }
    return {
        "name": config.name,
        "group": view.group.name,
        "inuse": view.inuse,
        "group_prio": view.group.priority,
        "process_prio": config.priority,
        "command": config.command,
        "directory": config.directory or "none",
        "uid": "none" if config.uid is None else config.uid,
        "autostart": policy.autostart,
        "autorestart": _AUTORESTART[policy.autorestart],
        "killasgroup": policy.killasgroup,
        "redirect_stderr": config.redirect_stderr,
        "startsecs": policy.startsecs,
        "startretries": policy.startretries,
        "stopwaitsecs": policy.stopwaitsecs,
        "stopsignal": int(policy.stopsignal),
        "exitcodes": list(policy.exitcodes),
        "serverurl": config.serverurl or "none",
    } | {key: value for channel, log in logs.items() for key, value in _log_members(channel, log, names[channel])}


def _log_members(channel: Channel, log: ChannelConfig, opened: str) -> Iterable[tuple[str, object]]:
    name = (opened or "auto") if log.logfile is AUTO else (log.logfile or "none")
    yield f"{channel}_logfile", name
    yield f"{channel}_logfile_maxbytes", log.maxbytes
    yield f"{channel}_logfile_backups", log.backups
    yield f"{channel}_capture_maxbytes", log.capture_maxbytes
    yield f"{channel}_events_enabled", log.events_enabled
    yield f"{channel}_syslog", log.syslog
