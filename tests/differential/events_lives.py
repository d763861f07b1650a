"""Lives of single processes, for their event streams: what is configured, and what is done to them.

A life is a little script: a word in capitals waits for the next event of that
phase, ``start``, ``stop`` and ``halt`` (a stop that nobody waits for) are
requests, ``say:X`` writes a line to its stdin, ``signal:X`` sends a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from differential.events_recorder import END, Records, listener, shown
from differential.story import Story
from harness.daemon import Daemon

# Ends with the exit status, or by the signal, that is written to its stdin.
OBEDIENT = "command = sh -c 'read -r how; case $how in SIG*) kill -${how#SIG} $$;; *) exit $how;; esac'\n"
QUICK = "command = sh -c 'exit 0'\nstartsecs = 5\n"
STUBBORN = "command = sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nstopwaitsecs = 1\nkillasgroup = true\n"
POLITE = "command = sh -c 'trap \"exit 7\" TERM; while :; do sleep 0.1; done'\n"
THIRD = "BACKOFF BACKOFF BACKOFF"  # lasts three seconds: enough for a request, even on a busy machine


class Life(NamedTuple):
    options: str
    script: str


LIVES = {
    "runs and is stopped": Life(OBEDIENT, "start RUNNING stop STOPPED"),
    "runs, is stopped and runs again": Life(OBEDIENT, "start RUNNING stop STOPPED start RUNNING stop STOPPED"),
    "exits as expected": Life(OBEDIENT, "start RUNNING say:0 EXITED"),
    "exits unexpectedly": Life(OBEDIENT, "start RUNNING say:1 EXITED"),
    "exits with one of its exitcodes": Life(OBEDIENT + "exitcodes = 0,2\n", "start RUNNING say:2 EXITED"),
    "exits with a code that is no longer expected": Life(OBEDIENT + "exitcodes = 2\n", "start RUNNING say:0 EXITED"),
    "dies by a signal": Life(OBEDIENT, "start RUNNING say:SIGSEGV EXITED"),
    "dies by SIGTERM that nobody sent": Life(OBEDIENT, "start RUNNING say:SIGTERM EXITED"),
    "dies by a signal over RPC": Life(OBEDIENT, "start RUNNING signal:KILL EXITED"),
    "survives a signal over RPC": Life(OBEDIENT, "start RUNNING signal:CONT stop STOPPED"),
    "starts from EXITED": Life(OBEDIENT, "start RUNNING say:3 EXITED start RUNNING stop STOPPED"),
    "is started twice": Life(OBEDIENT, "start start RUNNING start stop STOPPED"),
    "is stopped twice": Life(OBEDIENT, "start RUNNING stop STOPPED stop"),
    "is stopped before it was ever started": Life(OBEDIENT, "stop start RUNNING stop STOPPED"),
    "startsecs is 0": Life(OBEDIENT + "startsecs = 0\n", "start RUNNING stop STOPPED"),
    "startsecs is 0 and it exits": Life(OBEDIENT + "startsecs = 0\n", "start RUNNING say:9 EXITED"),
    "startsecs is 2": Life(OBEDIENT + "startsecs = 2\n", "start RUNNING stop STOPPED"),
    "is stopped while it starts": Life(OBEDIENT + "startsecs = 60\n", "start STARTING stop STOPPED"),
    "is started again after a stop while it started": Life(
        OBEDIENT + "startsecs = 60\n", "start STARTING stop STOPPED start STARTING stop STOPPED"
    ),
    "exits while it starts, once": Life(QUICK + "startretries = 0\n", "start FATAL"),
    "exits while it starts, with one retry": Life(QUICK + "startretries = 1\n", "start FATAL"),
    "exits while it starts, with two retries": Life(QUICK + "startretries = 2\n", "start FATAL"),
    "dies by a signal while it starts": Life(
        "command = sh -c 'kill -9 $$'\nstartsecs = 5\nstartretries = 0\n", "start FATAL"
    ),
    "exits unexpectedly while it starts": Life(
        "command = sh -c 'exit 3'\nstartsecs = 5\nstartretries = 0\n", "start FATAL"
    ),
    "is killed over RPC while it starts": Life(
        OBEDIENT + "startsecs = 60\nstartretries = 0\n", "start STARTING signal:KILL FATAL"
    ),
    "starts from FATAL": Life(QUICK + "startretries = 0\n", "start FATAL start FATAL"),
    "is stopped in FATAL": Life(QUICK + "startretries = 0\n", "start FATAL stop"),
    "is stopped in BACKOFF": Life(QUICK, f"start {THIRD} stop STOPPED"),
    "is stopped in its fourth BACKOFF": Life(QUICK + "startretries = 4\n", f"start {THIRD} BACKOFF stop STOPPED"),
    "is stopped in BACKOFF and started again": Life(
        OBEDIENT + "startsecs = 60\n",
        "start STARTING say:1 STARTING say:1 STARTING say:1 BACKOFF stop STOPPED start STARTING stop STOPPED",
    ),
    "is started in BACKOFF": Life(QUICK, f"start {THIRD} start stop STOPPED"),
    "autorestart is true and it exits as expected": Life(
        OBEDIENT + "autorestart = true\n", "start RUNNING say:0 EXITED RUNNING stop STOPPED"
    ),
    "autorestart is true and it dies twice": Life(
        OBEDIENT + "autorestart = true\n", "start RUNNING say:SIGKILL EXITED RUNNING say:1 EXITED RUNNING stop STOPPED"
    ),
    "autorestart is unexpected and it exits so": Life(
        OBEDIENT + "autorestart = unexpected\n", "start RUNNING say:1 EXITED RUNNING stop STOPPED"
    ),
    "autorestart is unexpected and it exits as expected": Life(
        OBEDIENT + "autorestart = unexpected\n", "start RUNNING say:0 EXITED"
    ),
    "is killed after stopwaitsecs": Life(STUBBORN, "start RUNNING stop STOPPED"),
    "exits by itself when it is asked to": Life(POLITE, "start RUNNING stop STOPPED"),
    "exits as expected when it is asked to": Life(POLITE + "exitcodes = 7\n", "start RUNNING stop STOPPED"),
    "stops by another signal": Life(OBEDIENT + "stopsignal = USR1\n", "start RUNNING stop STOPPED"),
    "stops by SIGKILL": Life(OBEDIENT + "stopsignal = KILL\n", "start RUNNING stop STOPPED"),
    "stops as a group": Life(OBEDIENT + "stopasgroup = true\n", "start RUNNING stop STOPPED"),
    "is stopped and nobody waits": Life(POLITE, "start RUNNING halt STOPPED"),
    "is stopped by two": Life(STUBBORN, "start RUNNING halt halt STOPPED"),
    "is signalled while it stops": Life(STUBBORN, "start RUNNING halt STOPPING signal:KILL STOPPED"),
    "autorestart does not undo a stop": Life(POLITE + "autorestart = true\n", "start RUNNING stop STOPPED"),
    "cannot be started": Life("command = /nonexistent\nautostart = true\nstartretries = 1\n", "FATAL"),
    "cannot be started, and is stopped": Life(
        "command = /nonexistent\nautostart = true\nstartretries = 100\n", f"{THIRD} stop STOPPED"
    ),
    "starts by itself": Life(OBEDIENT + "autostart = true\n", "RUNNING stop STOPPED"),
}


def lives(story: Story) -> None:
    """All lives at once, under one daemon."""
    names = {life: f"p{number:02}" for number, life in enumerate(LIVES)}
    config = f"""
