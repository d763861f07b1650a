"""The activity log of scripted lives: every message and its level, and the order in which they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from differential.story import Plot, Story
from harness.daemon import SERVER

# Ends with the exit status, or by the signal, that is written to its stdin.
OBEDIENT = "sh -c 'read -r how; case $how in SIG*) kill -${how#SIG} $$;; *) exit $how;; esac'"


def ends_from_running(story: Story) -> None:
    """Exit statuses and signals, expected and not, with each kind of autorestart."""
    config = "".join(
        f"[program:{name}]\ncommand = {OBEDIENT}\nstartsecs = 0\nexitcodes = 0,2\nautorestart = {autorestart}\n"
        "autostart = false\nstopwaitsecs = 1\n"
        for name, autorestart in (("never", "false"), ("unexpected", "unexpected"), ("always", "true"))
    )
    with story.daemon(config) as daemon:
        for name in ("never", "unexpected", "always"):
            daemon.rpc("supervisor.startProcess", name)
            for number, how in enumerate(("0", "2", "3", "SIGKILL", "SIGTERM", "SIGUSR1"), 1):
                daemon.wait_line(f"success: {name}", number)
                daemon.rpc("supervisor.sendProcessStdin", name, f"{how}\n")
                daemon.wait_line(f"exited: {name}", number)
                restarts = name == "always" or (name == "unexpected" and how not in "02")
                if not restarts:
                    daemon.wait_state(name, "EXITED")
                    story.rpc(daemon, "getProcessInfo", name)
                    daemon.rpc("supervisor.startProcess", name)
                daemon.wait_line(f"success: {name}", number + 1)
                story.note(f"{name} after {how}", daemon.info(name)["exitstatus"])
        story.log(daemon)


def failing_starts(story: Story) -> None:
    config = """
[program:p]
command = sh -c 'exit 0'
startsecs = 5
startretries = 2
[program:q]
command = sh -c 'kill -KILL $$'
startsecs = 5
startretries = 0
autostart = false
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("gave up: p")
        story.rpc(daemon, "getProcessInfo", "p")
        story.log(daemon, "retries")
        daemon.rpc("supervisor.startProcess", "q", False)
        daemon.wait_line("gave up: q")
        story.rpc(daemon, "getProcessInfo", "q")
        story.log(daemon)


def spawn_errors(story: Story) -> None:
    (story.home / "plain").write_text("")
    (story.home / "dir").mkdir()
    (story.home / "noexec.sh").write_text("#!/no/such/interpreter\n")
    (story.home / "noexec.sh").chmod(0o755)
    (story.home / "empty.sh").write_text("")
    (story.home / "empty.sh").chmod(0o755)
    commands = {
        "a_quote": "'open",
        "b_missing": "/no/such/command",
        "c_not_in_path": "no-such-command-anywhere x",
        "d_directory": "%(here)s/dir",
        "e_plain": "%(here)s/plain",
        "f_log": "cat\nstdout_logfile = %(here)s/dir",
        "g_logdir": "cat\nstdout_logfile = %(here)s/gone/x",
        "h_chdir": "cat\ndirectory = /no/such/directory",
        "i_interpreter": "%(here)s/noexec.sh",
        "j_format": "%(here)s/empty.sh",
    }
    (story.home / "gone").mkdir()
    config = "".join(
        f"[program:{name}]\ncommand = {command}\nautostart = false\nstartsecs = 9\nstartretries = 0\n"
        "redirect_stderr = true\n"
        for name, command in commands.items()
    )
    with story.daemon(config, options=("-e", "debug")) as daemon:
        (story.home / "gone").rmdir()
        for name in commands:
            ran = story.ctl(daemon, "start", name)
            if ran.rc == 7:  # it was tried, and is tried again
                daemon.wait_state(name, "FATAL")
            info = daemon.info(name)
            story.note(f"{name} spawnerr", info["spawnerr"])
            story.note(f"{name} exitstatus", info["exitstatus"])
            if name != "f_log":
                story.rpc(daemon, "readProcessStdoutLog", name, 0, 0)
        interesting = [f"{level} {message}" for level, message in daemon.log() if level != "DEBG"]
        for number, line in enumerate(interesting):
            story.note(f"log {number:02}", line)


def spawn_errors_at_start(story: Story) -> None:
    config = "[program:gone]\ncommand = /no/such/command\nstartretries = 1\n"
    with story.daemon(config) as daemon:
        daemon.wait_line("gave up")
        story.rpc(daemon, "getProcessInfo", "gone")
        story.ctl(daemon, "status")
        story.ctl(daemon, "start", "gone")
        story.log(daemon)


def stop_in_backoff(story: Story) -> None:
    config = "[program:p]\ncommand = false\nstartsecs = 5\nstartretries = 99\n"
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("exited: p", 2)
        story.note("state", daemon.info("p")["statename"])
        story.ctl(daemon, "status", "p")
        story.rpc(daemon, "startProcess", "p")
        story.rpc(daemon, "signalProcess", "p", "TERM")
        story.rpc(daemon, "stopProcess", "p")
        story.rpc(daemon, "getProcessInfo", "p")
        lines = [line for line in map(" ".join, daemon.log()) if "ttempted" in line]
        story.note("debug lines", lines)


