"""Runs hooks and stop commands beside the programs; what they write goes to the activity log, line by line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from signal import SIGKILL
from typing import TYPE_CHECKING, Protocol

from warden.daemon.records import Process
from warden.errors import RequestError
from warden.logs.mainlog import MainLog
from warden.process import errands
from warden.process.step import Errand
from warden.runtime.deadlines import Deadlines
from warden.runtime.identity import errno_name
from warden.runtime.parent import FoundChild, Parent
from warden.runtime.roster import KILLED_AT_ONCE
from warden.runtime.spawn import SpawnPlan, send_signal
from warden.words import ExitStatus, Moment, counted, signal_text

if TYPE_CHECKING:
    from warden.daemon.trees import Trees

_MOST_LINES = 100  # of one errand that are logged; what comes after them is only counted
_LINE_BYTES = 1000  # the longest line that is logged whole
_CHUNK_BYTES = 64 * 1024


class Audience(Protocol):
    """Who wants to know what becomes of commands; called on the loop."""

    def on_errand_begun(self) -> None:
        """Hear that a command exists: whoever waits for its turn to start something may have it."""
        ...

    def on_errand_done(self, process: Process, failure: str) -> None:
        """Hear how the command beside a process went: "" or what was wrong with it."""
        ...


class Errands:
    """At most one command beside each process; ``audience`` hears of the end of each, for certain.

    ``aside`` makes the plan of a command that runs as the program does, ``remark``
    is told what people should know.  The commands are children of the parent of the
    programs, known by the number in ``Process.errand_life``: whoever comes after us
    goes on with them.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        log: MainLog,
        aside: Callable[[Process, str], SpawnPlan],
        remark: Callable[[Process, str], None],
        *,
        audience: Audience,
    ) -> None:
        self._loop = loop
        self._parent = parent
        self._log = log
        self._aside = aside
        self._remark = remark
        self._audience = audience
        self._trees: Trees | None = None
        self._running: dict[Process, _Command] = {}
        self._deadlines: Deadlines[Process] = Deadlines(loop, self._overdue)

    @property
    def trees(self) -> Trees:
        """Who ends what children leave behind."""
        if self._trees is None:
            from warden.daemon.trees import Trees  # 130 KiB, only for kill_tree

            self._trees = Trees(self._loop, self._remark)
        return self._trees

    def run(self, process: Process, errand: Errand) -> None:
        """Begin."""
        if errand.moment is Moment.KILL_TREE:
            self.trees.fell(process, errand.pid, errand.until, partial(self._audience.on_errand_done, process))
            return
        text = getattr(process.config.policy, errand.moment)
        try:
            plan = self._aside(process, text or "")
        except RequestError as error:
            self._audience.on_errand_done(process, f"cannot run {text!r}: {error}")
            return
        tag = {"name": f"{errand.moment} of {process.namespec}", "ends": ["output"], "stop": KILLED_AT_ONCE}
        with ExitStack() as theirs:
            try:
                nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
                theirs.callback(os.close, nothing)
                reader, writer = os.pipe()
                theirs.callback(os.close, writer)
            except OSError as error:
                self._audience.on_errand_done(process, f"cannot be started: {errno_name(error)}")
                return
            env = {**plan.env, **_story(process, errand)}
            plan = plan.but(env=env, stdin=nothing, stdout=writer, stderr=writer)
            command = self._listen(process, errand, reader)
            self._parent.spawn(process.errand_life, tag, plan, (reader,), command)

    def find(self, process: Process, found: FoundChild) -> None:
        """Go on with a command that a brain before us has started."""
        errand = process.state.errand
        assert errand is not None  # it is what ``found`` is about
        command = self._listen(process, errand, found.ends[0])
        command.born(found.pid)
        self._parent.adopt(found, command)
        if errand.cut_short:
            command.kill("ended")

    def ended(self, process: Process, status: ExitStatus, at: float) -> None:
        """Hear how a command has ended that was found."""
        self._running[process].ended(status, at)

    def _listen(self, process: Process, errand: Errand, reader: int) -> _Command:
        say = partial(self._say, f"{errand.moment} of {process.name}: ")
        command = _Command(self._loop, reader, say, self._audience.on_errand_begun, partial(self._ended, process))
        self._running[process] = command
        self._deadlines.set(process, errand.until)
        return command

    def _say(self, prefix: str, text: str) -> None:
        self._log.info(prefix + text)

    def end(self, process: Process) -> None:
        """End a command that is under way, with its process group."""
        command = self._running.get(process)
        if command is not None:
            command.kill("ended")

    def _overdue(self, process: Process) -> None:
        errand = process.state.errand
        if errand is not None:
            seconds = errands.seconds(errand.moment, process.config.policy)
            self._running[process].kill(f"took longer than {seconds:g} s")

    def _ended(self, process: Process, failure: str) -> None:
        self._deadlines.set(process, None)
        errand = process.state.errand
        if errand is not None and _is_alone(errand, failure) and process.config.policy.kill_tree:
            patience = errands.seconds(Moment.KILL_TREE, process.config.policy)
            self.trees.fell(
                process, 0, self._loop.time() + patience, lambda worse: self._finish(process, failure or worse)
            )
        else:
            self._finish(process, failure)

    def _finish(self, process: Process, failure: str) -> None:
        life, command = process.errand_life, self._running.pop(process)
        if not process.forgotten:
            self._audience.on_errand_done(process, failure)
        if command.pid:
            self._parent.bury(life)  # last: until then whoever comes after us hears of it again

    def leave(self) -> None:
        """Look after nobody any more; somebody else does."""
        self._deadlines.clear()
        for command in self._running.values():
            command.close()
        self._running.clear()
        if self._trees is not None:
            self._trees.close()

    def close(self) -> None:
        """End what is under way; nobody waits for it."""
        for command in self._running.values():
            command.kill("ended")
        self.leave()


