"""What programs write and callers send, for the events that come of it: logs, captured messages, remote events."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from differential.events_recorder import END, Records, listener, shown
from differential.story import Story
from harness.daemon import Daemon
from harness.waiting import until

BEGIN, STOP = b"<!--XSUPERVISOR:BEGIN-->", b"<!--XSUPERVISOR:END-->"

# Writes what its stdin says, one JSON line [descriptor, text in Latin-1] each, and counts in a file what is written.
_TALKER = """\
import json, os, sys
done = open(sys.argv[1], "ab", buffering=0)
for line in sys.stdin:
    descriptor, text = json.loads(line)
    os.write(descriptor, text.encode("latin-1"))
    done.write(b".")
"""

Write = tuple[int, bytes]


class Talk(NamedTuple):
    options: str
    writes: list[Write]


def _message(data: bytes) -> bytes:
    return BEGIN + data + STOP


LOG = "stdout_events_enabled = true\n"
LOG_BOTH = LOG + "stderr_events_enabled = true\n"
CAPTURE = "stdout_capture_maxbytes = 1MB\n"
CAPTURE_BOTH = CAPTURE + "stderr_capture_maxbytes = 1MB\n"

TALKS = {
    "a line on stdout": Talk(LOG, [(1, b"hello\n")]),
    "a line on stderr": Talk(LOG_BOTH, [(2, b"hello\n")]),
    "a line on each": Talk(LOG_BOTH, [(1, b"out\n"), (2, b"err\n")]),
    "no line end": Talk(LOG, [(1, b"hello")]),
    "several lines at once": Talk(LOG, [(1, b"a\nb\n\nc\n")]),
    "output that nobody asked for": Talk("", [(1, b"out\n"), (2, b"err\n")]),
    "text beyond ASCII": Talk(LOG, [(1, "grün ☃ 漢字\n".encode())]),
    "bytes that are not text": Talk(LOG, [(1, b"\xff\xfe 'quoted' \"twice\" \\ \n\t\0")]),
    "a NUL byte and control characters": Talk(LOG, [(1, b"\0\x01\x1b[31mred\x1b[0m\r\n")]),
    "stderr in stdout": Talk(LOG + "redirect_stderr = true\n", [(2, b"err\n")]),
    "a message": Talk(CAPTURE, [(1, _message(b"hello"))]),
    "a message on stderr": Talk(CAPTURE_BOTH, [(2, _message(b"hello"))]),
    "a message on a channel that is not captured": Talk(CAPTURE, [(2, _message(b"hello"))]),
    "messages on both channels": Talk(CAPTURE_BOTH, [(1, _message(b"out")), (2, _message(b"err"))]),
    "two messages at once": Talk(CAPTURE, [(1, _message(b"one") + _message(b"two"))]),
    "a message amid output": Talk(CAPTURE, [(1, b"before" + _message(b"hello") + b"after\n")]),
    "an empty message": Talk(CAPTURE, [(1, _message(b""))]),
    "a message of several lines": Talk(CAPTURE, [(1, _message(b"a: 1\nb: 2\n"))]),
    "a message beyond ASCII": Talk(CAPTURE, [(1, _message("größe ☃".encode()))]),
    "a message that is not text": Talk(CAPTURE, [(1, _message(b"\xff\xfe"))]),
    "a message within a message": Talk(CAPTURE, [(1, BEGIN + b"a" + _message(b"b") + b"c" + STOP)]),
    "an end without a beginning": Talk(CAPTURE, [(1, STOP + _message(b"x"))]),
    "a beginning without an end": Talk(CAPTURE, [(1, BEGIN + b"lost")]),
    "tokens in lower case": Talk(CAPTURE, [(1, _message(b"x").lower())]),
    "a message with a partial token inside": Talk(CAPTURE, [(1, _message(b"<!--XSUPERVISOR:EN"))]),
    "a long message in pieces": Talk(CAPTURE, [(1, BEGIN), *[(1, b"x" * 30)] * 3, (1, STOP)]),
    "a message longer than its bound, in one piece": Talk(
        "stdout_capture_maxbytes = 10\n", [(1, _message(b"0123456789abcdef"))]
    ),
    "a message longer than its bound, in pieces": Talk(
        "stdout_capture_maxbytes = 50\n", [(1, BEGIN + b"a" * 40), (1, b"b" * 36), (1, STOP)]
    ),
    "a message while output is asked for, too": Talk(LOG + CAPTURE, [(1, b"x" * 100 + _message(b"hello"))]),
}
_WHOLE = _message(b"m%02d") + b"\n"
CUTS = {f"a message cut at byte {cut}": cut for cut in range(1, len(_WHOLE % 1))}

REMOTE = {
    "simple": ("type", "data"),
    "beyond ASCII": ("größe", "☃ 漢字"),
    "lines in both parts": ("a\nb", "c\nd\n"),
    "a colon and blanks in the type": ("a: b c:d", "x"),
    "nothing at all": ("", ""),
    "blanks": (" ", "  x  "),
    "markup": ("<&>", "]]> &amp; <tag/>"),
    "a long one": ("long", "0123456789" * 10_000),
    "one that looks like an envelope": ("x", "ver:3.0 server:supervisor len:3\nabc"),
}


def output(story: Story) -> None:
    """What programs write, whole and in pieces, under one daemon."""
    names = {talk: f"p{number:02}" for number, talk in enumerate(TALKS)}
    talker = story.home / "talker.py"
    talker.write_text(_TALKER)
    config = _recorder(story)
    for talk, (options, _) in {**TALKS, "cuts": Talk(CAPTURE, [])}.items():
        name = names.get(talk, "cut")
        config += (
            f"[program:{name}]\ncommand = {sys.executable} -S {talker} {story.home / name}\n{options}startsecs = 0\n"
        )
    with story.daemon(config) as daemon, ThreadPoolExecutor(8) as pool:
        talks = [pool.submit(_talk, story, daemon, names[talk], TALKS[talk].writes) for talk in TALKS]
        _talk(story, daemon, "cut", [piece for cut in CUTS.values() for piece in _cut(cut)])
        for done in talks:
            done.result()
        heard = _end(story, daemon)
    for talk, name in names.items():
        story.note(talk, shown([event for event in heard.events if f"processname:{name} " in event]))
    for talk, cut in CUTS.items():
        story.note(talk, shown([event for event in heard.events if event.endswith(f"\nm{cut:02}")]))


def _cut(cut: int) -> list[Write]:
    whole = _WHOLE % cut
    return [(1, whole[:cut]), (1, whole[cut:])]


def _talk(story: Story, daemon: Daemon, name: str, writes: list[Write]) -> None:
    """Let a program write piece by piece; each has been read when the next one is written."""
    daemon.wait_state(name, "RUNNING")
    done = story.home / name
    for number, (descriptor, data) in enumerate(writes, 1):
        daemon.rpc("supervisor.sendProcessStdin", name, json.dumps([descriptor, data.decode("latin-1")]) + "\n")
        until(lambda number=number: done.stat().st_size == number, lambda: f"{name} has written {writes}")  # type: ignore[misc]
        daemon.rpc("supervisor.getState")
    daemon.rpc("supervisor.stopProcess", name)


def _recorder(story: Story) -> str:
    return f"""
[eventlistener:recorder]
command = {listener(story.home, "heard")}
events = PROCESS_LOG,PROCESS_COMMUNICATION,REMOTE_COMMUNICATION
buffer_size = 10000
payload_text = true
startsecs = 0
"""


def _end(story: Story, daemon: Daemon) -> Records:
    daemon.rpc("supervisor.sendRemoteCommEvent", "end", "")
    heard = Records(story.home / "heard")
    heard.wait_for(END)
    return heard


def remote(story: Story) -> None:
    """What callers send with sendRemoteCommEvent."""
    with story.daemon(_recorder(story)) as daemon:
        for what, (kind, data) in REMOTE.items():
            story.note(f"answer to {what}", daemon.rpc("supervisor.sendRemoteCommEvent", kind, data))
        heard = _end(story, daemon)
    for what, event, head in zip(REMOTE, heard.events, heard.heads, strict=False):
        story.note(what, event)
        story.note(f"header of {what}", {**head, "serial": re.sub(r"\d+", "<serial>", head["serial"])})
