"""Work that may block, beside the loop."""

from __future__ import annotations

import _thread
import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do ``work`` in a thread of its own; return or raise what it does.

    The end of the daemon does not wait for a thread that hangs (in a dead file
    system, say), as it would with asyncio's own.  When no thread can be had the
    work is done on the loop: better late than not at all.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.done():  # who asked has gone
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]  # there is no error, so there is a result
        else:
            done.set_exception(error)

    def tell(result: Result | None, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    def catch(_kind: object, error: BaseException | None, _trace: object) -> bool:
        if error is not None:
            tell(None, error)
        return True

    def run() -> None:
        with ExitStack() as net:
            net.push(catch)  # whatever it is: somebody waits for it
            tell(work(), None)

    try:
        _thread.start_new_thread(run, ())  # Thread.start() waits until it runs: on a busy machine 10 ms and more
    except RuntimeError:
        return work()
    return await done
