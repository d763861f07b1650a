"""Operations on processes: what they are, how they fare, and what may be done to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from warden import errors
from warden.api import translate
from warden.api.actions import Act, on_each
from warden.api.context import Context
from warden.api.operations import Table
from warden.api.prepared import Prepared
from warden.api.shapes import (
    History,
    Input,
    Namespec,
    Process,
    Processes,
    Program,
    ReadySelection,
    Results,
    Selection,
    Signalling,
    SignallingSelection,
    StartingSelection,
    UsageHistory,
    Waiting,
    WaitingSelection,
)
from warden.rpc.control import Outcome, ProcessView
from warden.words import make_namespec

TABLE = Table("Processes")

_START = (
    errors.BadName,
    errors.NoFile,
    errors.NotExecutable,
    errors.AlreadyStarted,
    errors.Failed,
    errors.SpawnFailed,
    errors.AbnormalTermination,
)
_STOP = (errors.BadName, errors.NotRunning, errors.Failed)
_SIGNAL = (errors.BadName, errors.BadSignal, errors.NotRunning, errors.Failed)
_RELOAD = (errors.BadName, errors.NotRunning, errors.Failed, errors.AbnormalTermination)


@TABLE.get("/processes")
def list_processes(
    context: Context,
    group: Annotated[str | None, "Only members of this group"] = None,
    state: Annotated[str | None, "Only processes in one of these states, separated by commas"] = None,
    q: Annotated[str | None, "Only processes with this text in namespec, description or cause, in any case"] = None,
) -> Prepared[Processes]:
    """List processes.

    Sorted by group and name.  The ETag is a weak one: it stays the same while
    nothing but the clock goes on (`now`, and the uptime in `description`).
    """
    if group is None and state is None and q is None:
        return context.listing.everything()
    states = None if state is None else {one.strip().upper() for one in state.split(",")}
    text = None if q is None else q.casefold()

    def choose(view: ProcessView) -> bool:
        return (
            (group is None or view.group == group)
            and (states is None or view.phase.name in states)
            and (text is None or text in _searched(view))
        )

    return context.listing.chosen(choose)


def _searched(view: ProcessView) -> str:
    return f"{make_namespec(view.group, view.name)}\n{view.description}\n{view.cause}".casefold()


@TABLE.get("/processes/{namespec}", errors.BadName)
def get_process(context: Context, namespec: Namespec) -> Process:
    """Show one process."""
    return context.listing.one(namespec)


@TABLE.get("/processes/{namespec}/history", errors.BadName)
def get_history(context: Context, namespec: Namespec) -> History:
    """Show the history of a process.

    The last changes of state with their causes.
    """
    return {"history": [translate.step(transition) for transition in context.insight.history(namespec)]}


@TABLE.get("/processes/{namespec}/usage", errors.BadName)
def get_usage(context: Context, namespec: Namespec) -> UsageHistory:
    """Show CPU and memory of a process.

    Over the last hour.  Measured only while somebody watches `/events`.
    """
    latest = context.insight.usage(namespec)
    return {
        "latest": None if latest is None else translate.sample(latest),
        "history": [translate.sample(usage) for usage in context.insight.usage_history(namespec)],
    }


@TABLE.get("/processes/{namespec}/config", errors.BadName)
def get_config(context: Context, namespec: Namespec) -> Program:
    """Show the configuration a process runs with.

    Secrets are masked.
    """
    return translate.program(context.insight.config(namespec))


@TABLE.post("/processes/{namespec}/start", *_START)
async def start_process(context: Context, namespec: Namespec, body: Waiting) -> Results:
    """Start a process or a group.

    In a group, those that do not run.  With `wait` the answer comes when it is RUNNING.  A refusal for a single
    process is a problem; within a group it stands in the result.
    """
    return _results(await context.actions.start(namespec, wait=body.wait))


@TABLE.post("/processes/{namespec}/stop", *_STOP)
async def stop_process(context: Context, namespec: Namespec, body: Waiting) -> Results:
    """Stop a process or a group.

    In a group, those that run.  With `wait` the answer comes when it has ended.
    """
    return _results(await context.actions.stop(namespec, wait=body.wait))


@TABLE.post("/processes/{namespec}/restart", *_START)
async def restart_process(context: Context, namespec: Namespec, body: Waiting) -> Results:
    """Restart a process or a group.

    It is stopped if it runs, then started.  The answer never comes before the end of what ran; with `wait` it comes
    when the new one is RUNNING.
    """
    return _results(await context.actions.restart(namespec, wait=body.wait))


@TABLE.post("/processes/{namespec}/signal", *_SIGNAL)
async def signal_process(context: Context, namespec: Namespec, body: Signalling) -> Results:
    """Send a signal to a process or a group.

    In a group, to those that can take one.
    """
    return _results(await context.actions.signal(namespec, body.signal))


@TABLE.post("/processes/{namespec}/reload", *_RELOAD)
async def reload_process(context: Context, namespec: Namespec) -> Results:
    """Let a process or a group read its configuration again.

    It gets its `reload_signal`; in a group, those that run and have one.  What says `RELOADING=1` is waited for until
    it says `READY=1`.
    """
    return _results(await context.actions.reload(namespec))


@TABLE.post("/processes/{namespec}/clear", errors.BadName, errors.Failed)
async def clear_process(context: Context, namespec: Namespec) -> Results:
    """Clear the logs of a process."""
    return _results(await context.actions.clear(namespec))


@TABLE.post("/processes/{namespec}/stdin", errors.BadName, errors.NotRunning, errors.NoFile, errors.Failed)
def write_stdin(context: Context, namespec: Namespec, body: Input) -> Results:
    """Write to the stdin of a process."""
    context.control.send_stdin(namespec, body.data.encode())
    view = context.control.process(namespec)
    return _results([Outcome(name=view.name, group=view.group)])


@TABLE.post("/processes/start")
async def start_selection(context: Context, body: StartingSelection) -> Results:
    """Start a selection.

    All at the same time.  Refusals stand in the results.  With `may_run` it can be asked again by whoever does not
    know whether the first request arrived.
    """
    return _results(await context.actions.start_each(body.namespecs, wait=body.wait, may_run=body.may_run))


@TABLE.post("/processes/stop")
async def stop_selection(context: Context, body: WaitingSelection) -> Results:
    """Stop a selection.

    All at the same time.  Refusals stand in the results.
    """
    return await _each(body.namespecs, lambda namespec: context.actions.stop(namespec, wait=body.wait))


@TABLE.post("/processes/restart")
async def restart_selection(context: Context, body: WaitingSelection) -> Results:
    """Restart a selection.

    All at the same time.  Refusals stand in the results.
    """
    return await _each(body.namespecs, lambda namespec: context.actions.restart(namespec, wait=body.wait))


@TABLE.post("/processes/signal", errors.BadSignal)
async def signal_selection(context: Context, body: SignallingSelection) -> Results:
    """Send a signal to a selection.

    Refusals stand in the results.
    """
    return await _each(body.namespecs, lambda namespec: context.actions.signal(namespec, body.signal))


@TABLE.post("/processes/reload")
async def reload_selection(context: Context, body: Selection) -> Results:
    """Let a selection read its configuration again.

    All at the same time.  Refusals stand in the results.
    """
    return await _each(body.namespecs, context.actions.reload)


@TABLE.post("/processes/clear")
async def clear_selection(context: Context, body: Selection) -> Results:
    """Clear the logs of a selection.

    Refusals stand in the results.
    """
    return await _each(body.namespecs, context.actions.clear)


@TABLE.post("/processes/ready")
async def await_ready(context: Context, body: ReadySelection) -> Results:
    """Wait until a selection is ready.

    Each as its `ready` says, or else when it is RUNNING.  What neither runs nor is about to is refused in the results,
    and so is (`FAILED`) what is not ready `within` so many seconds.
    """
    return await _each(body.namespecs, lambda namespec: context.actions.until_ready(namespec, within=body.within))


@TABLE.post("/processes/enable")
async def enable_selection(context: Context, body: Selection) -> Results:
    """Let a selection start by itself.

    As its configuration says, now and in later runs of the daemon.  Refusals stand in the results.
    """
    return await _each(body.namespecs, context.actions.enable)


@TABLE.post("/processes/disable")
async def disable_selection(context: Context, body: Selection) -> Results:
    """Do not let a selection start by itself.

    Not with the daemon or its group, and not among all; only by name.  What runs goes on.  Remembered by later runs
    of the daemon.  Refusals stand in the results.
    """
    return await _each(body.namespecs, context.actions.disable)


async def _each(namespecs: Sequence[str] | Literal["all"], act: Act) -> Results:
    return _results(await on_each(namespecs, act))


def _results(outcomes: Sequence[Outcome]) -> Results:
    return {"results": [translate.result(outcome) for outcome in outcomes]}
