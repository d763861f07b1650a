"""A program that keeps count of what it does, so that a test can tell what was lost or done twice.

``python counting.py ROLE NAME ...`` with one of the roles below.  Each start appends its pid to ``NAME.starts`` in the
current directory; what a role writes is numbered, and how far it came stands in ``NAME.total`` after a TERM.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from pathlib import Path

COLOUR, PLAIN = b"\x1b[32m", b"\x1b[0m"
BEGIN, END = b"<!--XSUPERVISOR:BEGIN-->", b"<!--XSUPERVISOR:END-->"
MESSAGE_EVERY = 5  # lines of a fancy program


def put(fd: int, data: bytes) -> None:
    """Write all of ``data``."""
    while data:
        data = data[os.write(fd, data) :]


def line(name: str, number: int) -> bytes:
    """Return a numbered line; some are long."""
    return b"%s %d %s\n" % (name.encode(), number, b"." * (number * 37 % 251))


def append(path: str, text: str) -> None:
    """Append one line in one step."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, f"{text}\n".encode())
    os.close(fd)


def until_term(name: str, pause: float, act: object, per_turn: int = 1) -> None:
    """Call ``act(number)`` again and again; at TERM say how often it was called, and end."""
    ours, theirs = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(theirs, b"t"))
    number = 0
    while not select.select([ours], [], [], pause)[0]:
        for _ in range(per_turn):
            number += 1
            act(number)  # type: ignore[operator] # this script runs without the typing module
    Path(f"{name}.total").write_text(str(number))


def lines(name: str, per_turn: str, pause: str) -> None:
    """Write numbered lines to stdout."""
    until_term(name, float(pause), lambda number: put(1, line(name, number)), int(per_turn))


def both(name: str, pause: str) -> None:
    """Write numbered lines to stdout and stderr in turn."""
    until_term(name, float(pause), lambda number: put(1 + number % 2, line(name, number)))


def fancy(name: str, pause: str) -> None:
    """Write coloured lines in pieces and messages for listeners between them."""

    def act(number: int) -> None:
        for piece in (COLOUR[:3], COLOUR[3:] + line(name, number)[:-1], PLAIN[:2], PLAIN[2:] + b"\n"):
            put(1, piece)
        if number % MESSAGE_EVERY == 0:
            for piece in (BEGIN[:9], BEGIN[9:] + b"message ", b"%d" % number + END[:5], END[5:]):
                put(1, piece)

    until_term(name, float(pause), act)


def quick(name: str, pause: str) -> None:
    """End after ``pause`` with another exit code each time, which is noted first."""
    code = len(Path(f"{name}.starts").read_text().split()) % 200 + 2
    append(f"{name}.codes", str(code))
    select.select([], [], [], float(pause))
    os._exit(code)


def orphan(name: str, brain: str, code: str) -> None:
    """End with ``code`` as soon as the process ``brain`` has ended; the pid stands in that file."""
    pidfd = os.pidfd_open(int(Path(brain).read_text()))
    put(1, b"watching\n")
    select.select([pidfd], [], [])
    os._exit(int(code))


def stubborn(name: str) -> None:
    """Ignore TERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    put(1, b"ready\n")
    while True:
        signal.pause()


def fcgi(name: str) -> None:
    """Answer each connection to the socket that is stdin with the pid."""
    listener = socket.socket(fileno=0)
    while True:
        client, _ = listener.accept()
        client.sendall(b"%d" % os.getpid())
        client.close()


def listener(name: str) -> None:
    """Note each event, then acknowledge it."""
    while True:
        put(1, b"READY\n")
        header = bytearray()
        while not header.endswith(b"\n"):
            byte = os.read(0, 1)
            if not byte:
                return
            header += byte
        facts = dict(word.split(":", 1) for word in header.decode().split())
        payload, left = b"", int(facts["len"])
        while len(payload) < left:
            payload += os.read(0, left - len(payload))
        words = payload.decode(errors="replace").replace("\n", " | ")
        append(f"{name}.events", f"{facts['serial']} {facts['poolserial']} {facts['eventname']} {words}")
        put(1, b"RESULT 2\nOK")


def main() -> None:
    role, name, *more = sys.argv[1:]
    append(f"{name}.starts", str(os.getpid()))
    roles = {act.__name__: act for act in (lines, both, fancy, quick, orphan, stubborn, fcgi, listener)}
    roles[role](name, *more)


if __name__ == "__main__":
    main()
