"""Operations on groups, programs and the plan: what is configured, and what of it is active."""

from __future__ import annotations

from warden import errors
from warden.api import translate
from warden.api.context import Context
from warden.api.operations import Table
from warden.api.shapes import Accepted, GroupChanges, Groups, Programs, Scale, Scaling, Update, UpdatePlan

TABLE = Table("Configuration")


@TABLE.get("/groups")
def list_groups(context: Context) -> Groups:
    """List groups.

    Active or only available, sorted by name.
    """
    return {"groups": translate.groups(context.control.processes(), context.control.available())}


@TABLE.post("/groups/{name}/add", errors.AlreadyAdded, errors.BadName, errors.Failed)
def add_group(context: Context, name: str) -> Accepted:
    """Activate a group.

    One of the configuration as last read; what starts by itself is started.
    """
    context.control.add_group(name)
    return {"ok": True}


@TABLE.post("/groups/{name}/remove", errors.BadName, errors.StillRunning)
def remove_group(context: Context, name: str) -> Accepted:
    """Forget a group.

    Nothing of it may run.
    """
    context.control.remove_group(name)
    return {"ok": True}


@TABLE.get("/programs")
def list_programs(context: Context) -> Programs:
    """List programs.

    All processes of the configuration as last read, active or not.  Secrets are masked.
    """
    return {"programs": [translate.program(view) for view in context.control.available()]}


@TABLE.post("/programs/{name}/scale", errors.BadName, errors.BadArguments, errors.CannotReread, errors.Failed)
async def scale_program(context: Context, name: str, body: Scale) -> Scaling:
    """Change the number of processes of a program.

    New ones start by themselves, surplus ones are stopped; other programs stay as they are, whatever the file says.
    The number is remembered by later runs of the daemon, until it is null.
    """
    return translate.scaling(await context.control.scale(name, body.numprocs))


@TABLE.get("/plan", errors.ShuttingDown, errors.CannotReread)
async def get_plan(context: Context) -> UpdatePlan:
    """Show what an update would do.

    The configuration is read for it.  Nothing changes, also not what `/programs` shows.
    """
    return translate.plan(await context.insight.plan())


@TABLE.post("/reread", errors.CannotReread)
async def reread(context: Context) -> GroupChanges:
    """Read the configuration again.

    What runs does not change.
    """
    return translate.changes(await context.control.reload_config())


@TABLE.post("/update", errors.CannotReread, errors.BadName, errors.Failed)
async def update(context: Context, body: Update) -> GroupChanges:
    """Read the configuration and apply it.

    What is gone or changed is stopped and removed, then what is new or changed
    is added.  Answers with what was done, when it was done.  With `confirm` it
    is taken back when a process of these groups becomes FATAL, or when nobody
    confirms it in that time.
    """
    return translate.changes(await context.control.update(body.groups, confirm=body.confirm))


@TABLE.post("/update/confirm")
def confirm_update(context: Context) -> Accepted:
    """Keep the update that waits for its confirmation.

    `ok` is false if there is none.
    """
    return {"ok": context.control.confirm_update()}
