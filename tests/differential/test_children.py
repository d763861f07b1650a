"""What a child process gets: environment, descriptors, directory, umask, process group, signals, identity."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import pytest

from differential.story import Plot, Story
from harness.daemon import SERVER

# Signals 32 and 33 are the C library's: whom it starts itself, as pytest-xdist under Python 3.13, ignores them.
RESERVED = 0b11 << 31

# Prints everything about itself as one line of JSON and then reads its stdin, as cat does.
PORTRAIT = """\
import json, os, signal, stat, sys

def kind(fd):
    mode = os.fstat(fd).st_mode
    return "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else oct(mode)

ignored = [s.name for s in signal.valid_signals()
           if isinstance(s, signal.Signals) and signal.getsignal(s) is signal.SIG_IGN]
umask = os.umask(0)
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "umask": oct(umask), "env": dict(os.environ),
    "fds": {fd: kind(fd) for fd in range(3)}, "more fds": [fd for fd in os.listdir("/proc/self/fd")
    if int(fd) > 2 and os.path.exists(f"/proc/self/fd/{fd}") and "/fd" not in os.readlink(f"/proc/self/fd/{fd}")],
    "stdout is stderr": os.fstat(1).st_ino == os.fstat(2).st_ino,
    "leads its group": os.getpgrp() == os.getpid(), "leads its session": os.getsid(0) == os.getpid(),
    "ids": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()], "groups": sorted(os.getgroups()),
    "ignored": sorted(ignored), "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
}), flush=True)
sys.stdin.read()
"""


def portraits(story: Story, programs: dict[str, str], *, server: str = SERVER, **kwargs: tuple[str, ...]) -> None:
    """Run each program (further options of it by name) and record everything its portrait shows."""
    (story.home / "portrait.py").write_text(PORTRAIT)
    config = "".join(
        f"[program:{name}]\ncommand = {sys.executable} -SE %(here)s/portrait.py {name}\n"
        f"stdout_logfile = %(here)s/{name}.json\n{options}\n"
        for name, options in programs.items()
    )
    with story.daemon(config, server=server, **kwargs) as daemon:
        daemon.wait_line("success: ", len(programs))
        for name in programs:
            story.wait_text(f"{name}.json", "\n")
            for aspect, value in json.loads(daemon.read(f"{name}.json")).items():
                if isinstance(value, dict):
                    for key, item in value.items():
                        if not key.startswith(("COV_", "COVERAGE_")):
                            story.note(f"{name} {aspect} {key}", item)
                else:
                    story.note(f"{name} {aspect}", value)


def ordinary_children(story: Story) -> None:
    portraits(
        story,
        {
            "plain": "",
            "joined": "redirect_stderr = true",
            "umask": "umask = 027",
            "directory": "directory = /tmp",
            "url": "serverurl = http://example.org:1",
            "auto": "serverurl = AUTO",
        },
    )


def environments(story: Story) -> None:
    portraits(
        story,
        {
            "plain": "environment = A=1",
            "quoted": """environment = A="a,b",B='c "d"',C="x=y",D=/usr/bin:/bin,E=''""",
            "newline": 'environment = A="x",\n  B="y",\n',
            "percent": 'environment = A="50%%",B="%(program_name)s",C="%(process_num)d",D="%(ENV_HOME)s"',
            "override": 'environment = SUPERVISOR_ENABLED="no",SUPERVISOR_PROCESS_NAME="me",HOME="/root"',
            "path": 'environment = PATH="/bin"',
        },
        server=SERVER + 'environment = GLOBAL="g",A="global",HOST="h"\n',
    )


def servers_in_the_environment(story: Story) -> None:
    server = SERVER.replace("file = %(here)s/s", "file = %(here)s/s\nusername = u\npassword = p")
    portraits(story, {"unix": ""}, server=server)


def inet_server_in_the_environment(story: Story) -> None:
    inet = f"[inet_http_server]\nport = *:{story.free_port()}\n[supervisord]\n"
    server = SERVER.replace("[supervisord]\n", inet).replace("[unix_http_server]\nfile = %(here)s/s\n", "")
    portraits(story, {"inet": ""}, server=server)


WHO = "echo $(id -u) $(id -g) : $(id -G) : $HOME $USER $LOGNAME; exec cat\n"


def other_users(story: Story) -> None:
    users = {"nobody": "nobody", "number": "65534", "same": "0"}
    config = "".join(
        f"[program:{name}]\ncommand = sh\nuser = {user}\nstdout_logfile = %(here)s/{name}.log\n"
        for name, user in users.items()
    )
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", len(users))
        for name in users:
            daemon.rpc("supervisor.sendProcessStdin", name, WHO)
            story.wait_text(f"{name}.log", "\n")
            story.note(name, daemon.read(f"{name}.log"))


def signals_of_a_child(story: Story) -> None:
    """Which signals a shell's child finds ignored and blocked."""
    config = "[program:p]\ncommand = sh -c 'grep -E \"Sig(Ign|Blk)\" /proc/self/status; exec cat'\n"
    with story.daemon(config + "stdout_logfile = %(here)s/p.log\n") as daemon:
        daemon.wait_line("success: p")
        story.wait_text("p.log", "SigIgn")
        for line in daemon.read("p.log").splitlines():
            name, _, mask = line.partition(":")
            story.note(name, f"{int(mask, 16) & ~RESERVED:016x}")


