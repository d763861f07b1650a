"""A daemon that root starts and that becomes another user, who cannot read the Python that it runs in."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.rpc import exchange
from harness.sides import ROOT, Side

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
SCRIPT = """\
#!{python}
import sys
sys.path.insert(0, {source!r})
from warden.{module} import main
sys.exit(main())
"""
PROGRAM = "[supervisord]\nuser = nobody\n[program:cat]\ncommand = cat\n"


@pytest.fixture
def closed() -> Iterator[Side]:
    """Warden in a directory that only root may enter."""
    with tempfile.TemporaryDirectory(prefix="w") as folder:
        shutil.copytree(ROOT / "src", Path(folder) / "src")
        for name, module in (("supervisord", "daemon.main"), ("supervisorctl", "ctl.main")):
            script = Path(folder) / name
            script.write_text(SCRIPT.format(python=sys.executable, source=f"{folder}/src", module=module))
            script.chmod(0o755)
        yield Side("warden", Path(folder))


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of nobody's that nobody can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="w") as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield Path(folder)


@pytest.mark.parametrize("keeper", ["true", "false"])
def test_it_works_without_what_it_cannot_read(closed: Side, home: Path, keeper: str) -> None:
    with Daemon(closed, home, f"{PROGRAM}[supervisord]\nkeeper = {keeper}\n") as daemon:
        daemon.wait_state("cat", "RUNNING")
        pid = daemon.pids()["cat:cat"]
        healthy, page = (exchange(daemon.socket, "GET", path) for path in ("/ok.html", "/"))
        state = exchange(daemon.socket, "GET", "/api/v1/daemon")
        restarted = daemon.ctl("restart", "cat")
        warnings = [text for level, text in daemon.log() if level == "WARN" and text.startswith("no keeper")]

        assert os.stat(f"/proc/{daemon.popen.pid}").st_uid == NOBODY
        assert (healthy.body, page.status, state.status) == (b"OK", 200, 200)
        assert restarted.stdout == "cat: stopped\ncat: started\n"
        assert daemon.pids()["cat:cat"] != pid
        assert len(warnings) == (keeper == "true")
        assert (home / "pid").read_text() == f"{daemon.popen.pid}\n"
