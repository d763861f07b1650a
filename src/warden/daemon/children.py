"""Gives processes their children: command, environment, pipes and logs before, the rest of the output after."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from warden.config.model import FcgiSocketConfig, ProcessConfig
from warden.daemon import command
from warden.daemon.flusher import Flusher
from warden.daemon.notes import Notes
from warden.daemon.openpipe import OpenPipe
from warden.daemon.records import Child, Process
from warden.daemon.vitals import Gear
from warden.errors import RequestError
from warden.frozen import frozen
from warden.logs.mainlog import MainLog
from warden.logs.targets import Waiting
from warden.runtime.identity import errno_name, identity_for_child
from warden.runtime.limits import clear_away, orders
from warden.runtime.parent import FoundChild, Parent
from warden.runtime.pipes import InputPipe, OutputPipes
from warden.runtime.sockets import SharedSocket
from warden.runtime.spawn import Identity, SpawnPlan
from warden.words import Channel, ExitStatus

_User = tuple[int | None, int | None, tuple[int, ...]]  # as a configuration has them: uid, gid, more groups


class CannotSpawn(Exception):
    """There is no child; the text is the reference's ``spawnerr``."""


@frozen(kw_only=True)
class _Wiring:
    """The pipes of a child: its three descriptors, and our ends."""

    stdin: int
    stdout: int
    stderr: int
    ours: dict[str, int]  # our ends by name: stdin, stdout, stderr
    takers: dict[Channel, Callable[[bytes], None]]


class Audience(Protocol):
    """Who wants to know what becomes of children; called on the loop."""

    def on_birth(self, process: Process, pid: int) -> None:
        """Hear that the child exists."""
        ...

    def on_refusal(self, process: Process, reason: str) -> None:
        """Hear that there will be no child; the reference's ``spawnerr``."""
        ...

    def on_exit(self, process: Process, status: ExitStatus, at: float) -> None:
        """Hear how a child has ended, and when on the monotonic clock; after its last output."""
        ...


