"""``pidproxy``: run a command, and pass signals on to the process whose pid stands in a file.

For programs that put themselves into the background: the supervisor watches
this process, and its signals reach the real one.
"""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

USAGE = """\
pidproxy runs a command and passes the signals it gets on to the process whose
pid stands in a file.

Usage: {program} <pidfile name> <command> [<cmdarg1> ...]
"""
FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)
STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
GRACE_SECONDS = 5.0  # how long the command may take to follow a target that was stopped
_LOOK_AGAIN_SECONDS = 0.2  # only where the system cannot tell us that a foreign process ended
_LARGEST_PID = 2**31 - 1


class ForeignProcess:
    """A process that is perhaps no child of ours; tells when it has ended.

    ``fd`` is readable then; it is -1 where the system has no such descriptors.
    """

    def __init__(self, pid: int) -> None:
        """Raise ProcessLookupError if there is no such process."""
        self._pid = pid
        self.fd = -1
        if hasattr(os, "pidfd_open"):
            try:
                self.fd = os.pidfd_open(pid)
            except ProcessLookupError:
                raise
            except OSError:  # an old kernel, or a sandbox that forbids it
                self.fd = -1

    def has_ended(self) -> bool:
        """Look whether it has ended."""
        if self.fd >= 0:
            return bool(select.select([self.fd], [], [], 0)[0])
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def close(self) -> None:
        """Forget the process."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Proxy:
    """Passes signals on until its command has ended, or a stop signal has had its effect.

    After a stop signal it waits for the target to end and then, for ``grace``
    seconds, for the command.
    """

    def __init__(self, pidfile: str, child: subprocess.Popen[bytes], signals: int, grace: float) -> None:
        self._pidfile = pidfile
        self._child = child
        self._signals = signals  # each byte that can be read there is the number of a signal
        self._grace = grace
        self._target: ForeignProcess | None = None  # that we were told to stop
        self._give_up_at: float | None = None

    def run(self) -> int:
        """Return the status of the command as Popen has it, 0 if it lives on after a stop."""
        while not self._is_over():
            self._wait()
            for signum in self._received():
                if signum != signal.SIGCHLD:  # _is_over looks for that
                    self._forward(signum)
        return self._child.returncode or 0

    def _is_over(self) -> bool:
        command_ended = self._child.poll() is not None
        if self._target is None:
            return command_ended or (self._give_up_at is not None and time.monotonic() >= self._give_up_at)
        if not self._target.has_ended():
            return False
        self._watch(None)
        self._give_up_at = time.monotonic() + self._grace
        return command_ended

    def _wait(self) -> None:
        descriptors = [self._signals]
        timeout = None
        if self._target is not None and self._target.fd >= 0:
            descriptors.append(self._target.fd)
        elif self._target is not None:
            timeout = _LOOK_AGAIN_SECONDS
        elif self._give_up_at is not None:
            timeout = max(0.0, self._give_up_at - time.monotonic())
        select.select(descriptors, [], [], timeout)

    def _received(self) -> bytes:
        try:
            return os.read(self._signals, 512)
        except BlockingIOError:
            return b""

    def _forward(self, signum: int) -> None:
        pid = self._target_pid()
        if pid is None:
            _say(f"Can't read child pidfile {self._pidfile}!")
            return
        try:
            target = ForeignProcess(pid)
            os.kill(pid, signum)
        except OSError as error:
            _say(f"Can't send {signal.Signals(signum).name} to {pid}: {error.strerror}")
            return
        if signum in STOPPING:
            self._watch(target)
        else:
            target.close()

    def _watch(self, target: ForeignProcess | None) -> None:
        if self._target is not None:
            self._target.close()
        self._target = target

    def _target_pid(self) -> int | None:
        try:
            with open(self._pidfile, "rb") as file:
                pid = int(file.read(64))
        except (OSError, ValueError):
            return None
        # 0 and negative numbers mean process groups to kill(); our own pid would be an endless circle
        return pid if 0 < pid <= _LARGEST_PID and pid != os.getpid() else None


def main(argv: Sequence[str] | None = None, *, grace: float = GRACE_SECONDS) -> int:
    """Run the program and return its exit status: that of the command.

    A command that dies by a signal takes this process with it by the same signal.
    """
    program, *arguments = sys.argv if argv is None else argv
    if len(arguments) < 2:
        _say(USAGE.format(program=program))
        return 1
    pidfile, command = arguments[:2]
    path = _find(command)
    if path is None:
        _say(f"Can't find command {command!r}")
        return 127
    signals = _catch_signals()
    try:
        # what we inherited is meant for the command, as if it had been started directly
        child = subprocess.Popen(arguments[1:], executable=path, close_fds=False)
    except OSError as error:
        _say(f"Can't execute {command!r}: {error.strerror}")
        return 126
    status = Proxy(pidfile, child, signals, grace).run()
    return status if status >= 0 else _die_by(-status)


def _find(command: str) -> str | None:
    """Return an absolute path: from the current directory if it is there, else from PATH."""
    if "/" in command or (os.path.isfile(command) and os.access(command, os.X_OK)):
        return os.path.abspath(command)
    return shutil.which(command)


def _catch_signals() -> int:
    """Return a descriptor on which the numbers of the signals that come from now on can be read."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in (*FORWARDED, signal.SIGCHLD):
        signal.signal(signum, lambda _signum, _frame: None)  # the number on the pipe is all we need
    return reader


def _die_by(signum: int) -> int:
    """End by ``signum``, without a core file of our own; return the shell's number for it if that fails."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):  # SIGKILL has no handler to reset
        signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    return 128 + signum


def _say(text: str) -> None:
    with suppress(OSError):  # a reader that is gone must neither end us nor change our exit status
        os.write(1, f"{text}\n".encode("utf-8", "surrogateescape"))
