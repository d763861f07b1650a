"""Hears signals on the loop, however many come at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def on_signal(loop: asyncio.AbstractEventLoop, signum: int, callback: Callable[[], None]) -> None:
    """Call ``callback`` on the loop when the signal comes; as ever, several that come at once may count as one.

    asyncio alone would lose signals: it notes each in a buffer for a few hundred,
    so the one SIGTERM among a thousand SIGCHLDs may find no room.  Here asyncio
    only wakes the loop, and what was heard is noted per signal.
    """
    heard = False

    def tell() -> None:
        nonlocal heard
        heard = False
        callback()

    def note(_signum: int, _frame: object) -> None:
        nonlocal heard
        if not heard:
            heard = True
            loop.call_soon_threadsafe(tell)

    loop.add_signal_handler(signum, lambda: None)
    signal.signal(signum, note)
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)  # full: then it will wake up anyway
