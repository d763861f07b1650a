"""The rows of the option table about logs: where output goes, in which form, how its files are rotated."""

from __future__ import annotations

from typing import Any, NamedTuple

from warden.config import log_readers, readers
from warden.config.expand import Names
from warden.config.option import FILE, INSTANCE, PROGRAM, Option, optional, row
from warden.config.values import Auto
from warden.words import Channel, LineFormat, Period


def _switch(name: str, names: Names, doc: str) -> Option[bool]:
    return row(name, readers.boolean, "false", names, doc)


LOGFILE_ROTATE = row(
    "logfile_rotate", log_readers.period, "never", FILE, "When the log is rotated beside its size, in local time."
)
LOGFILE_COMPRESS = _switch("logfile_compress", FILE, "Compress rotated logs but the newest one (gzip).")
MAIN_ROWS: tuple[Option[Any], ...] = (LOGFILE_ROTATE, LOGFILE_COMPRESS)


class ChannelOptions(NamedTuple):
    """The rows of one output channel, in the order of the manual."""

    logfile: Option[str | Auto | readers.Special | None]
    maxbytes: Option[int]
    backups: Option[int]
    rotate: Option[Period]
    compress: Option[bool]
    format: Option[LineFormat]
    capture_maxbytes: Option[int]
    events_enabled: Option[bool]
    syslog: Option[bool]
    journal: Option[str | None]
    console: Option[LineFormat | None]


def _channel(name: Channel) -> ChannelOptions:
    return ChannelOptions(
        logfile=row(
            f"{name}_logfile", readers.child_log, "AUTO", INSTANCE, f"Where {name} goes: a path, AUTO or NONE."
        ),
        maxbytes=row(
            f"{name}_logfile_maxbytes", readers.byte_size, "50MB", INSTANCE, "Size at which it is rotated; 0 = never."
        ),
        backups=row(f"{name}_logfile_backups", readers.integer, "10", INSTANCE, "How many rotated logs are kept."),
        rotate=row(
            f"{name}_logfile_rotate",
            log_readers.period,
            "never",
            INSTANCE,
            "When it is rotated beside its size, in local time.",
        ),
        compress=_switch(f"{name}_logfile_compress", INSTANCE, "Compress rotated logs but the newest one (gzip)."),
        format=row(
            f"{name}_logfile_format", log_readers.line_format, "raw", INSTANCE, "What stands before each of its lines."
        ),
        capture_maxbytes=row(
            f"{name}_capture_maxbytes",
            readers.byte_size,
            "0",
            PROGRAM,
            "Size of one captured message; 0 = no capture.",
        ),
        events_enabled=_switch(f"{name}_events_enabled", PROGRAM, f"Emit an event for what is written to {name}."),
        syslog=_switch(f"{name}_syslog", INSTANCE, f"Send {name} to syslog, too."),
        journal=optional(
            f"{name}_journal",
            log_readers.journal,
            INSTANCE,
            f"Send {name} to systemd's journal, too.",
            example="false",
        ),
        console=optional(
            f"{name}_console",
            log_readers.console,
            INSTANCE,
            f"Write {name} to the {name} of the daemon, too, line by line in this form.",
            example="off",
        ),
    )


STDOUT, STDERR = _channel(Channel.STDOUT), _channel(Channel.STDERR)
