"""XML-RPC over HTTP: one POST, one call."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import partial

from aiohttp.web_request import BaseRequest

from warden.http.bodies import read_body
from warden.http.origin import is_foreign
from warden.http.replies import Reply, error_reply
from warden.http.server import Log
from warden.rpc.faults import Fault
from warden.rpc.registry import Crashed, Registry
from warden.rpc.xmlrpc import MAX_BODY_BYTES, Malformed, Response, Unmarshallable, dump_fault, parse
from warden.runtime.threads import in_thread

LONG_BODY_BYTES = 64 * 1024  # a longer one is parsed in a thread: the loop must not wait for it
SHOWN_BYTES = 200  # of a body, in the log


class RpcRoute:
    """Answers ``/RPC2``."""

    def __init__(self, registry: Registry, log: Log) -> None:
        self._registry = registry
        self._log = log

    async def answer(self, request: BaseRequest) -> Reply:
        """Answer one request; a client that leaves cancels nothing."""
        if request.method != "POST":
            return error_reply(400, close=True)
        if is_foreign(request.headers):
            return error_reply(403, close=True)
        body = await read_body(request, MAX_BODY_BYTES)
        try:
            method, params = await _parse(body)
        except Malformed as error:
            self._log.error(f"XML-RPC request data {_shown(body)} is invalid: {error}")
            return error_reply(400)
        try:
            document = await _document(await self._registry.call(method, params))
        except Fault as fault:
            document = [dump_fault(fault.faultCode, fault.faultString)]
        except (Crashed, Unmarshallable) as error:
            cause = error.cause if isinstance(error, Crashed) else error
            story = "".join(traceback.format_exception(cause))
            self._log.critical(
                f"Handling XML-RPC request with data {_shown(body)} raised an unexpected exception: {story}"
            )
            return error_reply(500)
        first, *rest = document
        return Reply(content_type="text/xml", body=first, rest=rest)


async def _parse(body: bytes) -> tuple[str, list[object]]:
    return parse(body) if len(body) <= LONG_BODY_BYTES else await in_thread(partial(parse, body))


async def _document(answer: object) -> Sequence[bytes]:
    response = Response(answer)
    if response.is_long:
        return await in_thread(lambda: list(response.pieces()))
    return list(response.pieces())


def _shown(body: bytes) -> str:
    """Return the beginning of a body on one line; the rest may be long or secret."""
    shown = repr(body[:SHOWN_BYTES].decode("utf-8", "replace"))
    return shown if len(body) <= SHOWN_BYTES else f"{shown}... ({len(body)} bytes)"
