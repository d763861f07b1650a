"""The daemon's own log (activity log): levels, line format, targets."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from warden.logs.family import Beside, at_once
from warden.logs.filesink import FileSink
from warden.logs.marks import Marks
from warden.logs.syslog import LOCAL, SyslogClient
from warden.logs.targets import Waiting
from warden.logs.watched import Watched
from warden.words import Period

LEVELS = {"critical": 50, "error": 40, "warn": 30, "info": 20, "debug": 10, "trace": 5, "blather": 3}
_CODES = {50: "CRIT", 40: "ERRO", 30: "WARN", 20: "INFO", 10: "DEBG", 5: "TRAC", 3: "BLAT"}


class MainLog(Watched):
    """Writes ``YYYY-MM-DD HH:MM:SS,mmm LEVL message`` lines, local time, UTF-8, to all its targets.

    A message is written if its level is at least ``level``; nothing that happens
    to a target is ever raised to who logs.  A message may hold newlines: in files
    the further lines stand without prefix, in syslog each is a record of its own.
    ``on_wait`` is called when data of a file or stdout begins to wait, as ``FileSink`` says.
    """

    def __init__(
        self,
        level: str = "info",
        *,
        clock: Callable[[], float] = time.time,
        on_wait: Callable[[Waiting], None] | None = None,
    ) -> None:
        super().__init__()
        self.marks = Marks()
        self.on_line: Callable[[], object] = _nothing  # called before each line: what has waited is said first
        self._threshold = LEVELS[level]
        self._clock = clock
        self._on_wait = on_wait
        self._stdout: FileSink | None = None
        self._syslog: SyslogClient | None = None
        self._second = -1
        self._stamp = ""

    # --- targets

    @property
    def path(self) -> str | None:
        """The log file, None if there is none."""
        return None if self._file is None else self._file.path

    def add_file(
        self,
        path: str,
        maxbytes: int = 0,
        backups: int = 0,
        *,
        period: Period = Period.NEVER,
        on_rotate: Callable[[str], None] | None = None,
        patient: bool = False,
        beside: Beside = at_once,
    ) -> None:
        """Log to ``path``, rotated as ``FileSink`` does; if ``patient`` it is opened as soon as that is possible.

        Raises:
            OSError: it cannot be opened.
        """
        self._file = FileSink(
            path,
            maxbytes,
            backups,
            self.critical,
            on_wait=self._on_wait,
            period=period,
            on_rotate=on_rotate,
            marks=self.marks,
            patient=patient,
            beside=beside,
        )
        self._ask_to_be_told()

    def add_stdout(self) -> None:
        """Log to our standard output too; if that is closed, do without."""
        with suppress(OSError):
            self._stdout = FileSink("/dev/stdout", 0, 0, self.critical, on_wait=self._on_wait)

    def add_syslog(self, client: SyslogClient = LOCAL) -> None:
        """Log to syslog too."""
        self._syslog = client

    def reopen(self) -> None:
        """Go on in a new file of the same name, for an external rotation; other targets stay as they are."""
        if self._file is not None:
            self._file.reopen()

    def clear(self) -> None:
        """Remove the log file and begin a new one.

        Raises:
            OSError: it cannot be removed.
        """
        for target in (self._file, self._stdout, self._syslog):
            if target is not None:
                self.info("reopening log file")
        if self._file is not None:
            self._file.clear()
            self._wake()

    def close(self) -> None:
        """Let go of all targets; what is logged later goes nowhere."""
        targets = (self._file, self._stdout, self._syslog)
        self._file = self._stdout = self._syslog = None
        for target in targets:
            if target is not None:
                target.close()

    # --- messages

    def enabled(self, level: str) -> bool:
        """Whether messages of ``level`` are written: ask before a message that is dear to make."""
        return LEVELS[level] >= self._threshold

    def log(self, level: str, message: str) -> None:
        """Write ``message`` at one of LEVELS."""
        if LEVELS[level] >= self._threshold:
            self._emit(LEVELS[level], message)

    def blather(self, message: str) -> None:
        """Write at the level for everything else."""
        if self._threshold <= 3:
            self._emit(3, message)

    def trace(self, message: str) -> None:
        """Write at the level for requests and their answers."""
        if self._threshold <= 5:
            self._emit(5, message)

    def debug(self, message: str) -> None:
        """Write at the level for looking into a problem."""
        if self._threshold <= 10:
            self._emit(10, message)

    def info(self, message: str) -> None:
        """Write at the level for what happens in ordinary life."""
        if self._threshold <= 20:
            self._emit(20, message)

    def warn(self, message: str) -> None:
        """Write at the level for what somebody may have to look at."""
        if self._threshold <= 30:
            self._emit(30, message)

    def error(self, message: str) -> None:
        """Write at the level for what went wrong."""
        if self._threshold <= 40:
            self._emit(40, message)

    def critical(self, message: str) -> None:
        """Write at the level for what somebody has to look at."""
        self._emit(50, message)

    def _emit(self, number: int, message: str) -> None:
        self.on_line()
        now = self._clock()
        second = int(now)
        if second != self._second:  # the zone may change its offset at any second, so this is all that is kept
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        prefix = f"{self._stamp},{int((now - second) * 1000):03d} {_CODES[number]} "
        line = f"{prefix}{message}\n".encode("utf-8", "backslashreplace")
        if self._file is not None:
            self._file.write(line)
        if self._stdout is not None:
            self._stdout.write(line)
        if self._syslog is not None:
            for part in message.removesuffix("\n").split("\n"):
                self._syslog.send(f"{prefix}{part}".encode("utf-8", "backslashreplace"))


def _nothing() -> None:
    """Nothing has waited."""
