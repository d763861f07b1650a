"""The end of a brain: what it still had to say arrives before its goodbye."""

from __future__ import annotations

import asyncio
import threading

from warden.runtime.courier import Courier, Gone, Message
from warden.runtime.kept import KeeperParent


def test_the_dead_of_one_turn_are_buried_together_and_before_anything_else_is_wished() -> None:
    ours, theirs = Courier.pair()
    keeper = Courier(theirs)
    parent = KeeperParent(ours)

    def heard() -> Message:
        received = keeper.receive()
        assert received is not None
        return received[0]

    async def scenario() -> None:
        parent.attach(asyncio.get_running_loop())
        parent.bury(1)
        parent.bury(2)
        assert keeper.receive() is None
        await asyncio.sleep(0)
        assert heard() == {"do": "bury", "lives": [1, 2]}

        parent.bury(3)
        parent.wish("yielded")
        assert [heard(), heard()] == [{"do": "bury", "lives": [3]}, {"do": "yielded"}]

        parent.bury(4)
        parent.detach()
        assert heard() == {"do": "bury", "lives": [4]}

    asyncio.run(scenario())
    ours.close()
    keeper.close()


def test_a_goodbye_comes_after_everything_that_waited() -> None:
    ours, theirs = Courier.pair()
    parent = KeeperParent(ours)
    count = 0
    while not ours.waiting:  # nobody reads
        parent.bury(count)
        count += 1
    heard: list[Message] = []

    def read() -> None:
        reader = Courier(theirs)
        theirs.setblocking(True)
        try:
            while received := reader.receive():
                heard.append(received[0])
        except Gone:
            reader.close()

    keeper = threading.Thread(target=read)
    keeper.start()
    parent.farewell(3)
    ours.close()
    keeper.join()

    assert [message["lives"] for message in heard[:-1]] == [[life] for life in range(count)]
    assert heard[-1] == {"do": "bye", "status": 3}
