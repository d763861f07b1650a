"""The return value or fault of every XML-RPC method, with right and with wrong arguments."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from differential.story import Plot, Story
from differential.test_supervisorctl import FLEET, FLEET_RUNNING, STUBBORN, fleet

# Every method of 4.3.0 with one right set of arguments.
METHODS: dict[str, tuple[object, ...]] = {
    "supervisor.addProcessGroup": ("web",),
    "supervisor.clearAllProcessLogs": (),
    "supervisor.clearLog": (),
    "supervisor.clearProcessLog": ("web",),
    "supervisor.clearProcessLogs": ("web",),
    "supervisor.getAPIVersion": (),
    "supervisor.getAllConfigInfo": (),
    "supervisor.getAllProcessInfo": (),
    "supervisor.getIdentification": (),
    "supervisor.getPID": (),
    "supervisor.getProcessInfo": ("web",),
    "supervisor.getState": (),
    "supervisor.getSupervisorVersion": (),
    "supervisor.getVersion": (),
    "supervisor.readLog": (0, 0),
    "supervisor.readMainLog": (0, 0),
    "supervisor.readProcessLog": ("web", 0, 0),
    "supervisor.readProcessStderrLog": ("web", 0, 0),
    "supervisor.readProcessStdoutLog": ("web", 0, 0),
    "supervisor.reloadConfig": (),
    "supervisor.removeProcessGroup": ("web",),
    "supervisor.restart": (),
    "supervisor.sendProcessStdin": ("web", "x"),
    "supervisor.sendRemoteCommEvent": ("type", "data"),
    "supervisor.shutdown": (),
    "supervisor.signalAllProcesses": ("CONT",),
    "supervisor.signalProcess": ("web", "CONT"),
    "supervisor.signalProcessGroup": ("web", "CONT"),
    "supervisor.startAllProcesses": (),
    "supervisor.startProcess": ("web",),
    "supervisor.startProcessGroup": ("web",),
    "supervisor.stopAllProcesses": (),
    "supervisor.stopProcess": ("web",),
    "supervisor.stopProcessGroup": ("web",),
    "supervisor.tailProcessLog": ("web", 0, 0),
    "supervisor.tailProcessStderrLog": ("web", 0, 0),
    "supervisor.tailProcessStdoutLog": ("web", 0, 0),
    "system.listMethods": (),
    "system.methodHelp": ("system.listMethods",),
    "system.methodSignature": ("system.listMethods",),
    "system.multicall": ([],),
}
NO_ARGUMENTS = [name for name, arguments in METHODS.items() if not arguments]
CHANGES_NOTHING = [
    name for name in METHODS if name.split(".")[1].startswith(("get", "list", "method", "sendRemote", "multi"))
]


def introspection(story: Story) -> None:
    with story.daemon("") as daemon:
        answer = story.rpc(daemon, "system.listMethods")
        story.note("the table of this test is complete", sorted(METHODS) == answer["value"])
        for name in METHODS:
            story.rpc(daemon, "system.methodSignature", name)
            documented = daemon.rpc("system.methodHelp", name).get("value", "")
            story.note(f"help of {name} says something", len(documented) > 10)
        for name in ("supervisor.nope", "nope", "", "supervisor", "supervisor._update", "system.nope"):
            story.rpc(daemon, "system.methodSignature", name)
            story.rpc(daemon, "system.methodHelp", name)


def names_that_are_no_methods(story: Story) -> None:
    with story.daemon("") as daemon:
        for name in (
            "supervisor.nope",
            "nope.getState",
            "supervisor._update",
            "supervisor.__init__",
            "supervisor.supervisord",
            "supervisor.getState.x",
            "system.__class__",
            "SUPERVISOR.getState",
            "supervisor.getstate",
        ):
            story.rpc(daemon, name)
        for name in ("getState", "."):
            story.note(f"{name}()", daemon.rpc(name))


def wrong_number_of_arguments(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: web")
        for name, arguments in METHODS.items():
            story.rpc(daemon, name, *arguments, "more", "and", "more")
            if arguments:
                story.rpc(daemon, name, *arguments[:-1])


def questions(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for name in CHANGES_NOTHING:
            if name not in ("system.listMethods", "supervisor.getPID", "supervisor.getAllConfigInfo"):
                key = f"{name}, as documented"
                answer = daemon.rpc(name, *METHODS[name])
                story.note(key, answer if name != "system.methodHelp" else sorted(answer))
        story.note("getPID is the daemon's", daemon.rpc("supervisor.getPID")["value"] == daemon.popen.pid)
        for name in (
            "nope",
            "web:nope",
            "nope:web",
            "worker",
            "worker:*",
            "worker:",
            "worker:w_00",
            "web:web",
            "",
            ":",
        ):
            story.rpc(daemon, "getProcessInfo", name)
        for name in ("*", "*:*", "worker:w_00:x", " web", "WEB"):
            story.rpc(daemon, "getProcessInfo", name)
        daemon.rpc("supervisor.stopProcess", "worker:w_00")
        daemon.rpc("supervisor.startProcess", "bad")
        daemon.wait_state("bad", "FATAL")
        story.rpc(daemon, "getAllProcessInfo")


def starting_and_stopping(story: Story) -> None:
    fleet(story)
    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for name in ("web", "nope", "worker", "worker:nope", "nope:*", "missing", "noexec", "bad", "idle", "worker:*"):
            story.rpc(daemon, "startProcess", name)
        daemon.wait_state("bad", "FATAL")
        for name in ("web", "web", "nope", "nope:x", "nope:*", "missing", "bad", "idle"):
            story.rpc(daemon, "stopProcess", name)
        story.rpc(daemon, "startProcess", "idle", False)
        story.note("idle at once", daemon.info("idle")["statename"])
        daemon.wait_state("idle", "RUNNING")
        story.rpc(daemon, "startProcess", "missing", False)
        story.rpc(daemon, "stopProcess", "idle", False)
        daemon.wait_state("idle", "STOPPED")
        for name in ("nope", "web:*", "worker:w_00"):
            story.rpc(daemon, "startProcessGroup", name)
            story.rpc(daemon, "stopProcessGroup", name)
        story.rpc(daemon, "startProcessGroup", "web")
        story.rpc(daemon, "startProcessGroup", "web")
        story.rpc(daemon, "stopProcessGroup", "web")
        story.rpc(daemon, "stopProcessGroup", "web")
        story.rpc(daemon, "startProcessGroup", "missing")
        story.rpc(daemon, "startProcessGroup", "noexec", False)


def many_at_once(story: Story) -> None:
    fleet(story)

    def rows(key: str, answer: dict[str, list[dict[str, object]]]) -> None:
        """Note an answer whose rows come in the order of completion."""
        story.note(key, sorted(answer["value"], key=lambda row: (str(row["group"]), str(row["name"]))))

    with story.daemon(FLEET) as daemon:
        daemon.wait_line("success: ", FLEET_RUNNING)
        for method, *arguments in (
            ("stopProcessGroup", "worker"),
            ("stopProcessGroup", "worker"),
            ("startProcessGroup", "worker"),
            ("startProcessGroup", "worker"),
            ("signalProcessGroup", "worker", "CONT"),
            ("signalProcessGroup", "worker", "NOPE"),
            ("signalProcess", "worker:*", "CONT"),
            ("stopProcess", "worker:*"),
            ("startProcess", "worker:*"),
            ("startProcess", "worker:"),
            ("startAllProcesses",),
            ("signalAllProcesses", "CONT"),
            ("signalAllProcesses", "NOPE"),
            ("stopAllProcesses",),
            ("stopAllProcesses",),
            ("signalAllProcesses", "NOPE"),
            ("clearAllProcessLogs",),
        ):
            rows(f"{method}{tuple(arguments)}", daemon.rpc(f"supervisor.{method}", *arguments))
            daemon.wait_state("bad", "STOPPED" if "bad" not in str(story.seen) else "FATAL")


def many_without_waiting(story: Story) -> None:
    config = "[program:worker]\ncommand = cat\nnumprocs = 3\nprocess_name = w%(process_num)d\n"
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 3)
        story.rpc(daemon, "stopProcessGroup", "worker", False)
        for name in ("worker:w0", "worker:w1", "worker:w2"):
            daemon.wait_state(name, "STOPPED")
        story.rpc(daemon, "startAllProcesses", False)
        for name in ("worker:w0", "worker:w1", "worker:w2"):
            daemon.wait_state(name, "RUNNING")
        story.rpc(daemon, "stopAllProcesses", False)


def signals(story: Story) -> None:
    config = """
