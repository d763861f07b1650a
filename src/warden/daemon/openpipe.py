"""One output pipe of one child: our end of it, and how far what came through it got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from warden.daemon.notes import Notes
from warden.daemon.records import Process
from warden.words import Channel


class Owner(Protocol):
    """Who has opened the pipe, and closes it."""

    def end_of_output(self, pipe: OpenPipe) -> None:
        """Hear that nothing more comes."""
        ...


class OpenPipe:
    """A source for ``runtime.pipes``: what is read goes to the channel's log and to those who converse with the child.

    What the log holds back is remembered after each chunk.
    """

    __slots__ = ("_log", "_noted", "_notes", "_output", "_owner", "channel", "fd", "process")

    def __init__(
        self,
        process: Process,
        channel: Channel,
        fd: int,
        log: Callable[[bytes], None],
        notes: Notes,
        owner: Owner,
    ) -> None:
        self.process = process
        self.channel = channel
        self.fd = fd
        self._output = process.outputs[channel]
        self._log = log
        self._notes = notes
        self._owner = owner
        self._noted = True  # somebody before us may have noted something

    @property
    def number(self) -> int:
        """What tells it from all others that whoever comes after us may know of."""
        return 2 * self.process.life + (self.channel is Channel.STDERR)

    @property
    def is_conversation(self) -> bool:
        """Whether the child waits for us to answer."""
        return self.channel is Channel.STDOUT and self.process.on_stdout is not None

    def position(self) -> tuple[int, int]:
        """Return inode and size of the log file."""
        return self._output.position

    def take(self, data: bytes) -> None:
        """Take a chunk."""
        self._log(data)
        self.note()
        if self.process.on_stdout is not None and self.channel is Channel.STDOUT:
            self.process.on_stdout(data)
        if self.process.tap is not None:
            self.process.tap(self.channel, data)

    def note(self) -> None:
        """Remember what the channel holds back."""
        if self._noted or self._output.holds:
            self._noted = self._output.holds
            self._notes.held_back(self.process, self.channel)

    def end(self) -> None:
        """Hear that there is no more."""
        self._owner.end_of_output(self)
