"""A file that tells the next start which programs may still run if this daemon is killed.

JSON, one fact in each line: first which boot of the machine this is, then each
birth with what is needed to recognize the child and to stop it properly, and
each end.  Only the process that has the pid *and* the start time is meant.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from warden.frozen import frozen
from warden.runtime import foreign, proc
from warden.runtime.courier import new_life
from warden.runtime.parent import FoundChild

KILLED_AT_ONCE = [9, 0, True, True]  # what a tag says of a child that somebody after us has to end: see ``Leftover``
_SPARE_LINES = 1000  # about children that have ended, before the file is written anew
_Row = dict[str, Any]


@frozen(kw_only=True)
class Leftover:
    """A program that outlived its daemon: recognized and alive, held by ``pidfd``; how it wants to be stopped."""

    name: str  # namespec
    pid: int
    age: float  # seconds
    pidfd: int
    tag: Mapping[str, Any]
    pipes: tuple[int, ...]  # inodes of the pipes that the daemon had to it, as the tag names their ends
    signum: int
    wait_seconds: int
    stop_group: bool
    kill_group: bool

    def close(self) -> None:
        """Let go of it."""
        os.close(self.pidfd)

    def child(self, *, pipes: bool = True) -> FoundChild:
        """Return it as a foreign child; its ``pipes`` are opened again as far as it has them still."""
        ends, names = [], []
        for name, inode in zip(self.tag["ends"], self.pipes, strict=True) if pipes else ():
            fd = _open_again(self.pid, inode, writes=name == "stdin")
            if fd is not None:
                ends.append(fd)
                names.append(name)
        tag = {**self.tag, "ends": names}
        return FoundChild(life=new_life(), tag=tag, pid=self.pid, ends=ends, born=0.0, pidfd=self.pidfd)


def _open_again(pid: int, inode: int, *, writes: bool) -> int | None:
    """Open our end of a pipe once more, by the other end that the program has; None if it has closed it."""
    for pipe in proc.pipes(pid):
        if pipe.inode == inode:
            with suppress(OSError):
                return os.open(f"/proc/{pid}/fd/{pipe.fd}", (os.O_WRONLY if writes else os.O_RDONLY) | os.O_NONBLOCK)
    return None


class Fallen(NamedTuple):
    """A program that has ended after its daemon, and with which all have to end that bear ``mark``."""

    name: str  # namespec
    mark: int


class Roster:
    """Writes the file beside the pid file, from ``open`` to ``close``; ``complain`` is told once if it cannot."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._path: str | None = None
        self._fd = -1
        self._living: dict[int, bytes] = {}  # by life: the line about each
        self._lines = 0
        self._broken = False

    def open(self, pidfile: str) -> None:
        """Write down who lives, and from now on who is born and ends; a file from before is replaced."""
        self._path = path_beside(pidfile)
        self._begin()

    def born(self, life: int, tag: Mapping[str, Any], pid: int, ends: Sequence[int]) -> None:
        """A child exists; ``ends`` are our ends of its pipes."""
        found = proc.stat(pid)
        if found is None:  # no Linux, or it has ended already
            return
        row = {
            "life": life,
            "tag": tag,
            "pid": pid,
            "start": found.start,
            "pipes": [os.fstat(fd).st_ino for fd in ends],
        }
        line = self._living[life] = _line(row)
        self._append(line)

    def ended(self, life: int) -> None:
        """A child has ended."""
        if self._living.pop(life, None) is not None:
            self._append(_line({"ended": life}))

    def tag(self, life: int) -> Mapping[str, Any]:
        """Return what ``born`` was told of one that lives; nothing if it is not known."""
        line = self._living.get(life)
        return {} if line is None else json.loads(line)["tag"]

    def leftovers(self, pidfile: str) -> list[Leftover]:
        """Return what a daemon that was killed has left running."""
        return [left for left in map(_recognize, self._left(pidfile)) if left is not None]

    def fallen(self, pidfile: str) -> list[Fallen]:
        """Return the programs of such a daemon that run no more, and whose trees do perhaps."""
        rows = [row for row in self._left(pidfile) if "mark" in row["tag"]]
        return [Fallen(row["tag"]["name"], row["tag"]["mark"]) for row in rows if not _lives(row)]

    def _left(self, pidfile: str) -> list[_Row]:
        if self._path == path_beside(pidfile):  # our own file
            return []
        try:
            with open(path_beside(pidfile), "rb") as file:
                return _read(file.read().splitlines())
        except OSError:
            return []

    def let_go(self) -> None:
        """Forget everybody, and leave the file to whoever writes it next."""
        self._end()
        self._path = None
        self._living.clear()

    def close(self) -> None:
        """Write no more, and remove the file if nobody is left."""
        self._end()
        if self._path is not None and not self._living:
            with suppress(OSError):
                os.unlink(self._path)
        self._path = None

    def _append(self, line: bytes) -> None:
        if self._path is None:
            return
        if self._fd < 0 or self._lines > 2 * len(self._living) + _SPARE_LINES:
            self._begin()
            return
        self._lines += 1
        try:
            _write(self._fd, line)
        except OSError as error:
            self._fail(error)

    def _begin(self) -> None:
        """Write the whole file; there is none as long as nobody lives."""
        assert self._path is not None
        self._end()
        lines = [_line({"boot": proc.boot_id()}), *self._living.values()]
        fresh = f"{self._path}.new"
        try:
            if not self._living:
                with suppress(FileNotFoundError):
                    os.unlink(self._path)
                return
            self._fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            _write(self._fd, b"".join(lines))
            os.rename(fresh, self._path)
        except OSError as error:
            self._fail(error)
            return
        self._lines = len(lines)
        self._broken = False

    def _fail(self, error: OSError) -> None:
        """Say it once; the next birth or end tries again, with the whole file."""
        self._end()
        if not self._broken:
            self._broken = True
            self._complain(
                f"cannot write {self._path}: {error.strerror}; "
                "if supervisord is killed the next start will not know what still runs"
            )

    def _end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _line(row: _Row) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _write(fd: int, data: bytes) -> None:
    if os.write(fd, data) < len(data):  # a disk that is nearly full takes a part
        raise OSError(28, os.strerror(28))


