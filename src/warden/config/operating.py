"""The rows of the option tables about running the daemon: what it remembers, and when it ends by itself."""

from __future__ import annotations

from warden.config import readers
from warden.config.expand import Names
from warden.config.option import optional, row

_FILE = Names.ENV | Names.HERE
_PROGRAM = _FILE | Names.HOST | Names.PROGRAM | Names.GROUP

STATEFILE = optional(
    "statefile",
    readers.state_file,
    _FILE,
    "Where the daemon remembers what is disabled or scaled, and the history of every process; without it, the pid "
    "file's path with .state for .pid.",
    example="supervisord.state",
    located=True,
)
EXIT_WHEN = row(
    "exit_when",
    readers.exit_when,
    "never",
    _FILE,
    "When the daemon ends by itself: never, or all_finished: when every program has ended and none will start again.",
)
ESSENTIAL = row(
    "essential",
    readers.boolean,
    "false",
    _PROGRAM,
    "End the daemon with this program's exit status when it has ended and will not start again by itself.",
)

SUPERVISORD_ROWS = (STATEFILE, EXIT_WHEN)
PROGRAM_ROWS = (ESSENTIAL,)
