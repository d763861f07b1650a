"""Files to Config: everything is read and checked, nothing is started."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from warden.config import client_options, options
from warden.config.expand import environment_names
from warden.config.files import read_includes, read_main
from warden.config.groups import read_groups
from warden.config.idle import warn_of_idle
from warden.config.ini import Document
from warden.config.model import Config
from warden.config.plugins import read_plugins
from warden.config.programs import Surroundings
from warden.config.rights import rights_of
from warden.config.sections import Findings, Scope, SectionReader
from warden.config.servers import child_serverurl, read_http_servers, read_server, read_user
from warden.config.values import Severity
from warden.config.vitals import check_dependencies
from warden.errors import ConfigError, Place
from warden.frozen import frozen


@frozen(kw_only=True)
class Checked:
    """What a reading found; ``config`` is None exactly when there are errors."""

    config: Config | None
    errors: tuple[ConfigError, ...]
    messages: tuple[tuple[Severity, str], ...]


def load(
    path: str,
    overrides: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    resolve: Callable[[str], object],
    known_events: Callable[[], Collection[str]],
    cwd: str | None = None,
    scales: Callable[[str | None], Mapping[str, int]] = lambda _path: {},
) -> Config:
    """Read and check the configuration in ``path``.

    ``overrides`` are values of the command line under the names of the
    ``[supervisord]`` options, already read (``user`` as text).  ``resolve``
    loads a ``module:attribute`` and may raise anything; ``known_events`` is
    called after the rpcinterfaces have been resolved.  ``cwd`` is what relative
    paths, that of the file included, are relative to: where the daemon was
    started (default: the current directory).  ``scales`` gets the path of the
    state file and returns the numprocs by program that win over the files.

    Raises:
        ConfigError: the first error in the order of the reference's checks;
            ``others`` has all further ones.
    """
    findings = Findings()
    config = _load(path, overrides, environ, resolve, known_events, cwd or os.getcwd(), findings, scales)
    findings.raise_errors()
    return config


def check(
    path: str,
    overrides: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    resolve: Callable[[str], object],
    known_events: Callable[[], Collection[str]],
    cwd: str | None = None,
) -> Checked:
    """Do what ``load`` does, but return all errors together with all messages."""
    findings = Findings()
    config: Config | None = None
    try:
        config = _load(path, overrides, environ, resolve, known_events, cwd or os.getcwd(), findings)
        errors = tuple(findings.errors)
    except ConfigError as error:
        errors = (error, *error.others)
    return Checked(config=None if errors else config, errors=errors, messages=tuple(findings.messages))


def _load(
    path: str,
    overrides: Mapping[str, Any],
    environ: Mapping[str, str],
    resolve: Callable[[str], object],
    known_events: Callable[[], Collection[str]],
    cwd: str,
    findings: Findings,
    scales: Callable[[str | None], Mapping[str, int]] = lambda _path: {},
) -> Config:
    """Read in the order of the reference's checks.

    Raises:
        ConfigError: what is wrong makes further checks meaningless.
    """
    document, scope = _read_files(path, cwd, environ, findings)
    section = document.sections.get(options.SUPERVISORD.header)
    if section is None:
        raise ConfigError(".ini file does not include supervisord section", place=Place(file=path))
    main = SectionReader(section, scope, findings)
    server = read_server(main, overrides, environ)
    environment = dict(server.environment)
    scope = scope.with_environment(environment)
    rpcinterfaces = read_plugins(document, options.RPCINTERFACE, options.RPC_FACTORY, scope, findings, resolve)
    user = read_user(
        SectionReader(section, scope, Findings()), overrides
    )  # its error is told last, by the reading below
    surroundings = Surroundings(
        scope=scope,
        findings=findings,
        environment=environment,
        resolve=resolve,
        known_events=known_events,
        rights=rights_of(os.getuid() if user is None else user),
        cgroup=server.cgroup,
        scales=scales(server.statefile),
    )
    groups = read_groups(document, surroundings)
    check_dependencies(groups, document, findings)
    http = read_http_servers(document, scope, findings)
    return Config(
        path=os.path.join(cwd, path),
        server=replace(server, user=read_user(main, overrides)),
        http=http,
        rpcinterfaces=rpcinterfaces,
        groups=groups,
        child_serverurl=child_serverurl(http),
        messages=tuple(findings.messages),
    )


def _read_files(path: str, cwd: str, environ: Mapping[str, str], findings: Findings) -> tuple[Document, Scope]:
    """Read the file and what it includes; return it with what its values may refer to."""
    document = read_main(path, cwd)
    scope = Scope(
        environment=(environment_names(environ),),
        directory=cwd,
        words={"host_node_name": os.uname().nodename},
        here_everywhere=client_options.INCLUDE.header in document.sections,
    )
    read_includes(document, path, scope, findings, into=document)
    findings.raise_errors()
    warn_of_idle(document, findings)
    return document, scope