class Children:
    """Starts children and tells ``audience`` what becomes of them.

    ``serverurl`` is the AUTO value of SUPERVISOR_SERVER_URL, None without a
    server.  ``equip`` opens what a child needs to tell of itself.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        notes: Notes,
        log: MainLog,
        serverurl: str | None,
        audience: Audience,
        flusher: Flusher,
        equip: Callable[[Process], Gear],
    ) -> None:
        self._loop = loop
        self._parent = parent
        self._notes = notes
        self._log = log
        self._serverurl = serverurl
        self._audience = audience
        self._flusher = flusher
        self._equip = equip
        self._pipes = OutputPipes(loop, notes.slot)
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

    @property
    def crowded(self) -> bool:
        """Whether more starts would only queue up."""
        return self._parent.crowded

    def start(self, process: Process) -> None:
        """Begin to start a child for ``process``, known as ``process.life``; the audience hears what becomes of it.

        Raises:
            CannotSpawn: there will be no child, and nothing is left open.
        """
        try:
            argv, executable = self.resolve(process.config)
        except RequestError as error:
            raise CannotSpawn(str(error)) from None
        with ExitStack() as theirs, ExitStack() as undo:
            try:
                gear = self._equip(process)
                wiring = self._wire(process, theirs, undo)
            except OSError as error:
                raise CannotSpawn(_dispatcher_error(process.name, error)) from None
            plan = self._plan(process, argv, executable, wiring, gear)
            unborn = _Unborn(self, process, wiring, undo.pop_all())
            policy = process.config.policy
            stop = [policy.stopsignal, policy.stopwaitsecs, policy.stopasgroup, policy.killasgroup]
            marked = {"mark": process.mark} if process.mark else {}
            tag = {"name": process.namespec, "ends": list(wiring.ours), "stop": stop, **marked}
            self._parent.spawn(process.life, tag, plan, tuple(wiring.ours.values()), unborn)

    def settle(self, process: Process) -> None:
        """Wait until it is known what became of a start: for plugins, which expect that."""
        self._parent.settle(process.life)

    def find(self, process: Process, found: FoundChild) -> None:
        """Go on with a child that a brain before us has started."""
        ours = dict(zip(found.tag["ends"], found.ends, strict=False))  # without room for all, the last are missing
        takers = {channel: process.outputs[channel].open(patient=True) for channel in Channel if channel in ours}
        if process.config.socket is not None:
            self.shared_socket(process.config.socket).join()
        self._connect(process, found.pid, ours, takers)
        self._parent.adopt(found, _Born(self, process))

    def connect(self, process: Process, pid: int, wiring: _Wiring) -> None:
        """A child is born: listen to it."""
        self._connect(process, pid, wiring.ours, wiring.takers)
        self._audience.on_birth(process, pid)

    def _connect(
        self, process: Process, pid: int, ours: dict[str, int], takers: dict[Channel, Callable[[bytes], None]]
    ) -> None:
        stdin = InputPipe(self._loop, ours["stdin"]) if "stdin" in ours else None
        pipes = (OpenPipe(process, channel, ours[channel], take, self._notes, self) for channel, take in takers.items())
        process.child = Child(pid, stdin, tuple(pipes))
        for pipe in process.child.pipes:
            self._pipes.add(pipe.fd, pipe, prompt=pipe.is_conversation)
            self._follow(process, pipe.channel)  # what its predecessor wrote may still wait

    def refuse(self, process: Process, error: OSError, undo: ExitStack) -> None:
        """There is no child: close what was open for it."""
        undo.close()
        self._audience.on_refusal(process, _fork_error(process.name, error))

    def _wire(self, process: Process, theirs: ExitStack, undo: ExitStack) -> _Wiring:
        """Open pipes and logs; ``theirs`` closes the child's ends, ``undo`` everything else."""

        def pipe(name: str, *, child_reads: bool) -> int:
            reader, writer = os.pipe()
            mine, child = (writer, reader) if child_reads else (reader, writer)
            undo.callback(os.close, mine)
            theirs.callback(os.close, child)
            ours[name] = mine
            return child

        config = process.config
        ours: dict[str, int] = {}
        stdin = pipe("stdin", child_reads=True) if config.socket is None else self._acquire(config.socket, undo)
        stdout = stderr = pipe(Channel.STDOUT, child_reads=False)
        if not config.redirect_stderr:
            stderr = pipe(Channel.STDERR, child_reads=False)
        takers = {channel: self._taker(process, channel, undo) for channel in Channel if channel in ours}
        return _Wiring(stdin=stdin, stdout=stdout, stderr=stderr, ours=ours, takers=takers)

    def _taker(self, process: Process, channel: Channel, undo: ExitStack) -> Callable[[bytes], None]:
        undo.callback(process.outputs[channel].close)
        return process.outputs[channel].open()

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
            name = socket_name(config)
            self._sockets[config] = SharedSocket(
                config,
                self._log.info,
                on_open=lambda fd: self._parent.hold(name, fd),
                on_close=lambda: self._parent.drop(name),
                inherited=self._parent.inherit(name),
            )
        return self._sockets[config]

    def _plan(self, process: Process, argv: tuple[str, ...], executable: str, wiring: _Wiring, gear: Gear) -> SpawnPlan:
        limits = orders(process.config.limits, process.namespec)
        if gear.fifo is not None:
            limits = {**(limits or {}), "fifo": gear.fifo}
        return self._bare_plan(process, argv, executable)._replace(
            env={**self._environment(process), **gear.environment},
            limits=limits,
            stdin=wiring.stdin,
            stdout=wiring.stdout,
            stderr=wiring.stderr,
        )

    def _bare_plan(self, process: Process, argv: tuple[str, ...], executable: str) -> SpawnPlan:
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
        )

    def aside(self, process: Process, text: str) -> SpawnPlan:
        """Return the plan of another command that runs as the program does, without output.

        Raises:
            NoFile, NotExecutable: it cannot be executed.
        """
        argv = command.split(text)
        executable = command.resolve(process.config, argv[0], self._environ.get("PATH"))
        return self._bare_plan(process, argv, executable)

    def _environment(self, process: Process) -> Mapping[str, str]:
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

    def hold(self, process: Process, channel: Channel, sink: Waiting) -> None:
        """Look after a log that cannot take its data at once.

        While it is only slow nothing more is read from the program, which then
        waits in its own write, as it would if it wrote there itself.
        """
        self._flusher.wait(sink, partial(self._follow, process, channel))
        self._follow(process, channel)

    def _follow(self, process: Process, channel: Channel) -> None:
        """Read what the program writes while its log is not blocked; a broken log does not hold a program."""
        pipe = process.child.pipe(channel) if process.child is not None else None
        if pipe is None:
            return
        if process.outputs[channel].blocked:
            self._pipes.pause(pipe.fd)
        else:
            self._pipes.resume(pipe.fd)

    def leave(self, processes: Iterable[Process]) -> None:
        """Let go of all children: the parent has them still."""
        self._pipes.close()
        for process in processes:
            child = process.child
            if child is not None:
                for pipe in child.pipes:
                    os.close(pipe.fd)
                if child.stdin is not None:
                    child.stdin.close()
        for shared in self._sockets.values():
            shared.leave()

    def close(self) -> None:
        """Stop reading; there are no children any more."""
        self._pipes.close()

    def end_of_output(self, pipe: OpenPipe) -> None:
        """Close a pipe through which nothing more comes."""
        child = pipe.process.child
        assert child is not None
        child.pipes = tuple(other for other in child.pipes if other is not pipe)
        os.close(pipe.fd)
        self._log.debug(f"fd {pipe.fd} closed, stopped monitoring <{pipe.process.name} ({pipe.channel})>")

    def end(self, process: Process, status: ExitStatus, at: float) -> None:
        """Read what a child left in its pipes, then close everything that was its."""
        child = process.child
        assert child is not None
        for pipe in child.pipes:
            self._pipes.remove(pipe.fd)
            self._pipes.drain(pipe.fd, pipe)
            os.close(pipe.fd)
        if child.stdin is not None:
            child.stdin.close()
        process.child = None
        for output in process.outputs.values():
            output.close()
        if process.config.socket is not None:
            self._sockets[process.config.socket].release()
        clear_away(process.config.limits, process.namespec)
        life = process.life
        self._audience.on_exit(process, status, at)
        self._parent.bury(life)  # last: until then whoever comes after us hears of it again


