"""The tree of processes under a child: who is in it, and how much memory it has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from warden.runtime import proc

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> Iterator[int]:
    """Find the pids of ``root`` and all its descendants, parents first; ``root`` alone when it is gone.

    Where the kernel lists the children of a process this costs a few system
    calls for each member of the tree, however many other processes there are.
    The whole of it may take long on a busy machine: not for the loop.
    """
    pids = [root]
    for pid in pids:  # grows while we go through it
        yield pid
        pids += _children(pid)


def _children(pid: int) -> Iterable[int]:
    return proc.children(pid) if os.path.isdir("/proc/self/task") else _children_by_table(pid)


def _children_by_table(pid: int) -> list[int]:
    """Look through all processes of the machine, where there is no other way."""
    import psutil  # here: only systems other than Linux need it

    with suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


def resident_bytes(root: int) -> int:
    """Return the resident memory of ``root`` and its descendants; what they share counts for each of them."""
    return sum(map(_resident, tree(root)))


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0 if os.path.exists("/proc/self/statm") else _resident_by_library(pid)
    except (OSError, IndexError):
        return 0


def _resident_by_library(pid: int) -> int:
    import psutil  # here: see above

    with suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss
    return 0
