"""The program supervisord: command line, order of start-up, exit codes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from warden.config.cmdline import DaemonArgs, daemon_args, daemon_usage
from warden.config.load import check
from warden.config.model import Config
from warden.config.report import render_check, render_error
from warden.config.search import require
from warden.daemon.flusher import Flusher
from warden.daemon.living import live, reading
from warden.daemon.opening import announce_servers, announce_start, open_log
from warden.daemon.persistence import Persistence
from warden.daemon.plugins import known_events, resolve
from warden.daemon.servers import Listeners
from warden.errors import ConfigError, StartupError
from warden.logs.mainlog import MainLog
from warden.runtime.identity import PidFile, become, daemonize, open_standard_descriptors, raise_limits, reset_signals
from warden.runtime.kept import KeeperParent, connect, split, why_not
from warden.words import VERSION

if TYPE_CHECKING:
    from warden.daemon.takeover import TakeOver

_ROOT_SEARCH = (
    "Supervisord is running as root and it is searching for its configuration file in default locations (including "
    'its current working directory); you probably want to specify a "-c" argument specifying an absolute path to a '
    "configuration file for improved security."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run supervisord; the answer is the exit status.

    0 after a shutdown, that of the program that ended the daemon (``essential``,
    ``exit_when``), 2 for every mistake or refusal at start, with one clear
    message on stderr.
    """
    argv = list(sys.argv if argv is None else argv)
    open_standard_descriptors()
    courier = connect()
    if courier is not None:
        from warden.daemon.succession import succeed  # with the life that it goes on with

        return succeed(argv, courier)
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
        sys.stderr.write(render_error(error, argv[0]))
    except StartupError as error:
        sys.stderr.write(render_error(ConfigError(str(error)), argv[0]))
    return 2


def _run(args: DaemonArgs, argv0: str) -> int:
    path = args.configuration or _search(argv0)
    if args.check:
        return _check(path, args)
    persistence = Persistence()
    given = reading(path, args, _here(), persistence)
    config = given()
    if args.take_over is None:
        return _start(config, given, persistence, argv0)
    from warden.daemon.takeover import TakeOver  # with a client of XML-RPC: hardly anybody takes over

    taking = TakeOver(os.path.abspath(args.take_over), config, time.monotonic())
    if args.dry_run:
        sys.stdout.write(taking.report())
        return 0
    return _start(config, given, persistence, argv0, taking)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError as error:
        raise StartupError(f"cannot tell the current directory: {error.strerror}") from None


def _search(argv0: str) -> str:
    if os.getuid() == 0:
        sys.stderr.write(f"{_ROOT_SEARCH}\n")
    return require(argv0)


def _check(path: str, args: DaemonArgs) -> int:
    """Read the configuration and tell all that is wrong with it."""
    checked = check(path, args.overrides, environ=os.environ, resolve=resolve, known_events=known_events)
    sys.stdout.write(render_check(path, checked.errors, checked.messages))
    return 2 if checked.errors else 0


def _start(
    config: Config, read: Callable[[], Config], persistence: Persistence, argv0: str, taking: TakeOver | None = None
) -> int:
    """Take the steps from a good configuration to the running daemon, which may take the place of another one."""
    reset_signals()
    server = config.server
    limits = raise_limits(server.minfds, server.minprocs)  # before the switch: only root may raise hard limits
    remains = None
    listeners = Listeners()
    pidfile = PidFile(server.pidfile)
    with ExitStack() as undo:
        if taking is not None:  # before the switch, too: it takes rights
            remains = taking.seize()
            undo.callback(taking.release)
            listeners.take(taking.sockets)
        hidden = None if server.user is None else _switch_user(server.user)
        if taking is None:
            undo.callback(listeners.close)
        listeners.adopt(config.http)  # before the pid file: where both are taken people know the error about the socket
        if taking is None:
            pidfile.check()
        flusher = Flusher()
        log = open_log(config, flusher)
        announce_start(config, log, limits, is_first=taking is None)
        announce_servers(config, log)
        report = _go_to_background(config, log)
        keeper = _keep(config, log, argv0, hidden)
        undo.pop_all()
    if taking is not None:
        _replace(taking, pidfile, server.pidfile, log, keeper)
    from warden.daemon.life import Life  # half of all that is to import: meanwhile the keeper comes up

    life = Life(
        config,
        log,
        listeners,
        pidfile,
        flusher,
        persistence=persistence,
        read=read,
        ready=partial(_ready, keeper, report),
        keeper=keeper,
        remains=remains,
    )
    return live(life, log, keeper, partial(_fail, listeners, report))


def _replace(taking: TakeOver, pidfile: PidFile, path: str, log: MainLog, keeper: KeeperParent | None) -> None:
    """Be the daemon from now on; the pid file says so first, since systemd looks there when the old one ends."""
    pid = os.getpid() if keeper is None else keeper.pid
    if pidfile.write(pid):
        log.info(f"supervisord started with pid {pid}")
    else:
        log.critical(f"could not write pidfile {path}")
    taking.finish(path)


def _switch_user(uid: int) -> str | None:
    """Become the user; return a path of our own that it may not read: from then on nothing of us can be started."""
    if uid == os.getuid():
        return None
    from warden.daemon.reach import hidden_from, import_all  # few daemons switch

    hidden = hidden_from(uid)
    if hidden is not None:
        import_all()
    become(uid)
    return hidden


def _keep(config: Config, log: MainLog, argv0: str, hidden: str | None) -> KeeperParent | None:
    """Leave a keeper behind us, if that is wanted and possible."""
    if not config.server.keeper:
        return None
    refusal = why_not() if hidden is None else f"user {config.server.user} may not read {hidden}"
    if refusal is not None:
        log.warn(f"no keeper: {refusal}; programs are orphaned if supervisord is killed, and it cannot be upgraded")
        return None
    return KeeperParent(split(os.path.basename(argv0), _here()))


def _ready(keeper: KeeperParent | None, report: Callable[[str | None], None]) -> None:
    if keeper is not None:
        keeper.wish("up")
    report(None)


def _fail(listeners: Listeners, report: Callable[[str | None], None], error: str) -> None:
    listeners.close()
    report(error)


def _go_to_background(config: Config, log: MainLog) -> Callable[[str | None], None]:
    """Daemonize unless told not to; return what takes the outcome of the start: None, or an error."""
    server = config.server
    if not server.nodaemon:
        return daemonize(server.directory, server.umask, log.log)
    os.umask(server.umask)
    return lambda _error: None
