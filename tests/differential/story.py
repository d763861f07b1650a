"""Tells one story to both sides at once and compares what they answered, observation by observation."""

from __future__ import annotations

import difflib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from differential.known_differences import expected
from harness.daemon import SERVER, Daemon, Ran, entries, run
from harness.normal import Normaliser
from harness.sides import REFERENCE, WARDEN, Side
from harness.waiting import until

# The ancestor against itself: shows whether a story is deterministic (used when stories are written).
_SECOND = REFERENCE if os.environ.get("DIFFERENTIAL_SELF") else WARDEN


_WAITING = re.compile("waiting for .* to stop")


class Story:
    """One side's telling: it has a directory, daemons in it, and a growing list of named observations."""

    def __init__(self, side: Side, home: Path) -> None:
        self.side = side
        self.home = home
        self.normal = Normaliser(side, home)
        self.seen: dict[str, Any] = {}

    def note(self, key: str, value: Any) -> None:
        """Record one observation, freed of what is accidental; equal keys are numbered."""
        number = 2
        key = unique = self.normal.text(key)
        while unique in self.seen:
            unique = f"{key} #{number}"
            number += 1
        self.seen[unique] = self.normal.value(value)

    @contextmanager
    def daemon(self, config: str, *, server: str = SERVER, options: Sequence[str] = ()) -> Iterator[Daemon]:
        """Run this side's daemon in the story's directory."""
        with Daemon(self.side, self.home, config, server=server, options=options) as daemon:
            yield daemon

    def ctl(self, daemon: Daemon, *words: str, stdin: str | None = None, lines: int | None = None) -> Ran:
        """Run supervisorctl and record stdout, stderr and exit status as one observation.

        ``lines`` bounds how many lines of stdout count, where help in own words follows.
        """
        ran = daemon.ctl(*words, stdin=stdin)
        self.note(f"$ supervisorctl {' '.join(words)}", self._shown(ran, lines))
        return ran

    def ctl_many(self, daemon: Daemon, *words: str) -> None:
        """Do the same for a command on many processes at once.

        Its lines come in the order in which the processes happened to get there, and the
        exit status is that of the last one, so only the set of lines and success count.
        """
        ran = daemon.ctl(*words)
        shown = {"lines": sorted(ran.stdout.splitlines()), "stderr": ran.stderr, "success": ran.rc == 0}
        self.note(f"$ supervisorctl {' '.join(words)}", shown)

    def command(self, name: str, *words: str, stdin: str | None = None, lines: int | None = None) -> Ran:
        """Run any command of this side in the story's directory and record it like ``ctl``."""
        ran = run([self.side.command(name), *words], self.home, stdin=stdin)
        self.note(f"$ {name} {' '.join(words)}", self._shown(ran, lines))
        return ran

    def _shown(self, ran: Ran, lines: int | None) -> dict[str, Any]:
        stdout = "".join(ran.stdout.splitlines(keepends=True)[:lines])
        return {"stdout": self.normal.printed(stdout), "stderr": _first_two_lines(ran.stderr), "rc": ran.rc}

    def rpc(self, daemon: Daemon, method: str, *arguments: Any, key: str | None = None) -> Any:
        """Call a method of the namespace ``supervisor`` (or a full name) and record value, fault or HTTP status."""
        name = method if "." in method else f"supervisor.{method}"
        answer = daemon.rpc(name, *arguments)
        words = ", ".join(repr(argument) for argument in arguments)
        self.note(key or f"{name}({words})", answer)
        return answer

    def configured(self, daemon: Daemon) -> None:
        """Record getAllConfigInfo in short; its many fields have a story of their own."""
        fields = ("inuse", "group_prio", "process_prio", "autostart", "command")
        rows = daemon.rpc("supervisor.getAllConfigInfo")["value"]
        key = "supervisor.getAllConfigInfo() in short"
        self.note(key, [[f"{row['group']}:{row['name']}", *(row[field] for field in fields)] for row in rows])

    # --- facts in files

    def wait_file(self, name: str) -> None:
        """Return when a file of that name exists in the story's directory."""
        until((self.home / name).exists, lambda: f"{self.side.name}: there is a file {name}")

    def wait_text(self, name: str, text: str) -> None:
        """Return when that text stands in the file."""
        path = self.home / name
        until(
            lambda: path.exists() and text.encode() in path.read_bytes(),
            lambda: f"{self.side.name}: {text!r} in {name}: {path.read_bytes()[-300:] if path.exists() else None!r}",
        )

    def as_log(self, text: str) -> list[tuple[str, str]]:
        """Read the text of an activity log file."""
        return entries(text.splitlines())

    def free_port(self) -> int:
        """Return a TCP port that was free a moment ago, and call it ``<port>`` in what is recorded."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.normal.also(str(port), "<port>")
        return port

    def log(self, daemon: Daemon, key: str = "activity log") -> None:
        """Record the activity log, one observation per message, in order; a message has its level.

        Without ``waiting for x to stop``: whether that line comes depends on how fast the stop is.
        """
        messages = [f"{level} {text}" for level, text in daemon.log() if not _WAITING.fullmatch(text)]
        for number, message in enumerate(messages):
            self.note(f"{key} {number:02}", message)
        self.note(f"{key} length", len(messages))


def _first_two_lines(text: str) -> str:
    """Cut what Warden adds after the two lines of an error: the place of the mistake and advice."""
    message, pointer, rest = text.partition("\nFor help, use ")
    return f"{message}{pointer}{rest.partition(chr(10))[0]}\n" if pointer else text


Plot = Callable[[Story], None]


def tell(plot: Plot, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let both sides live through the plot at the same time; return the reference's observations and ours."""
    stories = []
    for side, name in ((REFERENCE, "ref"), (_SECOND, "our")):
        home = directory / name
        home.mkdir()
        stories.append(Story(side, home))
    with ThreadPoolExecutor(2) as pool:
        for telling in [pool.submit(plot, story) for story in stories]:
            telling.result()
    return stories[0].seen, stories[1].seen


