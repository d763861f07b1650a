"""Fixtures for tests that look at the pages with Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from browser.site import ALARM_MS, ARGUMENTS, CHROMIUM, Visit, daemon_with
from e2e.shop import need
from harness.daemon import Daemon

expect.set_options(timeout=ALARM_MS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, headless; of a module only, since Playwright keeps an event loop in this thread meanwhile."""
    need({"chromium": CHROMIUM})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Open pages; they are closed, and judged, after the test."""
    with ExitStack() as visits:

        def make(**options: object) -> Visit:
            made = Visit(chromium, **options)
            visits.callback(made.close)
            return made

        yield make


@pytest.fixture
def daemon_of(tmp_path: Path) -> Iterator[Callable[..., tuple[Daemon, str]]]:
    """Start daemons with the given programs; returns each with the address of its page."""
    with ExitStack() as daemons:

        def start(programs: str, http: str = "") -> tuple[Daemon, str]:
            daemon, address = daemon_with(tmp_path, programs, http)
            daemons.enter_context(daemon)
            return daemon, address

        yield start
