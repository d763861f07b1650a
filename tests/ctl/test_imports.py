"""What one action of supervisorctl does not import: each of these costs it more than the whole action."""

from __future__ import annotations

import pytest

from harness.imports import imported_with

COSTLY = (
    "dataclasses",
    "inspect",
    "http.client",
    "xmlrpc.client",
    "ssl",
    "logging",
    "asyncio",
    "warden.config.model",
    "warden.config.options",
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return imported_with("warden.ctl.program", "warden.config.report")


@pytest.mark.parametrize("module", COSTLY)
def test_an_action_does_not_import(module: str, imported: set[str]) -> None:
    assert "warden.ctl.commands" in imported
    assert module not in imported
