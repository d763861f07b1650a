"""Signals on the loop."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from warden.runtime.signals import on_signal


def test_a_signal_among_thousands_of_others_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        on_signal(loop, signal.SIGUSR1, lambda: heard.append("usr1"))
        on_signal(loop, signal.SIGUSR2, done.set)
        for _ in range(5000):
            os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)
        async with asyncio.timeout(30):
            await done.wait()

    asyncio.run(scenario())

    assert heard == ["usr1"]
    assert capfd.readouterr().err == ""


def test_a_signal_wakes_a_loop_that_waits_each_time() -> None:
    times = list[str]()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        on_signal(loop, signal.SIGUSR1, heard.set)
        for _ in range(3):
            loop.call_later(0.01, os.kill, os.getpid(), signal.SIGUSR1)
            async with asyncio.timeout(30):
                await heard.wait()
            times.append("heard")
            heard.clear()

    asyncio.run(scenario())

    assert times == ["heard"] * 3
