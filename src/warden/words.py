"""The field's vocabulary, shared by every room."""

from __future__ import annotations

import enum
import signal
from typing import NamedTuple

VERSION = "5.0.0"  # newer than Supervisor 4.3, so that scripts which compare versions are content
API_VERSION = "3.0"
FOREVER = 2**31 - 1  # a number of tries without end: the largest that XML-RPC can tell


class Phase(enum.IntEnum):
    """Process states; names and numbers are part of the XML-RPC contract."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000


STOPPED_PHASES = frozenset({Phase.STOPPED, Phase.EXITED, Phase.FATAL, Phase.UNKNOWN})
RUNNING_PHASES = frozenset({Phase.RUNNING, Phase.BACKOFF, Phase.STARTING})
STARTABLE_PHASES = STOPPED_PHASES - {Phase.UNKNOWN}
SIGNALLABLE_PHASES = frozenset({Phase.RUNNING, Phase.STARTING, Phase.STOPPING})


class Mood(enum.IntEnum):
    """States of the daemon itself; below 1 means that it is going down."""

    FATAL = 2
    RUNNING = 1
    RESTARTING = 0
    SHUTDOWN = -1


class Channel(enum.StrEnum):
    """The two output channels of a process."""

    STDOUT = "stdout"
    STDERR = "stderr"


class LineFormat(enum.StrEnum):
    """What stands in a log before each line of a program; RAW is the program's bytes as they are."""

    RAW = "raw"
    TIMESTAMP = "timestamp"
    PREFIX = "prefix"
    TIMESTAMP_PREFIX = "timestamp,prefix"
    JSON = "json"


class Period(enum.StrEnum):
    """How often a log is rotated whatever its size, in local time."""

    NEVER = "never"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class Autorestart(enum.Enum):
    """When a process that left RUNNING by itself is started again."""

    NEVER = "false"
    UNEXPECTED = "unexpected"
    ALWAYS = "true"


class Moment(enum.StrEnum):
    """When something is done beside a child: an errand.  Each has the name of its option, and field of ``Policy``."""

    BEFORE_START = "before_start"
    AFTER_START = "after_start"
    BEFORE_STOP = "before_stop"
    STOP_COMMAND = "stop_command"
    KILL_TREE = "kill_tree"
    AFTER_STOP = "after_stop"


class Condition(enum.StrEnum):
    """What a process waits for in another one before it starts."""

    STARTED = "started"  # it is RUNNING
    READY = "ready"  # and it can do its work
    HEALTHY = "healthy"  # and its health has been found to be good
    FINISHED = "finished"  # it has ended by itself, with an expected exit code


class Health(enum.StrEnum):
    """What the last checks of a child say."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class UnhealthyAction(enum.StrEnum):
    """What becomes of an unhealthy process."""

    RESTART = "restart"
    STOP = "stop"
    NONE = "none"


class Overlap(enum.StrEnum):
    """What becomes of a run that its schedule wants while the last one goes on."""

    SKIP = "skip"  # there is none
    QUEUE = "queue"  # it comes when the last one has ended; one at most
    REPLACE = "replace"  # the last one is stopped first


class WatchAction(enum.StrEnum):
    """What is done with a process when files that it watches change."""

    RESTART = "restart"
    RELOAD = "reload"


class Leftovers(enum.Enum):
    """What becomes of programs that a supervisord which was killed has left running."""

    STOP = "stop"
    ADOPT = "adopt"
    IGNORE = "ignore"


class ExitStatus(NamedTuple):
    """How a child ended: one of ``code`` and ``signum`` is set, none if nobody can know."""

    code: int | None = None
    signum: int | None = None
    core_dumped: bool = False

    @property
    def number(self) -> int:
        """The exit code, or -1 for a death by signal (Supervisor's convention)."""
        return -1 if self.code is None else self.code

    def __str__(self) -> str:
        """Say it as the activity log does: ``exit status 2``, ``terminated by SIGTERM``."""
        if self.code is not None:
            return f"exit status {self.code}"
        if self.signum is None:
            return "exit status unknown"
        return f"terminated by {signal_text(self.signum)}" + (" (core dumped)" if self.core_dumped else "")


def counted(number: int, one: str, many: str = "") -> str:
    """Return how many there are of something: "1 event", "3 events"; ``many`` if it is not ``one`` and an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def signal_text(signum: int) -> str:
    """Return ``SIGTERM`` for 15, ``signal 40`` for a number that has no name."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"


def make_namespec(group: str, process: str) -> str:
    """Return the name people type: ``process`` if its group has the same name, else ``group:process``."""
    return process if group == process else f"{group}:{process}"


def split_namespec(namespec: str) -> tuple[str, str | None]:
    """Split at the first colon; the process is None when the whole group is meant (``g:*``, ``g:``)."""
    group, colon, process = namespec.partition(":")
    if not colon:
        return namespec, namespec
    return group, None if process in ("", "*") else process
