"""Looks at a program from outside: connects, asks, or reads who listens."""

from __future__ import annotations

import asyncio
from functools import partial

from warden.config.probes import Probe, Way
from warden.runtime.threads import in_thread

_GOOD = range(200, 400)  # HTTP statuses
_STATUS_LINE_BYTES = 4096


class NotThere(Exception):
    """The probe did not see what it looked for; the text says what it saw."""


async def look(probe: Probe, pid: int) -> None:
    """Try a probe that asks (but for ``exec``) for the program whose child is ``pid``.

    The caller limits the time.

    Raises:
        NotThere: in vain.
        OSError: in vain, and the system says why.
    """
    match probe.way:
        case Way.TCP:
            _, writer = await asyncio.open_connection(probe.target, probe.number)
            await _close(writer)
        case Way.UNIX:
            _, writer = await asyncio.open_unix_connection(probe.target)
            await _close(writer)
        case Way.HTTP:
            await _get(probe.target)
        case Way.LISTEN:
            if not await in_thread(partial(_listens, pid, probe.number)):
                raise NotThere(f"nobody of its tree listens on port {probe.number}")
        case _:
            raise AssertionError(probe)


async def _get(url: str) -> None:
    """Ask for a page; only the status counts.  By hand: an HTTP client would cost more memory than all the rest."""
    import ssl  # here: a daemon that asks nobody over HTTP does not pay for them
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    tls = parts.scheme == "https"
    try:
        reader, writer = await asyncio.open_connection(
            parts.hostname,
            parts.port or (443 if tls else 80),
            ssl=ssl.create_default_context() if tls else None,
            limit=_STATUS_LINE_BYTES,
        )
    except ssl.SSLError as error:
        raise NotThere(f"TLS: {error.reason or error}") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nUser-Agent: supervisord\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        line = await reader.readline()
    except ValueError:  # longer than the limit
        raise NotThere("no HTTP answer") from None
    finally:
        await _close(writer)
    words = line.split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise NotThere("no HTTP answer")
    if int(words[1]) not in _GOOD:
        raise NotThere(f"HTTP status {int(words[1])}")


async def _close(writer: asyncio.StreamWriter) -> None:
    """Let go of a connection; the other side is not waited for."""
    writer.transport.abort()


def _listens(pid: int, port: int) -> bool:
    """Whether the process or a descendant listens on a TCP port; processes that we may not look into do not count."""
    import psutil  # here: a daemon without such a probe does not pay for it

    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return False
    for process in tree:
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections):
            return True
    return False
