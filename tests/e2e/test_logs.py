"""Logs of real programs under a real daemon: forms of lines, several targets, rotation with compression."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.crowd import kill_brain
from harness.daemon import SERVER, Daemon, environment, run
from harness.sides import WARDEN
from harness.waiting import until

QUIET = SERVER + "silent = true\n"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


def shell(script: str) -> str:
    return f"command = /bin/sh -c '{script}'\nstartsecs = 0\nautorestart = false\n"


def ended(daemon: Daemon, name: str = "x") -> None:
    daemon.wait_state(f"{name}:{name}", "EXITED")


def test_one_line_in_pieces_reaches_every_target_in_its_own_form(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        here = os.getcwd()
        os.chdir(tmp_path)  # socket paths are short
        journal.bind("j")
        os.chdir(here)
        journal.settimeout(40)
        text = (
            f"[program:x]\n{shell('printf on; printf e; echo; echo two >&2; printf last')}"
            "stdout_logfile = %(here)s/out\nstdout_logfile_format = json\nstdout_console = prefix\n"
            f"stdout_journal = {path}\nredirect_stderr = true\n"
        )
        with Daemon(WARDEN, tmp_path, text) as daemon:
            ended(daemon)
            console = [line for line in daemon.lines if line.startswith("x | ")]
            tailed = daemon.ctl("tail", "x").stdout
            sent = [journal.recv(65536).decode() for _ in range(3)]

    found = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["message"] for line in found] == ["one", "two", "last"]
    assert all(re.fullmatch(STAMP, line["time"]) for line in found)
    assert console == ["x | one", "x | two", "x | last"]
    assert tailed.rstrip("\n") == (tmp_path / "out").read_text().rstrip("\n")
    assert [record.partition("MESSAGE=")[2].rstrip("\n") for record in sent] == ["one", "two", "last"]


def test_forms_do_not_touch_capture_and_events(tmp_path: Path) -> None:
    """What listeners hear is what the program said."""
    script = 'printf "<!--XSUPERVISOR:BE"; printf "GIN-->hello<!--XSUPERVISOR:END-->rest"; echo " of it"'
    listener = tmp_path / "listen.py"
    listener.write_text(
        "import sys\n"
        "while True:\n"
        "    print('READY', flush=True)\n"
        "    head = dict(word.split(':') for word in sys.stdin.readline().split())\n"
        "    body = sys.stdin.read(int(head['len']))\n"
        "    open(sys.argv[1], 'a').write(head['eventname'] + ' ' + body.partition(chr(10))[2].strip() + chr(10))\n"
        "    print('RESULT 2\\nOK', end='', flush=True)\n"
    )
    text = (
        f"[eventlistener:hear]\ncommand = {WARDEN.command('python')} {listener} {tmp_path}/heard\n"
        "events = PROCESS_COMMUNICATION,PROCESS_LOG\n"
        f"[program:x]\n{shell(script)}autostart = false\nstdout_logfile = %(here)s/out\n"
        "stdout_logfile_format = timestamp,prefix\nstdout_capture_maxbytes = 1KB\nstdout_events_enabled = true\n"
    )
    with Daemon(WARDEN, tmp_path, text) as daemon:
        daemon.wait_state("hear:hear", "RUNNING")
        daemon.ctl("start", "x")
        ended(daemon)
        heard = tmp_path / "heard"
        until(lambda: heard.exists() and "of it" in heard.read_text(), lambda: str(heard))

    assert "PROCESS_COMMUNICATION_STDOUT hello\n" in heard.read_text()
    assert re.fullmatch(rf"{STAMP} x \| rest of it\n", (tmp_path / "out").read_text())


def test_programs_in_a_container_write_to_stdout_and_nothing_else_does(tmp_path: Path) -> None:
    programs = "".join(
        f"[program:{name}]\n{shell('for i in 1 2 3; do echo line $i; done')}stdout_logfile = NONE\n"
        "stdout_console = prefix\n"
        for name in ("web", "worker")
    )
    daemon = Daemon(WARDEN, tmp_path, programs, server=QUIET)

    with subprocess.Popen(
        [WARDEN.command("supervisord"), "-n", "-c", str(daemon.conf)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        found = [running.stdout.readline().rstrip("\n") for _ in range(6)]
        running.terminate()
        rest = running.stdout.read()

    assert sorted(found) == [f"{name} | line {number}" for name in ("web", "worker") for number in (1, 2, 3)]
    assert rest == ""


def test_rotated_files_are_compressed_beside_the_loop(tmp_path: Path) -> None:
    text = (
        f"[program:x]\n{shell('exec seq 300000')}"
        "stdout_logfile = %(here)s/out\nstdout_logfile_maxbytes = 8KB\nstdout_logfile_backups = 500\n"
        "stdout_logfile_compress = true\n"
    )
    with Daemon(WARDEN, tmp_path, text) as daemon:
        ended(daemon)
        plain = tmp_path / "out.2"
        until(lambda: not plain.exists() and not (tmp_path / "out.compressing").exists(), lambda: str(plain))
        files = sorted(tmp_path.glob("out.*"), key=lambda path: int(path.name.split(".")[1]), reverse=True)

    assert [path.name for path in files][-2:] == ["out.2.gz", "out.1"]
    whole = (
        b"".join(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files)
        + (tmp_path / "out").read_bytes()
    )
    assert whole == b"".join(b"%d\n" % number for number in range(1, 300_001))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("stdout_logfile_format", "xml"),
        ("stdout_logfile_rotate", "monthly"),
        ("stdout_logfile_compress", "maybe"),
        ("stderr_console", "prefix,json"),
        ("stderr_journal", "relative"),
    ],
)
def test_a_wrong_value_is_told_by_check(tmp_path: Path, option: str, value: str) -> None:
    daemon = Daemon(WARDEN, tmp_path, f"[program:x]\ncommand = cat\n{option} = {value}\n")

    ran = run([WARDEN.command("supervisord"), "-c", str(daemon.conf), "--check"], tmp_path)

    assert ran.rc == 2
    assert option in ran.stdout
    assert value in ran.stdout


THREE = (
    "[program:web]\nnumprocs = 2\nprocess_name = web_%(process_num)d\n{web}"
    "stdout_logfile = %(here)s/web%(process_num)d.out\n[program:worker]\n{worker}"
    "stdout_logfile = %(here)s/worker.out\n"
)


def test_logs_shows_many_programs_by_whole_lines(tmp_path: Path) -> None:
    text = THREE.format(web=shell("seq 1 30; printf unfinished; echo oops >&2"), worker=shell("echo one; printf two"))
    with Daemon(WARDEN, tmp_path, text) as daemon:
        daemon.wait_state("web:web_0", "EXITED")
        daemon.wait_state("web:web_1", "EXITED")
        daemon.wait_state("worker:worker", "EXITED")
        both = daemon.ctl("logs", "-n", "2", "--stdout", "web:*", "worker")
        errors = daemon.ctl("logs", "--stderr", "web:web_?")
        one = daemon.ctl("logs", "-n", "3", "--stdout", "web:web_0")
        recent = daemon.ctl("logs", "--since", "1h", "--stdout", "web:web_1")
        wrong = daemon.ctl("logs", "worker", "nobody")
        words = [daemon.ctl("logs", *line.split()) for line in ("-n x worker", "--since 1y worker", "-x worker", "-f")]

    assert both.stdout.splitlines() == [
        "web:web_0 | 30",
        "web:web_0 | unfinished",
        "web:web_1 | 30",
        "web:web_1 | unfinished",
        "worker    | one",
        "worker    | two",
    ]
    assert errors.stdout.splitlines() == ["web:web_0 | oops", "web:web_1 | oops"]
    assert one.stdout.splitlines() == ["29", "30", "unfinished"]
    assert recent.stdout.splitlines() == [*map(str, range(1, 31)), "unfinished"]
    assert wrong.stdout.splitlines() == ["nobody: ERROR (no such process)", "one", "two"]
    assert (wrong.rc, both.rc) == (1, 0)
    assert [ran.stdout.splitlines()[0] for ran in words] == [
        "Error: -n needs a number of lines, not 'x'",
        "Error: --since needs a time such as 30s, 10m, 2h or 1d, not '1y'",
        "Error: unknown option -x",
        "Error: logs requires a process name",
    ]


def test_following_many_programs_goes_on_across_restarts(tmp_path: Path) -> None:
    speak = "command = /bin/sh -c 'printf hel; echo lo; exec sleep 1000'\n"
    with Daemon(WARDEN, tmp_path, THREE.format(web=speak, worker=speak)) as daemon:
        daemon.wait_state("worker:worker", "RUNNING")
        with subprocess.Popen(
            [WARDEN.command("supervisorctl"), "-c", str(daemon.conf), "logs", "-f", "all"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdout is not None
            first = [running.stdout.readline() for _ in range(3)]
            daemon.ctl("restart", "worker")
            second = running.stdout.readline()
            running.terminate()
            running.wait()

    assert sorted(first) == ["web:web_0 | hello\n", "web:web_1 | hello\n", "worker    | hello\n"]
    assert second == "worker    | hello\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a keeper needs Linux")
@pytest.mark.parametrize("form", ["prefix", "json"])
def test_when_the_brain_is_killed_lines_stay_whole_and_come_once(tmp_path: Path, form: str) -> None:
    """Also the line of which a part had come, and the limits of the program, which it has from its launcher."""
    os.mkfifo(tmp_path / "go")
    script = 'printf "first\\nhel"; read x < go; echo lo; seq 1000; exec sleep 1000'
    text = (
        f"[program:x]\ncommand = /bin/sh -c '{script}'\ndirectory = %(here)s\nstdout_logfile = %(here)s/out\n"
        f"stdout_logfile_format = {form}\nnice = 3\n"
    )

    def lines() -> list[str]:
        found = (tmp_path / "out").read_text().splitlines() if (tmp_path / "out").exists() else []
        return [json.loads(line)["message"] if form == "json" else line.removeprefix("x | ") for line in found]

    with Daemon(WARDEN, tmp_path, text) as daemon:
        until(lambda: lines() == ["first"], lambda: str(lines()))
        pid = daemon.pids()["x:x"]
        kill_brain(daemon)
        (tmp_path / "go").write_text("\n")
        until(lambda: len(lines()) == 1002, lambda: str(lines()[:10]))
        alive = daemon.pids()["x:x"]

    assert lines() == ["first", "hello", *map(str, range(1, 1001))]
    assert alive == pid