def groups_and_numbers(story: Story) -> None:
    (story.home / "portrait.py").write_text(PORTRAIT)
    config = f"""
[program:w]
command = {sys.executable} -SE %(here)s/portrait.py %(program_name)s %(group_name)s %(process_num)02d %(numprocs)d
process_name = w%(process_num)d
numprocs = 2
numprocs_start = 4
stdout_logfile = %(here)s/%(program_name)s%(process_num)d.json
[group:g]
programs = w
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 2)
        for name in ("w4", "w5"):
            story.wait_text(f"{name}.json", "\n")
            portrait = json.loads(daemon.read(f"{name}.json"))
            story.note(f"{name} argv", portrait["argv"])
            for variable in ("SUPERVISOR_PROCESS_NAME", "SUPERVISOR_GROUP_NAME"):
                story.note(f"{name} {variable}", portrait["env"][variable])


def command_words(story: Story) -> None:
    words = {
        "spaces": "a  b\tc",
        "double": '"a b" c"d"e',
        "single": "'a b' 'c \"d\"'",
        "backslash": r"a\ b \\ \"",
        "nothing_expands": "$HOME * ~ `x`",
        "empty_words": "'' \"\"",
        "lines": "a\n  b",
        "percent": "100%% %(here)s",
    }
    (story.home / "portrait.py").write_text(PORTRAIT)
    config = "".join(
        f"[program:{name}]\ncommand = {sys.executable} -SE %(here)s/portrait.py {text}\n"
        f"stdout_logfile = %(here)s/{name}.json\n"
        for name, text in words.items()
    )
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", len(words))
        for name in words:
            story.wait_text(f"{name}.json", "\n")
            story.note(name, json.loads(daemon.read(f"{name}.json"))["argv"])


def stop_reaches_the_group_only_on_request(story: Story) -> None:
    """A grandchild in the same process group hears of the stop only with stopasgroup."""
    (story.home / "family.sh").write_text(
        "(trap 'echo child stopped; exit' TERM; echo ready; while :; do read -r line; done) &\n"
        "trap 'wait; exit 0' TERM\nwait\n"
    )
    config = """
[program:family]
command = sh %(here)s/family.sh
stdout_logfile = %(here)s/family.log
stopasgroup = true
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("success: family")
        story.wait_text("family.log", "ready")
        story.ctl(daemon, "stop", "family")
        story.note("log", daemon.read("family.log"))
        story.rpc(daemon, "getProcessInfo", "family")


PLOTS: tuple[Plot, ...] = (
    ordinary_children,
    environments,
    servers_in_the_environment,
    inet_server_in_the_environment,
    other_users,
    signals_of_a_child,
    groups_and_numbers,
    command_words,
    stop_reaches_the_group_only_on_request,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_children_get_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    if plot is other_users and os.getuid() != 0:
        pytest.skip("only root may run programs as other users")
    assert not (differences := side_by_side(plot)), differences
