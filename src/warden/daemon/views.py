"""Facts made readable: the rows that RPC, page and client show.  Times become wall-clock here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from warden.daemon.records import Process
from warden.daemon.ties import is_ready
from warden.process import stopping
from warden.rpc.control import ProcessView
from warden.rpc.insight import Transition
from warden.words import STARTABLE_PHASES, Channel, Health, Phase

_UNSTARTED = "Not started"
_NEVER: tuple[int, ProcessView | None] = (-1, None)


class Run(NamedTuple):
    """When a process was started last (seconds since the epoch, 0 = never), and how that has ended ("" = not yet)."""

    began: float = 0.0
    exit: str = ""


_NO_RUN = Run()


def last_run(history: Sequence[Transition]) -> Run:
    """Find the last start in a history, which may begin in an earlier run of the daemon."""
    end = ""
    for step in reversed(history):
        end = end or step.exit or (step.cause if step.phase is Phase.BACKOFF else "")
        if step.phase is Phase.STARTING and step.is_change:
            return Run(step.at, end)
    return _NO_RUN


class Views:
    """The views of all processes; one is made anew when its process has changed, else only told the time."""

    def __init__(self) -> None:
        self._made: dict[Process, tuple[int, ProcessView | None]] = {}

    def of(self, processes: Iterable[Process], now: float) -> list[ProcessView]:
        """Describe all of ``processes`` at ``now``, in seconds since the epoch."""
        known, second = self._made, int(now)
        self._made = {}  # those that are gone are forgotten
        views = []
        for process in processes:
            revision, view = known.get(process, _NEVER)
            if revision != process.revision or view is None:
                view = process_view(process, now)
            elif view.now != second:
                view = view._replace(now=second, description=_describe(process, now))
            self._made[process] = process.revision, view
            views.append(view)
        return views


def process_view(process: Process, now: float) -> ProcessView:
    """Describe one process at ``now``, in seconds since the epoch."""
    state, vitals, config = process.state, process.vitals, process.config
    last = process.history.last_change()
    run = _NO_RUN if config.schedule is None else last_run(process.history)
    if last is not None and last.phase is not state.phase:  # of a run of the daemon that ended without a word
        last = None
    return ProcessView(
        name=process.config.name,
        group=process.group,
        phase=state.phase,
        description=_describe(process, now),
        start=int(process.started),
        stop=int(process.stopped),
        now=int(now),
        spawnerr=state.spawn_error or "",
        exitstatus=state.exitstatus.number if state.exitstatus is not None else 0,
        stdout_logfile=process.outputs[Channel.STDOUT].path or "",
        stderr_logfile=process.outputs[Channel.STDERR].path or "",
        pid=state.pid,
        since=0.0 if last is None else last.at,
        cause="" if last is None else last.cause,
        restarts=process.restarts,
        last_exit=str(process.last_exit) if process.last_exit is not None else "",
        enabled=not process.disabled,
        ready=None if config.ready is None else is_ready(process),
        health=_health(process),
        trouble=vitals.trouble if vitals is not None and state.pid else "",
        said=vitals.said if vitals is not None and state.pid else "",
        waiting_for=process.waiting_for,
        schedule="" if config.schedule is None else str(config.schedule),
        next_run=int(process.due),
        last_run=int(run.began),
        last_run_exit=run.exit,
        errand="" if state.errand is None else state.errand.moment.value,
    )


def _health(process: Process) -> str:
    """Return what is known of the health of a process, "" if nobody checks it."""
    if process.config.healthcheck is None and not process.config.watchdog_secs:
        return ""
    if process.vitals is None or not process.state.pid:
        return Health.UNKNOWN.value
    return process.vitals.health.value


def _describe(process: Process, now: float) -> str:
    state = process.state
    told = _tell_phase(process, now)
    if state.errand is None or state.pid:
        return told
    running = f"{state.errand.moment} is running"
    return f"{told}, {running}" if told else running


def _tell_phase(process: Process, now: float) -> str:
    state = process.state
    if process.waiting_for:
        return f"waiting for {'; '.join(process.waiting_for)}"
    if process.due and state.phase in STARTABLE_PHASES:
        return _describe_schedule(process)
    disabled = ", disabled" if process.disabled else ""
    match state.phase:
        case Phase.RUNNING:
            return f"pid {state.pid}, uptime {uptime(int(now) - int(process.started))}{_fitness(process)}{disabled}"
        case Phase.FATAL | Phase.BACKOFF:
            return state.spawn_error or f'unknown error (try "tail {process.namespec}")'
        case Phase.STOPPED | Phase.EXITED:
            since = _clock(process.stopped) if process.started else _UNSTARTED
            return since + disabled
        case Phase.STOPPING:
            return stopping.describe(state, process.config.policy)
        case _:
            return ""


def _fitness(process: Process) -> str:
    """Say what somebody should know of the readiness and health of a process that runs; "" if nobody asks for them."""
    vitals = process.vitals
    if vitals is None:
        return ""
    trouble = f": {vitals.trouble}" if vitals.trouble else ""
    if vitals.health is Health.UNHEALTHY:
        return f", unhealthy{trouble}"
    if not is_ready(process):
        return f", not ready{trouble}"
    return ", healthy" if vitals.health is Health.HEALTHY else ""


def _describe_schedule(process: Process) -> str:
    """Say when a process that waits for its time runs next, and when it ran last."""
    run = last_run(process.history)
    last = f"last run {_clock(run.began)} ({run.exit or 'end unknown'})" if run.began else "never ran"
    trouble = f"{process.state.spawn_error}; " if process.state.phase is Phase.FATAL else ""
    return f"{trouble}next run {_clock(process.due)}, {last}"


def _clock(moment: float) -> str:
    return time.strftime("%b %d %I:%M %p", time.localtime(moment))


@lru_cache(maxsize=256)  # what was started together has the same answer
def uptime(seconds: int) -> str:
    """Say ``1:02:03`` or ``2 days, 0:00:05``; a negative time counts as none."""
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour}:{minute:02d}:{second:02d}"
    if not days:
        return clock
    return f"{days} day{'s' if days > 1 else ''}, {clock}"
