"""Another version is installed while the daemon runs: it takes over, or the running one goes on and says why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.survivors import COUNTER, counted, linux_only, script
from harness.daemon import Daemon, environment
from harness.sides import ROOT, WARDEN
from harness.waiting import until

pytestmark = [
    linux_only,
    pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run"),
]

RUNNING, NEXT = 'VERSION = "5.0.0"', 'VERSION = "9.9.9"'


class Installed:
    """A daemon that runs from a copy of the code, which can be changed under it."""

    def __init__(self, home: Path) -> None:
        self.code = home / "code"
        shutil.copytree(ROOT / "src", self.code)
        counter = script(home, "counter", COUNTER)
        config = (
            f"[program:counter]\ncommand={counter}\nstdout_logfile=%(here)s/counter.log\nstdout_logfile_maxbytes=0\n"
        )
        self.daemon = Daemon(WARDEN, home / "d", config)

    def change(self, file: str, old: str, new: str) -> None:
        """Install a version that differs in one place."""
        path = self.code / "warden" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()  # two versions of one size within a second look the same to Python

    def start(self) -> None:
        self.daemon.start(environment() | {"PYTHONPATH": str(self.code)})
        self.daemon.wait_line("success: counter")

    def upgrade(self) -> tuple[str, int]:
        ran = self.daemon.ctl("upgrade")
        return ran.stdout, ran.rc

    def pid(self) -> int:
        info = self.daemon.rpc("supervisor.getProcessInfo", "counter")["value"]
        assert info["statename"] == "RUNNING"
        return int(info["pid"])


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    made = Installed(tmp_path)
    yield made
    made.daemon.close()


def nothing_is_missing(installed: Installed) -> None:
    """Wait for more output than there is, and look whether all of it is there, once."""
    home = installed.daemon.home
    before = counted(home, "counter.log")
    until(lambda: counted(home, "counter.log") > before, lambda: "more output")


def test_a_new_version_takes_over_and_the_old_one_again(installed: Installed) -> None:
    installed.start()
    pid, daemon = installed.pid(), installed.daemon.rpc("supervisor.getPID")

    installed.change("words.py", RUNNING, NEXT)
    assert installed.upgrade() == ("Upgraded supervisord from 5.0.0 to 9.9.9\n", 0)
    assert installed.daemon.rpc("supervisor.getSupervisorVersion")["value"] == "9.9.9"

    installed.change("words.py", NEXT, RUNNING)
    assert installed.upgrade() == ("Upgraded supervisord from 9.9.9 to 5.0.0\n", 0)

    assert (installed.pid(), installed.daemon.rpc("supervisor.getPID")) == (pid, daemon)
    nothing_is_missing(installed)


@pytest.mark.parametrize(
    ("file", "old", "new", "why"),
    [
        ("daemon/succession.py", "def succeed", "1 / 0\n\n\ndef succeed", "ended at its start"),
        ("runtime/record.py", "FORMAT = 2", "FORMAT = 3", "it has format 2, this version reads format 3"),
        (
            "daemon/resume.py",
            "    def go_on(self) -> None:\n",
            "    def go_on(self) -> None:\n        1 / 0\n",
            "ended",
        ),
    ],
    ids=["crashes at its start", "cannot read the record", "crashes when it has taken over"],
)
def test_a_version_that_is_not_fit_is_refused(installed: Installed, file: str, old: str, new: str, why: str) -> None:
    installed.start()
    pid = installed.pid()

    installed.change(file, old, new)
    out, status = installed.upgrade()

    assert why in out
    assert status == 1
    assert installed.pid() == pid
    nothing_is_missing(installed)
    installed.change(file, new, old)
    assert installed.upgrade() == ("Upgraded supervisord from 5.0.0 to 5.0.0\n", 0)
    assert installed.pid() == pid


def test_a_version_that_hangs_is_given_up(installed: Installed) -> None:
    installed.change("runtime/brains.py", "_TRIAL_SECONDS = 20.0", "_TRIAL_SECONDS = 0.5")
    installed.start()
    pid = installed.pid()

    begin = "    keeper = KeeperParent(courier)\n"
    installed.change("daemon/succession.py", begin, f"    import signal\n\n    signal.pause()\n{begin}")
    out, status = installed.upgrade()

    assert "was not ready within" in out
    assert status == 1
    assert installed.pid() == pid
    nothing_is_missing(installed)