[program:loud]
command = sh -c 'trap "echo usr1" USR1; trap "echo hup" HUP; echo ready; while :; do read -r line; done'
[program:off]
command = cat
autostart = false
"""
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: loud")
        daemon.wait_line("^ready")
        for name in ("0", "USR1", "SIGUSR1", "usr1", " USR1 ", "sigusr1", str(int(signal.SIGUSR1)), "CONT", "SIGCONT"):
            story.rpc(daemon, "signalProcess", "loud", name)
        for name in ("NOPE", "", "-1", "99999", "1.5", "SIG", "USR1 HUP", "SIGSIGUSR1"):
            story.rpc(daemon, "signalProcess", "loud", name)
        story.rpc(daemon, "signalProcess", "loud", int(signal.SIGUSR1))
        for name in ("off", "nope", "nope:*", "nope:x"):
            story.rpc(daemon, "signalProcess", name, "USR1")
            story.rpc(daemon, "signalProcess", name, "NOPE")
        story.rpc(daemon, "signalProcessGroup", "nope", "USR1")
        story.rpc(daemon, "signalProcessGroup", "off", "USR1")
        story.rpc(daemon, "signalProcessGroup", "off", "NOPE")
        story.rpc(daemon, "signalProcess", "loud", "KILL")
        daemon.wait_line("spawned: 'loud'", 2)


def standard_input(story: Story) -> None:
    config = "[program:cat]\ncommand = cat\n[program:off]\ncommand = cat\nautostart = false\n"
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: cat")
        story.rpc(daemon, "sendProcessStdin", "cat", "hello\n")
        daemon.wait_line("^hello")
        story.rpc(daemon, "sendProcessStdin", "cat", "gr\u00fc\u00df dich\n")
        daemon.wait_line("dich")
        story.rpc(daemon, "sendProcessStdin", "cat", "")
        story.rpc(daemon, "readProcessStdoutLog", "cat", 0, 0)
        for name in ("off", "nope", "cat:*", "nope:x"):
            story.rpc(daemon, "sendProcessStdin", name, "x")
        for wrong in (1, True, 1.5, ["x"], {"x": "y"}):
            story.rpc(daemon, "sendProcessStdin", "cat", wrong)
            story.rpc(daemon, "sendProcessStdin", "nope", wrong)
        story.rpc(daemon, "sendRemoteCommEvent", "t", "d")


OFFSETS_AND_LENGTHS = (
    (0, 0), (0, 4), (4, 4), (4, 6), (4, 8), (9, 5), (10, 5), (10, 0), (11, 0), (11, 4),
    (-4, 0), (-10, 0), (-99, 0), (-4, 2), (-4, -2), (0, -1), (5, -3), (0, 99), (99, 99),
)  # fmt: skip


def reading_process_logs(story: Story) -> None:
    config = """
