"""The rows of the option tables that supervisorctl reads: a module of its own, because it starts for every command."""

from __future__ import annotations

from warden.config import readers
from warden.config.expand import Names
from warden.config.option import ENV, FILE, SectionKind, optional, row

CTL_SERVERURL = row(
    "serverurl", readers.text, "http://localhost:9001", FILE, "Where the daemon listens: http://, https:// or unix://."
)
CTL_USERNAME = optional("username", readers.text, ENV, "Same as username of the server.", example="user")
CTL_PASSWORD = optional("password", readers.text, ENV, "Same as password of the server, in clear text.", example="123")
CTL_PROMPT = row("prompt", readers.text, "supervisor", ENV, "Word in front of the command line.")
CTL_HISTORY_FILE = optional(
    "history_file", readers.home_path, FILE, "Where the command history is kept.", example="~/.sc_history"
)

INCLUDE_FILES = optional(
    "files",
    readers.text,
    FILE | Names.HOST,
    "Patterns of files to read, too; relative to this file.",
    example="conf.d/*.ini",
    required=True,
)

CTL_FACTORY = optional(
    "supervisor.ctl_factory",
    readers.text,
    ENV,
    "module:function that makes the plugin; other options are its arguments.",
    example="package.module:make_plugin",
    required=True,
)

SUPERVISORCTL = SectionKind(
    header="supervisorctl",
    doc="How supervisorctl reaches the daemon.",
    options=(CTL_SERVERURL, CTL_USERNAME, CTL_PASSWORD, CTL_PROMPT, CTL_HISTORY_FILE),
    repeatable=False,
)
CTLPLUGIN = SectionKind(header="ctlplugin:", doc="More commands for supervisorctl.", options=(CTL_FACTORY,), open=True)

INCLUDE = SectionKind(header="include", doc="More files.", options=(INCLUDE_FILES,), repeatable=False)
