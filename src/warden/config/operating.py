"""The rows of the option tables about running the daemon: what it remembers, and when it ends by itself."""

from __future__ import annotations

from warden.config import readers
from warden.config.expand import Names
from warden.config.option import optional

_FILE = Names.ENV | Names.HERE

STATEFILE = optional(
    "statefile",
    readers.state_file,
    _FILE,
    "Where the daemon remembers what is disabled or scaled, and the history of every process; without it, the pid "
    "file's path with .state for .pid.",
    example="supervisord.state",
    located=True,
)


SUPERVISORD_ROWS = (STATEFILE,)