def killed_when_it_will_not_stop(story: Story) -> None:
    (story.home / "group.sh").write_text("trap '' INT; (echo ready; while :; do read -r line; done); echo no")
    config = """
[program:deaf]
command = sh -c 'trap "" TERM INT; echo ready; while :; do read -r line; done'
stopwaitsecs = 1
[program:group]
command = sh %(here)s/group.sh
stopwaitsecs = 1
stopasgroup = true
stopsignal = INT
"""
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready", 2)
        story.ctl(daemon, "stop", "deaf")
        story.rpc(daemon, "getProcessInfo", "deaf")
        story.ctl(daemon, "stop", "group")
        story.rpc(daemon, "getProcessInfo", "group")
        for number, (level, message) in enumerate(daemon.log()):
            if message.startswith(("killing", "stopped", "waiting")):
                story.note(f"log {message.split()[0]} {number > 0}", f"{level} {message}")


def requested_stops(story: Story) -> None:
    """A stop by request: the exit status decides the level of the line."""
    config = "".join(
        f"[program:{name}]\ncommand = sh -c 'trap \"exit {code}\" TERM; echo ready; while :; do read -r x; done'\n"
        for name, code in (("clean", 0), ("dirty", 3))
    )
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready", 2)
        for name in ("clean", "dirty"):
            story.ctl(daemon, "stop", name)
            story.rpc(daemon, "getProcessInfo", name)
        for level, message in daemon.log():
            if message.startswith(("stopped", "killing")):
                story.note(message, level)


def signals_in_the_log(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n", options=("-e", "debug")) as daemon:
        daemon.wait_line("success: web")
        for name in ("CONT", "18", "URG", "0"):
            daemon.rpc("supervisor.signalProcess", "web", name)
        daemon.rpc("supervisor.stopProcess", "web")
        daemon.rpc("supervisor.signalProcess", "web", "CONT")
        lines = [f"{level} {message}" for level, message in daemon.log() if "sig" in message and "pid" in message]
        for line in lines:
            story.note(line, line)


def output_in_the_log(story: Story) -> None:
    config = "[program:talk]\ncommand = sh -c 'printf \"one\\ntwo\\n\"; read x; printf oops >&2; exec cat'\n"
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: talk")
        daemon.wait_line("^two")
        daemon.rpc("supervisor.sendProcessStdin", "talk", "x\n")
        daemon.wait_line("^oops")
        for level, message in daemon.log():
            if "output:" in message:
                story.note(f"{level} {message}", message)


def start_and_end_of_a_daemon(story: Story) -> None:
    server = SERVER + f"[inet_http_server]\nport = 127.0.0.1:{story.free_port()}\nusername = a\npassword = b\n"
    (story.home / "more").mkdir()
    (story.home / "more" / "a.ini").write_text("[program:extra]\ncommand = cat\n")
    config = """
[include]
files = more/*.ini nothing/*.ini
[program:old]
command = cat
stdout_logfile = syslog
[program:unbounded]
command = cat
stdout_logfile_maxbytes = 0
[program:joined]
command = cat
redirect_stderr = true
stderr_logfile = %(here)s/joined
"""
    with story.daemon(config, server=server) as daemon:
        daemon.wait_line("success: ", 4)
        story.wait_text("main.log", daemon.log()[-1][1])  # a line is written to stdout first, then to the file
        story.note("the file says what stdout says", story.as_log(daemon.read("main.log")) == daemon.log())
        story.note("pid file", daemon.read("pid") == f"{daemon.popen.pid}\n")
        daemon.signal(signal.SIGTERM)
        story.note("exit status", daemon.wait_end())
        story.note("the end is in the file too", story.as_log(daemon.read("main.log")) == daemon.log())
        story.note("stderr", daemon.read("stderr"))
        story.note("files left", sorted(path.name for path in story.home.iterdir()))
        story.log(daemon)


def order_of_start_and_shutdown(story: Story) -> None:
    config = "".join(
        f"[program:{name}]\ncommand = cat\npriority = {priority}\n"
        for name, priority in (("c", 30), ("a", 10), ("b", 20), ("d", 20), ("idle", 5))
    ).replace("priority = 5\n", "priority = 5\nautostart = false\n")
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 4)
        daemon.signal(signal.SIGINT)
        story.note("exit status", daemon.wait_end())
        story.log(daemon)


