"""What people and scripts see of supervisorctl: stdout, stderr and exit status of every action and failure."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

import pytest

from differential.story import Plot, Story
from harness.daemon import SERVER

# The fixture of the golden transcripts.  ``once`` has its own story: 4.3.0 races with itself there.
FLEET = """
[program:web]
command = cat
[program:chatty]
command = sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; exec cat'
[program:nolog]
command = cat
stdout_logfile = NONE
[program:idle]
command = cat
autostart = false
[program:bad]
command = sh -c 'exit 3'
autostart = false
startretries = 0
[program:missing]
command = /no/such/command
autostart = false
[program:noexec]
command = %(here)s/noexec
autostart = false
[program:worker]
command = cat
numprocs = 2
process_name = w_%(process_num)02d
priority = 10
"""
FLEET_RUNNING = 5

# Ignores TERM and says so in the log when it is ready.
STUBBORN = """
[program:slow]
command = sh -c 'trap "" TERM; echo ready; while :; do read -r line; done'
stopwaitsecs = 4
[program:web]
command = cat
"""


def fleet(story: Story) -> None:
    """Put the file that cannot be executed where FLEET expects it."""
    (story.home / "noexec").write_text("")


def golden_transcript(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for line in (
            "status",
            "avail",
            "start idle bad nosuch web",
            "stop worker:* web nosuch:*",
            "restart web worker:*",
            "start all",
            "start worker:*",
            "status nope web",
            "status nope noexec",
            "status bad",
            "status",
            "status all",
            "status worker: web",
            "status worker: worker:w_01 web web",
            "status nosuch:* nosuch:x worker:nope",
            "status web:web",
            "status worker",
            "start",
            "start nosuch:*",
            "start worker:w_00 idle",
            "start missing",
            "start noexec",
            "start bad nosuch",
            "stop",
            "stop nope",
            "stop nosuch:*",
            "stop noexec",
            "stop idle",
            "stop worker:w_01",
            "start worker:*",
            "restart",
            "restart nope",
            "restart nosuch:*",
            "restart idle",
            "pid nope",
            "pid noexec",
            "pid worker:*",
            "pid web noexec nope",
            "pid",
            "signal CONT web noexec nope",
            "signal CONT worker:*",
            "signal cont web",
            "signal SIGCONT web",
            "signal 18 web",
            "signal NOPE web",
            "signal NOPE nope",
            "signal CONT nosuch:*",
            "signal CONT all",
            "signal NOPE worker:*",
            "signal CONT",
            "signal",
            "version",
            "reread",
            "update",
            "update nope",
            "update web nope",
            "update all",
            "add",
            "add web",
            "add nope web",
            "remove",
            "remove web nope",
            "stop all",
            "stop all",
            "status",
            "remove idle worker",
            "status",
            "avail",
            "reread",
            "add worker idle",
        ):
            if "worker:*" in line or line.endswith(" all"):
                story.ctl_many(daemon, *line.split(" "))
            else:
                usage = line in ("start", "stop", "restart", "signal", "signal CONT")
                story.ctl(daemon, *line.split(" "), lines=1 if usage else None)


def words_are_joined_and_parsed_again(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for words in (
            ("signal CONT", "web"),
            ("status web",),
            ("  status   web  ",),
            ("pid\tnope",),
            ("status",),
            ("STATUS",),
            ("stat",),
            ("nonsense",),
            ("nonsense", "with", "words"),
            ("!ls",),
            ("",),
            (" ",),
            ("status web;status chatty",),
            ("status", "all", "web"),
            ("status", "*"),
            ("status", "w*"),
            ("status", ":"),
            ("status", "worker:w_00:x"),
            ("start", "web web"),
            ("quit",),
            ("exit", "3"),
            ("EOF",),
            ("version#x",),
        ):
            story.ctl(daemon, *words, lines=1 if words == ("version#x",) else None)


def wrong_arguments(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for line in (
            "version x",
            "avail x",
            "reread x",
            "reread-now",
            "reload x",
            "shutdown x",
            "clear",
            "tail",
            "tail a b c d",
            "tail -f",
            "tail -100",
            "tail -x chatty",
            "tail - chatty",
            "tail -f -100 chatty",
            "tail chatty nonsense",
            "tail chatty STDNOISE",
            "maintail x y",
            "maintail 100",
            "maintail -x",
            "fg",
            "fg web idle",
            "fg nope",
            "fg worker:*",
            "fg noexec",
            "open",
            "open ftp://x",
            "open nonsense",
            "signal CONT",
            "restart",
        ):
            story.ctl(daemon, *line.split(" "), lines=1)


def reading_logs(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        daemon.wait_line("^line 9")
        for line in (
            "tail chatty",
            "tail -20 chatty",
            "tail -1 chatty",
            "tail -99999 chatty",
            "tail chatty stdout",
            "tail chatty STDOUT",
            "tail chatty stderr",
            "tail -20 chatty stdout",
            "tail web",
            "tail nolog",
            "tail nope",
            "tail worker:*",
            "tail worker",
            "tail worker:w_00",
            "tail bad",
            "clear nope",
            "clear chatty nope",
            "tail chatty",
            "clear bad",
            "clear nolog",
            "clear worker",
            "clear all",
            "stop chatty",
            "tail chatty",
            "start chatty",
            "tail -20 chatty",
        ):
            story.ctl(daemon, *line.split(" "))


def clearing_a_group(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        story.ctl(daemon, "clear", "worker:*")


def main_log_over_supervisorctl(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: web")
        for line in ("maintail", "maintail -20", "maintail -1", "maintail -999999"):
            story.ctl(daemon, *line.split(" "))


def width_of_status(story: Story) -> None:
    names = ["short", "n" * 30, "n" * 31, "averyveryveryverylongprogramname_indeed"]
    config = "".join(f"[program:{name}]\ncommand = cat\n" for name in names)
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", len(names))
        story.ctl(daemon, "status")
        for name in names:
            story.ctl(daemon, "status", name)
        story.ctl(daemon, "status", "short", names[-1])


def stopping_takes_its_time(story: Story) -> None:
    with story.daemon(STUBBORN.replace("stopwaitsecs = 4", "stopwaitsecs = 100"), options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready")
        stop = threading.Thread(target=story.ctl, args=(daemon, "stop", "slow"))
        stop.start()
        daemon.wait_line("killing slow .* with signal SIGTERM")
        story.ctl(daemon, "status", "slow")
        story.ctl(daemon, "status")
        story.ctl(daemon, "signal", "CONT", "slow")
        story.ctl(daemon, "remove", "slow")
        story.ctl(daemon, "signal", "KILL", "slow")
        stop.join()
        story.ctl(daemon, "status", "slow")


def starting_what_is_stopping(story: Story) -> None:
    with story.daemon(STUBBORN, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready")
        daemon.rpc("supervisor.stopProcess", "slow", False)
        story.ctl(daemon, "start", "slow")


def stopping_what_is_stopping(story: Story) -> None:
    with story.daemon(STUBBORN, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready")
        daemon.rpc("supervisor.stopProcess", "slow", False)
        story.ctl(daemon, "stop", "slow")


def one_shots(story: Story) -> None:
    config = """
