"""Which modules an import brings along."""

from __future__ import annotations

import os
import subprocess
import sys


def imported_with(*modules: str) -> set[str]:
    """Return the names of all modules that a fresh Python has after importing ``modules``."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage imports
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=unmeasured)
    return set(done.stdout.split())
