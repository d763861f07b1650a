"""Work beside the loop."""

from __future__ import annotations

import _thread
import asyncio
import subprocess
import sys
import threading

import pytest

from warden.runtime.threads import in_thread


def test_results_and_errors_come_back() -> None:
    assert asyncio.run(in_thread(lambda: 5)) == 5
    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(in_thread(lambda: int("x")))


def test_the_loop_goes_on_meanwhile() -> None:
    async def scenario() -> int:
        turn = threading.Event()
        asyncio.get_running_loop().call_soon(turn.set)
        return await in_thread(lambda: turn.wait(30))

    assert asyncio.run(scenario())


def test_without_a_thread_the_work_is_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)

    assert asyncio.run(in_thread(lambda: 5)) == 5


def test_work_that_hangs_does_not_keep_the_process_from_ending() -> None:
    code = """
import asyncio, threading
from warden.runtime.threads import in_thread
async def main():
    async with asyncio.timeout(0.01):
        await in_thread(threading.Event().wait)
try:
    asyncio.run(main())
except TimeoutError:
    print("ended")
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=30, stdout=-1, check=True).stdout == b"ended\n"
