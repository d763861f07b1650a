"""The sample configuration that ``echo_supervisord_conf`` prints, written from the option tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from warden.config import client_options, options
from warden.config.option import Option, SectionKind

HEADER = """\
; Sample configuration of supervisord.
;
; Lines that begin with ; or # are comments.  A ; or # after a blank begins a
; comment, too, even between quotes: "command=sh -c 'a ; b'" ends at the blank.
; Quotes belong to the value, except in "environment".  There is no expansion of
; ~ or $HOME in commands; %(ENV_HOME)s gives an environment variable, %(here)s
; the directory of this file, and %% one percent sign.
;
; What is commented out below shows the default, or an example where there is
; none.  Paths in /tmp are examples: choose a directory that only you can write.
"""

_NAMES = {
    options.RPCINTERFACE.header: "supervisor",
    client_options.CTLPLUGIN.header: "thepluginname",
    options.PROGRAM_SECTION.header: "theprogramname",
    options.FCGI_PROGRAM.header: "thefcgiprogramname",
    options.EVENTLISTENER.header: "theeventlistenername",
    options.GROUP.header: "thegroupname",
}
_ACTIVE = {
    options.UNIX_HTTP_SERVER.header: {"file": "/tmp/supervisor.sock"},
    options.SUPERVISORD.header: {
        "logfile": "/tmp/supervisord.log",
        "logfile_maxbytes": "50MB",
        "logfile_backups": "10",
        "loglevel": "info",
        "pidfile": "/tmp/supervisord.pid",
        "nodaemon": "false",
        "silent": "false",
        "minfds": "1024",
        "minprocs": "200",
    },
    options.RPCINTERFACE.header: {options.RPC_FACTORY.name: options.RPC_FACTORY.example},
    client_options.SUPERVISORCTL.header: {"serverurl": "unix:///tmp/supervisor.sock"},
}
_COMMENT_COLUMN = 48


def sample() -> str:
    """Return a complete configuration: it starts a working daemon without programs."""
    return HEADER + "".join(_section(kind) for kind in options.SECTION_KINDS)


def _section(kind: SectionKind) -> str:
    active = _ACTIVE.get(kind.header)
    header = f"[{kind.header}{_NAMES.get(kind.header, '')}]"
    lines = ["", f"; {kind.doc}", header if active else f";{header}", *_options(kind, active or {})]
    return "".join(f"{line}\n" for line in lines)


def _options(kind: SectionKind, active: dict[str, str]) -> Iterator[str]:
    for option in kind.options:
        shown = active.get(option.name, option.example)
        setting = f"{'' if option.name in active else ';'}{option.name}={shown}"
        yield f"{setting:{_COMMENT_COLUMN}} ; {_remark(option, shown)}"


def _remark(option: Option[object], shown: str) -> str:
    if option.required:
        return f"{option.doc} Required."
    if option.default_text and option.default_text != shown:
        return f"{option.doc} Default: {option.default_text}"
    return option.doc


def main() -> None:
    """Print the sample; arguments are ignored, as they always were."""
    sys.stdout.write(sample())
