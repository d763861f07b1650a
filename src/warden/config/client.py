"""What supervisorctl reads of the configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from warden.config import client_options
from warden.config.expand import environment_names
from warden.config.files import read_includes, read_main
from warden.config.ini import Document
from warden.config.plugins import read_plugins
from warden.config.sections import Findings, Scope, SectionReader, sections_of
from warden.config.values import ClientConfig
from warden.errors import ConfigError, Place

UNIX_SCHEME = "unix://"
SCHEMES = ("http://", "https://", UNIX_SCHEME)


def load_client(
    path: str | None,
    overrides: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    resolve: Callable[[str], object],
    searched: bool = False,
    cwd: str | None = None,
) -> ClientConfig:
    """Read what supervisorctl needs from ``path`` (None: defaults only).

    ``overrides`` are values of the command line under the names of
    ClientConfig's fields.  ``resolve`` loads a ``module:attribute`` and may
    raise anything.  ``searched`` says that nobody named the file: then, with a
    ``serverurl`` on the command line, it need not have our section.

    Raises:
        ConfigError: the first error; ``others`` has all further ones.
    """
    findings = Findings()
    config = ClientConfig()
    if path is not None:
        section_optional = searched and "serverurl" in overrides
        config = _read_file(path, environ, resolve, cwd or os.getcwd(), findings, section_optional)
    config = config._replace(**overrides)
    findings.raise_errors()
    if not config.serverurl.startswith(SCHEMES):
        raise ConfigError(
            f"Unknown protocol for serverurl {config.serverurl}", advice=f"it begins with {' or '.join(SCHEMES)}"
        )
    return config


def _read_file(
    path: str,
    environ: Mapping[str, str],
    resolve: Callable[[str], object],
    cwd: str,
    findings: Findings,
    section_optional: bool,
) -> ClientConfig:
    document = read_main(path, cwd)
    scope = Scope(environment=(environment_names(environ),), directory=cwd, words={}, tell_names=False)
    _add_included(document, path, scope)
    section = document.sections.get(client_options.SUPERVISORCTL.header)
    if section is None:
        if section_optional:
            return ClientConfig()
        raise ConfigError(".ini file does not include supervisorctl section", place=Place(file=path))
    reader = SectionReader(section, scope, findings)
    history_file = reader.read(client_options.CTL_HISTORY_FILE)
    return ClientConfig(
        serverurl=_absolute_url(reader.read(client_options.CTL_SERVERURL), cwd),
        username=reader.read(client_options.CTL_USERNAME),
        password=reader.read(client_options.CTL_PASSWORD),
        prompt=reader.read(client_options.CTL_PROMPT),
        history_file=os.path.join(cwd, history_file) if history_file else None,
        plugins=read_plugins(document, client_options.CTLPLUGIN, client_options.CTL_FACTORY, scope, findings, resolve),
    )


def _add_included(document: Document, path: str, scope: Scope) -> None:
    """Add our sections from included files, where the main file says nothing else.

    The reference does not look there at all, so nothing that is wrong there is an error.
    """
    included = Document()
    names = scope.with_words(host_node_name=os.uname().nodename)
    read_includes(document, path, names, Findings(), into=included)
    for kind in (client_options.SUPERVISORCTL, client_options.CTLPLUGIN):
        for section in sections_of(included, kind):
            values = document.open_section(section.name, section.file, section.line)
            for name, value in section.own.items():
                values.setdefault(name, value)


def _absolute_url(url: str, cwd: str) -> str:
    if not url.startswith(UNIX_SCHEME):
        return url
    path = os.path.expanduser(url.removeprefix(UNIX_SCHEME))
    return UNIX_SCHEME + os.path.normpath(os.path.join(cwd, path))
