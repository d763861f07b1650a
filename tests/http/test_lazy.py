"""Rooms that are imported when somebody asks for them first."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from warden.http.lazy import Lazy, Make


def test_those_who_come_meanwhile_wait_for_the_same_room() -> None:
    loads: list[str] = []

    def load() -> Make[object]:
        loads.append("once")
        return object

    async def story() -> set[object]:
        lazy = Lazy(load)
        return {*await asyncio.gather(lazy.get(), lazy.get(), lazy.get()), await lazy.get()}

    assert len(asyncio.run(story())) == 1
    assert loads == ["once"]


def test_after_a_failure_the_next_one_tries_again() -> None:
    obstacles = [OSError("too many open files")]

    def load() -> Make[str]:
        if obstacles:
            raise obstacles.pop()
        return lambda: "room"

    async def story() -> str:
        lazy = Lazy(load)
        with pytest.raises(OSError, match="too many open files"):
            await lazy.get()
        return await lazy.get()

    assert asyncio.run(story()) == "room"


def test_a_server_for_rpc_alone_loads_neither_templates_nor_the_json_api() -> None:
    script = "import sys, warden.http.site; print(*sorted({'jinja2', 'warden.api.app', 'psutil'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout.split() == []
