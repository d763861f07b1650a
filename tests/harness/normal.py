"""Makes what two daemons said comparable: what differs from run to run gets a name instead of a value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harness.sides import ROOT, Side

_RULES: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "<time>"),
    (r"[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M", "<stopped at>"),
    (r"\bpid \d+", "pid <pid>"),
    (r"\(\d+\)( with SIGKILL| laststart)", r"(<pid>)\1"),
    (r"uptime (\d+ days?, )?\d+:\d\d:\d\d", "uptime <uptime>"),
    (r"---(\w+)-[a-z0-9_]{8}\.log", r"---\1-<random>.log"),
    (r"(?<![\d.])(4\.3\.0|5\.0\.0)(?![\d.])", "<version>"),
    (r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "<ctime>"),
)
_BARE_PID = re.compile(r"(?m)^[1-9]\d+$")
_COMPILED = [(re.compile(pattern), name) for pattern, name in _RULES]
_MOMENTS = {"start", "stop", "now"}


class Normaliser:
    """Knows the accidental values of one side: its directory, its commands, its port."""

    def __init__(self, side: Side, home: Path) -> None:
        self._literal = {str(home): "<home>", str(side.bin): "<bin>", str(ROOT): "<root>"}

    def also(self, value: str, name: str) -> None:
        """Replace one more value, such as a port number, from now on."""
        self._literal = {value: name, **self._literal}

    def text(self, text: str) -> str:
        """Return the text with names for all that is accidental."""
        for value, name in self._literal.items():
            text = text.replace(value, name)
        for pattern, name in _COMPILED:
            text = pattern.sub(name, text)
        return text

    def printed(self, text: str) -> str:
        """Return the text of a command's output, where a number on a line of its own is a pid."""
        return _BARE_PID.sub("<pid>", self.text(text))

    def value(self, value: Any, field: str = "") -> Any:
        """Do the same inside the answer of an RPC method; moments and pids keep only whether they are zero."""
        match value:
            case bool():
                return value
            case int() if field in _MOMENTS:
                return "<moment>" if value else 0
            case int() if field == "pid":
                return "<pid>" if value else 0
            case str():
                return self.text(value)
            case dict():
                return {key: self.value(item, key) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value
