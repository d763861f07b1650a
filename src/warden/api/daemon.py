"""Operations on the daemon itself, its activity log and its events."""

from __future__ import annotations

from typing import Annotated

from warden import errors
from warden.api import translate
from warden.api.context import Context
from warden.api.operations import Table
from warden.api.shapes import Accepted, Daemon, RemoteEvent
from warden.api.sse import Stream, Wake

TABLE = Table("Daemon")


@TABLE.get("/daemon")
def get_daemon(context: Context) -> Daemon:
    """Show the daemon."""
    return translate.daemon(context.insight.daemon())


@TABLE.post("/daemon/shutdown")
def shut_down(context: Context) -> Daemon:
    """Begin the shutdown.

    Everything is stopped, then the daemon ends.
    """
    context.control.shutdown()
    return get_daemon(context)


@TABLE.post("/daemon/restart", errors.CannotReread)
async def restart_daemon(context: Context) -> Daemon:
    """Begin a restart.

    Everything is stopped, then the daemon starts anew with the configuration read again.
    """
    await context.control.restart()
    return get_daemon(context)


@TABLE.post("/daemon/upgrade", errors.Failed)
async def upgrade_daemon(context: Context) -> Daemon:
    """Begin an upgrade.

    The version that is installed now takes over, with all programs as they
    are.  The answer comes when it is about to do so; whether it did shows in
    `brain` and `upgrade_failure` of the daemon, whose next answer may take a second.
    """
    await context.control.upgrade()
    return get_daemon(context)


@TABLE.get("/events")
def watch_events(
    context: Context,
    wake: Wake,
    last_event_id: Annotated[str | None, "Go on after this event, if it is still known"] = None,
    lines: Annotated[bool, "Also send the last line of output of each process"] = False,
) -> Stream:
    """Watch everything that changes.

    | event | data |
    |---|---|
    | `snapshot` | `{"daemon": Daemon, "processes": [Process]}`; comes first, unless the stream was resumed |
    | `process` | Process; of several changes within 30 ms only the last |
    | `group` | `{"name", "active", "processes": [Process]}`: it came, went or changed |
    | `daemon` | Daemon |
    | `usage` | `[{"namespec", "at", "cpu", "memory", "processes"}]`, every two seconds |
    | `log_line` | `{namespec: line}` of the processes that wrote, at most twice a second; only with `lines` |

    CPU and memory are measured while somebody watches.  A stream is resumed
    while another one is open, else it begins with a new snapshot.
    """
    return context.feed.open(wake, last_event_id, lines=lines)


@TABLE.post("/events")
def send_event(context: Context, body: RemoteEvent) -> Accepted:
    """Publish an event.

    A REMOTE_COMMUNICATION event, for event listeners.
    """
    context.control.send_remote_event(body.type, body.data)
    return {"ok": True}
