"""A daemon whose place is to be taken: looked into, halted while it is at rest, copied from, and ended."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from typing import NamedTuple

from warden.errors import StartupError
from warden.runtime import foreign, proc
from warden.runtime.polling import readable

# The system calls in which a program waits for descriptors, and read.
_WAITS = {"x86_64": {7, 23, 232, 270, 271, 281}, "aarch64": {22, 72, 73}}
_READ = {"x86_64": 0, "aarch64": 63}
_HALT_SECONDS = 1.0  # in which a process has to obey SIGSTOP


class End(NamedTuple):
    """A daemon's end ``fd`` of a pipe to a child, which is the child's ``stdin``, ``stdout`` or ``stderr``."""

    name: str
    fd: int


class Predecessor:
    """The daemon with that pid.

    Raises:
        StartupError: it is not there, or nothing can be done with it; nothing has been changed.
    """

    def __init__(self, pid: int) -> None:
        if pid == 1:
            raise StartupError("cannot take over from pid 1: its programs end with it")
        if os.uname().machine not in _WAITS:
            raise StartupError(f"cannot take over on a machine of type {os.uname().machine}")
        self.pid = pid
        try:
            pidfd = foreign.open_process(pid)
        except (AttributeError, OSError) as error:
            raise StartupError(f"cannot take over: this system has no process descriptors ({error})") from None
        if pidfd is None:
            raise StartupError(f"cannot take over: there is no process with pid {pid}")
        self._pidfd = pidfd
        self._copy_something()

    def _copy_something(self) -> None:
        """Find out whether we may at all."""
        try:
            numbers = sorted(map(int, os.listdir(f"/proc/{self.pid}/fd")))
            os.close(foreign.copy_descriptor(self._pidfd, numbers[0]))
        except (OSError, IndexError) as error:
            raise StartupError(
                f"cannot take over from pid {self.pid}: its descriptors cannot be copied ({error}); this needs "
                "Linux 5.6 and the right to trace it: be root, with CAP_SYS_PTRACE in a container"
            ) from None

    @classmethod
    def of(cls, pidfile: str) -> Predecessor:
        """Find it by its pid file.

        Raises:
            StartupError: see the class.
        """
        try:
            with open(pidfile, encoding="ascii") as file:
                pid = int(file.read())
        except (OSError, ValueError) as error:
            raise StartupError(f"cannot take over: {pidfile} tells no pid ({error})") from None
        if not any(os.path.basename(word) == "supervisord" for word in proc.command(pid)[:4]):
            raise StartupError(f"cannot take over: pid {pid} of {pidfile} is no supervisord")
        return cls(pid)

    def children(self) -> set[int]:
        """Return its children, those included that have ended and were not reaped."""
        return proc.children(self.pid)

    def ends(self, child: int) -> list[End]:
        """Find the pipes between it and a child, in the order stdin, stdout, stderr.

        A child may have given its ends to others and closed them itself.
        """
        ours = {(pipe.inode, pipe.writes): pipe.fd for pipe in proc.pipes(self.pid)}
        found: dict[str, int] = {}
        for name, holder in self._matches(child, ours):
            fd = ours.pop((holder.inode, not holder.writes), None)
            if fd is not None and name not in found:
                found[name] = fd
        return [End(name, found[name]) for name in ("stdin", "stdout", "stderr") if name in found]

    def _matches(self, child: int, ours: dict[tuple[int, bool], int]) -> Iterator[tuple[str, proc.OpenPipe]]:
        for pid in (child, *_group(child)):
            for pipe in proc.pipes(pid):
                if (pipe.inode, not pipe.writes) in ours:
                    name = ("stdin", "stdout", "stderr")[pipe.fd] if pipe.fd <= 2 else "stdin"
                    yield ("stdout" if pipe.writes and name == "stdin" else name), pipe

    def copy(self, fd: int) -> int:
        """Return a duplicate of one of its descriptors.

        Raises:
            StartupError: the system refuses.
        """
        try:
            return foreign.copy_descriptor(self._pidfd, fd)
        except OSError as error:
            raise StartupError(f"cannot copy descriptor {fd} of pid {self.pid}: {error.strerror}") from None

    def listeners(self) -> Iterator[socket.socket]:
        """Copy its listening sockets."""
        for number in proc.sockets(self.pid):
            copied = socket.socket(fileno=self.copy(number))
            if copied.type == socket.SOCK_STREAM and copied.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield copied
            else:
                copied.close()

    def halt(self) -> bool:
        """Stop it; return whether that was while it waited for something to happen, with nothing in its hands."""
        foreign.send(self._pidfd, signal.SIGSTOP)
        for _turn in range(int(_HALT_SECONDS / 0.001)):
            now = proc.stat(self.pid)
            if now is not None and now.state == "T":
                call = proc.system_call(self.pid)
                return call is not None and call[0] in _WAITS[os.uname().machine]
            self.wait(0.001)
        return False

    def resume(self) -> None:
        """Let it go on."""
        foreign.send(self._pidfd, signal.SIGCONT)

    def wait(self, seconds: float) -> None:
        """Give it time.

        Raises:
            StartupError: it ended meanwhile.
        """
        if readable(self._pidfd, seconds):
            raise StartupError(f"cannot take over: pid {self.pid} has ended")

    def end(self) -> None:
        """Kill it, and return when it is gone."""
        foreign.send(self._pidfd, signal.SIGKILL)
        readable(self._pidfd, None)


def waits_for_stdin(pid: int) -> bool | None:
    """Tell whether a process waits in a read of its stdin; None if it waits for several things at once."""
    call = proc.system_call(pid)
    if call is not None and call[0] in _WAITS[os.uname().machine]:
        return None
    return call == (_READ[os.uname().machine], 0)


def _group(leader: int) -> list[int]:
    """Return the other processes of a process group."""
    return [
        pid for pid in proc.pids() if pid != leader and (found := proc.stat(pid)) is not None and found.group == leader
    ]