def order_in_groups(story: Story) -> None:
    config = """
[program:w]
command = cat
process_name = w%(process_num)d
numprocs = 3
numprocs_start = 7
[program:x]
command = cat
[program:y]
command = cat
[group:g]
programs = y,x
priority = 5
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 5)
        story.log(daemon, "start")
        daemon.signal(signal.SIGQUIT)
        story.note("exit status", daemon.wait_end())
        waits = [message for _, message in daemon.log() if message.startswith("waiting")]
        story.note("waits", waits)


def hangup(story: Story) -> None:
    """HUP: the same pid reads its configuration again; stopped programs start again."""
    with story.daemon("[program:a]\ncommand = cat\n[program:b]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: ", 2)
        daemon.rpc("supervisor.stopProcess", "a")
        daemon.rewrite("[program:a]\ncommand = cat\n[program:c]\ncommand = cat\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("success: c")
        daemon.wait_line("success: a", 2)
        story.note("same pid", daemon.rpc("supervisor.getPID")["value"] == daemon.popen.pid)
        story.ctl(daemon, "status")
        story.log(daemon)


def reload_over_rpc(story: Story) -> None:
    with story.daemon("[program:a]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: a")
        story.ctl(daemon, "reload")
        daemon.wait_line("success: a", 2)
        story.ctl(daemon, "status")
        story.log(daemon)


def reopening_logs(story: Story) -> None:
    config = "[program:cat]\ncommand = cat\nstdout_logfile = %(here)s/cat.log\n"
    with story.daemon(config) as daemon:
        daemon.wait_line("success: cat")
        daemon.rpc("supervisor.sendProcessStdin", "cat", "before\n")
        story.wait_text("cat.log", "before\n")
        os.rename(story.home / "main.log", story.home / "main.old")
        os.rename(story.home / "cat.log", story.home / "cat.old")
        daemon.signal(signal.SIGUSR2)
        story.wait_file("cat.log")
        daemon.rpc("supervisor.sendProcessStdin", "cat", "after\n")
        story.wait_text("cat.log", "after\n")
        daemon.rpc("supervisor.stopProcess", "cat")
        story.note("old child log", daemon.read("cat.old"))
        story.note("new child log", daemon.read("cat.log"))
        story.note("old main log", [f"{level} {text}" for level, text in story.as_log(daemon.read("main.old"))])
        story.note("new main log", daemon.read("main.log").splitlines()[-1])
        daemon.wait_line("stopped: cat")  # what we hear of the log comes through a pipe and a thread
        story.log(daemon)


def going_down_in_backoff(story: Story) -> None:
    with story.daemon("[program:p]\ncommand = false\nstartsecs = 9\nstartretries = 99\n") as daemon:
        daemon.wait_line("exited: p", 3)
        daemon.signal(signal.SIGTERM)
        story.note("exit status", daemon.wait_end())
        story.log(daemon)


def signals_while_it_goes_down(story: Story) -> None:
    config = """
[program:deaf]
command = sh -c 'trap "" TERM; echo ready; while :; do read -r line; done'
stopwaitsecs = 100
"""
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ")
        daemon.wait_line("^ready")
        deaf = daemon.pids()["deaf:deaf"]
        daemon.signal(signal.SIGTERM)
        daemon.wait_line("waiting for deaf")
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("ignored SIGHUP")
        daemon.signal(signal.SIGINT)
        daemon.wait_line("received SIGINT")
        daemon.signal(signal.SIGUSR2)
        daemon.wait_line("logreopen")
        os.kill(deaf, signal.SIGKILL)
        story.note("exit status", daemon.wait_end())
        words = ("received SIG", "ignored", "logreopen", "stopped", "exited")
        lines = [f"{level} {text}" for level, text in daemon.log() if text.startswith(words) or "logreopen" in text]
        story.note("log", [line for line in lines if "SIGCHLD" not in line])


def a_second_one(story: Story) -> None:
    """It is refused, and the first one does not notice."""
    with story.daemon("[program:a]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: a")
        story.command("supervisord", "-c", "conf")
        story.ctl(daemon, "status")
        story.note("pid file", daemon.read("pid") == f"{daemon.popen.pid}\n")
        story.log(daemon)


def trace_of_calls(story: Story) -> None:
    with story.daemon("", options=("-e", "trace")) as daemon:
        daemon.rpc("supervisor.getState")
        daemon.rpc("supervisor.getProcessInfo", "nope")
        daemon.rpc("supervisor.nope")
        daemon.wait_line("returned fault", 2)
        for level, message in daemon.log():
            if message.startswith("XML-RPC"):
                story.note(f"{level} {message}", message)


PLOTS: tuple[Plot, ...] = (
    ends_from_running,
    failing_starts,
    spawn_errors,
    spawn_errors_at_start,
    stop_in_backoff,
    killed_when_it_will_not_stop,
    requested_stops,
    signals_in_the_log,
    output_in_the_log,
    start_and_end_of_a_daemon,
    order_of_start_and_shutdown,
    order_in_groups,
    hangup,
    reload_over_rpc,
    reopening_logs,
    going_down_in_backoff,
    signals_while_it_goes_down,
    a_second_one,
    trace_of_calls,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_the_activity_log_tells_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
