"""Who asks: the words with which a cause names whoever called a verb of the daemon."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache

_CALLER: ContextVar[Callable[[], str] | None] = ContextVar("caller", default=None)


def set_caller(describe: Callable[[], str]) -> None:
    """Say who asks for everything that this task does from now on.

    ``describe`` is called if somebody wants it, and only once: one call may stop thousands.
    """
    _CALLER.set(cache(describe))


def requested(what: str) -> str:
    """Return the cause of what a caller asked for: ``stop requested by ...``, without a name if nobody said it."""
    describe = _CALLER.get()
    return f"{what} requested" if describe is None else f"{what} requested by {describe()}"
