"""A listener that records what it receives and answers as it is told, and the reading of its records."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.waiting import until

END = "REMOTE_COMMUNICATION type:end\n"

# Reads characters, as listeners do that work with Supervisor 4.3.0; one JSON line [head, body] per event.
_SCRIPT = """\
import io, json, os, sys
hear = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape", newline="\\n")
answers = {answers!r}
count = 0
with open({path!r}, "a", buffering=1) as records:
    for piece in {before!r}:
        os.write(1, piece)
    while head := hear.readline():
        words = dict(word.split(":", 1) for word in head.split())
        body = hear.read(int(words["len"]))
        records.write(json.dumps([head, body]) + "\\n")
        answer = answers[min(count, len(answers) - 1)]
        count += 1
        for piece in answer:
            if piece == b"die":
                os._exit(1)
            os.write(1, piece)
"""

OK = [b"RESULT 2\nOKREADY\n"]
FAIL = [b"RESULT 4\nFAILREADY\n"]
Answer = Sequence[bytes]  # what is written, piece by piece; the word ``die`` ends the listener


def listener(home: Path, name: str, *answers: Answer, before: Answer = (b"READY\n",)) -> str:
    """Return the command of a listener that records into ``<home>/<name>``.

    It says ``before`` first, then one answer per event; the last one for all that follow.
    """
    script = home / f"{name}.py"
    given = [list(answer) for answer in answers or [OK]]
    script.write_text(_SCRIPT.format(path=str(home / name), answers=given, before=list(before)))
    return f"{sys.executable} -S {script}"


class Records:
    """What one recorder has received so far, freed of pids, times and serials."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self.heads: list[dict[str, str]] = []
        self.events: list[str] = []  # wire name, blank, payload

    def refresh(self) -> list[str]:
        """Read what is new and return all events."""
        data = self._path.read_bytes() if self._path.exists() else b""
        new = data[self._read : data.rfind(b"\n") + 1]
        self._read += len(new)
        for line in new.splitlines():
            head, body = json.loads(line)
            words = dict(word.split(":", 1) for word in head.split())
            self.heads.append(words)
            self.events.append(f"{words['eventname']} {body}")
        return self.events

    def wait(self, count: int) -> list[str]:
        """Return the events when there are ``count`` of them."""
        until(lambda: len(self.refresh()) >= count, lambda: f"{count} events in {self._path}: {self.events}")
        return list(self.events)

    def wait_for(self, pattern: str, after: int = 0) -> int:
        """Return the number of events up to the first one from ``after`` on in which the pattern is found."""
        wanted = re.compile(pattern)

        def place() -> int:
            events = self.refresh()
            return next((i + 1 for i in range(after, len(events)) if wanted.search(events[i])), 0)

        return until(place, lambda: f"{pattern} in {self._path} after {after}: {self.events[after:]}")

    def serials(self) -> list[str]:
        """Return serial and poolserial of each event, both counted from the first event of this recorder."""
        self.refresh()
        if not self.heads:
            return []
        first, first_of_pool = int(self.heads[0]["serial"]), int(self.heads[0]["poolserial"])
        return [f"{int(head['serial']) - first} {int(head['poolserial']) - first_of_pool}" for head in self.heads]


def shown(events: Sequence[str]) -> list[str]:
    """Replace pids by the order of their appearance, and the times of ticks."""
    pids: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return f"pid:{pids.setdefault(match[1], f'<pid {len(pids) + 1}>')}"

    return [re.sub(r"when:\d+", "when:<time>", re.sub(r"\bpid:([1-9]\d*)", name, event)) for event in events]
