"""The daemon's options as plugins know them: facts of the configuration, the log, and what they may ask for."""

from __future__ import annotations

import configparser
import os
import socket
from collections.abc import Callable, Mapping
from types import SimpleNamespace

from warden.config.ini import Document, Value
from warden.config.model import Config, GroupConfig, HttpServerConfig, Kind
from warden.config.programs import Surroundings, read_processes
from warden.config.rights import rights_of
from warden.config.sections import Findings, Scope
from warden.daemon.facade.configs import GroupConfigView, Maker, ProcessConfigView
from warden.daemon.facade.logger import LoggerView
from warden.daemon.facade.refusal import NotSupported
from warden.errors import ConfigError
from warden.logs.mainlog import LEVELS
from warden.runtime.spawn import send_signal
from warden.words import Mood

_NO_PAGE = "Warden serves its pages and logs by itself"


class OptionsView:
    """What is asked of ``supervisord.options``; plugins may add attributes of their own."""

    def __init__(
        self,
        config: Config,
        logger: LoggerView,
        maker: Maker,
        mood: Callable[[], Mood],
        request: Callable[[Mood], None],
    ) -> None:
        server = config.server
        self.logger = logger
        self.configfile = config.path
        self.here = os.path.dirname(config.path)
        self.identifier = server.identifier
        self.nodaemon = server.nodaemon
        self.silent = server.silent
        self.logfile = server.logfile
        self.logfile_maxbytes = server.logfile_maxbytes
        self.logfile_backups = server.logfile_backups
        self.loglevel = LEVELS[server.loglevel]
        self.pidfile = server.pidfile
        self.childlogdir = server.childlogdir
        self.directory = server.directory
        self.umask = server.umask
        self.uid = server.user
        self.minfds = server.minfds
        self.minprocs = server.minprocs
        self.nocleanup = server.nocleanup
        self.strip_ansi = server.strip_ansi
        self.serverurl = config.child_serverurl
        self.environ_expansions = {f"ENV_{name}": value for name, value in os.environ.items()}
        self.server_configs = [server_config(http) for http in config.http]
        self.httpservers: object = ()
        self._maker = maker
        self._mood = mood
        self._request = request
        self._environment = dict(server.environment)
        self.process_group_configs = [self._group_config(group) for group in config.groups]

    @property
    def mood(self) -> int:
        """A number of ``supervisor.states.SupervisorStates``; assigning one below RUNNING asks for that."""
        return int(self._mood())

    @mood.setter
    def mood(self, value: int) -> None:
        self._request(Mood(value))

    def get_pid(self) -> int:
        """Return the pid of the daemon."""
        return os.getpid()

    def kill(self, pid: int, signal: int) -> None:
        """Send a signal; a negative pid means a process group.  Raises: OSError."""
        send_signal(abs(pid), signal, to_group=pid < 0)

    def close_httpservers(self) -> None:
        """Do nothing: the servers close when the daemon goes."""

    def processes_from_section(
        self, parser: configparser.RawConfigParser, section: str, group_name: str, klass: type | None = None
    ) -> list[ProcessConfigView]:
        """Read a program's section as if it stood in the configuration file.

        Raises:
            ValueError: something in it is wrong.
        """
        if klass is not None and not issubclass(klass, ProcessConfigView):
            raise NotSupported(f"{klass.__name__} for processes_from_section", "use supervisor.options.ProcessConfig")
        document = Document()
        values = document.open_section(section, self.configfile, 0)
        values.update({name: Value(str(text), self.configfile, 0) for name, text in parser.items(section, raw=True)})
        findings = Findings()
        scope = Scope(
            environment=(self.environ_expansions,), directory=os.getcwd(), words={"host_node_name": os.uname().nodename}
        )
        surroundings = Surroundings(
            scope=scope.with_environment(self._environment),
            findings=findings,
            environment=self._environment,
            resolve=str,
            known_events=tuple,
            rights=rights_of(os.getuid()),
            cgroup=None,
        )
        processes = read_processes(document.sections[section], group_name, Kind.PROGRAM, surroundings)
        try:
            findings.raise_errors()
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return [ProcessConfigView(self, self._maker, process) for process in processes]

    def _group_config(self, group: GroupConfig) -> GroupConfigView:
        return GroupConfigView(
            self, group, [ProcessConfigView(self, self._maker, process) for process in group.processes]
        )


def server_config(http: HttpServerConfig) -> dict[str, object]:
    """Return what an item of ``server_configs`` says."""
    kind, _, name = http.section.partition(":")
    shared = {"name": name or None, "section": kind, "username": http.username, "password": http.password}
    where: dict[str, object] = {
        "family": socket.AF_INET6 if ":" in http.host else socket.AF_INET,
        "host": http.host,
        "port": http.port,
    }
    if http.path is not None:
        owner = http.owner or (-1, -1)
        where = {"family": socket.AF_UNIX, "file": http.path, "chmod": http.mode, "chown": owner}
    return {**shared, **where}


class PageHandler:
    """Holds the place of one of the old HTTP handlers, which cannot be called here."""

    def handle_request(self, request: object) -> None:
        """Refuse."""
        raise NotSupported(f"handle_request({request!r})", _NO_PAGE)


def http_server(config: Mapping[str, object], namespaces: Mapping[str, object]) -> SimpleNamespace:
    """Return what stands in ``httpservers`` beside a server's config: its handlers, in the old order.

    The first has all namespaces for calls within the process; replacing the
    others has no effect.
    """
    handlers: list[object] = [SimpleNamespace(rpcinterface=SimpleNamespace(**namespaces))]
    handlers += [PageHandler() for _ in ("logtail", "mainlogtail", "pages", "files")]
    if config["username"]:
        handlers = [SimpleNamespace(handler=handler) for handler in handlers]
    return SimpleNamespace(handlers=handlers)