[program:once]
command = true
startsecs = 0
autorestart = false
autostart = false
[program:quick]
command = true
startsecs = 5
autorestart = false
autostart = false
startretries = 0
[program:brief]
command = sh -c 'read line; exit 4'
startsecs = 0
autorestart = false
exitcodes = 4
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("success: brief")
        story.ctl(daemon, "start", "quick")
        daemon.wait_state("quick", "FATAL")
        story.ctl(daemon, "status")
        daemon.ctl("start", "once")  # "started" or "abnormal termination": 4.3.0 says one or the other by luck
        daemon.wait_state("once", "EXITED")
        story.ctl(daemon, "status", "once")
        story.rpc(daemon, "sendProcessStdin", "brief", "x\n")
        daemon.wait_state("brief", "EXITED")
        story.ctl(daemon, "status")
        story.ctl(daemon, "stop", "once", "brief", "quick")
        story.rpc(daemon, "getAllProcessInfo")


def changing_the_configuration(story: Story) -> None:
    fleet(story)
    once = "[program:once]\ncommand = true\nstartsecs = 0\nautorestart = false\n"
    with story.daemon(FLEET + once) as daemon:
        daemon.wait_line("success: [^o]", FLEET_RUNNING)
        daemon.wait_state("once", "EXITED")
        daemon.rewrite(FLEET.replace("numprocs = 2", "numprocs = 3") + "[program:extra]\ncommand = cat\n")
        for line in ("reread", "avail", "update nope extra", "reread", "update", "reread", "update"):
            story.ctl(daemon, *line.split(" "))
        daemon.wait_line("success: w_02")
        story.ctl(daemon, "status")
        for broken in (
            "[group:gg]\nprograms = web,missing2\n",
            "[program:x]\ncommand = cat\nautostart = maybe\n",
            "[program:x]\n",
            "[program:x]\ncommand = %(nothing)s\n",
        ):
            daemon.rewrite(FLEET + broken)
            story.ctl(daemon, "reread")
            story.ctl(daemon, "avail")
        daemon.rewrite(FLEET + "[group:gg]\nprograms = web,idle\npriority = 5\n")
        for line in ("reread", "update extra", "avail", "update gg"):
            story.ctl(daemon, *line.split(" "))
        daemon.wait_line("success: web", 2)
        for line in ("status gg:*", "update"):
            story.ctl(daemon, *line.split(" "))
        daemon.wait_line("success: w_01", 3)
        for line in ("status", "avail"):
            story.ctl(daemon, *line.split(" "))
        daemon.conf.unlink()
        story.rpc(daemon, "reloadConfig")


