"""Names to records: what every verb of the daemon begins with."""

from __future__ import annotations

from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.errors import BadName, ShuttingDown
from warden.words import split_namespec


class Names:
    """Finds records in the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def require_up(self) -> None:
        """Refuse orders while the daemon goes down.

        Raises:
            ShuttingDown: it does.
        """
        if not self._supervisor.may_start:
            raise ShuttingDown

    def find(self, namespec: str) -> Process:
        """Return the record of one process.

        Raises:
            BadName: there is none of that name.
        """
        group_name, name = split_namespec(namespec)
        group = self._supervisor.groups.get(group_name)
        process = group.processes.get(name) if group is not None and name is not None else None
        if process is None:
            raise BadName(namespec)
        return process

    def members(self, group: str | None) -> list[Process]:
        """Return the processes of one group or (None) of all, in the order in which they start.

        Raises:
            BadName: there is no such group.
        """
        if group is not None:
            if group not in self._supervisor.groups:
                raise BadName(group)
            return list(self._supervisor.groups[group].processes.values())
        return list(self._supervisor.processes_in_start_order())
