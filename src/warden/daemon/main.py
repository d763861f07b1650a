"""The program supervisord: command line, order of start-up, exit codes."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence

from warden.config import report
from warden.config.cmdline import DaemonArgs, daemon_args, daemon_usage
from warden.config.load import load
from warden.config.model import Config, Severity
from warden.config.search import find
from warden.daemon.flusher import Flusher
from warden.daemon.life import Life, Listeners, announce_start, open_log
from warden.daemon.plugins import known_events, resolve
from warden.errors import ConfigError, StartupError
from warden.logs.mainlog import MainLog
from warden.runtime.identity import PidFile, become, daemonize, raise_limits, reset_signals
from warden.words import VERSION

_ROOT_SEARCH = (
    "Supervisord is running as root and it is searching for its configuration file in default locations (including "
    'its current working directory); you probably want to specify a "-c" argument specifying an absolute path to a '
    "configuration file for improved security."
)
_ROOT_RUN = (
    "Supervisord is running as root.  Privileges were not dropped because no user is specified in the config file.  "
    "If you intend to run as root, you can set user=root in the config file to avoid this message."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run supervisord; the answer is the exit status.

    0 after a shutdown, 2 for every mistake or refusal at start, with one clear
    message on stderr.
    """
    argv = list(sys.argv if argv is None else argv)
    try:
        args = daemon_args(argv)
        if args.help:
            sys.stdout.write(daemon_usage(argv[0]))
            return 0
        if args.version:
            sys.stdout.write(f"{VERSION}\n")
            return 0
        return _run(args, argv[0])
    except ConfigError as error:
        sys.stderr.write(report.render_error(error, argv[0]))
    except StartupError as error:
        sys.stderr.write(f"Error: {error}\nFor help, use {argv[0]} -h\n")
    return 2


def _run(args: DaemonArgs, argv0: str) -> int:
    cwd = os.getcwd()
    path = args.configuration
    if path is None:
        path = find(argv0, cwd)
        if os.getuid() == 0:
            sys.stderr.write(f"{_ROOT_SEARCH}\n")
    path = os.path.join(cwd, path)

    def read() -> Config:
        return load(path, args.overrides, environ=os.environ, cwd=cwd, resolve=resolve, known_events=known_events)

    if args.check:
        return _check(path, args, cwd)
    return _start(read(), read)


def _start(config: Config, read: Callable[[], Config]) -> int:
    """Take the steps from a good configuration to the running daemon."""
    reset_signals()
    server = config.server
    messages = list(config.messages)
    # Before the user is switched: only root may raise hard limits.
    messages += [(Severity.INFO, text) for text in raise_limits(server.minfds, server.minprocs)]
    if server.user is not None:
        become(server.user)
        messages.append((Severity.INFO, f"Set uid to user {server.user} succeeded"))
    elif os.getuid() == 0:
        messages.append((Severity.CRITICAL, _ROOT_RUN))
    config = dataclasses.replace(config, messages=tuple(messages))
    pidfile = PidFile(server.pidfile)
    pidfile.check()
    flusher = Flusher()
    log = open_log(config, flusher)
    announce_start(config, log)
    listeners = Listeners()
    listeners.adopt(config.http)
    _announce_servers(config, log)
    try:
        ready = _go_to_background(config, log)
    except BaseException:
        listeners.close()
        raise
    asyncio.run(Life(config, log, listeners, pidfile, flusher, read=read, ready=ready).run())
    return 0


def _announce_servers(config: Config, log: MainLog) -> None:
    for http in config.http:
        for plugin in config.rpcinterfaces:
            log.info(f"RPC interface {plugin.name!r} initialized")
        if not http.username:
            log.critical(f"Server {http.section!r} running without any HTTP authentication checking")


def _go_to_background(config: Config, log: MainLog) -> Callable[[], None]:
    """Daemonize unless told not to; return what is to be called when everything runs."""
    server = config.server
    if server.nodaemon:
        os.umask(server.umask)
        return lambda: None
    tell_parent = daemonize(server.directory, server.umask, log.log)
    told: list[bool] = []

    def ready() -> None:
        if not told:  # a restart gets here again
            told.append(True)
            tell_parent(None)

    return ready
