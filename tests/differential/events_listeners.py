"""How listeners of all kinds are treated: answers, fragments, deaths, redelivery, overflow, several in a pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from differential.events_recorder import FAIL, OK, Answer, Records, listener
from differential.story import Story
from harness.daemon import Daemon

GARBAGE = [b"what?\n"]
DIE = [b"die"]


class Case(NamedTuple):
    """One pool with one listener: its answers, and how many events it is sent and expected to record."""

    answers: Sequence[Answer]
    before: Answer = (b"READY\n",)
    options: str = ""
    sent: int = 3
    recorded: int = 3
    restart: bool = False  # stop and start the listener half-way
    unknown: bool = False  # it breaks the protocol


CASES = {
    "OK and READY in one piece": Case([OK]),
    "OK, then READY": Case([[b"RESULT 2\nOK", b"READY\n"]]),
    "byte by byte": Case([[bytes([byte]) for byte in b"RESULT 2\nOKREADY\n"]], [bytes([byte]) for byte in b"READY\n"]),
    "cut inside the result": Case([[b"RESULT 2\nO", b"KREA", b"DY\n"]]),
    "carriage return in the result line": Case([[b"RESULT 2\r\nOKREADY\n"]]),
    "FAIL once": Case([FAIL, OK], recorded=4),
    "FAIL three times": Case([FAIL, FAIL, FAIL, OK], recorded=6),
    "FAIL each event once": Case([FAIL, OK, FAIL, OK, FAIL, OK], recorded=6),
    "FAIL the second event": Case([OK, FAIL, OK], recorded=4),
    "a result that is neither": Case([[b"RESULT 5\nMAYBEREADY\n"], OK], recorded=4),
    "OK and a line end": Case([[b"RESULT 3\nOK\nREADY\n"], OK], recorded=4),
    "an empty result": Case([[b"RESULT 0\nREADY\n"], OK], recorded=4),
    "READY before it runs": Case([OK], options="startsecs = 2\n"),
    "lower case names of events": Case([OK], options="events = remote_communication\n"),
    "all events of a type": Case([OK], options="events = PROCESS_GROUP_REMOVED,Remote_Communication\n"),
    "dies in mid-event": Case([DIE, OK], options="autorestart = true\n", recorded=4),
    "dies in the second event": Case([OK, DIE, OK], options="autorestart = true\n", recorded=5),
    "answers with garbage": Case([GARBAGE], recorded=1, unknown=True),
    "answers with garbage and is started again": Case([GARBAGE], recorded=2, restart=True),
    "a result line without a number": Case([[b"RESULT x\n"]], recorded=1, unknown=True),
    "READY with a carriage return": Case([OK], [b"READY\r\n"], recorded=0, unknown=True),
    "garbage before READY": Case([OK], [b"hello READY\n"], recorded=0, unknown=True),
    "READY twice": Case([OK], [b"READY\nREADY\n"], recorded=0, unknown=True),
    "speaks while it is READY": Case([[b"RESULT 2\nOKREADY\nmore"]], recorded=1, unknown=True),
    "never READY": Case([OK], [], recorded=0),
    "half of READY": Case([OK], [b"REA"], recorded=0),
    "an overflow while it is away": Case(
        [OK], options="buffer_size = 2\nautostart = false\n", sent=5, recorded=2, restart=True
    ),
    "an overflow of one": Case([OK], options="buffer_size = 1\nautostart = false\n", sent=3, recorded=1, restart=True),
}


def listeners(story: Story) -> None:
    """One pool after the other, each with events of its own, under one daemon."""
    with story.daemon("") as daemon:
        for number, (name, case) in enumerate(CASES.items()):
            _case(story, daemon, f"l{number:02}", name, case)


def _case(story: Story, daemon: Daemon, pool: str, name: str, case: Case) -> None:
    command = listener(story.home, pool, *case.answers, before=case.before)
    # 4.3.0 gives a rejected event to every pool of the same priority, even to one that is removed.
    daemon.rewrite(_pool(pool, command, f"{case.options}priority = {pool[1:]}\n"))
    daemon.rpc("supervisor.reloadConfig")
    daemon.rpc("supervisor.addProcessGroup", pool)
    if "autostart" not in case.options:
        daemon.wait_state(pool, "RUNNING")
    for event in range(case.sent):
        daemon.rpc("supervisor.sendRemoteCommEvent", "n", str(event))
    heard = Records(story.home / pool)
    if case.restart:
        if "autostart" not in case.options:
            daemon.wait_line(f"{pool}: has entered the UNKNOWN state")
        daemon.rpc("supervisor.stopProcess", pool)
        daemon.rpc("supervisor.startProcess", pool)
    heard.wait(case.recorded)
    if case.unknown:
        daemon.wait_line(f"{pool}: has entered the UNKNOWN state")
    daemon.rpc("supervisor.stopProcess", pool)
    daemon.rpc("supervisor.removeProcessGroup", pool)
    story.note(name, [f"{serial} {event}" for serial, event in zip(heard.serials(), heard.refresh(), strict=True)])
    said = [
        f"{level} {text}"
        for level, text in story.as_log(daemon.read("main.log"))
        if text.startswith((f"{pool}:", f"pool {pool} "))
    ]
    story.note(f"{name}: what is logged", [line.replace(pool, "<pool>") for line in said])


def _pool(name: str, command: str, options: str) -> str:
    defaults = {"events": "REMOTE_COMMUNICATION", "startsecs": "0", "buffer_size": "10", "payload_text": "true"}
    rest = "".join(f"{key} = {value}\n" for key, value in defaults.items() if f"{key} =" not in options)
    return f"[eventlistener:{name}]\ncommand = {command}\nstdout_logfile = NONE\nstderr_logfile = NONE\n{options}{rest}"


def two_in_a_pool(story: Story) -> None:
    """The first free listener in the order of the configuration gets the next event."""
    for number in range(2):  # each is READY only once
        command = listener(story.home, f"both{number}", [b"RESULT 2\nOK"])
    config = _pool("both", command.replace("both1", "both%(process_num)d"), "")
    config = config.replace("stdout_logfile = NONE", "stdout_logfile = %(here)s/said%(process_num)d")
    config += "numprocs = 2\nprocess_name = both%(process_num)d\n"
    with story.daemon(config) as daemon:
        for number in range(2):
            daemon.wait_state(f"both:both{number}", "RUNNING")
            story.wait_text(f"said{number}", "READY")
        for event in range(3):
            daemon.rpc("supervisor.sendRemoteCommEvent", "n", str(event))
        for number in range(2):
            story.note(f"listener {number}", Records(story.home / f"both{number}").wait(1))


def overlapping_types(story: Story) -> None:
    """An event that is subscribed to twice."""
    config = _pool("p", listener(story.home, "p"), "events = EVENT,REMOTE_COMMUNICATION\n")
    with story.daemon(config) as daemon:
        daemon.wait_state("p", "RUNNING")
        daemon.rpc("supervisor.sendRemoteCommEvent", "once", "")
        daemon.rpc("supervisor.sendRemoteCommEvent", "end", "")
        heard = Records(story.home / "p")
        heard.wait_for("type:end")
        story.note("how often", sum("type:once" in event for event in heard.events))


def rejected_by_one_pool(story: Story) -> None:
    """An event that one pool rejects, and another pool of the same priority."""
    config = _pool("a", listener(story.home, "a", FAIL, OK), "") + _pool("b", listener(story.home, "b"), "")
    with story.daemon(config) as daemon:
        for name in "ab":
            daemon.wait_state(name, "RUNNING")
        daemon.rpc("supervisor.sendRemoteCommEvent", "once", "")
        Records(story.home / "a").wait(2)
        daemon.rpc("supervisor.sendRemoteCommEvent", "end", "")
        for name in "ab":
            heard = Records(story.home / name)
            heard.wait_for("type:end")
            story.note(f"what {name} hears", heard.events)
