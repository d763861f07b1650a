"""The two options that say how a listener pool's payloads are written."""

from __future__ import annotations

import pytest

from config.conftest import Bench
from warden.config.model import PoolConfig


def pool(bench: Bench, lines: str) -> PoolConfig | None:
    config = bench.load(f"[supervisord]\n[eventlistener:e]\ncommand=cat\nevents=TICK\n{lines}")
    return config.groups[0].pool


@pytest.mark.parametrize(
    ("lines", "facts", "text"),
    [("", False, False), ("payload_facts=yes", True, False), ("payload_text=true", False, True)],
)
def test_payloads_are_plain_bytes_unless_the_pool_asks_for_more(
    bench: Bench, lines: str, facts: bool, text: bool
) -> None:
    config = pool(bench, lines)

    assert config == PoolConfig(events=("TICK",), payload_facts=facts, payload_text=text)


def test_a_value_that_is_no_boolean_is_an_error(bench: Bench) -> None:
    error = bench.error("[supervisord]\n[eventlistener:e]\ncommand=cat\nevents=TICK\npayload_text=utf-8")

    assert str(error) == "not a valid boolean value: 'utf-8'"
