"""The methods of the ``supervisor`` namespace that read and clear logs; the docstrings are their manual."""

# ruff: noqa: N802, N815 - the names are those on the wire

from __future__ import annotations

from warden.rpc import logs
from warden.rpc.arguments import text, whole
from warden.rpc.control import Control
from warden.rpc.views import outcome_structs
from warden.rpc.xmltext import LongText
from warden.words import Channel


class LogApi:
    """What clients call to see and to remove what was written."""

    def __init__(self, control: Control) -> None:
        self._control = control

    # --- the activity log

    def readLog(self, offset: object, length: object) -> object:
        """Read from the activity log.

        A negative offset with length 0 gives the last bytes, length 0 everything from the offset on.

        @param int offset  Where to begin, in bytes
        @param int length  How much to read, in bytes
        @return string  The text

        Faults: SHUTDOWN_STATE, BAD_ARGUMENTS, NO_FILE, FAILED.
        """
        return self._read_log(None, Channel.STDOUT, whole(offset), whole(length))

    readMainLog = readLog

    def clearLog(self) -> bool:
        """Remove the activity log and begin a new one.

        @return boolean  Always true

        Faults: SHUTDOWN_STATE, NO_FILE, FAILED.
        """
        self._control.clear_logs(None)
        return True

    # --- logs of processes

    def readProcessStdoutLog(self, name: object, offset: object, length: object) -> object:
        """Read from what a process wrote to its standard output.

        A negative offset with length 0 gives the last bytes, length 0 everything from the offset on.

        @param string name  Process name, or ``group:name``
        @param int offset  Where to begin, in bytes
        @param int length  How much to read, in bytes
        @return string  The text

        Faults: SHUTDOWN_STATE, BAD_NAME, BAD_ARGUMENTS, NO_FILE, FAILED.
        """
        return self._read_log(text(name), Channel.STDOUT, whole(offset), whole(length))

    readProcessLog = readProcessStdoutLog

    def readProcessStderrLog(self, name: object, offset: object, length: object) -> object:
        """Read from what a process wrote to its standard error.

        A negative offset with length 0 gives the last bytes, length 0 everything from the offset on.

        @param string name  Process name, or ``group:name``
        @param int offset  Where to begin, in bytes
        @param int length  How much to read, in bytes
        @return string  The text

        Faults: SHUTDOWN_STATE, BAD_NAME, BAD_ARGUMENTS, NO_FILE, FAILED.
        """
        return self._read_log(text(name), Channel.STDERR, whole(offset), whole(length))

    def tailProcessStdoutLog(self, name: object, offset: object, length: object) -> object:
        """Read what a process wrote to its standard output since the last call.

        Pass the answered offset with the next call.

        @param string name  Process name, or ``group:name``
        @param int offset  Where the last call ended, in bytes
        @param int length  How much to read at most, in bytes
        @return array  The text, the size of the log in bytes, and whether something was left out

        Faults: SHUTDOWN_STATE, BAD_NAME.
        """
        return self._tail_log(text(name), Channel.STDOUT, whole(offset), whole(length))

    tailProcessLog = tailProcessStdoutLog

    def tailProcessStderrLog(self, name: object, offset: object, length: object) -> object:
        """Read what a process wrote to its standard error since the last call.

        Pass the answered offset with the next call.

        @param string name  Process name, or ``group:name``
        @param int offset  Where the last call ended, in bytes
        @param int length  How much to read at most, in bytes
        @return array  The text, the size of the log in bytes, and whether something was left out

        Faults: SHUTDOWN_STATE, BAD_NAME.
        """
        return self._tail_log(text(name), Channel.STDERR, whole(offset), whole(length))

    def clearProcessLogs(self, name: object) -> bool:
        """Remove the logs of a process and begin new ones.

        @param string name  Process name, or ``group:name``
        @return boolean  Always true

        Faults: SHUTDOWN_STATE, BAD_NAME, FAILED.
        """
        self._control.clear_logs(text(name))
        return True

    clearProcessLog = clearProcessLogs

    def clearAllProcessLogs(self) -> list[dict[str, object]]:
        """Remove the logs of all processes and begin new ones.

        @return array  Per process: name, group, status (80 or a fault code), description

        Faults: SHUTDOWN_STATE.
        """
        return outcome_structs(self._control.clear_all_logs())

    async def _read_log(self, name: str | None, channel: Channel, offset: int, length: int) -> LongText:
        return await logs.read(self._control.log_path(name, channel), offset, length)

    async def _tail_log(self, name: str, channel: Channel, offset: int, length: int) -> list[object]:
        return await logs.tail_of(self._control.log_path(name, channel), offset, length)
