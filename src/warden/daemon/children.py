"""Gives processes their children: command, environment, pipes and logs before, the rest of the output after."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from warden.config.model import FcgiSocketConfig, ProcessConfig
from warden.daemon import command
from warden.daemon.flusher import Flusher
from warden.daemon.records import Child, OpenPipe, Process
from warden.errors import RequestError
from warden.logs.mainlog import MainLog
from warden.logs.targets import Waiting
from warden.runtime.identity import errno_name, identity_for_child
from warden.runtime.limits import clear_away, orders
from warden.runtime.pipes import InputPipe, OutputPipes, read_rest
from warden.runtime.reaper import Reaper
from warden.runtime.sockets import SharedSocket
from warden.runtime.spawn import Identity, SpawnPlan, spawn
from warden.words import Channel, ExitStatus

_User = tuple[int | None, int | None, tuple[int, ...]]  # as a configuration has them: uid, gid, more groups


class CannotSpawn(Exception):
    """There is no child; the text is the reference's ``spawnerr``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wiring:
    """The pipes of a child: its three descriptors, and our ends."""

    stdin: int
    stdout: int
    stderr: int
    our_stdin: int | None
    outputs: dict[Channel, OpenPipe]


class Children:
    """Starts children and hands back their exits, after their last output.

    ``serverurl`` is the AUTO value of SUPERVISOR_SERVER_URL, None without a
    server.  ``on_exit`` is called on the loop, once for each child.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        reaper: Reaper,
        log: MainLog,
        serverurl: str | None,
        on_exit: Callable[[Process, ExitStatus], None],
        flusher: Flusher,
    ) -> None:
        self._loop = loop
        self._reaper = reaper
        self._log = log
        self._serverurl = serverurl
        self._on_exit = on_exit
        self._flusher = flusher
        self._pipes = OutputPipes(loop)
        self._environ = dict(os.environ)
        self._sockets: dict[FcgiSocketConfig, SharedSocket] = {}
        self._users: dict[_User, Identity | str | None] = {}

    def resolve(self, config: ProcessConfig) -> tuple[tuple[str, ...], str]:
        """Return the words of the command and the file to execute.

        Raises:
            NoFile, NotExecutable: it cannot be executed; reference's texts.
        """
        argv = command.split(config.command)
        return argv, command.resolve(config, argv[0], self._environ.get("PATH"))

    def start(self, process: Process) -> int:
        """Start a child for ``process``, connect its pipes and return its pid.

        Raises:
            CannotSpawn: there is no child, and nothing is left open.
        """
        try:
            argv, executable = self.resolve(process.config)
        except RequestError as error:
            raise CannotSpawn(str(error)) from None
        with ExitStack() as theirs, ExitStack() as undo:
            try:
                wiring = self._wire(process, theirs, undo)
            except OSError as error:
                raise CannotSpawn(_dispatcher_error(process.name, error)) from None
            try:
                pid = spawn(self._plan(process, argv, executable, wiring))
            except OSError as error:
                raise CannotSpawn(_fork_error(process.name, error)) from None
            undo.pop_all()
        self._reaper.register(pid, partial(self._ended, process))
        stdin = None if wiring.our_stdin is None else InputPipe(self._loop, wiring.our_stdin)
        process.child = Child(pid, stdin, wiring.outputs)
        for channel, pipe in wiring.outputs.items():
            at_end = partial(self._end_of_output, process, channel)
            self._pipes.add(
                pipe.fd, pipe.take, at_end, prompt=process.on_stdout is not None and channel is Channel.STDOUT
            )
            self._follow(process, channel)  # what its predecessor wrote may still wait
        return pid

    def _wire(self, process: Process, theirs: ExitStack, undo: ExitStack) -> _Wiring:
        """Open pipes and logs; ``theirs`` closes the child's ends, ``undo`` everything else."""

        def pipe(*, child_reads: bool) -> tuple[int, int]:
            reader, writer = os.pipe()
            ours, child = (writer, reader) if child_reads else (reader, writer)
            undo.callback(os.close, ours)
            theirs.callback(os.close, child)
            return ours, child

        config = process.config
        our_stdin: int | None = None
        if config.socket is None:
            our_stdin, stdin = pipe(child_reads=True)
        else:
            stdin = self._acquire(config.socket, undo)
        ours, stdout = pipe(child_reads=False)
        fds, stderr = {Channel.STDOUT: ours}, stdout
        if not config.redirect_stderr:
            fds[Channel.STDERR], stderr = pipe(child_reads=False)
        for channel in fds:
            undo.callback(process.outputs[channel].close)
        outputs = {channel: OpenPipe(fd, _taker(process, channel)) for channel, fd in fds.items()}
        return _Wiring(stdin=stdin, stdout=stdout, stderr=stderr, our_stdin=our_stdin, outputs=outputs)

    def _acquire(self, config: FcgiSocketConfig, undo: ExitStack) -> int:
        shared = self.shared_socket(config)
        try:
            fd = shared.acquire()
        except OSError as error:
            raise CannotSpawn(socket_error(config, error)) from None
        undo.callback(shared.release)
        return fd

    def shared_socket(self, config: FcgiSocketConfig) -> SharedSocket:
        """Return the one socket of an fcgi-program, whoever uses it."""
        if config not in self._sockets:
            self._sockets[config] = SharedSocket(config, self._log.info)
        return self._sockets[config]

    def _plan(self, process: Process, argv: tuple[str, ...], executable: str, wiring: _Wiring) -> SpawnPlan:
        config = process.config
        user = self._user(config)
        return SpawnPlan(
            argv=argv,
            executable=executable,
            env=self._environment(process),
            cwd=config.directory,
            umask=-1 if config.umask is None else config.umask,
            identity=user if isinstance(user, Identity) else None,
            refusal=user if isinstance(user, str) else None,
            limits=orders(config.limits, process.namespec),
            stdin=wiring.stdin,
            stdout=wiring.stdout,
            stderr=wiring.stderr,
        )

    def _environment(self, process: Process) -> Mapping[str, str]:
        environment = dict(self._environ)
        environment["SUPERVISOR_ENABLED"] = "1"
        serverurl = process.config.serverurl or self._serverurl
        if serverurl:
            environment["SUPERVISOR_SERVER_URL"] = serverurl
        environment["SUPERVISOR_PROCESS_NAME"] = process.name
        environment["SUPERVISOR_GROUP_NAME"] = process.group
        environment.update(process.config.environment)
        return environment

    def _user(self, config: ProcessConfig) -> Identity | str | None:
        wanted = config.uid, config.gid, config.groups
        if wanted not in self._users:  # looked up once: the name service may be slow
            self._users[wanted] = identity_for_child(*wanted)
        return self._users[wanted]

    def hold(self, process: Process, channel: Channel, sink: Waiting) -> None:
        """Look after a log that cannot take its data at once.

        While it is only slow nothing more is read from the program, which then
        waits in its own write, as it would if it wrote there itself.
        """
        self._flusher.wait(sink, partial(self._follow, process, channel))
        self._follow(process, channel)

    def _follow(self, process: Process, channel: Channel) -> None:
        """Read what the program writes while its log is not blocked; a broken log does not hold a program."""
        pipe = process.child.outputs.get(channel) if process.child is not None else None
        if pipe is None:
            return
        if process.outputs[channel].blocked:
            self._pipes.pause(pipe.fd)
        else:
            self._pipes.resume(pipe.fd)

    def close(self) -> None:
        """Stop reading; there are no children any more."""
        self._pipes.close()

    def _end_of_output(self, process: Process, channel: Channel) -> None:
        assert process.child is not None
        fd = process.child.outputs.pop(channel).fd
        os.close(fd)
        self._log.debug(f"fd {fd} closed, stopped monitoring <{process.name} ({channel})>")

    def _ended(self, process: Process, status: ExitStatus) -> None:
        """Read what the child left in its pipes, then close everything that was its."""
        child = process.child
        assert child is not None
        for pipe in child.outputs.values():
            self._pipes.remove(pipe.fd)
            read_rest(pipe.fd, pipe.take)
            os.close(pipe.fd)
        if child.stdin is not None:
            child.stdin.close()
        process.child = None
        for output in process.outputs.values():
            output.close()
        if process.config.socket is not None:
            self._sockets[process.config.socket].release()
        clear_away(process.config.limits, process.namespec)
        self._on_exit(process, status)


def _taker(process: Process, channel: Channel) -> Callable[[bytes], None]:
    """Open the channel's log and return what takes the child's output."""
    log, hear = process.outputs[channel].open(), process.on_stdout
    if hear is None or channel is not Channel.STDOUT:
        return log

    def take(data: bytes) -> None:
        log(data)
        hear(data)

    return take


def socket_error(config: FcgiSocketConfig, error: OSError) -> str:
    """Say why the socket of an fcgi-program cannot be opened, in the reference's words."""
    return f"Could not create FastCGI socket {config.url}: {error}"


def _dispatcher_error(name: str, error: OSError) -> str:
    if error.errno == errno.EMFILE:
        return f"too many open files to spawn {name!r}"
    return f"unknown error making dispatchers for {name!r}: {errno_name(error)}"


def _fork_error(name: str, error: OSError) -> str:
    if error.errno == errno.EAGAIN:
        return f"Too many processes in process table to spawn {name!r}"
    return f"unknown error during fork for {name!r}: {errno_name(error)}"