def update_with_a_broken_file(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: ", 1)
        daemon.rewrite("[program:web]\ncommand = cat\nautostart = maybe\n")
        story.ctl(daemon, "update")
        story.ctl(daemon, "status")


P_ACTIONS = (
    "clear web",
    "maintail",
    "pid",
    "pid web",
    "restart web",
    "signal CONT web",
    "start web",
    "start",
    "status",
    "status web",
    "stop web",
    "tail web",
    "tail",
    "version",
    "fg web",
)
N_ACTIONS = ("add x", "avail", "reload", "remove x", "reread", "update")


def no_socket(story: Story) -> None:
    url = f"unix://{story.home}/none"
    for line in (*P_ACTIONS, *N_ACTIONS, "shutdown", "nonsense", f"open {url}"):
        lines = 1 if line == "tail" else None
        story.command("supervisorctl", "-s", url, *line.split(" "), lines=lines)


def refused_connection(story: Story) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(story.home / "stale"))
    url = f"unix://{story.home}/stale"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = closed.getsockname()[1]
        story.normal.also(str(port), "<port>")
        for line in (*P_ACTIONS, *N_ACTIONS, "shutdown", f"open http://127.0.0.1:{port}"):
            story.command("supervisorctl", "-s", url, *line.split(" "))
        for line in ("status", "start web", "shutdown"):
            story.command("supervisorctl", "-s", f"http://127.0.0.1:{port}", *line.split(" "))


AUTH = SERVER.replace("file = %(here)s/s\n", "file = %(here)s/s\nusername = bob\npassword = secret\n")


