"""Logs with many backups are rotated while the daemon does something else, which may be anything.

A plugin holds the daemon's renaming of one file until the test lets go of it: so everything happens in the middle.
"""

from __future__ import annotations

import errno
import gzip
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.crowd import kill_brain, seconds_to_answer
from harness.daemon import SERVER, Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

PLUGIN = """\
import os
HOME = os.path.dirname(os.path.abspath(__file__))
def held(call):
    def hold(source, target, **more):
        if os.path.exists(HOME + "/hold") and os.path.basename(source) == open(HOME + "/hold").read():
            open(HOME + "/reached", "w").close()
            open(HOME + "/gate").read()
            if os.path.exists(HOME + "/fail"):
                raise OSError(int(open(HOME + "/fail").read()), "as the test wants it")
        return call(source, target, **more)
    return hold
os.rename, os.replace = held(os.rename), held(os.replace)
class Nothing:
    pass
def make(supervisord):
    return Nothing()
"""
REPEAT = "sh -c 'while read -r line; do echo \"$line\"; done'"
BACKUPS = 30


def program(name: str, log: str = "log", backups: int = BACKUPS, maxbytes: int = 10) -> str:
    return (
        f"[program:{name}]\ncommand = {REPEAT}\nstartsecs = 0\nstdout_logfile = %(here)s/{log}\n"
        f"stdout_logfile_maxbytes = {maxbytes}\nstdout_logfile_backups = {backups}\n"
    )


