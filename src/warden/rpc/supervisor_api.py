"""The ``supervisor`` namespace over the verbs of the daemon; the docstrings are its manual.

Questions about what runs are answered while the daemon shuts down, all else is refused then.
Parameters have the type ``object``: what comes over the wire is anything.
"""

# ruff: noqa: N802, N815 - the names are those on the wire

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from warden.errors import BadName, IncorrectParameters, ShuttingDown
from warden.rpc.arguments import signal, text
from warden.rpc.control import Control
from warden.rpc.log_api import LogApi
from warden.rpc.views import config_struct, outcome_structs, process_struct
from warden.words import API_VERSION, VERSION, Mood, split_namespec

if TYPE_CHECKING:
    from warden.rpc.listing import Texts

Struct = dict[str, object]


class SupervisorApi(LogApi):
    """What clients call as ``supervisor.*``."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self._texts: Texts | None = None  # none before somebody asks

    # --- the daemon

    def getAPIVersion(self) -> str:
        """Tell the version of this interface.

        @return string  The version; it changes only when clients have to
        """
        return API_VERSION

    getVersion = getAPIVersion

    def getSupervisorVersion(self) -> str:
        """Tell the version of the daemon.

        @return string  The version of the package
        """
        return VERSION

    def getIdentification(self) -> str:
        """Tell which daemon this is.

        @return string  ``identifier`` of the ``[supervisord]`` section
        """
        return self._control.identifier

    def getState(self) -> Struct:
        """Tell the state of the daemon: FATAL (2), RUNNING (1), RESTARTING (0) or SHUTDOWN (-1).

        @return struct  statecode (int) and statename (string)
        """
        mood = self._control.mood
        return {"statecode": int(mood), "statename": mood.name}

    def getPID(self) -> int:
        """Tell the process id of the daemon.

        @return int  The pid
        """
        return self._control.pid

    def shutdown(self) -> bool:
        """Stop all processes and end the daemon.  The answer comes before that is done.

        @return boolean  Always true

        Faults: SHUTDOWN_STATE.
        """
        self._control.shutdown()
        return True

    async def restart(self) -> bool:
        """Stop all processes and begin again with the configuration as it is now.

        The answer comes before that is done.

        @return boolean  Always true

        Faults: SHUTDOWN_STATE, CANT_REREAD.
        """
        await self._control.restart()
        return True

    async def reloadConfig(self) -> list[object]:
        """Read the configuration again.  What runs does not change; add and remove groups for that.

        @return array  One array, of three arrays of group names: added, changed, removed

        Faults: SHUTDOWN_STATE, CANT_REREAD.
        """
        changes = await self._control.reload_config()
        return [[list(changes.added), list(changes.changed), list(changes.removed)]]

    def addProcessGroup(self, name: object) -> bool:
        """Take a group of the configuration into service and start its processes with ``autostart``.

        @param string name  Name of the group
        @return boolean  Always true

        Faults: SHUTDOWN_STATE, ALREADY_ADDED, BAD_NAME, FAILED.
        """
        self._control.add_group(text(name))
        return True

    def removeProcessGroup(self, name: object) -> bool:
        """Take a group whose processes have stopped out of service.

        @param string name  Name of the group
        @return boolean  Always true

        Faults: SHUTDOWN_STATE, BAD_NAME, STILL_RUNNING.
        """
        self._control.remove_group(text(name))
        return True

    # --- processes

    def getProcessInfo(self, name: object) -> Mapping[str, object]:
        """Describe one process.

        Times are seconds since the epoch, 0 for never.

        @param string name  Process name, or ``group:name``
        @return struct  name, group, description, start, stop, now, state, statename, spawnerr, exitstatus,
            logfile, stdout_logfile, stderr_logfile, pid

        Faults: BAD_NAME.
        """
        return process_struct(self._control.process(text(name)))

    def getAllProcessInfo(self) -> Sequence[Mapping[str, object]]:
        """Describe all processes.

        @return array  Structs as of getProcessInfo, sorted by group and name
        """
        from warden.rpc.listing import ProcessList, Texts  # with expat and datetime; see ``rpc.registry``

        if self._texts is None:
            self._texts = Texts()
        return ProcessList(self._control.processes(), self._texts)

    def getAllConfigInfo(self) -> list[Struct]:
        """Describe the configuration of all processes, as it was read last.

        @return array  One struct per process, sorted by name

        Faults: SHUTDOWN_STATE, since nothing of it can be used any more.
        """
        if self._control.mood < Mood.RUNNING:
            raise ShuttingDown
        running = {(view.group, view.name): view for view in self._control.processes()}
        return [
            config_struct(view, running.get((view.group.name, view.process.name))) for view in self._control.available()
        ]

    async def startProcess(self, name: object, wait: object = True) -> object:
        """Start a process.

        With ``wait`` the answer comes when the process is RUNNING, that is
        ``startsecs`` seconds later at the earliest, else when it was spawned.

        @param string name  Process name, ``group:name``, or ``group:*`` for all of a group
        @param boolean wait  Wait until the process is RUNNING
        @return boolean  Always true; for a group the array that startProcessGroup answers

        Faults: SHUTDOWN_STATE, BAD_NAME, NO_FILE, NOT_EXECUTABLE, ALREADY_STARTED, FAILED,
        SPAWN_ERROR, ABNORMAL_TERMINATION.
        """
        namespec = text(name)
        if (group := _whole_group(namespec)) is None:
            await self._control.start(namespec, wait=bool(wait))
            return True
        with _named(namespec):
            return outcome_structs(await self._control.start_many(group, wait=bool(wait)))

    async def startProcessGroup(self, name: object, wait: object = True) -> list[Struct]:
        """Start those processes of a group that do not run.

        @param string name  Name of the group
        @param boolean wait  Wait until all are RUNNING
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE, BAD_NAME.
        """
        return outcome_structs(await self._control.start_many(text(name), wait=bool(wait)))

    async def startAllProcesses(self, wait: object = True) -> list[Struct]:
        """Start all processes that do not run.

        @param boolean wait  Wait until all are RUNNING
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE.
        """
        return outcome_structs(await self._control.start_many(None, wait=bool(wait)))

    async def stopProcess(self, name: object, wait: object = True) -> object:
        """Stop a process.

        @param string name  Process name, ``group:name``, or ``group:*`` for all of a group
        @param boolean wait  Wait until the process has ended
        @return boolean  Always true; for a group the array that stopProcessGroup answers

        Faults: SHUTDOWN_STATE, BAD_NAME, NOT_RUNNING, FAILED.
        """
        namespec = text(name)
        if (group := _whole_group(namespec)) is None:
            await self._control.stop(namespec, wait=bool(wait))
            return True
        with _named(namespec):
            return outcome_structs(await self._control.stop_many(group, wait=bool(wait)))

    async def stopProcessGroup(self, name: object, wait: object = True) -> list[Struct]:
        """Stop those processes of a group that run.

        @param string name  Name of the group
        @param boolean wait  Wait until all have ended
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE, BAD_NAME.
        """
        return outcome_structs(await self._control.stop_many(text(name), wait=bool(wait)))

    async def stopAllProcesses(self, wait: object = True) -> list[Struct]:
        """Stop all processes that run.

        @param boolean wait  Wait until all have ended
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE.
        """
        return outcome_structs(await self._control.stop_many(None, wait=bool(wait)))

    def signalProcess(self, name: object, signal_: object) -> object:
        """Send a signal to a process.

        @param string name  Process name, ``group:name``, or ``group:*`` for all of a group
        @param string signal  Name with or without SIG, in any case, or number
        @return boolean  Always true; for a group the array that signalProcessGroup answers

        Faults: SHUTDOWN_STATE, BAD_NAME, BAD_SIGNAL, NOT_RUNNING, FAILED.
        """
        namespec, wanted = text(name), signal(signal_)
        if (group := _whole_group(namespec)) is None:
            self._control.signal(namespec, wanted)
            return True
        with _named(namespec):
            return outcome_structs(self._control.signal_many(group, wanted))

    def signalProcessGroup(self, name: object, signal_: object) -> list[Struct]:
        """Send a signal to those processes of a group that run.

        @param string name  Name of the group
        @param string signal  Name with or without SIG, in any case, or number
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE, BAD_NAME.
        """
        return outcome_structs(self._control.signal_many(text(name), signal(signal_)))

    def signalAllProcesses(self, signal_: object) -> list[Struct]:
        """Send a signal to all processes that run.

        @param string signal  Name with or without SIG, in any case, or number
        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE.
        """
        return outcome_structs(self._control.signal_many(None, signal(signal_)))

    def sendProcessStdin(self, name: object, chars: object) -> bool:
        """Write to the standard input of a process, as UTF-8.

        @param string name  Process name, or ``group:name``
        @param string chars  What to write
        @return boolean  Always true

        Faults: INCORRECT_PARAMETERS, SHUTDOWN_STATE, BAD_NAME, NOT_RUNNING, NO_FILE, FAILED.
        """
        if not isinstance(chars, str):
            raise IncorrectParameters(str(chars))
        self._control.send_stdin(text(name), chars.encode("utf-8"))
        return True

    def sendRemoteCommEvent(self, type_: object, data: object) -> bool:
        """Publish a REMOTE_COMMUNICATION event for event listeners.

        @param string type  What kind of event it is; its meaning is up to you
        @param string data  The body
        @return boolean  Always true
        """
        self._control.send_remote_event(str(type_), str(data))
        return True


@contextmanager
def _named(namespec: str) -> Iterator[None]:
    """Let the fault for a group that is not there say what the caller has written."""
    try:
        yield
    except BadName:
        raise BadName(namespec) from None


def _whole_group(namespec: str) -> str | None:
    """Return the name of the group that ``namespec`` means as a whole, None if it means a process."""
    group, process = split_namespec(namespec)
    return group if process is None else None
