"""What one action of supervisorctl does not import: each of these costs it more than the whole action."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
    code = "import sys, warden.ctl.program, warden.config.report; print(*sys.modules)"
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage imports
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True, timeout=60, env=unmeasured
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", COSTLY)
def test_an_action_does_not_import(module: str, imported: set[str]) -> None:
    assert "warden.ctl.commands" in imported
    assert module not in imported