def path_beside(pidfile: str) -> str:
    """Return the path of the file."""
    return f"{pidfile}.programs"


def _read(lines: Sequence[bytes]) -> list[_Row]:
    """Return who was alive at the end, if that was since this machine was booted."""
    rows: dict[int, _Row] = {}
    boot = None
    for line in lines:
        match _parsed(line):
            case {"boot": boot}:
                pass
            case {"ended": life}:
                rows.pop(life, None)
            case {"life": life, "pid": int(pid), "start": int(start), "pipes": list(pipes), "tag": dict(tag)}:
                rows[life] = {"pid": pid, "start": start, "pipes": pipes, "tag": tag}
    return list(rows.values()) if boot == proc.boot_id() else []


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:  # its writer did not live to finish it
        return None


def _lives(row: _Row) -> bool:
    found = proc.stat(row["pid"])
    return found is not None and found.state != "Z" and found.start == row["start"]


def _recognize(row: _Row) -> Leftover | None:
    pidfd = foreign.open_process(row["pid"], row["start"])
    if pidfd is None:
        return None
    signum, wait_seconds, stop_group, kill_group = row["tag"]["stop"]
    return Leftover(
        name=row["tag"]["name"],
        pid=row["pid"],
        age=time.clock_gettime(time.CLOCK_BOOTTIME) - row["start"] / os.sysconf("SC_CLK_TCK"),
        pidfd=pidfd,
        tag=row["tag"],
        pipes=tuple(row["pipes"]),
        signum=signum,
        wait_seconds=wait_seconds,
        stop_group=stop_group,
        kill_group=kill_group,
    )
