"""The JSON API as a function: a request as plain data in, an answer or a stream out."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from typing import NoReturn

from warden import errors
from warden.api import daemon, dependencies, groups, logs, openapi, processes
from warden.api.context import make_context
from warden.api.operations import Operation, Router
from warden.api.prepared import Prepared
from warden.api.problems import Answer, HttpRefusal, problem_answer
from warden.api.schema import parse, read
from warden.api.sse import Stream, Wake
from warden.frozen import frozen
from warden.rpc.control import Control
from warden.rpc.insight import Insight

OPERATIONS = tuple(
    operation
    for room in (daemon, processes, dependencies, logs, groups, openapi)
    for operation in room.TABLE.operations
)


@frozen(kw_only=True)
class Request:
    """One request: ``raw_path`` is quoted and below the root of the API; the body is read already."""

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in any case
    body: bytes = b""


class Api:
    """Answers requests with the daemon's verbs and facts."""

    def __init__(self, control: Control, insight: Insight) -> None:
        self._context = make_context(control, insight, OPERATIONS)
        self._router = Router(OPERATIONS)

    async def answer(self, request: Request, wake: Wake) -> Answer | Stream:
        """Do what is asked; ``wake`` is for the stream, if it is one.

        Every refusal is an answer.
        """
        try:
            operation, placeholders = self._router.find(request.method, request.raw_path)
            arguments = _arguments(operation, placeholders, request)
            if operation.is_stream:
                arguments["wake"] = wake
            result = operation.function(self._context, **arguments)
            if inspect.isawaitable(result):
                result = await result
        except (errors.RequestError, HttpRefusal) as refusal:
            return problem_answer(refusal)
        if operation.is_stream:
            return result  # type: ignore[return-value]  # the route table says so
        return _answer(result, request)


def _arguments(operation: Operation, placeholders: Mapping[str, str], request: Request) -> dict[str, object]:
    given = {"path": placeholders, "query": request.query, "header": request.headers}
    known = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    if unknown := [name for name in request.query if name not in known]:
        raise errors.IncorrectParameters(f"{unknown[0]}: there is no such parameter")
    arguments = {
        parameter.argument: parse(parameter.annotation, given[parameter.place][parameter.name], parameter.name)
        for parameter in operation.parameters
        if parameter.name in given[parameter.place]
    }
    if operation.body is not None:
        body = read(operation.body, _json(request), "")
        if operation.takes_body:
            arguments["body"] = body
    return arguments


def _json(request: Request) -> object:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise HttpRefusal(415, "the body must be application/json")
    try:
        return json.loads(request.body or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise HttpRefusal(400, f"the body is not JSON: {error}") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _answer(result: object, request: Request) -> Answer:
    if isinstance(result, Prepared):
        body, tag = result.body, result.tag
    else:
        body = json.dumps(result).encode()
        tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if request.method == "POST":
        return Answer(body=body)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _matches(request.headers.get("If-None-Match", ""), tag):
        return Answer(status=304, headers=headers)
    return Answer(body=body, headers=headers)


def _matches(asked: str, tag: str) -> bool:
    """Compare weakly, as ``If-None-Match`` is to be compared."""
    return any(
        one.strip() == "*" or one.strip().removeprefix("W/") == tag.removeprefix("W/") for one in asked.split(",")
    )
