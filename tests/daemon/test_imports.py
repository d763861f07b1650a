"""What a daemon without plugins does not load before somebody talks to it: it would keep that in memory for ever."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COSTLY = (
    *(
        "pathlib",
        "xmlrpc.client",
        "http.client",
        "secrets",
        "urllib.parse",
        "email",
        "configparser",
        "aiohttp",
        "jinja2",
    ),
    *("psutil", "platform", "unittest", "concurrent.futures.thread", "multiprocessing", "warden.daemon.facade.session"),
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    code = "import sys, warden.daemon.main; print(*sys.modules)"
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage imports
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True, timeout=60, env=unmeasured
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", COSTLY)
def test_the_daemon_does_not_import(module: str, imported: set[str]) -> None:
    assert "warden.daemon.supervisor" in imported
    assert module not in imported