[program:ten]
command = sh -c 'printf 0123456789; printf abcdefghij >&2; exec cat'
[program:none]
command = cat
stdout_logfile = NONE
stderr_logfile = NONE
[program:joined]
command = sh -c 'printf out; printf err >&2; exec cat'
redirect_stderr = true
[program:off]
command = cat
autostart = false
stdout_logfile = %(here)s/never
"""
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 3)
        daemon.wait_line("abcdefghij")
        daemon.wait_line("0123456789")
        daemon.wait_line("outerr|^err")
        for offset, length in OFFSETS_AND_LENGTHS:
            for method in ("readProcessStdoutLog", "readProcessStderrLog", "tailProcessStdoutLog"):
                story.rpc(daemon, method, "ten", offset, length)
        for method in ("readProcessLog", "tailProcessLog", "tailProcessStderrLog"):
            story.rpc(daemon, method, "ten", 2, 5)
            story.rpc(daemon, method, "nope", 0, 5)
            story.rpc(daemon, method, "ten:*", 0, 5)
            story.rpc(daemon, method, "none", 0, 5)
            story.rpc(daemon, method, "joined", 0, 0)
            story.rpc(daemon, method, "off", 0, 5)
        for channel in ("Stdout", "Stderr"):
            story.rpc(daemon, f"readProcess{channel}Log", "joined", 0, 0)
            story.rpc(daemon, f"tailProcess{channel}Log", "joined", 0, 100)
        story.rpc(daemon, "readProcessStdoutLog", "ten", "2", "3")
        os.unlink(daemon.info("ten")["stderr_logfile"])
        for method in ("readProcessStderrLog", "tailProcessStderrLog", "clearProcessLogs"):
            story.rpc(daemon, method, "ten", *((0, 5) if "clear" not in method else ()))
        for name in ("ten", "none", "joined", "nope", "ten:*"):
            story.rpc(daemon, "clearProcessLogs", name)
        story.rpc(daemon, "readProcessStdoutLog", "ten", 0, 0)
        story.rpc(daemon, "clearAllProcessLogs")


def text_beyond_ascii(story: Story) -> None:
    config = "[program:p]\ncommand = sh -c 'printf \"gr\\303\\274\\303\\237e & <tags> \"; exec cat'\n"
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: p")
        daemon.wait_line("tags")
        story.rpc(daemon, "readProcessStdoutLog", "p", 0, 0)
        story.rpc(daemon, "tailProcessStdoutLog", "p", 0, 100)
        story.ctl(daemon, "tail", "p")


def undecodable_text(story: Story) -> None:
    config = "[program:p]\ncommand = sh -c 'printf \"\\303\\274x\\377\"; exec cat'\n"
    with story.daemon(config, options=("-e", "debug")) as daemon:
        daemon.wait_line("success: p")
        daemon.wait_line("'p' stdout output")
        story.rpc(daemon, "readProcessStdoutLog", "p", 0, 3)
        story.rpc(daemon, "readProcessStdoutLog", "p", 1, 0)
        story.rpc(daemon, "readProcessStdoutLog", "p", 0, 0)


def reading_the_main_log(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: web")
        story.rpc(daemon, "readLog", 0, 0)
        story.rpc(daemon, "readMainLog", 0, 0)
        story.rpc(daemon, "readLog", 0, 10, key="the first ten bytes are a date")
        for offset, length in ((-10, 0), (10**6, 0), (-4, 2), (0, -1), (5, -3)):
            story.rpc(daemon, "readLog", offset, length)
        story.rpc(daemon, "clearLog")
        story.rpc(daemon, "readLog", 0, 0)
        (story.home / "main.log").unlink()
        story.rpc(daemon, "readLog", 0, 0)
        story.rpc(daemon, "clearLog")
        story.rpc(daemon, "readLog", 0, 0)


def multicall(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n[program:off]\ncommand = cat\nautostart = false\n") as daemon:
        daemon.wait_line("success: web")
        for calls in (
            [],
            [{"methodName": "supervisor.getState", "params": []}],
            [{"methodName": "supervisor.getState"}],
            [{"methodName": "supervisor.getAPIVersion"}, {"methodName": "supervisor.getIdentification"}],
            [{"methodName": "supervisor.nope"}, {"methodName": "supervisor.getState", "params": []}],
            [{"methodName": "supervisor.getProcessInfo", "params": ["nope"]}],
            [{"methodName": "supervisor.getProcessInfo", "params": []}],
            [{"methodName": "system.multicall", "params": [[]]}, {"methodName": "supervisor.getState"}],
            [{"params": []}],
            [{}],
            [{"methodName": "nope"}],
            [
                {"methodName": "supervisor.stopProcess", "params": ["web"]},
                {"methodName": "supervisor.startProcess", "params": ["web"]},
                {"methodName": "supervisor.startProcess", "params": ["web"]},
                {"methodName": "supervisor.stopProcess", "params": ["off"]},
            ],
        ):
            story.rpc(daemon, "system.multicall", calls)


def wrong_types(story: Story) -> None:
    with story.daemon("[program:web]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: web")
        for method, *arguments in (
            ("getProcessInfo", 1),
            ("getProcessInfo", ["web"]),
            ("getProcessInfo", None),
            ("startProcess", 1),
            ("stopProcess", {}),
            ("signalProcess", "web", ["x"]),
            ("readLog", "x", 0),
            ("readProcessStdoutLog", "web", "x", 0),
            ("tailProcessStdoutLog", "web", 0, "x"),
            ("addProcessGroup", 1),
            ("removeProcessGroup", ["x"]),
            ("sendRemoteCommEvent", 1, 2),
        ):
            story.rpc(daemon, method, *arguments)
        for calls in (["x"], "x", [{"methodName": 1}]):
            story.rpc(daemon, "system.multicall", calls)


def groups_come_and_go(story: Story) -> None:
    with story.daemon("[program:a]\ncommand = cat\n[program:b]\ncommand = cat\npriority = 5\n") as daemon:
        daemon.wait_line("success: ", 2)
        story.rpc(daemon, "reloadConfig")
        story.rpc(daemon, "addProcessGroup", "a")
        story.rpc(daemon, "addProcessGroup", "nope")
        story.rpc(daemon, "removeProcessGroup", "a")
        story.rpc(daemon, "removeProcessGroup", "nope")
        story.rpc(daemon, "stopProcess", "a")
        story.rpc(daemon, "removeProcessGroup", "a")
        story.rpc(daemon, "removeProcessGroup", "a")
        story.rpc(daemon, "getProcessInfo", "a")
        story.rpc(daemon, "reloadConfig")
        story.configured(daemon)
        story.rpc(daemon, "addProcessGroup", "a")
        daemon.wait_line("success: a", 2)
        daemon.rewrite(
            "[program:b]\ncommand = cat\npriority = 6\n[program:z]\ncommand = cat\npriority = 1\n"
            "[program:c]\ncommand = cat\n[group:g]\nprograms = c\npriority = 1\n"
        )
        story.rpc(daemon, "reloadConfig")
        story.rpc(daemon, "reloadConfig")
        story.configured(daemon)
        story.rpc(daemon, "addProcessGroup", "c")
        story.rpc(daemon, "addProcessGroup", "g")
        story.rpc(daemon, "addProcessGroup", "b")
        daemon.wait_line("success: c")
        story.rpc(daemon, "getAllProcessInfo")
        story.log(daemon)
        daemon.rewrite("[program:a\n")
        story.rpc(daemon, "reloadConfig")
        story.rpc(daemon, "reloadConfig", key="a broken file leaves everything as it is")
        daemon.rewrite("[include]\n")
        story.rpc(daemon, "reloadConfig")


# One option of [program:a] before and after: is it a change?  The name is that of the option.
EDITS = (
    ("command", "cat", "cat -u"),
    ("priority", "999", "998"),
    ("autostart", "true", "false"),
    ("autostart", "true", "1"),
    ("autorestart", "unexpected", "true"),
    ("startsecs", "1", "2"),
    ("startretries", "3", "4"),
    ("stopsignal", "TERM", "15"),
    ("stopsignal", "TERM", "SIGQUIT"),
    ("stopwaitsecs", "10", "11"),
    ("stopasgroup", "false", "true"),
    ("killasgroup", "false", "true"),
    ("exitcodes", "0,2", "0, 2"),
    ("exitcodes", "0,2", "2,0"),
    ("user", "root", "0"),
    ("redirect_stderr", "false", "true"),
    ("directory", "/", "/tmp"),
    ("umask", "022", "077"),
    ("umask", "022", "0o22"),
    ("environment", "A=1,B=2", 'B="2",A="1"'),
    ("environment", "A=1", "A=2"),
    ("serverurl", "AUTO", "http://127.0.0.1:1"),
    ("stdout_logfile", "AUTO", "%(here)s/x"),
    ("stdout_logfile", "AUTO", "NONE"),
    ("stdout_logfile", "NONE", "off"),
    ("stdout_logfile", "%(here)s/x", "%(here)s/y"),
    ("stderr_logfile", "AUTO", "NONE"),
    ("stdout_logfile_maxbytes", "1MB", "1024KB"),
    ("stdout_logfile_maxbytes", "1MB", "2MB"),
    ("stdout_logfile_backups", "10", "9"),
    ("stdout_capture_maxbytes", "0", "1KB"),
    ("stdout_events_enabled", "false", "true"),
    ("stdout_syslog", "false", "true"),
    ("stderr_syslog", "false", "true"),
    ("numprocs", "1", "2\nprocess_name = a%(process_num)d"),
    ("process_name", "a", "b"),
)


def edits_that_count_as_changes(story: Story) -> None:
    def programs(which: int) -> str:
        text = ""
        for number, edit in enumerate(EDITS):
            options = {"command": "cat", "autostart": "false", edit[0]: edit[which]}
            text += f"[program:p{number:02}]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())
        return text

    with story.daemon(programs(1)) as daemon:
        daemon.rewrite(programs(2))
        added, changed, removed = daemon.rpc("supervisor.reloadConfig")["value"][0]
        story.note("added and removed", [added, removed])
        for number, (option, before, after) in enumerate(EDITS):
            story.note(f"{option}: {before} -> {after}", f"p{number:02}" in changed)


def configuration_info(story: Story) -> None:
    config = """
