"""Read ``[supervisord]`` and the HTTP servers, and tell which let everybody in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from warden.config import limit_options, log_options, operating, options, survival
from warden.config.ini import Document
from warden.config.model import Config, HttpServerConfig, ServerConfig
from warden.config.option import Option
from warden.config.readers import Special, user
from warden.config.sections import Findings, Scope, SectionReader, sections_of

T = TypeVar("T")

_LOOPBACK = ("127.", "::1", "localhost")
_INCOMPLETE_AUTHENTICATION = (
    "contains incomplete authentication: If a username or a password is specified, "
    "both the username and password must be specified"
)


def read_server(reader: SectionReader, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> ServerConfig:
    """Read ``[supervisord]`` in the order of the reference's checks; the command line wins.

    ``user`` stays None: the reference checks it last of all, with ``read_user``.
    """

    def read(option: Option[T]) -> T:
        value = reader.read(option)  # the file is checked even if the command line wins
        chosen: T = overrides.get(option.name, value)
        return chosen

    base = reader.scope.directory
    minfds, minprocs, directory = read(options.MINFDS), read(options.MINPROCS), read(options.DIRECTORY)
    reader.text(options.USER)  # only its expansion is checked here
    umask, logfile, logfile_maxbytes = read(options.UMASK), read(options.LOGFILE), read(options.LOGFILE_MAXBYTES)
    logfile_backups, loglevel, pidfile = read(options.LOGFILE_BACKUPS), read(options.LOGLEVEL), read(options.PIDFILE)
    statefile, exit_when_finished = read(operating.STATEFILE), read(operating.EXIT_WHEN)
    identifier, nodaemon, silent = read(options.IDENTIFIER), read(options.NODAEMON), read(options.SILENT)
    childlogdir = read(options.CHILDLOGDIR) or temporary_directory(environ)
    nocleanup, strip_ansi = read(options.NOCLEANUP), read(options.STRIP_ANSI)
    keeper, leftovers = read(survival.KEEPER), read(survival.LEFTOVERS)
    environment = {**reader.read(limit_options.MAIN_ENV_FILE), **reader.read(options.ENVIRONMENT)}
    cgroup = reader.read(limit_options.CGROUP)
    period, compress = reader.read(log_options.LOGFILE_ROTATE), reader.read(log_options.LOGFILE_COMPRESS)
    return ServerConfig(
        logfile=None if isinstance(logfile, Special) else _absolute(base, logfile),
        logfile_maxbytes=logfile_maxbytes,
        logfile_backups=logfile_backups,
        logfile_period=period,
        logfile_compress=compress,
        loglevel=loglevel,
        pidfile=_absolute(base, pidfile),
        statefile=_state_file(base, statefile, _absolute(base, pidfile)),
        exit_when_finished=exit_when_finished,
        umask=umask,
        nodaemon=nodaemon,
        silent=silent,
        minfds=minfds,
        minprocs=minprocs,
        nocleanup=nocleanup,
        keeper=keeper,
        leftovers=leftovers,
        childlogdir=_absolute(base, childlogdir),
        directory=directory,
        strip_ansi=strip_ansi,
        environment=tuple(sorted(environment.items())),
        cgroup=cgroup,
        identifier=identifier,
    )


def read_user(reader: SectionReader, overrides: Mapping[str, Any]) -> int | None:
    """Return the uid of the user that the daemon becomes; on the command line it is still text, and wins unseen."""
    chosen = overrides.get(options.USER.name)
    if chosen is None:
        return reader.read(options.USER)
    try:
        return user(chosen)
    except ValueError as error:
        reader.fail(str(error))
        return None


def read_http_servers(document: Document, scope: Scope, findings: Findings) -> tuple[HttpServerConfig, ...]:
    """Read the HTTP servers in the order in which they are opened: inet first, then unix."""
    readers = [SectionReader(section, scope, findings) for section in sections_of(document, options.INET_HTTP_SERVER)]
    servers = [_read_inet(reader) for reader in readers]
    readers = [SectionReader(section, scope, findings) for section in sections_of(document, options.UNIX_HTTP_SERVER)]
    return tuple(servers + [_read_unix(reader) for reader in readers])


def _read_inet(reader: SectionReader) -> HttpServerConfig:
    username, password = _read_authentication(reader)
    address = reader.read(options.INET_PORT)
    if address is None:
        reader.fail(f"section [{reader.section.name}] has no port value", options.INET_PORT)
    host, port = address or ("", 0)
    return HttpServerConfig(section=reader.section.name, host=host, port=port, username=username, password=password)


def _read_unix(reader: SectionReader) -> HttpServerConfig:
    path = reader.read(options.UNIX_FILE)
    if not path:
        reader.fail(f"section [{reader.section.name}] has no file value", options.UNIX_FILE)
    username, password = _read_authentication(reader)
    owner, mode = reader.read(options.UNIX_CHOWN), reader.read(options.UNIX_CHMOD)
    return HttpServerConfig(
        section=reader.section.name,
        path=_absolute(reader.scope.directory, path or ""),
        mode=mode,
        owner=owner,
        username=username,
        password=password,
    )


def _read_authentication(reader: SectionReader) -> tuple[str | None, str | None]:
    """Return user name and password, or twice None when everybody is welcome."""
    username, password = reader.read(options.HTTP_USERNAME), reader.read(options.HTTP_PASSWORD)
    if (username is None) != (password is None):
        given = options.HTTP_USERNAME if password is None else options.HTTP_PASSWORD
        reader.fail(f"Section [{reader.section.name}] {_INCOMPLETE_AUTHENTICATION}", given)
    return (username, password) if username else (None, None)


def child_serverurl(servers: tuple[HttpServerConfig, ...]) -> str | None:
    """Return the URL that programs are told: the first unix server, else the last inet one."""
    for server in servers:
        if server.path is not None:
            return f"unix://{server.path}"
    if not servers:
        return None
    host = servers[-1].host or "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{servers[-1].port}"


def temporary_directory(environ: Mapping[str, str]) -> str:
    """Return where temporary files go: the first directory that can be written to."""
    named = [environ[name] for name in ("TMPDIR", "TEMP", "TMP") if environ.get(name)]
    for directory in (*named, "/tmp", "/var/tmp", "/usr/tmp"):
        if os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK):
            return directory
    return os.curdir


def _state_file(base: str, chosen: str | None, pidfile: str) -> str | None:
    """Return where the daemon remembers things: where nobody chose, beside the pid file, if that is a file."""
    if chosen is None:
        return None if pidfile.startswith("/dev/") else f"{pidfile.removesuffix('.pid')}.state"
    return _absolute(base, chosen) if chosen else None


def _absolute(base: str, path: str) -> str:
    return os.path.normpath(os.path.join(base, path))


def open_to_all(config: Config) -> tuple[str, ...]:
    """Warn of servers that let everybody in from anywhere."""
    return tuple(
        f"[{http.section}] listens on {http.host or 'all addresses'} port {http.port} without a password: "
        "everybody who can reach it controls your programs"
        for http in config.http
        if http.path is None and not http.username and not http.host.startswith(_LOOPBACK)
    )
