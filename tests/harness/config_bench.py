"""A reading bench: text in, Config or ConfigError out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from warden.config.load import Checked, check, load
from warden.config.model import Config, ProcessConfig
from warden.errors import ConfigError

ENVIRON = {"HOME": "/home/me", "PATH": "/bin"}
EVENTS = ("EVENT", "PROCESS_STATE", "TICK", "TICK_5")


class Bench:
    """Reads configurations from a directory of its own, with a small made-up environment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "c.conf"
        self.resolved: list[str] = []

    def write(self, text: str | bytes, name: str = "c.conf") -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def resolve(self, reference: str) -> object:
        self.resolved.append(reference)
        if "bad" in reference:
            raise ImportError("No module named 'bad'")
        if "mute" in reference:
            raise KeyError
        return reference

    def events(self) -> Collection[str]:
        return EVENTS

    def _arguments(self) -> dict[str, Any]:
        return {
            "environ": ENVIRON,
            "resolve": self.resolve,
            "known_events": self.events,
            "cwd": str(self.directory),
        }

    def load(self, text: str | bytes, overrides: Mapping[str, object] | None = None) -> Config:
        """Read ``text`` as the main file, called ``c.conf``."""
        self.write(text)
        return load("c.conf", overrides or {}, **self._arguments())

    def check(self, text: str | bytes, overrides: Mapping[str, object] | None = None) -> Checked:
        self.write(text)
        return check("c.conf", overrides or {}, **self._arguments())

    def error(self, text: str | bytes, overrides: Mapping[str, object] | None = None) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.load(text, overrides)
        return caught.value

    def process(self, options: str, section: str = "program:x") -> ProcessConfig:
        """Read one program with these options and a command."""
        config = self.load(f"[supervisord]\n[{section}]\ncommand=cat\n{options}")
        return config.groups[0].processes[0]

    def messages(self, text: str) -> list[str]:
        return [message for _, message in self.load(text).messages]