class Bench:
    """A daemon whose logs can be held in the middle of a rotation."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.home = daemon.home

    def write(self, line: str, to: str = "p") -> None:
        assert self.daemon.rpc("supervisor.sendProcessStdin", to, f"{line}\n") == {"value": True}

    def hold(self, name: str) -> None:
        """Let the next renaming of that file take until ``let_go``."""
        (self.home / "hold").write_text(name)

    def reached(self) -> None:
        until((self.home / "reached").exists, lambda: "the renaming has begun")

    def let_go(self, error: int | None = None) -> None:
        """Let it be renamed, or fail."""
        if error is not None:
            (self.home / "fail").write_text(str(error))
        (self.home / "hold").unlink()
        with open(self.home / "gate", "w"):  # whoever reads gets the end of file
            pass

    def file(self, name: str) -> str:
        try:
            return (self.home / name).read_text()
        except FileNotFoundError:  # not yet, or in this moment it gets another name
            return "-"

    def has(self, **texts: str) -> None:
        """Wait until files (``log``, ``log_1`` for log.1) have these texts."""

        def same() -> bool:
            return all(self.file(name.replace("_", ".")) == text for name, text in texts.items())

        until(same, lambda: f"{texts} in {self.files()}")

    def files(self) -> dict[str, str]:
        return {path.name: self.file(path.name) for path in sorted(self.home.glob("log*"))}

    def in_order(self) -> str:
        """All that the log and its rotated files hold, oldest first."""
        files = self.files()
        return "".join(files[name] for name in sorted(files, key=lambda name: -int(name.partition(".")[2] or 0)))


@contextmanager
def bench(home: Path, config: str, server: str = SERVER) -> Iterator[Bench]:
    (home / "holding.py").write_text(PLUGIN)
    os.mkfifo(home / "gate")
    plugin = "[rpcinterface:hold]\nsupervisor.rpcinterface_factory = holding:make\n"
    daemon = Daemon(WARDEN, home, config + plugin, server=server)
    try:
        daemon.start(environment(PYTHONPATH=str(home)))
        yield Bench(daemon)
    finally:
        (home / "hold").unlink(missing_ok=True)
        daemon.close()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Bench]:
    """Three files of a log, of which the last is held while it is renamed: the first half of a rotation is done."""
    with bench(tmp_path, program("p") + program("other", "other")) as one:
        for number in range(3):
            one.write(f"number {number}..")
            one.has(log="", log_1=f"number {number}..\n")
        one.hold("log.2")
        one.write("number 3..")
        one.reached()
        yield one


HALF_DONE = {"log": "number 3..\n", "log.1": "number 2..\n", "log.2": "number 1..\n", "log.4": "number 0..\n"}
ALL = "".join(f"number {number}..\n" for number in range(4))


def test_a_rotation_of_many_backups_does_not_stop_the_loop(held: Bench) -> None:
    assert held.daemon.rpc("supervisor.getState")["value"]["statename"] == "RUNNING"
    held.write("from the other one", to="other")

    held.has(other="", other_1="from the other one\n")
    assert held.files() == HALF_DONE


def test_what_the_program_says_meanwhile_comes_into_the_next_file(held: Bench) -> None:
    held.write("more")
    assert held.files() == HALF_DONE

    held.let_go()

    held.has(log="more\n", log_1="number 3..\n", log_2="number 2..\n", log_3="number 1..\n", log_4="number 0..\n")


def test_reopening_meanwhile_follows_the_name(held: Bench) -> None:
    (held.home / "log").rename(held.home / "moved")
    held.daemon.signal(signal.SIGUSR2)
    held.daemon.wait_line("received SIGUSR2")
    held.has(log="")

    held.let_go()
    held.write("more")

    held.has(log="more\n")
    assert held.file("moved") == "number 3..\n"
    assert held.in_order() == ALL.replace("number 3..\n", "more\n")


def test_clearing_meanwhile_removes_the_present_file_only(held: Bench) -> None:
    assert held.daemon.rpc("supervisor.clearProcessLogs", "p") == {"value": True}
    assert held.file("log") == ""

    held.let_go()
    held.write("more")

    held.has(log="more\n", log_2="number 2..\n", log_3="number 1..\n", log_4="number 0..\n")


def test_a_program_that_starts_again_meanwhile_goes_on_in_the_next_file(held: Bench) -> None:
    assert held.daemon.rpc("supervisor.stopProcess", "p") == {"value": True}
    assert held.daemon.rpc("supervisor.startProcess", "p") == {"value": True}
    held.write("again")

    held.let_go()

    held.has(log="again\n", log_1="number 3..\n")
    assert held.in_order() == ALL + "again\n"


@pytest.mark.parametrize("error", [errno.EACCES, errno.ENOSPC, errno.EIO])
def test_a_rotation_that_fails_in_the_middle_loses_nothing_and_is_tried_again(held: Bench, error: int) -> None:
    held.let_go(error)
    held.daemon.wait_line("'p' stdout log: cannot open or rotate log .*: ")
    assert held.files() == HALF_DONE

    (held.home / "fail").unlink()
    held.write("number 4..")

    held.daemon.wait_line("'p' stdout log: log .* can be opened and rotated again")
    assert held.files() == {
        **{"log": "", "log.1": "number 3..\nnumber 4..\n"},
        **{"log.2": "number 2..\n", "log.3": "number 1..\n", "log.5": "number 0..\n"},
    }


def test_a_shutdown_meanwhile_leaves_a_whole_row(held: Bench) -> None:
    held.daemon.signal(signal.SIGTERM)
    held.daemon.wait_line("stopped: p")

    held.let_go()

    assert held.daemon.wait_end() == 0
    held.has(log="", log_1="number 3..\n", log_2="number 2..\n", log_3="number 1..\n", log_4="number 0..\n")


@pytest.mark.skipif(os.environ.get("WARDEN_TEST_KEEPER") == "off", reason="there is no keeper in this run")
def test_after_a_brain_that_was_killed_in_the_middle_every_line_is_there_once(held: Bench) -> None:
    held.write("more")  # in the pipe, or under way
    (held.home / "hold").unlink()
    kill_brain(held.daemon)
    seconds_to_answer(held.daemon)
    for words in ("than", "ever", "and a long end"):
        held.write(words)

    until(lambda: held.file("log.1").endswith("end\n") and not held.file("log"), lambda: f"rest: {held.files()}")
    assert held.in_order() == ALL + "more\nthan\never\nand a long end\n"


def test_a_daemon_without_a_keeper_that_is_killed_in_the_middle_has_lost_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, program("p") + "[supervisord]\nkeeper = false\n") as held:
        for number in range(3):
            held.write(f"number {number}..")
            held.has(log="", log_1=f"number {number}..\n")
        held.hold("log.2")
        held.write("number 3..")
        held.reached()
        held.daemon.signal(signal.SIGKILL)
        held.daemon.wait_end()
        assert held.files() == HALF_DONE

        (held.home / "hold").unlink()
        held.daemon.start(environment(PYTHONPATH=str(tmp_path)))
        held.daemon.wait_state("p", "RUNNING")
        held.write("more")
        until(lambda: held.file("log") == "", lambda: f"it was rotated: {held.files()}")

    assert held.in_order() == ALL + "more\n"


def test_two_programs_that_share_a_log_wait_for_one_rotation(tmp_path: Path) -> None:
    with bench(tmp_path, program("p") + program("q")) as held:
        held.write("first line", to="q")
        held.has(log="", log_1="first line\n")
        held.hold("log.1")
        held.write("second line")
        held.reached()
        held.write("from q", to="q")
        held.write("p", to="p")
        assert held.files() == {"log": "second line\n", "log.1": "first line\n"}

        held.let_go()

        until(lambda: len(held.in_order()) == 32, lambda: str(held.files()))
        assert sorted(held.in_order().splitlines()) == ["first line", "from q", "p", "second line"]
        assert held.in_order().startswith("first line\nsecond line\n")


def test_the_activity_log_goes_on_while_it_is_rotated(tmp_path: Path) -> None:
    own = f"[supervisord]\nlogfile_maxbytes = 2KB\nlogfile_backups = {BACKUPS}\n"
    with bench(tmp_path, program("p") + own) as held:

        def restart() -> None:
            assert held.daemon.rpc("supervisor.stopProcess", "p") == {"value": True}
            assert held.daemon.rpc("supervisor.startProcess", "p") == {"value": True}

        while not (held.home / "main.log.1").exists():
            restart()
        held.hold("main.log.1")
        while not (held.home / "reached").exists():
            restart()
        restart()
        own_lines = (held.home / "main.log").read_text().splitlines()
        assert own_lines == held.daemon.lines[-len(own_lines) :]  # to the last one

        held.let_go()
        until((held.home / "main.log.2").exists, lambda: "it was rotated")
        restart()
        lines = held.daemon.lines
        names = ("main.log.2", "main.log.1", "main.log")
        assert "".join((held.home / name).read_text() for name in names).splitlines() == lines


def test_many_files_are_compressed_while_others_are_renamed(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; done; read -r end"
    lines = "".join(f"line {number}\n" for number in range(1, 401))
    config = (
        f"[program:x]\ncommand = sh -c '{script}'\nstartsecs = 0\nautorestart = false\nstdout_logfile = %(here)s/log\n"
        "stdout_logfile_maxbytes = 10\nstdout_logfile_backups = 1000\nstdout_logfile_compress = true\n"
    )
    with bench(tmp_path, config) as held:
        until(lambda: "line 400\n" in held.file("log.1") + held.file("log"), lambda: "all is written")
        until(lambda: not any(plain(tmp_path)), lambda: f"all are compressed: {list(plain(tmp_path))}")
        assert unpacked(tmp_path) == lines
        held.write("end", to="x")


def plain(home: Path) -> Iterator[Path]:
    """The files that are still to be compressed."""
    return (path for path in home.glob("log.*") if path.suffix not in (".gz", ".1"))


def unpacked(home: Path) -> str:
    """All that a log and its rotated files hold, oldest first."""
    files = sorted(home.glob("log*"), key=lambda path: -int(f"{path.name}.0".split(".")[1]))
    return "".join(
        gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text() for path in files
    )
