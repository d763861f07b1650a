"""Supervisor 4.3.0 as a library: it has our package's name, so it is only reachable in its own interpreter."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from harness.sides import REFERENCE


def python() -> str:
    """Return the interpreter in which ``import supervisor`` means Supervisor 4.3.0.

    Raises FileNotFoundError, with the remedy, where ``scripts/environment`` has not run.
    """
    return REFERENCE.command("python")


def ask(script: str, question: object) -> Any:
    """Run ``script`` over there; ``question`` arrives as JSON on its stdin, its stdout is the JSON answer."""
    ran = subprocess.run(
        [python(), "-c", script], input=json.dumps(question), capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, f"the oracle failed:\n{ran.stderr}"
    return json.loads(ran.stdout)
