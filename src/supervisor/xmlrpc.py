"""XML-RPC names for scripts and plugins; the code lives in ``warden.ctl.transport`` and ``warden.rpc``."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterable

from supervisor._late import late
from warden.ctl.transport import SupervisorTransport, UnixStreamHTTPConnection
from warden.rpc.faults import Faults, RPCError, fault_name

__all__ = ["Faults", "RPCError", "SupervisorTransport", "UnixStreamHTTPConnection"]

__getattr__: Callable[[str], object] = late(
    __name__,
    {
        "NOT_DONE_YET": "warden.rpc.registry:NOT_DONE_YET",
        "SystemNamespaceRPCInterface": "warden.daemon.facade.rpc:InProcessSystem",
    },
)
getFaultDescription = fault_name
_MAX_INT = 2**31 - 1
_MIN_INT = -(2**31)

Tag = tuple[int, str | None, str | None, str | None, str]


class RootRPCInterface:
    """One attribute per namespace."""

    def __init__(self, subinterfaces: Iterable[tuple[str, object]]) -> None:
        for name, interface in subinterfaces:
            setattr(self, name, interface)


def capped_int(value: object) -> int:
    """Read an integer and bring it into the range of XML-RPC."""
    return max(_MIN_INT, min(_MAX_INT, int(str(value))))


def make_datetime(text: str) -> datetime.datetime:
    """Read an XML-RPC date."""
    return datetime.datetime.strptime(text, "%Y%m%dT%H:%M:%S")  # noqa: DTZ007 - it names no zone


def gettags(comment: str) -> list[Tag]:
    """Read a docstring: (line, tag, type, name, text) for the text and then for every ``@tag``."""
    tags: list[Tag] = []
    current: Tag = (0, None, None, None, "")
    for number, line in enumerate(inspect.cleandoc(comment).splitlines()):
        if line.startswith("@"):
            tags.append(current)
            tag, kind, name, text = (line[1:].split(None, 3) + [None] * 3)[:4]
            current = (number, tag, kind, name, text or "")
        elif text := line.strip():
            *head, told = current
            current = (*head, f"{told}\n{text}".strip())  # type: ignore[assignment] # five parts again
    return [*tags, current]


def xmlrpc_marshal(value: object) -> str:
    """Write an answer as a document."""
    from warden.rpc.xmlrpc import dump_response

    return dump_response(value).decode()
