"""Real plugins from the package index, installed once and kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.daemon import Daemon, environment
from harness.sides import ROOT, Side

PLUGINS = (
    "superlance==2.0.0",
    "supervisor_twiddler==1.0.0",
    "supervisor-wildcards==0.1.3",
    "supervisor-serialrestart==0.1.1",
    "supervisor_cache==1.1.0",
    "mr.laforge==0.9",
    "supvisors==0.19",
)


@pytest.fixture(scope="session")
def plugins() -> Path:
    """A folder with the plugins and nothing that they depend on; without a network the test is skipped."""
    folder = ROOT / ".venv-plugins"
    stamp = folder / "installed"
    with (ROOT / ".venv-plugins.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers need them, too
        if not stamp.exists() or stamp.read_text() != "\n".join(PLUGINS):
            shutil.rmtree(folder, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            ran = subprocess.run(
                [*pip, "install", "--no-deps", "--target", str(folder), *PLUGINS],
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.returncode and os.environ.get("CI"):
                pytest.fail(f"CI must run this test, but pip says:\n{ran.stderr}")
            if ran.returncode:
                pytest.skip(f"cannot install the plugins: {ran.stderr.strip().splitlines()[-1]}")
            stamp.write_text("\n".join(PLUGINS))
    return folder


@pytest.fixture
def daemon_with() -> Iterator[Callable[..., Daemon]]:
    """Start a daemon of one side that can import from a folder; it is ended after the test.

    ``listener`` is the text of a file of that name beside the configuration.
    """
    with ExitStack() as stack:

        def start(side: Side, folder: Path, config: str, listener: str = "") -> Daemon:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="w")))  # socket paths must be short
            daemon = Daemon(side, home, config)
            (home / "listener").write_text(listener)
            stack.callback(daemon.close)
            daemon.start(environment(PYTHONPATH=str(folder)))
            return daemon

        yield start
