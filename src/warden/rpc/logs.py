"""Reads logs for the RPC interface, long ones beside the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from warden.errors import NoFile
from warden.logs import tail
from warden.rpc.xmltext import LongText
from warden.runtime.threads import in_thread

LONG_BYTES = 1024 * 1024  # reading as much takes less than a millisecond
T = TypeVar("T")


async def read(path: str | None, offset: int, length: int) -> LongText:
    """Return a range of a log (rules: ``logs.tail.read``); without a path there is no log.

    Raises:
        BadArguments, NoFile, Failed: see there.
    """
    return LongText(await _beside(path, partial(read_now, path, offset, length)))


def read_now(path: str | None, offset: int, length: int) -> bytes:
    """Return a range of a log, however long it takes; faults as of ``read``."""
    if path is None:
        raise NoFile
    return tail.read(path, offset, length)


async def tail_of(path: str | None, offset: int, length: int) -> list[object]:
    """Return the text, the size of the log and whether something was left out (rules: ``logs.tail.tail``)."""
    data, size, overflow = await _beside(path, partial(tail_now, path, offset, length))
    return [LongText(data), size, overflow]


def tail_now(path: str | None, offset: int, length: int) -> tuple[bytes, int, bool]:
    """Return the data, the size of the log and whether something was left out, however long it takes."""
    return (b"", 0, False) if path is None else tail.tail(path, offset, length)


async def _beside(path: str | None, work: Callable[[], T]) -> T:
    """Read in a thread if the log is long."""
    return await in_thread(work) if path is not None and tail.size(path) > LONG_BYTES else work()
