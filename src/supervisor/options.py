"""Options and helpers; the code lives in ``warden.config``, ``warden.words`` and ``warden.daemon.facade``."""

from __future__ import annotations

import configparser
import os
import sys
import xmlrpc.client as xmlrpclib
from collections.abc import Callable, Mapping, Sequence

from supervisor._late import late
from supervisor.compat import import_spec
from supervisor.xmlrpc import SupervisorTransport
from warden.config.client import load_client
from warden.config.cmdline import client_args, client_usage
from warden.config.expand import expand as _expand
from warden.config.report import render_error
from warden.config.search import find
from warden.daemon.facade.refusal import refused
from warden.errors import ConfigError
from warden.words import VERSION, ExitStatus, signal_text, split_namespec
from warden.words import make_namespec as _make_namespec

__all__ = ["VERSION", "import_spec", "split_namespec"]

_CONFIGS = "warden.daemon.facade.configs"
_INSIDE = "configurations are read by warden.config, and processes come from supervisord.process_groups"
__getattr__: Callable[[str], object] = late(
    __name__,
    {
        "EventListenerConfig": f"{_CONFIGS}:ProcessConfigView",
        "EventListenerPoolConfig": f"{_CONFIGS}:GroupConfigView",
        "FastCGIGroupConfig": f"{_CONFIGS}:GroupConfigView",
        "FastCGIProcessConfig": f"{_CONFIGS}:ProcessConfigView",
        "ProcessConfig": f"{_CONFIGS}:ProcessConfigView",
        "ProcessGroupConfig": f"{_CONFIGS}:GroupConfigView",
    },
)
Options = refused("supervisor.options.Options", _INSIDE)
ServerOptions = refused("supervisor.options.ServerOptions", _INSIDE)


class ProcessException(Exception):
    """A program that cannot be started."""


class BadCommand(ProcessException):
    """A command that makes no sense."""


class NotExecutable(ProcessException):
    """A file that is no program."""


class NotFound(ProcessException):
    """A program that does not exist."""


class NoPermission(ProcessException):
    """A program that we may not run."""


class UnhosedConfigParser(configparser.RawConfigParser):
    """A parser for sections that plugins put together; ``%`` means nothing to it."""

    mysection = "supervisord"

    def __init__(self) -> None:
        super().__init__(inline_comment_prefixes=(";", "#"), strict=False)


class ClientOptions:
    """What supervisorctl would use, found as it finds it."""

    configfile: str | None = None
    interactive: bool | None = None
    prompt: str | None = None
    serverurl: str | None = None
    username: str | None = None
    password: str | None = None
    history_file: str | None = None

    def realize(self, args: Sequence[str] | None = None, doc: str | None = None, progname: str | None = None) -> None:
        """Read a command line (default: ours) and the configuration; exits with 2 if there is something wrong."""
        self.doc = doc or __doc__
        self.progname = progname or sys.argv[0]
        argv = [self.progname, *(sys.argv[1:] if args is None else args)]
        try:
            asked = client_args(argv)
            if asked.help or asked.version:
                sys.stdout.write(client_usage(self.progname) if asked.help else f"{VERSION}\n")
                raise SystemExit(0)
            self.configfile = asked.configuration or find(self.progname, os.getcwd())
            config = load_client(
                self.configfile,
                asked.overrides,
                environ=os.environ,
                resolve=import_spec,
                searched=asked.configuration is None,
            )
        except ConfigError as error:
            sys.stderr.write(render_error(error, self.progname))
            raise SystemExit(2) from None
        self.args = list(asked.words)
        self.interactive = not asked.words
        self.prompt, self.history_file = config.prompt, config.history_file
        self.serverurl, self.username, self.password = config.serverurl, config.username, config.password

    def getServerProxy(self) -> xmlrpclib.ServerProxy:
        """Return a proxy for the daemon."""
        transport = SupervisorTransport(self.username, self.password, self.serverurl)
        return xmlrpclib.ServerProxy("http://127.0.0.1", transport)


def make_namespec(group_name: str, process_name: str) -> str:
    """Return ``group:process``, or only one of them if they are the same."""
    return _make_namespec(group_name, process_name)


def signame(sig: int) -> str:
    """Return the name of a signal."""
    return signal_text(sig)


def expand(s: str, expansions: Mapping[str, str | int], name: str) -> str:
    """Fill ``%(names)s`` in; ``name`` says in messages what the text is for."""
    return _expand(s, expansions, name)


def normalize_path(v: str) -> str:
    """Return an absolute path; ``~`` is expanded."""
    return os.path.normpath(os.path.abspath(os.path.expanduser(v)))


def decode_wait_status(sts: int) -> tuple[int, str]:
    """Return the exit code (-1 after a signal) and a text, for what ``os.wait`` answers."""
    if os.WIFEXITED(sts):
        status = ExitStatus(code=os.WEXITSTATUS(sts))
    else:
        status = ExitStatus(signum=os.WTERMSIG(sts), core_dumped=os.WCOREDUMP(sts))
    return status.number, str(status)
