"""Fixtures that start real daemons and leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.shop import COMMANDS, Shop, need
from harness.sides import REFERENCE, WARDEN, Side


@pytest.fixture(params=[WARDEN, REFERENCE], ids=lambda side: side.name)
def side(request: pytest.FixtureRequest) -> Side:
    """Each implementation in turn: the examples must mean the same to both."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux")
    assert isinstance(request.param, Side)
    return request.param


@pytest.fixture
def shop_of(tmp_path: Path, side: Side) -> Iterator[Callable[..., Shop]]:
    """Make a shop of the named programs; it is closed, whatever happened, after the test."""
    with ExitStack() as shops:

        def make(*programs: str) -> Shop:
            need({name: COMMANDS[name] for name in programs if name in COMMANDS})
            shop = Shop(side, tmp_path / "shop", programs)
            shops.callback(shop.close)
            return shop

        yield make
