"""A keeper in a process of its own, whose programs are real and whose brains say what the test wants."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from warden.runtime.courier import Courier, Gone, Message
from warden.runtime.spawn import SpawnPlan

ALARM_SECONDS = 40.0

# Hands its connection to the test, and ends with the status that the test wishes.
BRAIN = """
import os, socket, sys
room = socket.socket(socket.AF_UNIX)
room.connect(sys.argv[1])
connection = int(os.environ["WARDEN_BRAIN"])
socket.send_fds(room, [str(os.getpid()).encode()], [connection])
os.close(connection)
os._exit(int(room.recv(10) or 0))
"""

# What ``runtime.kept.split`` does, but for the exec: without site packages nobody could measure what is covered.
KEEPER = """
import ctypes, json, signal, subprocess, sys
from warden.runtime import bundles
from warden.runtime.courier import ENVIRONMENT, HEARD, Courier
from warden.runtime.keeper import main
command = json.loads(sys.argv[1])
bundles._FEW = bundles._MOST_AT_HAND = int(sys.argv[2])
ours, theirs = Courier.pair()
ours.send({"argv": command, "facts": {"name": "kept", "here": "/"}})
number = ours.socket.fileno()
signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
brain = subprocess.Popen(command, env={ENVIRONMENT: str(number)}, pass_fds=[number], process_group=0)
brain.returncode = 0
ours.close()
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
sys.exit(main(theirs.detach(), brain.pid))
"""


class FakeBrain:
    """A brain that the keeper has started; the test speaks for it."""

    def __init__(self, pid: int, connection: socket.socket, room: socket.socket) -> None:
        self.pid = pid
        self._courier = Courier(connection)
        self._room = room

    def wish(self, do: str, fds: Sequence[int] = (), /, **more: object) -> None:
        """Send a wish."""
        self._courier.send({"do": do, **more}, fds)

    def hear(self) -> tuple[Message, list[int]]:
        """Return the next message with its descriptors."""
        readable, _, _ = select.select([self._courier.socket], [], [], ALARM_SECONDS)
        assert readable, "the keeper says nothing"
        received = self._courier.receive()
        assert received is not None
        return received

    def hears(self, say: str) -> Message:
        """Return the next message, which must be of that kind."""
        message, _ = self.hear()
        assert message["say"] == say, message
        return message

    def ask(self, *, programs: bool = True) -> tuple[Message, dict[str, int], list[tuple[Message, list[int]]]]:
        """Return all that the keeper has: facts, held descriptors by name, children with their pipe ends."""
        facts: Message = {}
        held: dict[str, int] = {}
        children: list[tuple[Message, list[int]]] = []
        first, last = True, False
        while not last:
            self.wish("hello", first=first, programs=programs)
            first = False
            message, fds = self.hear()
            assert message["say"] == "part", message
            last = message["last"]
            facts.update(message.get("facts", {}))
            held.update(zip(message.get("held", ()), fds, strict="children" not in message and "facts" not in message))
            for row in message.get("children", ()):
                children.append((row, fds[: row["fds"]]))
                fds = fds[row["fds"] :]
        return facts, held, children

    def spawn(
        self, life: int, *argv: str, ends: Sequence[int] = (), stdin: int | None = None, stdout: int | None = None
    ) -> int:
        """Let the keeper start a program, with /dev/null where nothing else is said; return its pid."""
        with open(os.devnull, "r+b") as nothing:
            channels = [nothing.fileno() if fd is None else fd for fd in (stdin, stdout, None)]
            fds = [*channels, *ends]
            plan = SpawnPlan(argv, argv[0], {"PATH": os.environ["PATH"]}).pack()
            self.wish("spawn", fds, life=life, tag={"name": f"p{life}"}, plan=plan, fds=len(fds))
        answer = self.hears("spawned")
        assert answer["life"] == life
        return int(answer["pid"])

    def end(self, status: int) -> None:
        """Let the process of the brain end."""
        self._room.send(str(status).encode())

    def kill(self) -> None:
        """Kill the process of the brain."""
        os.kill(self.pid, signal.SIGKILL)

    def is_cut_off(self) -> bool:
        """Wait for the keeper to close the connection."""
        try:
            while True:
                self.hear()
        except Gone:
            return True

    def close(self) -> None:
        """Let go of connection and process."""
        self._courier.close()
        self._room.close()


class BrainRoom:
    """The place where brains report, and the command that starts one."""

    def __init__(self, folder: Path) -> None:
        self._room = socket.socket(socket.AF_UNIX)
        self._room.bind(str(folder / "room"))
        self._room.listen()
        self._room.settimeout(ALARM_SECONDS)
        self.program = folder / "brain"
        self.command = [str(self.program), str(folder / "room")]
        self.brains: list[FakeBrain] = []
        self.program.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S -c '{BRAIN}' \"$1\"\n", encoding="utf-8")
        self.program.chmod(0o755)

    def next_brain(self) -> FakeBrain:
        """Wait for one to be started."""
        connection, _ = self._room.accept()
        connection.settimeout(ALARM_SECONDS)
        pid, fds, _, _ = socket.recv_fds(connection, 20, 1)
        brain = FakeBrain(int(pid), socket.socket(fileno=fds[0]), connection)
        self.brains.append(brain)
        return brain

    def brain_that_is_up(self) -> FakeBrain:
        """Wait for one, and let it say that all is well."""
        brain = self.next_brain()
        brain.wish("up")
        return brain

    def close(self) -> None:
        """Let nobody report any more."""
        for brain in self.brains:
            brain.close()
        self._room.close()


class KeeperStage(BrainRoom):
    """A keeper that has the descriptors of so many children at hand, and the place where its brains report."""

    def __init__(self, folder: Path, most_at_hand: int) -> None:
        super().__init__(folder)
        self.process = subprocess.Popen([sys.executable, "-c", KEEPER, json.dumps(self.command), str(most_at_hand)])

    def status(self) -> int:
        """Wait for the end of the keeper."""
        try:
            return self.process.wait(ALARM_SECONDS)
        finally:
            self.process.kill()

    def close(self) -> None:
        """Let the brain say goodbye, so that the keeper ends as it does in life, and with it whatever it keeps."""
        for brain in self.brains:
            brain.wish("bye", status=0)
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself
                    child.kill()
        self.status()
        super().close()


def read_all(fd: int) -> bytes:
    """Read until nobody can write any more."""
    with open(fd, "rb", closefd=False) as file:
        return file.read()
