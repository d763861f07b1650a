"""Loggers for plugins that keep a log of their own; the daemon's activity log is ``warden.logs.mainlog``."""

from __future__ import annotations

import os
import sys
import syslog
import time
import traceback
from typing import Any

from supervisor.childutils import get_asctime
from supervisor.compat import as_bytes, as_string, is_text_stream
from warden.logs.mainlog import LEVELS

_2MB = 1 << 21
_512MB = 1 << 29


class LevelsByName:
    """Numbers of the levels, by the names in log lines."""

    CRIT = 50
    ERRO = 40
    WARN = 30
    INFO = 20
    DEBG = 10
    TRAC = 5
    BLAT = 3


class LevelsByDescription:
    """Numbers of the levels, by the names in configurations."""

    critical = LevelsByName.CRIT
    error = LevelsByName.ERRO
    warn = LevelsByName.WARN
    info = LevelsByName.INFO
    debug = LevelsByName.DEBG
    trace = LevelsByName.TRAC
    blather = LevelsByName.BLAT


LOG_LEVELS_BY_NUM: dict[int, str] = {
    number: name for name, number in vars(LevelsByName).items() if not name.startswith("_")
}


def getLevelNumByDescription(description: str) -> int | None:
    """Return the number of a level, None for a name nobody knows."""
    return LEVELS.get(description)


class LogRecord:
    """One message; ``kw`` are filled into ``msg`` with ``%`` when it is written."""

    def __init__(self, level: int, msg: str, **kw: object) -> None:
        self.level = level
        self.msg = msg
        self.kw = kw
        self.dictrepr: dict[str, str] | None = None

    def asdict(self) -> dict[str, str]:
        """Return what a handler's format can name: message, levelname, asctime."""
        if self.dictrepr is None:
            message = as_string(self.msg)
            self.dictrepr = {
                "message": message % self.kw if self.kw else message,
                "levelname": LOG_LEVELS_BY_NUM[self.level],
                "asctime": get_asctime(time.time()),
            }
        return self.dictrepr


