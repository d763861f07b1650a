"""Read how a file says that a program is ready or healthy: text to probe."""

from __future__ import annotations

import os
import re

from warden.config import readers
from warden.config.probes import Probe, Way

FIRST_FREE_FD = 3  # 0 to 2 are stdin, stdout and stderr
LAST_FD = 1023
_FORMS = "notify, fd:3, log:REGEX, tcp:PORT, unix:/PATH, http://HOST:PORT/PATH, exec:COMMAND or listen:PORT"
_LONGEST_SOCKET_PATH = 107  # bytes, on Linux
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f]")
_LOOPBACK = "127.0.0.1"


def ready(value: str) -> Probe:
    """One of notify, fd:N, log:REGEX, tcp:[HOST:]PORT, unix:/PATH, http://..., exec:COMMAND, listen:PORT."""
    word, colon, rest = value.partition(":")
    match word.lower():
        case "notify" if not colon:
            return Probe(Way.NOTIFY)
        case "fd" if rest:
            return _newline(rest)
        case "log" if rest:
            return _log_line(rest)
        case _:
            probe = _asked(value)
            if probe is None:
                raise ValueError(f"{value!r} is no way to tell that a program is ready: use {_FORMS}")
            return probe


def healthcheck(value: str) -> Probe:
    """One of http://HOST:PORT/PATH, tcp:[HOST:]PORT, unix:/PATH, exec:COMMAND, listen:PORT."""
    probe = _asked(value)
    if probe is None:
        forms = "http://HOST:PORT/PATH, tcp:PORT, unix:/PATH, exec:COMMAND or listen:PORT"
        raise ValueError(f"{value!r} is no check of health: use {forms}")
    return probe


def _asked(value: str) -> Probe | None:
    """Read a probe that is tried again and again; None if it is none of them."""
    word, colon, rest = value.partition(":")
    rest = rest.strip()
    if not colon or not rest:
        return None
    match word.lower():
        case "tcp":
            host, port = readers.inet_address(rest.removeprefix("//"))
            return Probe(Way.TCP, host or _LOOPBACK, port)
        case "unix":
            path = rest.removeprefix("//")
            if not path.startswith("/"):
                raise ValueError(f"{path!r} is not an absolute path, such as unix:/run/db.sock")
            if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
                raise ValueError(f"{path!r} is longer than the path of a socket can be ({_LONGEST_SOCKET_PATH} bytes)")
            return Probe(Way.UNIX, path)
        case "http" | "https":
            return _http(value)
        case "exec":
            return Probe(Way.EXEC, readers.command_line(rest))
        case "listen":
            return Probe(Way.LISTEN, number=_port(rest))
        case _:
            return None


def _port(text: str) -> int:
    try:
        return readers.in_range(int(text), readers.MIN_PORT, readers.MAX_PORT)
    except ValueError:
        raise ValueError(f"{text!r} is not a port number from 1 to 65535") from None


def _newline(text: str) -> Probe:
    if not text.isdecimal() or int(text) < FIRST_FREE_FD:
        raise ValueError(f"fd:{text} names no free descriptor: use a number from {FIRST_FREE_FD}, such as fd:3")
    return Probe(Way.FD, number=readers.in_range(int(text), FIRST_FREE_FD, LAST_FD))


def _log_line(pattern: str) -> Probe:
    try:
        re.compile(pattern.encode())
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    return Probe(Way.LOG, pattern)


def _http(url: str) -> Probe:
    from urllib.parse import urlsplit  # here: files without such a probe do not pay for it

    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0 and url.isascii() and not _NOT_IN_URL.search(url)
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"{url!r} is not a whole URL, such as http://127.0.0.1:8080/health")
    return Probe(Way.HTTP, url)