[program:full]
command = /bin/cat -u "a b"
process_name = full_%(process_num)d
numprocs = 2
numprocs_start = 3
priority = 7
autostart = false
autorestart = true
startsecs = 0
startretries = 9
exitcodes = 0,2,5
stopsignal = USR2
stopwaitsecs = 33
stopasgroup = true
user = root
redirect_stderr = true
directory = /tmp
umask = 077
environment = A=1
serverurl = http://example.org
stdout_logfile = %(here)s/full.log
stdout_logfile_maxbytes = 1GB
stdout_logfile_backups = 0
stdout_capture_maxbytes = 2KB
stdout_events_enabled = true
stdout_syslog = true
stderr_logfile = NONE
stderr_logfile_maxbytes = 12
stderr_logfile_backups = 3
stderr_capture_maxbytes = 4
stderr_events_enabled = true
stderr_syslog = true
[program:plain]
command = cat
[eventlistener:ear]
command = cat
events = TICK_60
autostart = false
[group:pair]
programs = one,two
priority = 3
[program:two]
command = cat
[program:one]
command = cat
killasgroup = true
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 3)
        for row in daemon.rpc("supervisor.getAllConfigInfo")["value"]:
            for field, value in row.items():
                story.note(f"{row['group']}:{row['name']} {field}", value)
        daemon.rpc("supervisor.reloadConfig")
        rows = daemon.rpc("supervisor.getAllConfigInfo")["value"]
        story.note("an AUTO log after reloadConfig", [r["stdout_logfile"] for r in rows if r["name"] == "plain"])
        processes = daemon.rpc("supervisor.getAllProcessInfo")["value"]
        story.note("order of processes", [f"{row['group']}:{row['name']}" for row in processes])


def going_down(story: Story) -> None:
    with story.daemon(STUBBORN.replace("stopwaitsecs = 4", "stopwaitsecs = 100"), options=("-e", "debug")) as daemon:
        daemon.wait_line("success: ", 2)
        daemon.wait_line("^ready")
        stubborn = daemon.pids()["slow:slow"]
        story.rpc(daemon, "shutdown")
        daemon.wait_line("waiting for slow")
        for name, arguments in METHODS.items():
            if not name.startswith("system.method"):
                answer = daemon.rpc(name, *arguments)
                story.note(name, answer if "fault" in answer else "an answer")
        os.kill(stubborn, signal.SIGKILL)
        story.note("exit status", daemon.wait_end())


PLOTS: tuple[Plot, ...] = (
    introspection,
    names_that_are_no_methods,
    wrong_number_of_arguments,
    questions,
    starting_and_stopping,
    many_at_once,
    many_without_waiting,
    signals,
    standard_input,
    reading_process_logs,
    text_beyond_ascii,
    undecodable_text,
    reading_the_main_log,
    multicall,
    wrong_types,
    groups_come_and_go,
    edits_that_count_as_changes,
    configuration_info,
    going_down,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_every_method_answers_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
