"""Exit codes of supervisorctl, and the fault codes it tells apart.

The fault codes stand here again (a test compares them with ``rpc.faults``),
because the server's module brings ``xmlrpc.client`` along: 30 ms.
"""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """What the shell sees; the meaning leans on the LSB's init scripts."""

    SUCCESS = 0
    GENERIC = 1
    INVALID_ARGS = 2
    UNIMPLEMENTED_FEATURE = 3
    INSUFFICIENT_PRIVILEGES = 4
    NOT_INSTALLED = 5
    NOT_RUNNING = 7


class StatusExit(enum.IntEnum):
    """The action ``status`` has meanings of its own."""

    NOT_RUNNING = 3
    UNKNOWN = 4


UNKNOWN_METHOD = 1
SHUTDOWN_STATE = 6
BAD_NAME = 10
BAD_SIGNAL = 11
NO_FILE = 20
NOT_EXECUTABLE = 21
FAILED = 30
ABNORMAL_TERMINATION = 40
SPAWN_ERROR = 50
ALREADY_STARTED = 60
NOT_RUNNING = 70
SUCCESS = 80
ALREADY_ADDED = 90
STILL_RUNNING = 91
CANT_REREAD = 92

DEAD_PROCESS_FAULTS = frozenset({ABNORMAL_TERMINATION, SPAWN_ERROR, NOT_RUNNING})


def exit_for(fault: int) -> Exit:
    """Return the exit code for a request that ended with that fault."""
    return Exit.NOT_RUNNING if fault in DEAD_PROCESS_FAULTS else Exit.GENERIC
