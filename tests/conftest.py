"""How the whole suite runs; helpers live in ``harness``."""

from __future__ import annotations

import os

import hypothesis
import pytest

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("warden", deadline=None)
hypothesis.settings.load_profile("warden")


def pytest_xdist_auto_num_workers() -> int:
    """Run more workers than processors: half of the suite waits for the ancestor's one-second clock."""
    return 3 * (os.cpu_count() or 1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many comparisons with Supervisor 4.3.0 the run made."""
    comparisons = sum(
        int(str(value))
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "comparisons"
    )
    if comparisons:
        terminalreporter.write_line(f"{comparisons} comparisons with Supervisor 4.3.0")
