"""What the kernel says of the signals of a process."""

from __future__ import annotations

_OF_THE_C_LIBRARY = {32, 33}  # glibc keeps them to itself, and nobody else can set them


def ignored(status: str) -> set[int]:
    """Return the signals that are ignored, as ``/proc/PID/status`` tells them."""
    line = next(line for line in status.splitlines() if line.startswith("SigIgn:"))
    mask = int(line.split()[1], 16)
    return {signum for signum in range(1, 65) if mask >> (signum - 1) & 1} - _OF_THE_C_LIBRARY
