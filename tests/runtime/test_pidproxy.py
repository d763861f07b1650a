"""pidproxy stands in for a program that runs in the background: signals in, exit status out."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warden.runtime import pidproxy

RUN = "import os, sys; from warden.runtime.pidproxy import main; sys.exit(main({options}))"
RUN_WITHOUT_PIDFD = RUN.replace("import os, sys", "import os, sys; del os.pidfd_open")

# says its pid, then the name of each signal it gets; ends with the number it reads from its stdin, if any
TARGET = """
import os, signal, sys
def heard(signum, frame):
    os.write(1, signal.Signals(signum).name.encode() + b"\\n")
for signum in (1, 2, 3, 10, 12, 15):
    signal.signal(signum, heard)
if len(sys.argv) > 1:
    with open(sys.argv[1], "w") as file:
        file.write(f"{os.getpid()}\\n")
os.write(1, f"{os.getpid()}\\n".encode())
while True:
    order = sys.stdin.readline().split()
    if not order or order[0] == "exit":
        sys.exit(int(order[1]) if order else 0)
    os.kill(os.getpid(), int(order[1]))
"""


class Programs:
    """Starts programs that talk with us over pipes; ends what is left of them."""

    def __init__(self, directory: Path) -> None:
        self.pidfile = directory / "pid"
        self._all: list[subprocess.Popen[str]] = []

    def start(self, *argv: str | Path, cwd: Path | None = None, path: str | None = None) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PATH": path or os.environ["PATH"]},
        )
        self._all.append(program)
        return program

    def proxy(
        self, *command: str | Path, run: str = RUN, options: str = "", cwd: Path | None = None, path: str | None = None
    ) -> subprocess.Popen[str]:
        run = run.format(options=options)
        return self.start(sys.executable, "-c", run, self.pidfile, *command, cwd=cwd, path=path)

    def proxy_of_target(self) -> subprocess.Popen[str]:
        proxy = self.proxy(sys.executable, "-c", TARGET, self.pidfile)
        assert hear(proxy).isdigit()
        return proxy

    def close(self) -> None:
        for program in self._all:
            program.kill()
            program.wait()
            for stream in (program.stdin, program.stdout):
                if stream is not None:
                    stream.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    one = Programs(tmp_path)
    yield one
    one.close()


def hear(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().rstrip("\n")


def tell(program: subprocess.Popen[str], order: str) -> None:
    assert program.stdin is not None
    program.stdin.write(order + "\n")
    program.stdin.flush()


def ended(program: subprocess.Popen[str]) -> int:
    """Close its stdin and wait for the end."""
    program.communicate()
    return program.returncode


@pytest.mark.parametrize("arguments", [[], ["pid"]])
def test_too_few_arguments_give_the_usage(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert pidproxy.main(["/bin/pidproxy", *arguments]) == 1
    assert "Usage: /bin/pidproxy <pidfile name> <command> [<cmdarg1> ...]\n" in capfd.readouterr().out


@pytest.mark.parametrize("signum", pidproxy.FORWARDED)
def test_signals_reach_the_process_of_the_pid_file(programs: Programs, signum: signal.Signals) -> None:
    proxy = programs.proxy_of_target()

    proxy.send_signal(signum)

    assert hear(proxy) == signum.name
    tell(proxy, "exit 3")
    assert ended(proxy) == 3


@pytest.mark.parametrize(("order", "status"), [("exit 0", 0), ("exit 7", 7), ("kill 9", -9), ("kill 6", -6)])
def test_the_proxy_ends_as_its_command_does(programs: Programs, order: str, status: int) -> None:
    proxy = programs.proxy_of_target()

    tell(proxy, order)

    assert ended(proxy) == status


@pytest.mark.parametrize("content", [None, "", "abc", "0", "-1", "99999999999", "own"])
def test_a_pid_file_that_cannot_be_used_is_reported_and_the_signal_ignored(
    programs: Programs, content: str | None
) -> None:
    proxy = programs.proxy(sys.executable, "-c", TARGET)
    assert hear(proxy).isdigit()
    if content is not None:
        programs.pidfile.write_text(str(proxy.pid) if content == "own" else content)

    for signum in (signal.SIGUSR1, signal.SIGTERM):
        proxy.send_signal(signum)
        assert hear(proxy) == f"Can't read child pidfile {programs.pidfile}!"

    assert ended(proxy) == 0


def test_a_signal_that_cannot_be_sent_is_reported(programs: Programs) -> None:
    gone = programs.start("true")
    gone.wait()
    programs.pidfile.write_text(str(gone.pid))
    proxy = programs.proxy(sys.executable, "-c", TARGET)
    assert hear(proxy).isdigit()

    proxy.send_signal(signal.SIGTERM)

    assert hear(proxy) == f"Can't send SIGTERM to {gone.pid}: No such process"
    assert ended(proxy) == 0


@pytest.mark.parametrize("run", [RUN, RUN_WITHOUT_PIDFD], ids=["pidfd", "without pidfd"])
def test_after_a_stop_signal_the_proxy_waits_for_the_target(programs: Programs, run: str) -> None:
    target = programs.start(sys.executable, "-c", TARGET, programs.pidfile)
    assert hear(target) == str(target.pid)
    proxy = programs.proxy(sys.executable, "-c", TARGET, run=run)
    command = os.pidfd_open(int(hear(proxy)))

    proxy.send_signal(signal.SIGTERM)
    assert hear(target) == "SIGTERM"
    tell(proxy, "exit 4")
    select.select([command], [], [])
    os.close(command)
    proxy.send_signal(signal.SIGUSR1)
    assert hear(target) == "SIGUSR1"  # the command is gone, the proxy is not
    assert proxy.poll() is None
    tell(target, "exit 0")
    target.wait()

    assert ended(proxy) == 4


@pytest.mark.parametrize("run", [RUN, RUN_WITHOUT_PIDFD], ids=["pidfd", "without pidfd"])
def test_a_command_that_stays_after_the_target_is_not_waited_for_long(programs: Programs, run: str) -> None:
    target = programs.start(sys.executable, "-c", TARGET, programs.pidfile)
    assert hear(target) == str(target.pid)
    proxy = programs.proxy(sys.executable, "-c", TARGET, run=run, options="grace=0.1")
    assert hear(proxy).isdigit()

    proxy.send_signal(signal.SIGTERM)
    assert hear(target) == "SIGTERM"
    tell(target, "exit 0")
    target.wait()

    assert proxy.wait() == 0  # its command waits for us to close its stdin


def test_the_command_is_looked_for_in_path_and_keeps_its_name(programs: Programs) -> None:
    proxy = programs.proxy("sh", "-c", "echo $0")

    assert hear(proxy) == "sh"
    assert ended(proxy) == 0


@pytest.mark.parametrize("name", ["tool", "./tool"])
def test_a_command_in_the_current_directory_comes_first(programs: Programs, tmp_path: Path, name: str) -> None:
    for place in ("here", "elsewhere"):
        (tmp_path / place).mkdir()
        tool = tmp_path / place / "tool"
        tool.write_text(f"#!/bin/sh\necho {place}\n")
        tool.chmod(0o755)

    proxy = programs.proxy(name, cwd=tmp_path / "here", path=f"{tmp_path / 'elsewhere'}:{os.environ['PATH']}")

    assert hear(proxy) == "here"


@pytest.mark.parametrize(
    ("command", "text", "status"),
    [
        ("no-such-program", "Can't find command 'no-such-program'", 127),
        ("./no-such-program", "Can't execute './no-such-program': No such file or directory", 126),
        ("/etc", "Can't execute '/etc': Permission denied", 126),
    ],
)
def test_a_command_that_cannot_be_run_is_reported(programs: Programs, command: str, text: str, status: int) -> None:
    proxy = programs.proxy(command)

    assert hear(proxy) == text
    assert ended(proxy) == status


def test_what_cannot_be_said_changes_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    proxy = subprocess.run([sys.executable, "-c", RUN.format(options="")], stdout=writer, check=False)

    assert proxy.returncode == 1  # the usage could not be printed
    os.close(writer)
