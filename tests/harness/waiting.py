"""Waiting for facts of other processes, with an alarm that says what did not happen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

Fact = TypeVar("Fact")

_LOOK_EVERY = 0.01
_pause = threading.Event()  # never set: nothing but a wait with a bound


def until(fact: Callable[[], Fact], what: Callable[[], str], within: float = 40.0) -> Fact:
    """Return the first true value of ``fact``; ``within`` (seconds) is an alarm, not a measurement.

    ``what`` describes the fact when it is missed, with whatever helps to find out why.
    Only for facts that nothing announces, such as a file that another process writes.
    """
    alarm = time.monotonic() + within
    while not (value := fact()):
        assert time.monotonic() < alarm, f"within {within:g} s this did not happen: {what()}"
        _pause.wait(_LOOK_EVERY)
    return value


async def until_true(fact: Callable[[], object]) -> None:
    """Do the same on a loop, which works meanwhile; whoever runs the loop sets the alarm.

    Not for what is true for a moment only.
    """
    loop = asyncio.get_running_loop()
    while not fact():
        next_look = loop.create_future()
        loop.call_later(_LOOK_EVERY, next_look.set_result, None)
        await next_look
