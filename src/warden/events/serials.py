"""The numbers of events that listeners get; a module of its own, since all daemons count, and few have listeners."""

from __future__ import annotations

SERIAL_WRAP = 2**63 - 1  # serials stay below this number, then begin at 0 again


class Serials:
    """Numbers for events: 0, 1, 2, ...  One object serves all pools and survives a restart of the daemon."""

    def __init__(self, count: int = 0) -> None:
        self.count = count  # how many were taken

    def take(self) -> int:
        """Return the next number."""
        serial = self.count % SERIAL_WRAP
        self.count += 1
        return serial
