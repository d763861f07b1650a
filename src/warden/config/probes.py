"""Probes: how somebody outside learns whether a program is ready or healthy."""

from __future__ import annotations

import enum

from warden.frozen import frozen


class Way(enum.StrEnum):
    """The ways to look at a program."""

    NOTIFY = "notify"  # it says so itself, as sd_notify(3) does
    FD = "fd"  # it writes a line to a descriptor that it inherits
    LOG = "log"  # it writes a line in which a pattern is found
    TCP = "tcp"  # somebody accepts connections there
    UNIX = "unix"  # somebody accepts connections on that socket
    HTTP = "http"  # a GET is answered with a status from 200 to 399
    EXEC = "exec"  # a command exits with 0; it runs as the program does: user, directory, environment
    LISTEN = "listen"  # a process of the program's tree listens on that TCP port; nobody connects


ASKED = frozenset({Way.TCP, Way.UNIX, Way.HTTP, Way.EXEC, Way.LISTEN})  # of the others the program itself tells


@frozen
class Probe:
    """One way to look at a program; its text is how it is written in a file.

    ``target`` is the pattern, host, path, URL or command, ``number`` the
    descriptor or port, where there is one.
    """

    way: Way
    target: str = ""
    number: int = 0

    def __str__(self) -> str:
        match self.way:
            case Way.NOTIFY:
                return self.way.value
            case Way.HTTP:
                return self.target
            case Way.FD | Way.LISTEN:
                return f"{self.way}:{self.number}"
            case Way.TCP:
                host = f"[{self.target}]" if ":" in self.target else self.target
                return f"{self.way}:{host}:{self.number}"
            case _:
                return f"{self.way}:{self.target}"
