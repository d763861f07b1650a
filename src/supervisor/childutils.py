"""What event listeners and chatty programs need: the conversation with the daemon, from the other side.

Streams are looked up when they are used.  Streams of text and of bytes both do.
"""

from __future__ import annotations

import io
import sys
import time
import xmlrpc.client as xmlrpclib
from collections.abc import Mapping
from typing import Any

from supervisor.compat import as_bytes, as_string
from supervisor.xmlrpc import SupervisorTransport
from warden.logs.capture import BEGIN, END

Headers = dict[str, str]


def getRPCTransport(env: Mapping[str, str]) -> SupervisorTransport:
    """Return a transport to the daemon that started us; KeyError if ``env`` does not say where it is."""
    username, password = env.get("SUPERVISOR_USERNAME", ""), env.get("SUPERVISOR_PASSWORD", "")
    return SupervisorTransport(username, password, env["SUPERVISOR_SERVER_URL"])


def getRPCInterface(env: Mapping[str, str]) -> xmlrpclib.ServerProxy:
    """Return a proxy for the daemon that started us: ``.supervisor.getState()`` and the like."""
    return xmlrpclib.ServerProxy("http://127.0.0.1", getRPCTransport(env))


def get_headers(line: str) -> Headers:
    """Read ``key:value`` pairs with blanks between them; ValueError for others."""
    return dict(pair.split(":") for pair in line.split())


def eventdata(payload: str) -> tuple[Headers, str]:
    """Split a payload into its headers and what follows the first newline; ValueError if there is none."""
    headers, data = payload.split("\n", 1)
    return get_headers(headers), data


def get_asctime(now: float | None = None) -> str:
    """Return a moment (default: now) as the activity log writes it."""
    moment = time.time() if now is None else now
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    return f"{stamp},{int((moment - int(moment)) * 1000):03d}"


def _write(stream: Any, text: str | bytes) -> None:
    """Write to a stream of text or of bytes, and flush."""
    if not isinstance(stream, io.TextIOBase):
        try:
            stream.write(as_bytes(text))
        except TypeError:  # somebody's own stream, which takes text
            stream.write(as_string(text))
    elif isinstance(text, bytes) and hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(text)
    else:
        stream.write(as_string(text))
    stream.flush()


class ProcessCommunicationsProtocol:
    """Sends messages that become PROCESS_COMMUNICATION events."""

    def send(self, msg: str | bytes, fp: Any = None) -> None:
        """Send a message on ``fp`` (default: stdout)."""
        _write(sys.stdout if fp is None else fp, BEGIN + as_bytes(msg) + END)

    def stdout(self, msg: str | bytes) -> None:
        """Send a message on stdout."""
        self.send(msg, sys.stdout)

    def stderr(self, msg: str | bytes) -> None:
        """Send a message on stderr."""
        self.send(msg, sys.stderr)


class EventListenerProtocol:
    """Receives events and answers them."""

    def wait(self, stdin: Any = None, stdout: Any = None) -> tuple[Headers, str]:
        """Say READY and wait for an event: its headers and its payload.

        Raises:
            EOFError: the daemon has gone.
        """
        self.ready(stdout)
        stream = sys.stdin if stdin is None else stdin
        stream = getattr(stream, "buffer", stream)  # len counts bytes
        line = stream.readline()
        headers = get_headers(as_string(line))
        if not headers:
            raise EOFError("the daemon has closed our standard input")
        payload = stream.read(int(headers["len"]))
        return headers, payload if isinstance(payload, str) else payload.decode("utf-8", "backslashreplace")

    def ready(self, stdout: Any = None) -> None:
        """Say that we can take an event."""
        _write(sys.stdout if stdout is None else stdout, "READY\n")

    def ok(self, stdout: Any = None) -> None:
        """Say that the event is dealt with."""
        self.send("OK", stdout)

    def fail(self, stdout: Any = None) -> None:
        """Ask to get the event again."""
        self.send("FAIL", stdout)

    def send(self, data: str | bytes, stdout: Any = None) -> None:
        """Answer with a result."""
        result = as_bytes(data)
        head = f"RESULT {len(result)}\n".encode()
        _write(sys.stdout if stdout is None else stdout, head + result)


pcomm = ProcessCommunicationsProtocol()
listener = EventListenerProtocol()
