"""The end of a brain: what it still had to say arrives before its goodbye."""

from __future__ import annotations

import threading

from warden.runtime.courier import Courier, Gone, Message
from warden.runtime.kept import KeeperParent


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

    assert [message["life"] for message in heard[:-1]] == list(range(count))
    assert heard[-1] == {"do": "bye", "status": 3}
