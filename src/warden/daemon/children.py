"""Gives processes their children: pipes and logs before, the rest of the output after."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from warden.config.model import FcgiSocketConfig
from warden.daemon.flusher import Flusher
from warden.daemon.notes import Notes
from warden.daemon.openpipe import OpenPipe
from warden.daemon.plans import Plans, equipped
from warden.daemon.records import Child, Process
from warden.daemon.reflexes import Reflexes
from warden.daemon.strays import put_down
from warden.daemon.vitals import Gear
from warden.errors import RequestError
from warden.logs.mainlog import MainLog
from warden.logs.targets import Waiting
from warden.runtime.courier import new_life
from warden.runtime.identity import errno_name
from warden.runtime.limits import clear_away
from warden.runtime.parent import FoundChild, Parent
from warden.runtime.pipes import InputPipe, OutputPipes
from warden.runtime.sockets import SharedSocket
from warden.runtime.wiring import Wiring
from warden.words import Channel, ExitStatus

Takers = dict[Channel, Callable[[bytes], None]]  # what takes the output


class CannotSpawn(Exception):
    """There is no child; the text is the reference's ``spawnerr``."""


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

    ``plans`` say what they are started with, ``equip`` opens what they need to tell of themselves.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        parent: Parent,
        notes: Notes,
        log: MainLog,
        plans: Plans,
        audience: Audience,
        flusher: Flusher,
        equip: Callable[[Process], Gear],
    ) -> None:
        self._loop = loop
        self._parent = parent
        self._notes = notes
        self._log = log
        self._plans = plans
        self._audience = audience
        self._flusher = flusher
        self._equip = equip
        self.reflexes = Reflexes(parent.reflexes)
        self._successors: dict[Process, FoundChild] = {}  # that the parent has started, and we have not asked for
        self._pipes = OutputPipes(loop, notes.slot)
        self._sockets: dict[FcgiSocketConfig, SharedSocket] = {}

    @property
    def crowded(self) -> bool:
        """Whether more starts would only queue up."""
        return self._parent.crowded

    def next_life(self, process: Process) -> int:
        """Return the number for the next start of ``process``."""
        successor = self._successors.get(process)
        return new_life() if successor is None else successor.life

    def start(self, process: Process) -> None:
        """Begin to start a child for ``process``, known as ``process.life``; the audience hears what becomes of it.

        Raises:
            CannotSpawn: there will be no child, and nothing is left open.
        """
        if process in self._successors:
            self._go_on_with(process, self._successors[process])
            return
        try:
            plan = equipped(self._plans.child(process), self._equip(process))
            wiring, takers = self._wire(process)
        except RequestError as error:
            self._close_logs(process)
            raise CannotSpawn(str(error)) from None
        except OSError as error:
            self._close_logs(process)
            raise CannotSpawn(_dispatcher_error(process.name, error)) from None
        plan = plan.but(stdin=wiring.stdin, stdout=wiring.stdout, stderr=wiring.stderr)
        policy = process.config.policy
        stop = [policy.stopsignal, policy.stopwaitsecs, policy.stopasgroup, policy.killasgroup]
        tag: dict[str, object] = {"name": process.namespec, "ends": list(wiring.ours), "stop": stop}
        if process.mark:
            tag["mark"] = process.mark
        unborn = _Unborn(self, process, wiring, takers, process.config.socket)
        order = self.reflexes.order(process, plan)
        self._parent.spawn(process.life, tag, plan, tuple(wiring.ours.values()), unborn, order)
        wiring.close_theirs()

    def _go_on_with(self, process: Process, successor: FoundChild) -> None:
        """Take the child that runs already for the one that is to be started.

        Raises:
            CannotSpawn: its output could not be taken; it will be put down.
        """
        try:
            if len(successor.ends) < len(successor.tag["ends"]):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            self._connect_again(process, successor, patient=False)
        except OSError as error:
            self._close_logs(process)
            raise CannotSpawn(_dispatcher_error(process.name, error)) from None
        del self._successors[process]
        self._audience.on_birth(process, successor.pid)

    def settle(self, process: Process) -> None:
        """Wait until it is known what became of a start: for plugins, which expect that."""
        self._parent.settle(process.life)

    def find(self, process: Process, found: FoundChild) -> None:
        """Go on with a child that a brain before us has started."""
        if process.config.socket is not None:
            self.shared_socket(process.config.socket).join()
        self._connect_again(process, found, patient=True)

    def _connect_again(self, process: Process, found: FoundChild, *, patient: bool) -> None:
        ours = dict(zip(found.tag["ends"], found.ends, strict=False))  # without room for all, the last are missing
        takers = {channel: process.outputs[channel].open(patient=patient) for channel in Channel if channel in ours}
        self._connect(process, found.pid, ours, takers)
        self._parent.adopt(found, _Born(self, process))

    def connect(self, process: Process, pid: int, wiring: Wiring, takers: Takers) -> None:
        """A child is born: listen to it."""
        self._connect(process, pid, wiring.ours, takers)
        self._audience.on_birth(process, pid)

    def _connect(self, process: Process, pid: int, ours: dict[str, int], takers: Takers) -> None:
        stdin = InputPipe(self._loop, ours["stdin"]) if "stdin" in ours else None
        pipes = (OpenPipe(process, channel, ours[channel], take, self._notes, self) for channel, take in takers.items())
        process.child = Child(pid, stdin, tuple(pipes))
        for pipe in process.child.pipes:
            self._pipes.add(pipe.fd, pipe, prompt=pipe.is_conversation)
            self._follow(process, pipe.channel)  # what its predecessor wrote may still wait

    def refuse(self, process: Process, error: OSError, wiring: Wiring, socket: FcgiSocketConfig | None) -> None:
        """There is no child: close what was open for it."""
        self._undo(process, wiring, socket)
        self._audience.on_refusal(process, _fork_error(process.name, error))

    def _undo(self, process: Process, wiring: Wiring, socket: FcgiSocketConfig | None) -> None:
        wiring.close()
        self._close_logs(process)
        if socket is not None:
            self._sockets[socket].release()

    def _close_logs(self, process: Process) -> None:
        for output in process.outputs.values():
            output.close()

    def _wire(self, process: Process) -> tuple[Wiring, Takers]:
        """Open pipes and logs.

        Raises:
            OSError: that is impossible; the pipes are closed again.
            CannotSpawn: there is no socket.
        """
        config = process.config
        stdin = None if config.socket is None else self._acquire(config.socket)
        try:
            wiring = Wiring(stdin, stderr_too=not config.redirect_stderr)
        except OSError:
            if config.socket is not None:
                self._sockets[config.socket].release()
            raise
        try:
            return wiring, {channel: process.outputs[channel].open() for channel in Channel if channel in wiring.ours}
        except OSError:
            self._undo(process, wiring, config.socket)
            raise

    def _acquire(self, config: FcgiSocketConfig) -> int:
        try:
            return self.shared_socket(config).acquire()
        except OSError as error:
            raise CannotSpawn(socket_error(config, error)) from None

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

    def hear_of_end(self, process: Process, status: ExitStatus, at: float) -> None:
        """Hear of an end from the parent."""
        successor = self._parent.successor(process.life)
        if successor is not None and process.flag is None:  # it is of a configuration that counts no more
            put_down(self._parent, self._log, successor)
            successor = None
        self.end(process, status, at, successor)

    def end(self, process: Process, status: ExitStatus, at: float, successor: FoundChild | None = None) -> None:
        """Read what a child left in its pipes; tell of its end, from which another start may follow; then tidy up.

        The logs stay open for the next child if it comes at once.  A ``successor``
        that the parent has started is that next child; without a start it is put down.
        """
        child, life = process.child, process.life
        assert child is not None
        for pipe in child.pipes:
            self._pipes.remove(pipe.fd)
            self._pipes.drain(pipe.fd, pipe)
        process.child = None
        for output in process.outputs.values():
            output.finish()
        if process.config.socket is not None:
            self._sockets[process.config.socket].release()
        clear_away(process.config.limits, process.namespec)
        if successor is not None:
            self._successors[process] = successor
        self._audience.on_exit(process, status, at)
        unwanted = self._successors.pop(process, None)
        if unwanted is not None:
            put_down(self._parent, self._log, unwanted)
        for pipe in child.pipes:
            os.close(pipe.fd)
        if child.stdin is not None:
            child.stdin.close()
        if process.life == life:
            self._close_logs(process)
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
        self._children.hear_of_end(self._process, status, at)


class _Unborn(_Born):
    """Waits for the birth of a child, and then for its end."""

    __slots__ = ("_socket", "_takers", "_wiring")

    def __init__(
        self, children: Children, process: Process, wiring: Wiring, takers: Takers, socket: FcgiSocketConfig | None
    ) -> None:
        super().__init__(children, process)
        self._wiring = wiring
        self._takers = takers
        self._socket = socket

    def born(self, pid: int) -> None:
        """Hear that it exists."""
        wiring, takers = self._wiring, self._takers
        del self._wiring, self._takers  # they are for the birth alone; the child may live for years
        self._children.connect(self._process, pid, wiring, takers)

    def refused(self, error: OSError) -> None:
        """Hear that it does not."""
        self._children.refuse(self._process, error, self._wiring, self._socket)


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
