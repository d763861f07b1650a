"""The rows of the option table about what outlives the daemon."""

from __future__ import annotations

from warden.config import readers
from warden.config.option import FILE, row

KEEPER = row(
    "keeper",
    readers.boolean,
    "true",
    FILE,
    "Keep the programs, their output and the listening sockets in a small process of their own, so that nothing stops "
    "them when the rest crashes or is upgraded; Linux only.",
)
LEFTOVERS = row(
    "leftovers",
    readers.leftovers,
    "stop",
    FILE,
    "What to do with programs that still run from a supervisord that was killed: stop them before any other is "
    "started, adopt them as they are, or ignore them; Linux only.",
)

ROWS = (KEEPER, LEFTOVERS)