[eventlistener:recorder]
command = {listener(story.home, "heard")}
events = EVENT
buffer_size = 10000
payload_text = true
startsecs = 0
"""
    for life, (options, _) in LIVES.items():
        defaults = {"autostart": "false", "autorestart": "false", "stdout_logfile": "NONE", "stderr_logfile": "NONE"}
        rest = "".join(f"{key} = {value}\n" for key, value in defaults.items() if f"\n{key} =" not in f"\n{options}")
        config += f"[program:{names[life]}]\n{options}{rest}"
    with story.daemon(config) as daemon, ThreadPoolExecutor(len(LIVES)) as pool:
        for done in [pool.submit(_live, story, daemon, names[life], LIVES[life].script) for life in LIVES]:
            done.result()
        daemon.rpc("supervisor.sendRemoteCommEvent", "end", "")
        heard = Records(story.home / "heard")
        heard.wait_for(END)
    for life, name in names.items():
        story.note(life, shown([event for event in heard.events if f"processname:{name} " in event]))


def _live(story: Story, daemon: Daemon, name: str, script: str) -> None:
    heard = Records(story.home / "heard")
    verbs: dict[str, Callable[[str], object]] = {
        "start": lambda _: daemon.rpc("supervisor.startProcess", name, False),
        "stop": lambda _: daemon.rpc("supervisor.stopProcess", name),
        "halt": lambda _: daemon.rpc("supervisor.stopProcess", name, False),
        "say": lambda what: daemon.rpc("supervisor.sendProcessStdin", name, f"{what}\n"),
        "signal": lambda what: daemon.rpc("supervisor.signalProcess", name, what),
    }
    seen = 0
    for word in script.split():
        if word.isupper():
            seen = heard.wait_for(f"^PROCESS_STATE_{word} processname:{name} ", seen)
        else:
            verb, _, what = word.partition(":")
            verbs[verb](what)
