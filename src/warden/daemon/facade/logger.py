"""The activity log as plugins know it."""

from __future__ import annotations

import asyncio
import threading

from warden.logs.mainlog import LEVELS, MainLog

_NAMES = {number: name for name, number in LEVELS.items()}


class HandlerView:
    """The log's target: format and level belong to the configuration, so that only the file can be renewed."""

    def __init__(self, log: MainLog, level: int) -> None:
        self.fmt = "%(asctime)s %(levelname)s %(message)s\n"
        self.level = level
        self._log = log

    def setFormat(self, fmt: str) -> None:  # noqa: N802 - old name
        """Do nothing: tools parse the lines."""

    def setLevel(self, level: int) -> None:  # noqa: N802 - old name
        """Do nothing: the level is ``loglevel`` of the configuration."""

    def reopen(self) -> None:
        """Go on in a new file of the same name."""
        self._log.reopen()

    def remove(self) -> None:
        """Begin a new file."""
        self._log.clear()

    def close(self) -> None:
        """Do nothing: the log lives as long as the daemon."""


class LoggerView:
    """Writes to the activity log, from any thread; ``kw`` are filled into ``msg`` with ``%``."""

    def __init__(self, log: MainLog, loop: asyncio.AbstractEventLoop) -> None:
        self.level = min(number for name, number in LEVELS.items() if log.enabled(name))
        self.handlers = [HandlerView(log, self.level)]
        self._log = log
        self._loop = loop
        self._home = threading.get_ident()

    def log(self, level: int, msg: object, **kw: object) -> None:
        """Write at ``level``, a number; one without a name counts as the next below."""
        name = _NAMES[max((number for number in _NAMES if number <= level), default=min(_NAMES))]
        text = str(msg) % kw if kw else str(msg)
        if threading.get_ident() == self._home:
            self._log.log(name, text)
        else:
            self._loop.call_soon_threadsafe(self._log.log, name, text)

    def blather(self, msg: object, **kw: object) -> None:
        """Write at the level for everything else."""
        self.log(LEVELS["blather"], msg, **kw)

    def trace(self, msg: object, **kw: object) -> None:
        """Write at the level for requests and their answers."""
        self.log(LEVELS["trace"], msg, **kw)

    def debug(self, msg: object, **kw: object) -> None:
        """Write at the level for looking into a problem."""
        self.log(LEVELS["debug"], msg, **kw)

    def info(self, msg: object, **kw: object) -> None:
        """Write at the level for what happens in ordinary life."""
        self.log(LEVELS["info"], msg, **kw)

    def warn(self, msg: object, **kw: object) -> None:
        """Write at the level for what somebody may have to look at."""
        self.log(LEVELS["warn"], msg, **kw)

    def error(self, msg: object, **kw: object) -> None:
        """Write at the level for what went wrong."""
        self.log(LEVELS["error"], msg, **kw)

    def critical(self, msg: object, **kw: object) -> None:
        """Write at the level for what somebody has to look at."""
        self.log(LEVELS["critical"], msg, **kw)

    def close(self) -> None:
        """Do nothing: the log lives as long as the daemon."""
