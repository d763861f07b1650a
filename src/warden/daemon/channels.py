"""Makes the two output channels of a process record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from warden.config.model import ChannelConfig, Kind, ServerConfig
from warden.config.values import AUTO
from warden.daemon.announce import Announcer, Audience
from warden.daemon.compressor import Compressor
from warden.daemon.output import Output
from warden.daemon.records import Process
from warden.logs import autolog
from warden.logs.family import Beside
from warden.logs.mainlog import MainLog
from warden.logs.targets import Waiting
from warden.words import Channel, LineFormat

Hold = Callable[[Process, Channel, Waiting], None]


class Channels:
    """Makes channels, with AUTO logs that ``token`` marks as ours.

    AUTO logs that a process has already are used.  ``hold`` is called when the
    log of a channel cannot take its data at once; ``beside`` does what takes a log long.
    """

    def __init__(
        self, server: ServerConfig, token: str, log: MainLog, announcer: Announcer, hold: Hold, beside: Beside
    ) -> None:
        self._server = server
        self._token = token
        self._log = log
        self._announcer = announcer
        self._hold = hold
        self._beside = beside
        self._compress = Compressor(log.error).ask

    def make(self, process: Process) -> dict[Channel, Output]:
        """Make the channels of a process.

        Raises:
            OSError: an AUTO log cannot be created.
        """
        known, process.paths = dict(process.paths), ()
        return {channel: self._make(process, channel, known.get(channel)) for channel in Channel}

    def _make(self, process: Process, channel: Channel, known: str | None) -> Output:
        config, server = process.config, self._server
        channel_config = config.stdout if channel is Channel.STDOUT else config.stderr
        protocol = config.kind is Kind.LISTENER and channel is Channel.STDOUT
        if protocol:
            channel_config = _protocol_log(channel_config)
        path = channel_config.logfile
        if path is AUTO:
            path = known or autolog.create(
                server.childlogdir, config.name, channel, server.identifier, token=self._token
            )
            process.paths = (*process.paths, (channel.value, path))
        return Output(
            namespec=process.namespec,
            channel=channel,
            config=channel_config,
            path=path,
            strip_ansi=server.strip_ansi and not protocol,
            log=self._log,
            compress=self._compress,
            beside=self._beside,
            listeners=Audience(self._announcer, process, channel, self._hold),
        )


def _protocol_log(config: ChannelConfig) -> ChannelConfig:
    """Return how the channel on which an event listener speaks is logged: as it is, and nowhere else."""
    return replace(
        config,
        capture_maxbytes=0,
        events_enabled=False,
        syslog=False,
        journal=None,
        console=None,
        line_format=LineFormat.RAW,
    )
