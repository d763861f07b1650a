"""The rows of the option tables about running the daemon: what it remembers, and when it ends by itself."""

from __future__ import annotations

from warden.config import readers
from warden.config.option import FILE, PROGRAM, optional, row

STATEFILE = optional(
    "statefile",
    readers.state_file,
    FILE,
    "Where the daemon remembers what is disabled, scaled or due, and the history of every process; without it, the pid "
    "file's path with .state for .pid.",
    example="supervisord.state",
    located=True,
)
EXIT_WHEN = row(
    "exit_when",
    readers.exit_when,
    "never",
    FILE,
    "When the daemon ends by itself: never, or all_finished: when every program has ended and none will start again.",
)
ESSENTIAL = row(
    "essential",
    readers.boolean,
    "false",
    PROGRAM,
    "End the daemon with this program's exit status when it has ended and will not start again by itself.",
)

SUPERVISORD_ROWS = (STATEFILE, EXIT_WHEN)
PROGRAM_ROWS = (ESSENTIAL,)
