"""superlance 2.0.0, as it comes from PyPI, runs on Warden: each of its listeners fires and does what it is for."""

from __future__ import annotations

import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.sides import ROOT, WARDEN
from harness.waiting import until


@pytest.fixture(scope="module")
def superlance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package, without the Supervisor that it asks for, and return its folder."""
    folder = tmp_path_factory.mktemp("superlance")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    ran = subprocess.run(
        [*pip, "--target", str(folder), "superlance==2.0.0"], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"superlance cannot be installed: {ran.stderr[-500:]}")
    return folder


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            match line.split()[0].upper():
                case b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    self.server.mails.append(b"".join(lines).decode())
                    self.wfile.write(b"250 kept\r\n")
                case b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                case _:
                    self.wfile.write(b"250 fine\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Understands just enough SMTP to keep the mails it is given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.mails: list[str] = []


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


SENDMAIL = """\
#!/bin/sh
cat >"$(mktemp {home}/mail.XXXXXX.part)"
for part in {home}/mail.*.part; do mv "$part" "${{part%.part}}"; done
"""
PROGRAM = "startsecs = 0\nautorestart = false\n"
CONFIG = """
[program:hog]
command = {python} -S -c "import signal; much = b'x' * 50000000; signal.pause()"
{program}
[program:web]
command = /bin/sleep 1000
{program}
[program:crasher]
command = sh -c 'read -r code; exit $code'
{program}
[program:hopeless]
command = /bin/false
startsecs = 60
startretries = 0
autostart = false

[eventlistener:memmon]
command = {lance}memmon -p hog=20MB -m me@example.org -s {home}/sendmail
events = TICK_5
environment = {environment}
[eventlistener:httpok]
command = {lance}httpok -p web -t 1 -m me@example.org -s {home}/sendmail http://127.0.0.1:{refused}/
events = TICK_5
environment = {environment}
[eventlistener:crashmail]
command = {lance}crashmail -a -m me@example.org -s {home}/sendmail
events = PROCESS_STATE_EXITED
environment = {environment}
[eventlistener:fatalmailbatch]
command = {lance}fatalmailbatch {batch}
events = PROCESS_STATE,TICK_5
environment = {environment}
[eventlistener:crashmailbatch]
command = {lance}crashmailbatch {batch}
events = PROCESS_STATE,TICK_5
environment = {environment}
"""
LISTENERS = ("memmon", "httpok", "crashmail", "fatalmailbatch", "crashmailbatch")


def test_each_listener_does_what_it_is_for(tmp_path: Path, superlance: Path, mail_server: MailServer) -> None:
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(SENDMAIL.format(home=tmp_path))
    sendmail.chmod(0o755)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refuses every connection
        mail = "--toEmail=me@example.org --fromEmail=it@example.org"
        config = CONFIG.format(
            python=sys.executable,
            lance=f"{sys.executable} -m superlance.",
            home=tmp_path,
            program=PROGRAM,
            environment=f'PYTHONPATH="{superlance}"',
            refused=nobody.getsockname()[1],
            batch=f"{mail} --smtpHost=127.0.0.1:{mail_server.server_address[1]} --tickEvent=TICK_5 --interval=0.01",
        )
        with Daemon(WARDEN, tmp_path, config) as daemon:
            for name in ("hog", "web", "crasher", *LISTENERS):
                daemon.wait_state(name, "RUNNING")
            before = daemon.pids()
            daemon.rpc("supervisor.sendProcessStdin", "crasher", "3\n")
            daemon.rpc("supervisor.startProcess", "hopeless", False)

            def mailed(*words: str) -> Callable[[], bool]:
                return lambda: any(all(word in mail for word in words) for mail in _mails(tmp_path))

            def batched(text: str) -> Callable[[], bool]:
                return lambda: any(text in mail for mail in mail_server.mails)

            facts = {
                "crashmail": mailed("crasher in group crasher exited unexpectedly", "from state RUNNING"),
                "memmon": mailed("memmon", "hog:hog"),
                "httpok": mailed("httpok", "web", "restarted"),
                "fatalmailbatch": batched("Process hopeless:hopeless failed to start too many times"),
                "crashmailbatch": batched("Process crasher:crasher"),
            }
            for name, fact in facts.items():
                until(fact, lambda name=name: f"{name} has fired\n{_mails(tmp_path)}\n{mail_server.mails}")  # type: ignore[misc]
            for name in ("hog", "web"):
                until(
                    lambda name=name: daemon.pids().get(f"{name}:{name}", 0) not in (0, before[f"{name}:{name}"]),  # type: ignore[misc]
                    lambda name=name: f"{name} has been restarted",  # type: ignore[misc]
                )
            assert not [text for _, text in daemon.log() if "UNKNOWN" in text or "rejected" in text]


def _mails(home: Path) -> list[str]:
    return [path.read_text() for path in home.glob("mail.*") if path.suffix != ".part"]


def test_its_own_test_suite_passes_on_our_package(superlance: Path) -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "unittest",
            "discover",
            "-s",
            str(superlance / "superlance" / "tests"),
            "-t",
            str(superlance),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(superlance)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "OK" in ran.stderr
