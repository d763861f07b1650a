"""Many presses, one ring."""

from __future__ import annotations

import asyncio

from warden.api.sse import Doorbell


def test_presses_before_a_ring_are_one_and_rings_keep_their_distance() -> None:
    async def scenario() -> list[float]:
        loop = asyncio.get_running_loop()
        rung: list[float] = []
        heard = asyncio.Event()

        def ring() -> None:
            rung.append(loop.time())
            heard.set()

        bell = Doorbell(ring, delay=0.001, pause=0.05)
        for _ in range(2):
            heard.clear()
            for _ in range(3):
                bell.press()
            await heard.wait()
        return rung

    first, second = asyncio.run(scenario())

    assert second - first >= 0.05


def test_what_is_left_to_do_does_not_wait_for_the_pause() -> None:
    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        rings = 0
        done: asyncio.Future[None] = loop.create_future()

        def ring() -> None:
            nonlocal rings
            rings += 1
            if rings < 5:
                bell.again()
            else:
                done.set_result(None)

        bell = Doorbell(ring, delay=0.0, pause=3600.0)
        bell.press()
        await done
        bell.press()
        bell.close()
        return rings

    assert asyncio.run(scenario()) == 5
