"""Operations on logs: parts of them by position, and what is written to them from now on."""

from __future__ import annotations

from typing import Annotated, Literal

from warden import errors
from warden.api.context import Context
from warden.api.logview import LogStream, log_range, positions
from warden.api.manylogs import ManyLogs, read_places, select
from warden.api.operations import Table
from warden.api.schema import Within
from warden.api.shapes import Accepted, Length, LogRange, Namespec, Position
from warden.api.sse import Stream, Wake
from warden.words import Channel

TABLE = Table("Logs")

_RANGE = (errors.NoFile, errors.IncorrectParameters, errors.Failed)
_DEFAULT_BYTES = 64 * 1024
_FIRST_BYTES = 16 * 1024

OneChannel = Annotated[Literal["stdout", "stderr"], "Which log"]
AnyChannel = Annotated[Literal["stdout", "stderr", "both"], "Which log, or `both` together"]
LastEventId = Annotated[str | None, "Go on after this event: the position in bytes, two with a comma for `both`"]
Places = Annotated[str | None, "Go on there: `NAMESPEC/CHANNEL=PLACE` with commas, namespecs percent-encoded"]
Begin = Annotated[Position | None, "Begin at this position, which an earlier answer called `next_offset`"]
First = Annotated[int, "Without a position: begin with the last whole lines within so many bytes", Within(0, 1024**2)]

Names = Annotated[str, "Whose logs: namespecs, `group:*` or `*`, with commas"]
Lines = Annotated[Annotated[int, Within(0, 10_000)] | None, "Begin with the last so many lines of each log"]
Since = Annotated[Annotated[int, Within(0, 10**9)] | None, "Begin with what was written in the last so many seconds"]


@TABLE.get("/processes/{namespec}/logs/{channel}", errors.BadName, *_RANGE)
def get_log(
    context: Context,
    namespec: Namespec,
    channel: OneChannel,
    offset: Position | None = None,
    limit: Length = _DEFAULT_BYTES,
    tail: Length | None = None,
    before: Position | None = None,
) -> LogRange:
    """Read a part of a log of a process.

    `limit` bytes from `offset`, or the last `tail` bytes, or `limit` bytes that
    end `before` a position; without any of them the end.  Without an offset the
    text begins with a whole line where it can, and no text ends in the middle of
    a character: go on at `next_offset`.
    """
    path = context.control.log_file(namespec, Channel(channel))
    return log_range(path, offset=offset, limit=limit, last=tail, before=before)


@TABLE.get("/processes/{namespec}/logs/{channel}/stream", errors.BadName, errors.NoFile)
def watch_log(
    context: Context,
    wake: Wake,
    namespec: Namespec,
    channel: AnyChannel,
    last_event_id: LastEventId = None,
    offset: Begin = None,
    tail: First = _FIRST_BYTES,
) -> Stream:
    """Watch a log of a process, or both together.

    | event | data |
    |---|---|
    | `log` | `{"channel", "text", "offset"}` |
    | `cleared` | `{"channel"}`: what was there is gone, offsets begin at 0 again |
    | `rotated` | `{"channel"}`: the log goes on in a new file, offsets begin at 0 again |

    The id of an event is the position after it.  A log that does not exist yet
    is watched until it does.
    """
    view = context.control.process(namespec)
    files = {Channel.STDOUT: view.stdout_logfile, Channel.STDERR: view.stderr_logfile}
    wanted = tuple(Channel) if channel == "both" else (Channel(channel),)
    paths = {one: files[one] for one in wanted if files[one]}
    if not paths:
        raise errors.NoFile(namespec)
    starts = positions(last_event_id, len(paths))
    if starts is None and offset is not None and len(paths) == 1:
        starts = [offset]
    return LogStream(context.control, namespec, paths, wake, starts=starts, last=tail)


@TABLE.get("/logs/stream", errors.BadName, errors.IncorrectParameters)
def watch_logs(
    context: Context,
    wake: Wake,
    names: Names = "*",
    channel: AnyChannel = "both",
    lines: Lines = None,
    since: Since = None,
    last_event_id: Places = None,
) -> Stream:
    """Watch the logs of many processes.

    Begins with the last lines of each log, one log after the other; with `lines`
    and `since` with whatever is less, without both with 100 lines.  Whoever was cut
    off goes on where that was: `place` is where a text ends, also after a rotation.

    | event | data |
    |---|---|
    | `log` | `{"process", "channel", "text", "offset", "place"}`; a text may end within a line |
    | `present` | `{"logs"}`: all that was there has been told; each log with `process`, `channel`, `place` |
    | `cleared`, `rotated` | `{"process", "channel"}`: as in the stream of one process |
    | `unknown` | `{"process", "channel"}`: its older lines have no time that anybody knows: these are the last 100 |
    """
    views = select(context.control, names)
    channels = tuple(Channel) if channel == "both" else (Channel(channel),)
    places = read_places(last_event_id)
    return ManyLogs(context.control, views, channels, wake, lines=lines, since=since, places=places)


@TABLE.get("/log", *_RANGE)
def get_activity_log(
    context: Context,
    offset: Position | None = None,
    limit: Length = _DEFAULT_BYTES,
    tail: Length | None = None,
    before: Position | None = None,
) -> LogRange:
    """Read a part of the daemon's activity log.

    The parameters are those of the logs of processes.
    """
    path = context.control.log_file(None, Channel.STDOUT)
    return log_range(path, offset=offset, limit=limit, last=tail, before=before)


@TABLE.get("/log/stream", errors.NoFile)
def watch_activity_log(
    context: Context,
    wake: Wake,
    last_event_id: LastEventId = None,
    offset: Begin = None,
    tail: First = _FIRST_BYTES,
) -> Stream:
    """Watch the daemon's activity log.

    The events are those of the logs of processes; the channel is always `stdout`.
    """
    path = context.control.log_file(None, Channel.STDOUT)
    starts = positions(last_event_id, 1) or (None if offset is None else [offset])
    return LogStream(context.control, None, {Channel.STDOUT: path}, wake, starts=starts, last=tail)


@TABLE.post("/log/clear", errors.NoFile, errors.Failed)
def clear_activity_log(context: Context) -> Accepted:
    """Clear the daemon's activity log."""
    context.control.clear_logs(None)
    return {"ok": True}