def _is_alone(errand: Errand, failure: str) -> bool:
    """Whether no child is there, or follows, with which that ends what a command has left behind."""
    return errand.moment is Moment.AFTER_STOP or (errand.moment is Moment.BEFORE_START and bool(failure))


def _story(process: Process, errand: Errand) -> dict[str, str]:
    """Return the variables that tell a command what it is about."""
    told = {"SUPERVISOR_HOOK": errand.moment.value}
    if errand.pid:
        told["SUPERVISOR_CHILD_PID"] = str(errand.pid)
    if errand.moment not in errands.AFTERMATH:
        return told
    told["SUPERVISOR_STOP_REQUESTED"] = "true" if errand.asked else "false"
    end = process.last_exit
    if end is not None and end.code is not None:
        told["SUPERVISOR_EXIT_CODE"] = str(end.code)
    elif end is not None and end.signum is not None:
        told["SUPERVISOR_EXIT_SIGNAL"] = signal_text(end.signum).removeprefix("SIG")
    return told


class _Command:
    """One command: the owner of its process, and the reader of its output."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        fd: int,
        say: Callable[[str], None],
        begun: Callable[[], None],
        done: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._say = say
        self._begun = begun
        self._done = done
        self.pid = 0
        self._killed = ""  # why, as the failure that it is
        self._rest = b""  # a line that is not whole yet
        self._lines = 0
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._read)

    def born(self, pid: int) -> None:
        """Hear that it exists."""
        self.pid = pid
        if self._killed:
            self._send_kill()
        self._begun()

    def refused(self, error: OSError) -> None:
        """Hear that it does not."""
        self.close()
        self._done(f"cannot be started: {errno_name(error)}")

    def ended(self, status: ExitStatus, _at: float) -> None:
        """Hear how it ended."""
        self._read()  # once: a pipe holds no more than a chunk
        if self._rest:
            self._tell(self._rest)
        if self._lines > _MOST_LINES:
            self._say(f"({counted(self._lines - _MOST_LINES, 'more line')})")
        self.close()
        self._done(self._killed or ("" if status.code == 0 else str(status)))

    def kill(self, why: str) -> None:
        """End its process group; ``why`` is what went wrong with it."""
        if not self._killed:
            self._killed = why
            self._send_kill()

    def _send_kill(self) -> None:
        if self.pid:  # else as soon as it is born
            with suppress(OSError):
                send_signal(self.pid, SIGKILL, to_group=True)

    def close(self) -> None:
        """Read no more."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        """Take a chunk of its output."""
        try:
            data = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._fd)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._tell(line)
        if len(self._rest) > _LINE_BYTES:
            self._tell(self._rest)
            self._rest = b""

    def _tell(self, line: bytes) -> None:
        self._lines += 1
        if self._lines <= _MOST_LINES:
            text = line[:_LINE_BYTES].decode(errors="replace").rstrip()
            self._say(f"{text}..." if len(line) > _LINE_BYTES else text)