def differences(chapter: str, reference: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Compare observation by observation and return what is wrong, as readable paragraphs.

    Wrong is a difference that nobody declared, a declared one that looks other than declared,
    and a declared one that has gone: the table of known differences stays true.
    """
    known = {} if _SECOND is REFERENCE else expected(chapter)
    wrong = []
    for key in [*reference, *(key for key in ours if key not in reference)]:
        theirs, mine = _text(reference.get(key, "<nothing>")), _text(ours.get(key, "<nothing>"))
        declared = known.pop(key, None)
        if problem := _judge(theirs, mine, declared):
            wrong.append(f"{chapter} | {key}\n{problem}")
    wrong += [f"{chapter} | {key}\n  a known difference, but the story never gets there" for key in known]
    return wrong


def _judge(theirs: str, mine: str, declared: str | None) -> str:
    if declared is None:
        return "" if theirs == mine else _diff(theirs, mine)
    if theirs == mine:
        return "  a known difference that is none any more: take it out of the table"
    if declared not in mine:
        return f"  known to differ, but not like this; expected in ours: {declared!r}\n{_diff(theirs, mine)}"
    return ""


def _text(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"stdout", "stderr", "rc"}:
        errors = f"[stderr]\n{value['stderr']}" if value["stderr"] else ""
        return f"{value['stdout']}{errors}[rc {value['rc']}]"
    return value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, default=repr)


def _diff(theirs: str, mine: str) -> str:
    lines = difflib.unified_diff(theirs.splitlines(), mine.splitlines(), "supervisor 4.3.0", "warden", lineterm="", n=2)
    return "\n".join(f"  {line}" for line in lines) or f"  {theirs!r}\n  {mine!r}"
