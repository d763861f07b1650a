"""The sink that keeps only the newest bytes."""

from __future__ import annotations

from warden.logs.sinks import RingSink


def test_a_ring_keeps_the_last_bytes() -> None:
    ring = RingSink(5)
    woken: list[str] = []
    ring.write(b"123")
    ring.on_write = lambda: woken.append("!")

    ring.write(b"4567")
    ring.reopen()
    ring.close()

    assert ring.data == b"34567"
    assert woken == ["!"]


def test_a_cleared_ring_is_empty() -> None:
    ring = RingSink(5)
    ring.write(b"123")

    ring.clear()

    assert ring.data == b""
