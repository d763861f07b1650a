"""The verbs that read, follow and clear logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from warden.daemon.names import Names
from warden.daemon.records import Process
from warden.errors import Failed, NoFile
from warden.logs.starts import stamped_since
from warden.rpc.control import Outcome
from warden.words import Channel


class LogVerbs(Names):
    """Logs of processes, and the activity log where the name is None."""

    def log_path(self, namespec: str | None, channel: Channel) -> str | None:
        """Return where a log is read."""
        self.require_up()
        return self._log_path(namespec, channel)

    def clear_logs(self, namespec: str | None) -> None:
        """Begin new logs."""
        self.require_up()
        if namespec is None:
            self._clear_main_log()
        else:
            self._clear(self.find(namespec), namespec)

    def clear_all_logs(self) -> Sequence[Outcome]:
        """Begin new logs for all processes."""
        self.require_up()
        outcomes = []
        for process in self.members(None):
            error = None
            try:
                self._clear(process, process.namespec)
            except Failed as failure:
                error = failure
            outcomes.append(Outcome(name=process.name, group=process.group, error=error))
        return outcomes

    def _clear(self, process: Process, asked: str) -> None:
        try:
            for output in process.outputs.values():
                output.clear()
        except OSError:
            raise Failed(asked) from None

    def _clear_main_log(self) -> None:
        path = self._supervisor.log.path
        if path is None or not os.path.exists(path):
            raise NoFile
        try:
            self._supervisor.log.clear()
        except OSError:
            raise Failed from None

    def log_file(self, namespec: str | None, channel: Channel) -> str:
        """Return the path of a log that exists."""
        path = self._log_path(namespec, channel)
        if path is None:
            raise NoFile
        if not os.path.exists(path):
            raise NoFile(path)
        return path

    def log_since(self, namespec: str, channel: Channel, when: float) -> int | None:
        """Ask the lines for their times, and if they say none, the file for when it was written."""
        output = self.find(namespec).outputs[channel]
        if output.path is None or (status := _status(output.path)) is None:
            return 0
        if status.st_mtime < when:
            return status.st_size
        stamped = stamped_since(output.path, when)
        return output.marks.offset_since(when, status.st_size) if stamped is None else stamped

    def watch_log(self, namespec: str | None, channel: Channel, wake: Callable[[], None]) -> Callable[[], None]:
        """Tell of every write to a log."""
        if namespec is None:
            return self._supervisor.log.watch(wake)
        return self.find(namespec).outputs[channel].watch(wake)

    def _log_path(self, namespec: str | None, channel: Channel) -> str | None:
        return self._supervisor.log.path if namespec is None else self.find(namespec).outputs[channel].path


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
