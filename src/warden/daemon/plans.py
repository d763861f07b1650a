"""What a process is started with: the file and the words, the environment, the user, the limits."""

from __future__ import annotations

import os
from collections.abc import Mapping

from warden.config.model import ProcessConfig
from warden.daemon import command
from warden.daemon.records import Process
from warden.daemon.vitals import Gear
from warden.runtime.identity import identity_for_child
from warden.runtime.limits import orders
from warden.runtime.spawn import Identity, SpawnPlan

_User = tuple[int | None, int | None, tuple[int, ...]]  # as a configuration has them: uid, gid, more groups


class Plans:
    """Makes plans; only their descriptors are still missing then.

    ``serverurl`` is the AUTO value of SUPERVISOR_SERVER_URL, None without a server.
    """

    def __init__(self, serverurl: str | None) -> None:
        self._serverurl = serverurl
        self._environ = dict(os.environ)
        self._users: dict[_User, Identity | str | None] = {}

    def resolve(self, config: ProcessConfig, text: str) -> tuple[tuple[str, ...], str]:
        """Return the words of the command ``text``, and the file to execute.

        Raises:
            NoFile, NotExecutable: it cannot be executed; reference's texts.
        """
        argv = command.split(text)
        return argv, command.resolve(config, argv[0], self._environ.get("PATH"))

    def child(self, process: Process) -> SpawnPlan:
        """Plan the next child of a process.

        Raises:
            NoFile, NotExecutable: its command cannot be executed.
        """
        return self.aside(process, process.config.command, orders(process.config.limits, process.namespec))

    def aside(self, process: Process, text: str, limits: Mapping[str, object] | None = None) -> SpawnPlan:
        """Plan another command that runs as the program does, by default without its limits.

        Raises:
            NoFile, NotExecutable: it cannot be executed.
        """
        config = process.config
        argv, executable = self.resolve(config, text)
        user = self._user(config)
        return SpawnPlan(
            argv=argv,
            executable=executable,
            env=self._environment(process),
            cwd=config.directory,
            umask=-1 if config.umask is None else config.umask,
            identity=user if isinstance(user, Identity) else None,
            refusal=user if isinstance(user, str) else None,
            limits=limits,
        )

    def _environment(self, process: Process) -> dict[str, str]:
        environment = dict(self._environ)
        environment["SUPERVISOR_ENABLED"] = "1"
        serverurl = process.config.serverurl or self._serverurl
        if serverurl:
            environment["SUPERVISOR_SERVER_URL"] = serverurl
        environment["SUPERVISOR_PROCESS_NAME"] = process.name
        environment["SUPERVISOR_GROUP_NAME"] = process.group
        environment.update(process.config.environment)
        if process.mark:
            from warden.runtime.remnants import MARK, bearing  # 90 KiB, only for kill_tree

            environment[MARK] = bearing(process.mark, self._environ.get(MARK, ""))
        return environment

    def _user(self, config: ProcessConfig) -> Identity | str | None:
        wanted = config.uid, config.gid, config.groups
        if wanted not in self._users:  # looked up once: the name service may be slow
            self._users[wanted] = identity_for_child(*wanted)
        return self._users[wanted]


def equipped(plan: SpawnPlan, gear: Gear) -> SpawnPlan:
    """Return the plan of a child that has ``gear`` to tell of itself."""
    if gear.fifo is not None:
        plan = plan.but(limits={**(plan.limits or {}), "fifo": gear.fifo})
    return plan.but(env={**plan.env, **gear.environment}) if gear.environment else plan
