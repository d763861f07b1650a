"""Makes the two output channels of a process record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from warden.config.model import Kind, ServerConfig
from warden.config.values import AUTO
from warden.daemon.output import Listeners, Output
from warden.daemon.records import Process
from warden.logs import autolog
from warden.logs.mainlog import MainLog
from warden.words import Channel


def make(
    process: Process, server: ServerConfig, token: str, log: MainLog, listeners: Callable[[Channel], Listeners]
) -> dict[Channel, Output]:
    """Make the channels, with the AUTO logs that ``token`` marks as ours; ``listeners`` hear of one channel.

    AUTO logs that the process has already are used.

    Raises:
        OSError: an AUTO log cannot be created.
    """
    config, outputs = process.config, {}
    known, process.auto_paths = dict(process.auto_paths), ()
    for channel in Channel:
        channel_config = config.stdout if channel is Channel.STDOUT else config.stderr
        protocol = config.kind is Kind.LISTENER and channel is Channel.STDOUT
        if protocol:  # what a listener says there is logged as it is and nothing else
            channel_config = replace(channel_config, capture_maxbytes=0, events_enabled=False, syslog=False)
        path = channel_config.logfile
        if path is AUTO:
            path = known.get(channel) or autolog.create(
                server.childlogdir, config.name, channel, server.identifier, token=token
            )
            process.auto_paths = (*process.auto_paths, (channel.value, path))
        outputs[channel] = Output(
            process=config.name,
            channel=channel,
            config=channel_config,
            path=path,
            strip_ansi=server.strip_ansi and not protocol,
            log=log,
            listeners=listeners(channel),
        )
    return outputs