class BoundIO:
    """A buffer of bytes that forgets the oldest once it is full."""

    def __init__(self, maxbytes: int, buf: bytes = b"") -> None:
        self.maxbytes = maxbytes
        self.buf = buf

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Forget everything."""
        self.clear()

    def write(self, b: bytes) -> None:
        """Add bytes."""
        self.buf = (self.buf + b)[-self.maxbytes :]

    def getvalue(self) -> bytes:
        """Return what is kept."""
        return self.buf

    def clear(self) -> None:
        """Forget everything."""
        self.buf = b""


class Handler:
    """Writes records that are at least at ``level``, in the format ``fmt``, to a stream of text or bytes."""

    fmt = "%(message)s"
    level = LevelsByName.INFO

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream
        self.closed = False

    def setFormat(self, fmt: str) -> None:
        """Set the format: a text with %(asctime)s, %(levelname)s, %(message)s."""
        self.fmt = fmt

    def setLevel(self, level: int) -> None:
        """Set the lowest level that is written."""
        self.level = level

    def flush(self) -> None:
        """Write what waits in the stream."""
        self.stream.flush()

    def close(self) -> None:
        """Close the stream, unless it is one of the first three descriptors."""
        if not self.closed:
            if not (hasattr(self.stream, "fileno") and self.stream.fileno() <= 2):
                self.stream.close()
            self.closed = True

    def emit(self, record: LogRecord) -> None:
        """Write a record; what goes wrong is told on stderr."""
        try:
            line = self.fmt % record.asdict()
            self.stream.write(line if is_text_stream(self.stream) else as_bytes(line))
            self.flush()
        except (OSError, ValueError, TypeError, KeyError):  # the stream, or a format that does not fit
            self.handleError()

    def handleError(self) -> None:
        """Tell on stderr what just went wrong."""
        sys.stderr.write(traceback.format_exc())


class StreamHandler(Handler):
    """Writes to a stream that somebody else has opened."""

    def __init__(self, strm: Any = None) -> None:
        super().__init__(strm)

    def remove(self) -> None:
        """Forget what can be forgotten."""
        if hasattr(self.stream, "clear"):
            self.stream.clear()

    def reopen(self) -> None:
        """Do nothing."""


class FileHandler(Handler):
    """Writes to a file."""

    def __init__(self, filename: str, mode: str = "ab") -> None:
        super().__init__()
        self.baseFilename = filename
        self.mode = mode
        self._open(mode)

    def reopen(self) -> None:
        """Go on in a new file of the same name."""
        self.close()
        self._open(self.mode)

    def remove(self) -> None:
        """Remove the file and begin a new one."""
        self.close()
        if os.path.exists(self.baseFilename):
            os.remove(self.baseFilename)
        self._open(self.mode)

    def _open(self, mode: str) -> None:
        self.stream = open(self.baseFilename, mode)  # noqa: SIM115 - it is open as long as the handler is
        self.closed = False


class RotatingFileHandler(FileHandler):
    """Writes to a file that becomes ``NAME.1`` and so on when it has ``maxBytes``; 0 means never."""

    def __init__(self, filename: str, mode: str = "ab", maxBytes: int = _512MB, backupCount: int = 10) -> None:
        super().__init__(filename, "ab" if maxBytes > 0 else mode)
        self.maxBytes = maxBytes
        self.backupCount = backupCount

    def emit(self, record: LogRecord) -> None:
        """Write a record, then see to the size."""
        super().emit(record)
        self.doRollover()

    def doRollover(self) -> None:
        """Begin a new file if this one is full."""
        if self.maxBytes <= 0 or self.stream.tell() < self.maxBytes:
            return
        self.close()
        for number in range(self.backupCount, 0, -1):
            older = f"{self.baseFilename}.{number}"
            newer = self.baseFilename if number == 1 else f"{self.baseFilename}.{number - 1}"
            if os.path.exists(newer):
                self.removeAndRename(newer, older)
        self._open("wb")

    def removeAndRename(self, sfn: str, dfn: str) -> None:
        """Give a file the name of another, which goes."""
        os.replace(sfn, dfn)


class SyslogHandler(Handler):
    """Writes to syslog, one record per line of a message."""

    def __init__(self) -> None:
        super().__init__(None)

    def close(self) -> None:
        """Do nothing."""

    def reopen(self) -> None:
        """Do nothing."""

    def emit(self, record: LogRecord) -> None:
        """Write a record."""
        for line in (self.fmt % record.asdict()).splitlines():
            syslog.syslog(line)


class Logger:
    """Gives records that are at least at ``level`` to all its handlers."""

    def __init__(self, level: int | None = None, handlers: list[Handler] | None = None) -> None:
        self.level = LevelsByName.INFO if level is None else level
        self.handlers: list[Any] = [] if handlers is None else handlers

    def close(self) -> None:
        """Close all handlers."""
        for handler in self.handlers:
            handler.close()

    def blather(self, msg: str, **kw: object) -> None:
        """Log at the level for everything else."""
        self.log(LevelsByName.BLAT, msg, **kw)

    def trace(self, msg: str, **kw: object) -> None:
        """Log at the level for requests and their answers."""
        self.log(LevelsByName.TRAC, msg, **kw)

    def debug(self, msg: str, **kw: object) -> None:
        """Log at the level for looking into a problem."""
        self.log(LevelsByName.DEBG, msg, **kw)

    def info(self, msg: str, **kw: object) -> None:
        """Log at the level for what happens in ordinary life."""
        self.log(LevelsByName.INFO, msg, **kw)

    def warn(self, msg: str, **kw: object) -> None:
        """Log at the level for what somebody may have to look at."""
        self.log(LevelsByName.WARN, msg, **kw)

    def error(self, msg: str, **kw: object) -> None:
        """Log at the level for what went wrong."""
        self.log(LevelsByName.ERRO, msg, **kw)

    def critical(self, msg: str, **kw: object) -> None:
        """Log at the level for what somebody has to look at."""
        self.log(LevelsByName.CRIT, msg, **kw)

    def log(self, level: int, msg: str, **kw: object) -> None:
        """Log at a level given by number."""
        record = LogRecord(level, msg, **kw)
        for handler in self.handlers if level >= self.level else ():
            if level >= handler.level:
                handler.emit(record)

    def addHandler(self, hdlr: Any) -> None:
        """Add a handler."""
        self.handlers.append(hdlr)

    def getvalue(self) -> bytes:
        """Return what a BoundIO keeps, if ``handle_boundIO`` was called."""
        raise NotImplementedError


def getLogger(level: int | None = None) -> Logger:
    """Return a logger without handlers."""
    return Logger(level)


def _handle(logger: Logger, handler: Handler, fmt: str) -> None:
    handler.setFormat(fmt)
    handler.setLevel(logger.level)
    logger.addHandler(handler)


def handle_boundIO(logger: Logger, fmt: str, maxbytes: int = _2MB) -> None:
    """Let a logger keep its last lines in memory, for ``getvalue``."""
    kept = BoundIO(maxbytes)
    _handle(logger, StreamHandler(kept), fmt)
    vars(logger)["getvalue"] = kept.getvalue


def handle_stdout(logger: Logger, fmt: str) -> None:
    """Let a logger write to stdout."""
    _handle(logger, StreamHandler(sys.stdout), fmt)


def handle_syslog(logger: Logger, fmt: str) -> None:
    """Let a logger write to syslog."""
    _handle(logger, SyslogHandler(), fmt)


def handle_file(
    logger: Logger, filename: str, fmt: str, rotating: bool = False, maxbytes: int = 0, backups: int = 0
) -> None:
    """Let a logger write to a file."""
    handler = RotatingFileHandler(filename, "ab", maxbytes, backups) if rotating else FileHandler(filename)
    _handle(logger, handler, fmt)
