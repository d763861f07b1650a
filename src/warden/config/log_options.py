"""The rows of the option table about logs: where output goes, in which form, how its files are rotated."""

from __future__ import annotations

from typing import Any, NamedTuple

from warden.config import log_readers, readers
from warden.config.expand import Names
from warden.config.option import Option, optional, row
from warden.config.values import Auto
from warden.words import Channel, LineFormat, Period

_FILE = Names.ENV | Names.HERE
_PROGRAM = _FILE | Names.HOST | Names.PROGRAM | Names.GROUP
_INSTANCE = _PROGRAM | Names.INSTANCE

LOGFILE_ROTATE = row(
    "logfile_rotate", log_readers.period, "never", _FILE, "When the log is rotated beside its size, in local time."
)
LOGFILE_COMPRESS = row(
    "logfile_compress", readers.boolean, "false", _FILE, "Compress rotated logs but the newest one (gzip)."
)
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
            f"{name}_logfile", readers.child_log, "AUTO", _INSTANCE, f"Where {name} goes: a path, AUTO or NONE."
        ),
        maxbytes=row(
            f"{name}_logfile_maxbytes", readers.byte_size, "50MB", _INSTANCE, "Size at which it is rotated; 0 = never."
        ),
        backups=row(f"{name}_logfile_backups", readers.integer, "10", _INSTANCE, "How many rotated logs are kept."),
        rotate=row(
            f"{name}_logfile_rotate",
            log_readers.period,
            "never",
            _INSTANCE,
            "When it is rotated beside its size, in local time.",
        ),
        compress=row(
            f"{name}_logfile_compress",
            readers.boolean,
            "false",
            _INSTANCE,
            "Compress rotated logs but the newest one (gzip).",
        ),
        format=row(
            f"{name}_logfile_format", log_readers.line_format, "raw", _INSTANCE, "What stands before each of its lines."
        ),
        capture_maxbytes=row(
            f"{name}_capture_maxbytes",
            readers.byte_size,
            "0",
            _PROGRAM,
            "Size of one captured message; 0 = no capture.",
        ),
        events_enabled=row(
            f"{name}_events_enabled",
            readers.boolean,
            "false",
            _PROGRAM,
            f"Emit an event for what is written to {name}.",
        ),
        syslog=row(f"{name}_syslog", readers.boolean, "false", _INSTANCE, f"Send {name} to syslog, too."),
        journal=optional(
            f"{name}_journal",
            log_readers.journal,
            _INSTANCE,
            f"Send {name} to systemd's journal, too.",
            example="false",
        ),
        console=optional(
            f"{name}_console",
            log_readers.console,
            _INSTANCE,
            f"Write {name} to the {name} of the daemon, too, line by line in this form.",
            example="off",
        ),
    )


STDOUT, STDERR = _channel(Channel.STDOUT), _channel(Channel.STDERR)
