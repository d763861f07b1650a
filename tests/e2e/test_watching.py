"""Programs under development and under configuration: they restart or reload when files change."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.crowd import brain, is_in_state
from e2e.shop import PATH, need
from harness.daemon import Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")

APP = """
from flask import Flask
app = Flask("app")
@app.get("/")
def hello(): return {word!r}
"""
FLASK = """
[program:app]
command=gunicorn --bind unix:{home}/app.sock --chdir src app:app
directory={home}
watch=src/**/*.py,templates,!node_modules
watch_debounce=0.2
stopsignal=QUIT
startsecs=60
startretries=1
ready=unix:{home}/app.sock
[program:witness]
command=cat
directory={home}
watch=src/**/*.py,templates,!node_modules
watch_debounce=0.2
startsecs=0
"""
CAT = """
[program:cat]
command=cat
watch=src/**
watch_debounce=0.2
startsecs=0
"""
NGINX = """
[program:nginx]
command=nginx -c {home}/nginx.conf -p {home}
reload_signal=HUP
watch=nginx.conf,conf.d/*.conf
watch_action=reload
watch_debounce=0.2
ready=unix:{home}/app.sock
"""
NGINX_CONF = """
daemon off; pid {home}/nginx.pid; error_log stderr;
events {{}}
http {{ access_log off; server {{ listen unix:{home}/app.sock; include conf.d/*.conf; }} }}
"""


@contextmanager
def running(config: str, **files: str) -> Iterator[Daemon]:
    """Start a daemon in a directory with these files; paths of sockets must be short."""
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:
        home = Path(folder)
        for name, text in files.items():
            write(home / name, text)
        daemon = Daemon(WARDEN, home, config.format(home=home))
        daemon.start(environment(PATH=PATH))
        try:
            daemon.wait_line("INFO watching ")
            yield daemon
        finally:
            daemon.close()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def answer(daemon: Daemon) -> str:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(daemon.home / "app.sock"))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with client.makefile() as lines:
                return lines.read().splitlines()[-1]
    except OSError as error:
        return str(error)


def said(daemon: Daemon, text: str) -> list[str]:
    return [message for _, message in daemon.log() if message.startswith(text)]


def write_without_brain(daemon: Daemon, path: Path, text: str) -> None:
    """Kill the brain, and let there be no other one before the file is written."""
    keeper, victim = daemon.popen.pid, brain(daemon)
    os.kill(keeper, signal.SIGSTOP)
    until(lambda: is_in_state(keeper, "T"), lambda: "the keeper is halted")
    os.kill(victim, signal.SIGKILL)
    until(lambda: is_in_state(victim, "Z"), lambda: "the brain is dead")
    write(path, text)
    os.kill(keeper, signal.SIGCONT)


def causes(daemon: Daemon, name: str) -> list[str]:
    [story] = json.loads(daemon.ctl("why", "--json", name).stdout)
    return [step["cause"] for step in story["history"]]


def test_a_flask_application_under_development(tmp_path: Path) -> None:
    need({"flask": "gunicorn"})
    with running(FLASK, **{"src/app.py": APP.format(word="one")}) as daemon:
        daemon.wait_line("ready: app")
        assert answer(daemon) == "one"

        write(daemon.home / "src" / "app.py", "a mistake, and it is saved (")
        daemon.wait_line("restarting: app")
        daemon.wait_state("app", "FATAL")
        write(daemon.home / "node_modules" / "x.py", "nobody looks here")
        write(daemon.home / "src" / "app.py", APP.format(word="two"))
        until(lambda: answer(daemon) == "two", lambda: answer(daemon))

        assert set(causes(daemon, "app")) > {"changed: src/app.py"}
        daemon.ctl("stop", "app")
        starts, restarts = (len(said(daemon, text)) for text in ("spawned: 'app'", "restarting: witness"))
        write(daemon.home / "src" / "app.py", APP.format(word="three"))
        daemon.wait_line("restarting: witness", restarts + 1)
        assert len(said(daemon, "spawned: 'app'")) == starts
        assert daemon.info("app")["statename"] == "STOPPED"


def test_nginx_reloads_when_its_configuration_changes() -> None:
    need({"nginx": "nginx"})
    site = 'location / {{ return 200 "{}"; }}'
    with running(NGINX, **{"conf.d/site.conf": site.format("one")}) as daemon:
        write(daemon.home / "nginx.conf", NGINX_CONF.format(home=daemon.home))  # what was missing comes
        daemon.wait_line("ready: nginx")
        daemon.wait_state("nginx", "RUNNING")
        assert answer(daemon) == "one"
        pid = daemon.pids()["nginx:nginx"]

        write(daemon.home / "conf.d" / "new", site.format("two"))
        os.rename(daemon.home / "conf.d" / "new", daemon.home / "conf.d" / "site.conf")
        until(lambda: answer(daemon) == "two", lambda: answer(daemon))

        assert daemon.pids()["nginx:nginx"] == pid
        assert causes(daemon, "nginx")[-1] == "changed: conf.d/site.conf: SIGHUP"


def test_a_checkout_of_hundreds_of_files_is_one_restart(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")

    def git(*words: str) -> None:
        names = ("-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "init.defaultBranch=old")
        subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for word in ("old", "new"):
        for number in range(400):
            write(tmp_path / "src" / f"d{number % 7}" / f"{number}.py", f"{word} {number}")
        git("add", ".")
        git("commit", "-m", word)
        git("branch", "-f", f"at-{word}")
    git("checkout", "at-old")
    patient = CAT.replace("0.2", "2")  # git writes for longer on a busy machine, with pauses
    with running(patient.replace("watch=", f"directory={tmp_path}\nwatch=")) as daemon:
        daemon.wait_line("INFO watching 400 files for cat")
        daemon.wait_state("cat", "RUNNING")
        git("checkout", "at-new")
        daemon.wait_line("success: cat", 2)  # else it would have started with the last file
        write(tmp_path / "src" / "last.py", "x")
        daemon.wait_line("restarting: cat", 2)

        assert [line for line in causes(daemon, "cat") if line.startswith("changed: ")] == [
            "changed: src/d0/0.py and 399 more",
            "changed: src/last.py",
        ]


def test_what_changes_while_there_is_no_brain_is_noticed_by_the_next_one_and_nothing_else_is() -> None:
    with running(CAT, **{"src/a": "one"}) as daemon:
        if "keeper = false" in daemon.conf.read_text():
            pytest.skip("needs the keeper")
        daemon.wait_state("cat", "RUNNING")
        pid = daemon.pids()["cat:cat"]
        write_without_brain(daemon, daemon.home / "src" / "b", "two")
        daemon.wait_line("restarting: cat")
        until(lambda: daemon.pids().get("cat:cat") not in (pid, None, 0), lambda: str(daemon.pids()))
        second = daemon.pids()["cat:cat"]

        write_without_brain(daemon, daemon.home / "src" / "elsewhere", "watched again")
        daemon.wait_line("restarting: cat", 2)

        assert len([cause for cause in causes(daemon, "cat") if cause.startswith("files changed")]) == 2
        assert daemon.pids()["cat:cat"] != second


def test_a_brain_that_finds_all_as_it_was_restarts_nothing() -> None:
    witness = CAT.replace("program:cat", "program:witness").replace("src", "other")
    with running(CAT + witness, **{"src/a": "one", "other/a": "one"}) as daemon:
        if "keeper = false" in daemon.conf.read_text():
            pytest.skip("needs the keeper")
        daemon.wait_line("INFO watching ", 2)
        daemon.wait_state("cat", "RUNNING")
        pid = daemon.pids()["cat:cat"]
        write_without_brain(daemon, daemon.home / "other" / "b", "two")
        daemon.wait_line("spawned: 'witness'", 2)  # else it would have started with the last file
        write(daemon.home / "other" / "c", "three")
        daemon.wait_line("restarting: witness", 2)
        assert daemon.pids()["cat:cat"] == pid
        assert not said(daemon, "restarting: cat")


def test_an_update_takes_the_new_patterns() -> None:
    with running(CAT, **{"src/a": "one"}) as daemon:
        daemon.wait_state("cat", "RUNNING")
        daemon.rewrite(CAT.replace("src/**", "other/**"))
        assert "cat: updated process group" in daemon.ctl("update").stdout
        daemon.wait_line("INFO watching 0 files for cat")
        write(daemon.home / "src" / "a", "two")
        write(daemon.home / "other" / "deep" / "b", "three")
        daemon.wait_line(r"restarting: cat \(changed: other/deep/b\)")
        daemon.rewrite("")
        daemon.ctl("update")
        assert daemon.pids() == {}


def test_without_a_keeper_it_is_the_same() -> None:
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:
        daemon = Daemon(WARDEN, Path(folder), CAT)
        text = daemon.conf.read_text()
        if "keeper = false" not in text:
            daemon.conf.write_text(text.replace("[supervisord]\n", "[supervisord]\nkeeper = false\n"))
        with daemon:
            daemon.wait_line("INFO watching 0 files for cat")
            daemon.wait_state("cat", "RUNNING")
            write(daemon.home / "src" / "a", "two")
            daemon.wait_line(r"restarting: cat \(changed: src/a\)")
            daemon.signal(signal.SIGTERM)
            assert daemon.wait_end() == 0


def test_what_the_daemon_itself_writes_into_the_watched_directory_restarts_nothing() -> None:
    program = '[program:loud]\ncommand=/bin/sh -c "echo hello; exec cat"\nwatch=.\nwatch_debounce=0.1\nstartsecs=0\n'
    logs = "stdout_logfile={home}/loud.log\nstdout_logfile_maxbytes=4\nstderr_logfile=AUTO\n"
    with running(program + logs) as daemon:
        for count, name in enumerate(("a.py", "b.py", "c.py"), 1):
            daemon.wait_line("success: loud", count)  # who starts after a change knows it already
            write(daemon.home / name, "new")
            daemon.wait_line("restarting: loud", count)

        assert [message for _level, message in daemon.log() if message.startswith("restarting")] == [
            f"restarting: loud (changed: {name})" for name in ("a.py", "b.py", "c.py")
        ]