class _Born:
    """Waits for the end of a child."""

    __slots__ = ("_children", "_process")

    def __init__(self, children: Children, process: Process) -> None:
        self._children = children
        self._process = process

    def born(self, pid: int) -> None:
        """Nothing to do: it lives already."""

    def refused(self, error: OSError) -> None:
        """Nothing to do: it lives already."""

    def ended(self, status: ExitStatus, at: float) -> None:
        """Hear how it ended."""
        self._children.end(self._process, status, at)


class _Unborn(_Born):
    """Waits for the birth of a child, and then for its end."""

    __slots__ = ("_undo", "_wiring")

    def __init__(self, children: Children, process: Process, wiring: _Wiring, undo: ExitStack) -> None:
        super().__init__(children, process)
        self._wiring = wiring
        self._undo = undo

    def born(self, pid: int) -> None:
        """Hear that it exists."""
        undo, wiring = self._undo, self._wiring
        del self._undo, self._wiring  # a kilobyte that is for the birth alone; the child may live for years
        undo.pop_all()
        self._children.connect(self._process, pid, wiring)

    def refused(self, error: OSError) -> None:
        """Hear that it does not."""
        self._children.refuse(self._process, error, self._undo)


def socket_name(config: FcgiSocketConfig) -> str:
    """Return the name under which the socket of an fcgi-program is held."""
    return f"fcgi {config.program} {config.url}"


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
