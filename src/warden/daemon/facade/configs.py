"""Configurations as plugins know them: one attribute per option, values of the old types."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from warden.config.model import ChannelConfig, GroupConfig, ProcessConfig
from warden.config.values import AUTO
from warden.daemon.facade.markers import AUTORESTART, Automatic
from warden.daemon.facade.refusal import NotSupported
from warden.daemon.records import Process
from warden.events.types import NAMES
from warden.words import Channel


class Maker(Protocol):
    """Makes processes for groups that exist, and changes their configuration."""

    def make_process(self, group: object, config: ProcessConfig) -> object:
        """Make a process for a group; it is not yet a member."""
        ...

    def reconfigure(self, record: Process, config: ProcessConfig) -> None:
        """Give a process another configuration."""
        ...


_OPTIONS: dict[str, Callable[[ProcessConfig], object]] = {
    "name": lambda config: config.name,
    "uid": lambda config: config.uid,
    "command": lambda config: config.command,
    "directory": lambda config: config.directory,
    "umask": lambda config: config.umask,
    "priority": lambda config: config.priority,
    "autostart": lambda config: config.policy.autostart,
    "autorestart": lambda config: AUTORESTART[config.policy.autorestart],
    "startsecs": lambda config: config.policy.startsecs,
    "startretries": lambda config: config.policy.startretries,
    "stopsignal": lambda config: signal.Signals(config.policy.stopsignal),
    "stopwaitsecs": lambda config: config.policy.stopwaitsecs,
    "stopasgroup": lambda config: config.policy.stopasgroup,
    "killasgroup": lambda config: config.policy.killasgroup,
    "exitcodes": lambda config: list(config.policy.exitcodes),
    "redirect_stderr": lambda config: config.redirect_stderr,
    "environment": lambda config: dict(config.environment),
    "serverurl": lambda config: config.serverurl,
}
_CHANNEL_OPTIONS: dict[str, Callable[[ChannelConfig], object]] = {
    "logfile": lambda channel: Automatic if channel.logfile is AUTO else channel.logfile,
    "logfile_maxbytes": lambda channel: channel.maxbytes,
    "logfile_backups": lambda channel: channel.backups,
    "capture_maxbytes": lambda channel: channel.capture_maxbytes,
    "events_enabled": lambda channel: channel.events_enabled,
    "syslog": lambda channel: channel.syslog,
}


class ProcessConfigView:
    """The configuration of one process: every option of its section is an attribute.

    ``autorestart`` and ``command`` can be assigned and count from then on; the
    others are read only.
    """

    def __init__(self, options: object, maker: Maker, config: ProcessConfig, record: Process | None = None) -> None:
        self.options = options
        self._maker = maker
        self._planned = config
        self._record = record

    @property
    def source(self) -> ProcessConfig:
        """The configuration itself."""
        return self._planned if self._record is None else self._record.config

    def __getattr__(self, name: str) -> object:
        if name in _OPTIONS:
            return _OPTIONS[name](self.source)
        channel_name, _, option = name.partition("_")
        if channel_name in ("stdout", "stderr") and option in _CHANNEL_OPTIONS:
            return self._channel_option(Channel(channel_name), option)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        channels = [f"{channel}_{option}" for channel in Channel for option in _CHANNEL_OPTIONS]
        return sorted([*super().__dir__(), *_OPTIONS, *channels])

    def __setattr__(self, name: str, value: object) -> None:
        if name == "autorestart":
            value = next(key for key, marker in AUTORESTART.items() if marker is value)
            self._change(replace(self.source, policy=replace(self.source.policy, autorestart=value)))
        elif name == "command":
            self._change(replace(self.source, command=str(value)))
        elif name in _OPTIONS or name.startswith(("stdout_", "stderr_")):
            raise NotSupported(f"assigning {name} of a process", "change the configuration file and update")
        else:
            super().__setattr__(name, value)

    def __lt__(self, other: ProcessConfigView) -> bool:
        return self.source.priority < other.source.priority

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.source.name}>"

    def create_autochildlogs(self) -> None:
        """Do nothing: ``make_process`` creates the log files."""

    def make_process(self, group: object) -> object:
        """Make a process of this configuration; put it into ``group.processes`` to make it a member."""
        return self._maker.make_process(group, self.source)

    def _channel_option(self, channel: Channel, option: str) -> object:
        if option == "logfile" and self._record is not None:
            return self._record.outputs[channel].path
        return _CHANNEL_OPTIONS[option](self.source.stdout if channel is Channel.STDOUT else self.source.stderr)

    def _change(self, config: ProcessConfig) -> None:
        if self._record is None:
            self._planned = config
        else:
            self._maker.reconfigure(self._record, config)


class GroupConfigView:
    """The configuration of a group; ``process_configs`` is a list that plugins keep up to date themselves."""

    def __init__(self, options: object, source: GroupConfig, process_configs: list[ProcessConfigView]) -> None:
        self.options = options
        self.source = source
        self.name = source.name
        self.priority = source.priority
        self.process_configs = process_configs
        if source.pool is not None:
            self.buffer_size = source.pool.buffer_size
            self.pool_events = [NAMES[name] for name in source.pool.events]

    def __lt__(self, other: GroupConfigView) -> bool:
        return self.priority < other.priority

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def after_setuid(self) -> None:
        """Do nothing: the log files exist as soon as the group does."""
