"""The wheel, installed where nothing else is: what somebody gets who types ``pip install``."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from harness.sides import ROOT
from warden.words import VERSION


@pytest.mark.timeout(400)
def test_a_fresh_installation_has_the_four_commands_and_the_old_module_names(tmp_path: Path) -> None:
    commands = install_wheel(tmp_path)

    def run(*words: str) -> str:
        ran = subprocess.run(
            [str(commands / words[0]), *words[1:]],
            cwd=tmp_path,
            env={"PATH": os.defpath, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), (words, ran)
        return ran.stdout

    sample = run("echo_supervisord_conf")
    (tmp_path / "sample.conf").write_text(sample)

    assert run("supervisord", "-v") == f"{VERSION}\n"
    assert run("python", "-m", "supervisor.supervisord", "-v") == f"{VERSION}\n"
    assert run("supervisord", "-h").startswith("supervisord -- run a set of applications as daemons.\n")
    assert "Usage" in run("supervisorctl", "-h")
    assert "Usage" in run("python", "-m", "supervisor.supervisorctl", "-h")
    assert "[rpcinterface:supervisor]" in sample
    run("supervisord", "--check", "-c", "sample.conf")
    assert run("pidproxy", "no.pid", "echo", "from the program") == "from the program\n"


def install_wheel(tmp_path: Path) -> Path:
    """Build the wheel, install it into a new virtual environment, return the folder of its commands."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    [wheel] = tmp_path.glob("warden-*.whl")
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=False, symlinks=True)
    subprocess.run([*pip, "--python", str(fresh / "bin" / "python"), "install", str(wheel)], check=True)
    return fresh / "bin"
