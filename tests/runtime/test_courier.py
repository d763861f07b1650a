"""The courier: messages arrive whole, in order and with their descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from warden.runtime.courier import MOST_FDS, Courier, Gone


@pytest.fixture
def couriers() -> Iterator[tuple[Courier, Courier]]:
    one, theirs = Courier.pair()
    other = Courier(theirs)
    yield one, other
    one.close()
    other.close()


def close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


@pytest.mark.parametrize("size", [0, 1000, 70_000, 3_000_000])
def test_a_message_of_any_size_arrives_with_its_descriptors(couriers: tuple[Courier, Courier], size: int) -> None:
    one, other = couriers
    reader, writer = os.pipe()

    one.send({"text": "x" * size}, [writer])
    received = other.receive()

    assert received is not None
    message, fds = received
    assert message == {"text": "x" * size}
    os.write(fds[0], b"through")
    assert os.read(reader, 100) == b"through"
    assert not os.get_inheritable(fds[0])
    close_all([reader, writer, *fds])


def test_the_most_descriptors_fit_into_one_message(couriers: tuple[Courier, Courier]) -> None:
    one, other = couriers
    reader, writer = os.pipe()

    one.send({}, [writer] * MOST_FDS)
    received = other.receive()

    assert received is not None
    assert len(received[1]) == MOST_FDS
    close_all([reader, writer, *received[1]])


def test_what_does_not_fit_waits_and_keeps_its_order_and_its_descriptors(couriers: tuple[Courier, Courier]) -> None:
    one, other = couriers
    count = 0
    while not one.waiting:
        count += 1
        one.send({"number": count})
    reader, writer = os.pipe()
    one.send({"number": count + 1}, [writer])
    os.close(writer)
    numbers, fds = [], []
    while received := other.receive():
        numbers.append(received[0]["number"])
        fds += received[1]
        one.flush()

    assert numbers == list(range(1, count + 2))
    os.write(fds[0], b"through")
    assert os.read(reader, 100) == b"through"
    assert not one.waiting
    close_all([reader, *fds])


def test_nothing_there_is_no_message_and_the_end_is_told(couriers: tuple[Courier, Courier]) -> None:
    one, other = couriers

    assert other.receive() is None
    one.send({"last": 1})
    one.close()
    assert other.receive() == ({"last": 1}, [])
    with pytest.raises(Gone):
        other.receive()


def test_what_was_said_before_the_end_arrives_though_the_other_side_has_not_heard_everything(
    couriers: tuple[Courier, Courier],
) -> None:
    one, other = couriers
    one.send({"spawned": 1})
    one.send({"ended": 1})
    other.send({"unheard": 1})

    one.close()

    assert [other.receive(), other.receive()] == [({"spawned": 1}, []), ({"ended": 1}, [])]
    with pytest.raises(Gone):
        other.receive()


def test_to_send_to_nobody_is_no_error(couriers: tuple[Courier, Courier]) -> None:
    one, other = couriers
    other.close()

    one.send({"lost": 1})

    assert not one.waiting