def credentials(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n", server=AUTH) as daemon:
        daemon.wait_line("success: web")
        for options in (
            ("-u", "bob", "-p", "secret"),
            ("--username=bob", "--password", "secret"),
            ("--user", "bob", "--pass", "secret"),
        ):
            story.ctl(daemon, *options, "status")
        story.ctl(daemon, "-u", "bob", "-p", "secret", "tail", "web")
        for options in ((), ("-u", "bob"), ("-u", "bob", "-p", "wrong"), ("-u", "", "-p", "")):
            story.ctl(daemon, *options, "status")
        for line in ("pid", "reread", "avail", "update", "add x", "shutdown"):
            story.ctl(daemon, *line.split(" "))


def start_up_errors(story: Story) -> None:
    (story.home / "empty.conf").write_text("")
    (story.home / "other.conf").write_text("[supervisord]\n")
    (story.home / "name.conf").write_text("[supervisorctl]\nprompt = %(nothing)s\n")
    (story.home / "percent.conf").write_text("[supervisorctl]\nprompt = 50% \n")
    (story.home / "plugin.conf").write_text("[supervisorctl]\n[ctlplugin:x]\n")
    (story.home / "factory.conf").write_text("[supervisorctl]\n[ctlplugin:x]\nsupervisor.ctl_factory = no.module:x\n")
    (story.home / "broken.conf").write_text("[supervisorctl]\nnonsense\n")
    (story.home / "dir").mkdir()
    for words in (
        ("-c", "absent.conf", "status"),
        ("-c", "dir", "status"),
        ("-c", "empty.conf", "status"),
        ("-c", "other.conf", "status"),
        ("-c", "name.conf", "status"),
        ("-c", "percent.conf", "status"),
        ("-c", "plugin.conf", "status"),
        ("-c", "factory.conf", "status"),
        ("-c", "broken.conf", "status"),
        ("-x",),
        ("--bogus",),
        ("-s",),
        ("-s", "foo", "status"),
        ("-s", "127.0.0.1:9001", "status"),
        ("-s", "http://", "status"),
        ("-s", "", "status"),
        ("-s", "ftp://x", "status"),
        ("-u", "a", "-u", "b", "status"),
        ("-i", "-i", "status"),
        ("-i=x", "status"),
        ("--interactive=x", "status"),
        ("-v",),
        ("--conf", "absent.conf", "status"),
        ("--serverurl=foo", "status"),
    ):
        story.command("supervisorctl", *words)


def help_for_everything(story: Story) -> None:
    story.command("supervisorctl", "help")
    story.command("supervisorctl", "help", "nonsense")
    story.command("supervisorctl", "help", "status", "start")
    actions = "add avail clear exit fg maintail open pid quit reload remove reread restart shutdown signal start"
    for action in [*actions.split(), "status", "stop", "tail", "update", "version", "help"]:
        ran = story.command("supervisorctl", "help", action, lines=0)
        story.note(f"help {action} says something", len(ran.stdout) > len(action))
        story.note(f"help {action} names it", action in ran.stdout)
    story.command("supervisorctl", "?", "nonsense")
    for option in ("-h", "--help", "-?"):
        ran = story.command("supervisorctl", option, lines=0)
        story.note(
            f"{option} mentions", [word in ran.stdout for word in ("-c", "-i", "-s", "-u", "-p", "-r", "action")]
        )


def shell_on_a_pipe(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for lines in (
            "pid nope\nstop web\nquit\n",
            "start web\n\n  \nstatus web\nexit 3\n",
            "nonsense\nstatus nope\nEOF\n",
            "avail\nreread\n",
            "reload\nn\nshutdown\nn\nreload\n yes\nquit\n",
            "? nonsense\nhelp\nquit\n",
            "version\nversion x\nadd web\nquit\n",
        ):
            ran = daemon.ctl(stdin=lines)
            shown = "\n".join(line for line in ran.stdout.splitlines() if "version <action>" not in line)
            story.note(f"shell: {lines!r}", {"stdout": _without_help(shown), "stderr": ran.stderr, "rc": ran.rc})
        story.ctl(daemon, "-i", "reload", stdin="n\n")
        story.ctl(daemon, "-i", "shutdown", stdin="")
        story.ctl(daemon, "-i", "pid", "nope", stdin="")


def _without_help(text: str) -> str:
    """Drop the tab-indented lines of help, whose words are each side's own."""
    return "\n".join(line for line in text.splitlines() if "\t" not in line)


def shell_with_credentials(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n", server=AUTH) as daemon:
        daemon.wait_line("success: web")
        story.ctl(daemon, "-u", "bob", "-p", "secret", stdin="pid nope\nquit\n")


def while_it_shuts_down(story: Story) -> None:
    with story.daemon(STUBBORN.replace("stopwaitsecs = 4", "stopwaitsecs = 100"), options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready")
        stubborn = daemon.pids()["slow:slow"]
        story.ctl(daemon, "shutdown")
        daemon.wait_line("waiting for slow")
        for line in ("shutdown", "reload", "update", "reread", "avail", "add x y", "remove x", "start web"):
            story.ctl(daemon, *line.split(" "))
        for line in ("status", "pid", "stop web", "tail web", "version"):
            story.ctl(daemon, *line.split(" "))
        os.kill(stubborn, signal.SIGKILL)
        story.note("exit status", daemon.wait_end())


def shut_down(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: web")
        story.ctl(daemon, "shutdown")
        story.note("exit status", daemon.wait_end())
        story.note("files left", sorted(path.name for path in story.home.iterdir()))
        story.log(daemon)
        story.ctl(daemon, "status")


def no_supervisor_namespace(story: Story) -> None:
    server = SERVER.replace("[rpcinterface:supervisor]\n", "[rpcinterface:other]\n")
    with story.daemon("[program:web]\ncommand = cat\n", server=server) as daemon:
        for line in ("status", "start web", "pid", "version"):
            story.ctl(daemon, *line.split(" "))


PLOTS: tuple[Plot, ...] = (
    golden_transcript,
    words_are_joined_and_parsed_again,
    wrong_arguments,
    reading_logs,
    clearing_a_group,
    main_log_over_supervisorctl,
    width_of_status,
    stopping_takes_its_time,
    starting_what_is_stopping,
    stopping_what_is_stopping,
    one_shots,
    changing_the_configuration,
    update_with_a_broken_file,
    no_socket,
    refused_connection,
    credentials,
    start_up_errors,
    help_for_everything,
    shell_on_a_pipe,
    shell_with_credentials,
    while_it_shuts_down,
    shut_down,
    no_supervisor_namespace,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_supervisorctl_looks_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
