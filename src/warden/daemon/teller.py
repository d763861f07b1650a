"""What a Supervisor 4.x that runs says of its processes, over its own XML-RPC."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

from warden.config.model import Config, HttpServerConfig
from warden.config.values import ClientConfig
from warden.ctl.client import Client
from warden.ctl.wire import ClientError
from warden.errors import ConfigError, StartupError
from warden.words import Channel, Phase, make_namespec


class Told(NamedTuple):
    """What it says of one process; times in seconds since the epoch, 0 = never."""

    namespec: str
    phase: Phase
    pid: int
    start: int
    stop: int
    now: int
    exitstatus: int
    spawnerr: str
    logs: dict[Channel, str]


class Teller:
    """Asks it, over one of the servers of our own configuration file.

    Raises:
        StartupError: none of them leads to the process with that pid, or it is no Supervisor 4.x.
    """

    def __init__(self, pid: int, config: Config, credentials: Callable[[], ClientConfig]) -> None:
        tried = []
        for server in config.http:
            url = _url(server)
            with ExitStack() as undo:
                try:
                    client = Client(url, *_login(server, credentials))
                    undo.callback(client.close)
                    if client.call("getPID") != pid:
                        tried.append(f"{url} belongs to another process")
                        continue
                    self.version = client.text("getSupervisorVersion")
                except (ClientError, ConfigError) as error:
                    tried.append(str(error))
                    continue
                if not self.version.startswith("4."):
                    raise StartupError(f"cannot take over from pid {pid}: its version is {self.version}, not 4.x")
                undo.pop_all()
                self.url = url
                self._client = client
                return
        raise StartupError(f"cannot take over from pid {pid}: it does not answer ({'; '.join(tried) or 'no server'})")

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def processes(self) -> list[Told]:
        """Ask for all processes.

        Raises:
            StartupError: there is no answer, or it is going down.
        """
        try:
            mood = self._client.struct("getState")["statename"]
            rows: list[dict[str, Any]] = self._client.structs("getAllProcessInfo")
        except ClientError as error:
            raise StartupError(f"cannot take over: {error}") from None
        if mood != "RUNNING":
            raise StartupError(f"cannot take over: it is {mood}")
        return [_told(row) for row in rows]


def _url(server: HttpServerConfig) -> str:
    if server.path is not None:
        return f"unix://{server.path}"
    host = server.host or "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


def _login(server: HttpServerConfig, credentials: Callable[[], ClientConfig]) -> tuple[str | None, str | None]:
    """Return user and password; where the server has only a digest those of ``[supervisorctl]`` must do."""
    if server.password is None or not server.password.startswith("{SHA}"):
        return server.username, server.password
    client = credentials()
    return client.username, client.password


def _told(row: dict[str, Any]) -> Told:
    return Told(
        namespec=make_namespec(row["group"], row["name"]),
        phase=Phase(row["state"]),
        pid=row["pid"],
        start=row["start"],
        stop=row["stop"],
        now=row["now"],
        exitstatus=row["exitstatus"],
        spawnerr=row["spawnerr"],
        logs={channel: row[f"{channel}_logfile"] for channel in Channel},
    )
