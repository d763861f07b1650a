"""What a daemon says and opens first: its log, and what is to be said in it before anything happens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from warden.config.model import Config
from warden.config.servers import open_to_all
from warden.config.values import Severity
from warden.daemon.compressor import Compressor
from warden.daemon.flusher import Flusher
from warden.errors import StartupError
from warden.logs import autolog
from warden.logs.mainlog import MainLog

_ROOT = (
    "Supervisor is running as root.  Privileges were not dropped because no user is specified in the config file.  "
    "If you intend to run as root, you can set user=root in the config file to avoid this message."
)


def open_log(config: Config, flusher: Flusher, *, patient: bool = False) -> MainLog:
    """Open the activity log; ``flusher`` looks after it when it cannot be written, and opened if ``patient``.

    Raises:
        StartupError: the file cannot be opened.
    """
    server = config.server
    log = MainLog(server.loglevel, on_wait=flusher.wait)
    try:
        if server.logfile is None:
            log.add_syslog()
        else:
            compress = partial(Compressor(log.error).ask, server.logfile_backups) if server.logfile_compress else None
            log.add_file(
                server.logfile,
                server.logfile_maxbytes,
                server.logfile_backups,
                period=server.logfile_period,
                on_rotate=compress,
                patient=patient,
                beside=flusher.beside,
            )
    except OSError as error:
        raise StartupError(f"cannot open the log file {server.logfile}: {error.strerror}") from None
    if server.nodaemon and not server.silent:
        log.add_stdout()
    return log


def announce_start(config: Config, log: MainLog, limits: Sequence[str] = (), *, is_first: bool = True) -> None:
    """Write what waited for the log to be opened, the gravest first, and clean up after the previous run if it is over.

    It is not where ``is_first`` is false: we go on with what another daemon has begun.
    """
    user = config.server.user
    if user is not None:
        messages = [(Severity.INFO, f"Set uid to user {user} succeeded")]
    else:
        messages = [(Severity.CRITICAL, _ROOT)] if os.getuid() == 0 else []
    messages = [*config.messages, *messages, *((Severity.INFO, text) for text in limits)]
    for severity in (Severity.CRITICAL, Severity.WARNING, Severity.INFO):
        for level, text in messages:
            if level is severity:
                log.log(severity, text)
    if is_first and not config.server.nocleanup:
        try:
            failed = autolog.cleanup(config.server.childlogdir, config.server.identifier)
        except OSError:
            log.warn("Could not clear childlog dir")
        else:
            for path in failed:
                log.warn(f"Failed to clean up {path!r}")


def announce_servers(config: Config, log: MainLog) -> None:
    """Say which interfaces each server has, and which server lets everybody in."""
    for http in config.http:
        for plugin in config.rpcinterfaces:
            log.info(f"RPC interface {plugin.name!r} initialized")
        if not http.username:
            log.critical(f"Server {http.section!r} running without any HTTP authentication checking")
    for text in open_to_all(config):
        log.critical(text)
