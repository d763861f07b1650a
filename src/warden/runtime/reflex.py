"""Reflexes: a child is replaced as soon as it ends, by the keeper alone, since the brain has ordered it beforehand.

The brain is asked as soon as there is anything to think about.  Whether the order still stands is a byte in memory
that both share: it counts from the moment at which the brain writes it, also for a child that ends at that moment.
Standard library only: the keeper imports this.
"""

from __future__ import annotations

import marshal
import mmap
import os
from collections.abc import Sequence

from warden.runtime.spawn import SpawnPlan, spawn
from warden.runtime.wiring import STDERR, Wiring

TYPE_CHECKING = False  # see warden.runtime.courier
if TYPE_CHECKING:
    from typing import Any

FLAGS = mmap.PAGESIZE
"""How many orders there can be: a page of memory."""


class Flags:
    """A byte for each order, by its number: whether it stands."""

    def __init__(self, fd: int) -> None:
        """Share the memory in the file ``fd``, which may be closed afterwards.

        Raises:
            OSError: there is no memory.
        """
        self._memory = mmap.mmap(fd, FLAGS)

    def put(self, flag: int, *, stands: bool) -> None:
        """Let an order stand, or no longer stand."""
        self._memory[flag] = stands

    def stands(self, flag: int) -> bool:
        """Whether that order stands."""
        return bool(self._memory[flag])

    def clear(self) -> None:
        """Let no order stand."""
        self._memory[:] = bytes(FLAGS)


def flags_file() -> int:
    """Return a file in memory for ``Flags``.

    Raises:
        OSError: there is none to be had.
    """
    fd = os.memfd_create("reflexes")
    os.ftruncate(fd, FLAGS)
    return fd


class Reflex:
    """The order for one child: how its successor is started, and when it is not.

    ``flag`` is the number of its flag, ``unless`` are exit codes after which there is
    no successor.  ``ends`` names the pipes, as ``Wiring`` does.
    """

    __slots__ = ("_flag", "_flags", "_order")

    def __init__(
        self, flags: Flags, flag: int, unless: Sequence[int], plan: dict[str, Any], ends: Sequence[str]
    ) -> None:
        self._flags = flags
        self._flag = flag
        self._order = marshal.dumps((plan, list(unless), list(ends)))  # small: there may be thousands

    def act(self, status: dict[str, int]) -> tuple[int, Wiring] | None:
        """Start the successor of a child that ended with ``status``; return its pid and its pipes.

        None if it is for the brain to say what comes next: the order does not
        stand, the child has ended well, or there is nothing to execute any more.

        Raises:
            OSError: there is none, since the system refuses.
        """
        if not self._flags.stands(self._flag):
            return None
        plan, unless, ends = marshal.loads(self._order)
        if status.get("code") in unless or not _can_run(plan):
            return None
        self._flags.put(self._flag, stands=False)  # the brain has to see it run first
        wiring = Wiring(None, stderr_too=STDERR in ends)
        try:
            pid = spawn(SpawnPlan.unpack(plan, (wiring.stdin, wiring.stdout, wiring.stderr)))
        except OSError:
            wiring.close()
            raise
        wiring.close_theirs()
        return pid, wiring


def _can_run(plan: dict[str, Any]) -> bool:
    path = os.path.join(plan["cwd"] or "", plan["executable"])
    return os.access(path, os.X_OK) and not os.path.isdir(path)
