"""The command lines of supervisord and supervisorctl."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from warden.config import readers
from warden.config.getopt import Flag, describe, read_values, split
from warden.errors import ConfigError


class DaemonArgs(NamedTuple):
    """What supervisord was asked for.

    ``overrides`` are values under the names of ``[supervisord]`` options, paths
    absolute; ``user`` is still text, since it is checked after the file.
    ``take_over`` is the pid file of a daemon whose place is to be taken.  With
    ``help`` or ``version`` nothing else matters.
    """

    overrides: Mapping[str, object]
    configuration: str | None = None
    check: bool = False
    take_over: str | None = None
    dry_run: bool = False
    help: bool = False
    version: bool = False


class ClientArgs(NamedTuple):
    """What supervisorctl was asked for.

    ``overrides`` are values under the names of ClientConfig's fields; ``words``
    are the action and its arguments, empty for the interactive shell.
    """

    overrides: Mapping[str, object]
    configuration: str | None = None
    words: tuple[str, ...] = ()
    help: bool = False
    version: bool = False


def _located(read: Callable[[str, str], object]) -> Callable[[str], object]:
    """Make the path absolute: the daemon may change its directory before it reads its command line again."""

    def read_here(value: str) -> object:
        path = read(value, os.getcwd())
        return os.path.abspath(path) if isinstance(path, str) else path

    return read_here


def _if_any(read: Callable[[str], object]) -> Callable[[str], object]:
    """Let an empty argument say nothing: start scripts give ``-j "$PIDFILE"``, set or not."""
    return lambda value: read(value) if value else None


_CONFIGURATION = Flag(
    name="configuration", short="c", long="configuration", argument="FILE", doc="read the configuration from FILE"
)
_HELP = Flag(name="help", short="h?", long="help", doc="print this text and exit")

DAEMON_FLAGS = (
    _CONFIGURATION,
    Flag(name="nodaemon", short="n", long="nodaemon", doc="stay in the foreground"),
    Flag(name="silent", short="s", long="silent", doc="in the foreground, do not copy the log to stdout"),
    _HELP,
    Flag(name="version", short="v", long="version", doc="print the version and exit"),
    Flag(
        name="check",
        long="check",
        doc="read the configuration, print all problems and exit; nothing is started",
        is_new=True,
    ),
    Flag(
        name="take_over",
        long="take-over",
        argument="PIDFILE",
        doc="take the place of the Supervisor 4.x of that pid file; its programs run on",
        is_new=True,
    ),
    Flag(
        name="dry_run", long="dry-run", doc="with --take-over: say what would happen, and change nothing", is_new=True
    ),
    Flag(name="user", short="u", long="user", argument="USER", doc="run as this user, by name or number"),
    Flag(
        name="umask", short="m", long="umask", argument="UMASK", read=readers.octal, doc="use this umask (default 022)"
    ),
    Flag(
        name="directory",
        short="d",
        long="directory",
        argument="DIRECTORY",
        read=_located(readers.existing_directory),
        doc="change to DIRECTORY when going to the background",
    ),
    Flag(
        name="logfile",
        short="l",
        long="logfile",
        argument="FILENAME",
        read=_if_any(_located(readers.activity_log)),
        doc="write the log to FILENAME",
    ),
    Flag(
        name="logfile_maxbytes",
        short="y",
        long="logfile_maxbytes",
        argument="BYTES",
        read=readers.byte_size,
        doc="rotate the log at this size",
    ),
    Flag(
        name="logfile_backups",
        short="z",
        long="logfile_backups",
        argument="NUM",
        read=readers.integer,
        doc="keep this number of rotated logs",
    ),
    Flag(
        name="loglevel",
        short="e",
        long="loglevel",
        argument="LEVEL",
        read=readers.log_level,
        doc="write this level and above (critical, error, warn, info, debug, trace, blather)",
    ),
    Flag(
        name="pidfile",
        short="j",
        long="pidfile",
        argument="FILENAME",
        read=_if_any(_located(readers.path_in_directory)),
        doc="write the pid to FILENAME",
    ),
    Flag(name="identifier", short="i", long="identifier", argument="STR", doc="name of this instance"),
    Flag(
        name="childlogdir",
        short="q",
        long="childlogdir",
        argument="DIRECTORY",
        read=_located(readers.existing_directory),
        doc="create AUTO logs of programs there",
    ),
    Flag(name="nocleanup", short="k", long="nocleanup", doc="keep the AUTO logs of the previous run"),
    Flag(
        name="minfds",
        short="a",
        long="minfds",
        argument="NUM",
        read=readers.integer,
        doc="file descriptors that must be available",
    ),
    Flag(name="strip_ansi", short="t", long="strip_ansi", doc="take colour codes out of what programs write"),
    Flag(
        name="minprocs",
        long="minprocs",
        argument="NUM",
        read=readers.integer,
        doc="processes that must be available",
    ),
    Flag(
        name="profile_options", long="profile_options", argument="LIST", doc="accepted for old scripts, without effect"
    ),
)

CLIENT_FLAGS = (
    _CONFIGURATION,
    _HELP,
    Flag(name="version", long="version", doc="print the version and exit", is_new=True),
    Flag(name="interactive", short="i", long="interactive", doc="start the shell after the action"),
    Flag(
        name="serverurl",
        short="s",
        long="serverurl",
        argument="URL",
        read=readers.url,
        doc="where supervisord listens (default http://localhost:9001)",
    ),
    Flag(name="username", short="u", long="username", argument="NAME", doc="user name for the server"),
    Flag(name="password", short="p", long="password", argument="PASS", doc="password for the server"),
    Flag(name="history_file", short="r", long="history_file", argument="FILE", doc="keep the command history in FILE"),
    Flag(
        name="history_file", long="history-file", argument="FILE", doc="another spelling of --history_file", is_new=True
    ),
)

_NOT_OVERRIDES = frozenset({"configuration", "help", "version", "check", "profile_options", "take_over", "dry_run"})


def daemon_args(argv: Sequence[str]) -> DaemonArgs:
    """Read supervisord's command line; ``argv[0]`` is the program.

    Raises:
        ConfigError: with exactly the reference's message.
    """
    given, words = split(argv[1:], DAEMON_FLAGS)
    if words:
        raise ConfigError(f"positional arguments are not supported: {words!r}")
    values = read_values(given, stop_at=("help", "version"))
    if "dry_run" in values and "take_over" not in values:
        raise ConfigError("option --dry-run needs --take-over")
    return DaemonArgs(
        configuration=_text(values.get("configuration")),
        overrides=_overrides(values),
        check="check" in values,
        take_over=_text(values.get("take_over")),
        dry_run="dry_run" in values,
        help="help" in values,
        version="version" in values,
    )


def client_args(argv: Sequence[str]) -> ClientArgs:
    """Read supervisorctl's command line; ``argv[0]`` is the program.

    Raises:
        ConfigError: with exactly the reference's message.
    """
    given, words = split(argv[1:], CLIENT_FLAGS)
    values = read_values(given, stop_at=("help", "version"))
    return ClientArgs(
        configuration=_text(values.get("configuration")),
        overrides=_overrides(values),
        words=tuple(words),
        help="help" in values,
        version="version" in values,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _overrides(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in _NOT_OVERRIDES and value is not None}


def daemon_usage(argv0: str) -> str:
    """Return what ``supervisord -h`` prints."""
    return (
        "supervisord -- run a set of applications as daemons.\n\n"
        f"Usage: {argv0} [options]\n\nOptions:\n\n{describe(DAEMON_FLAGS)}"
    )


def client_usage(argv0: str) -> str:
    """Return what ``supervisorctl -h`` prints."""
    return (
        "supervisorctl -- control applications run by supervisord from the cmd line.\n\n"
        f"Usage: {argv0} [options] [action [arguments]]\n\nOptions:\n\n{describe(CLIENT_FLAGS)}\n"
        'Without an action, and with -i, a shell reads actions; "help" is one of them and lists the others.\n'
    )
