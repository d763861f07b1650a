"""The route table: what each function that is a resource or an action needs, taken from its signature and docstring."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Literal, TypeVar
from urllib.parse import unquote

from warden import errors
from warden.api.problems import HttpRefusal
from warden.api.shapes import Nothing
from warden.frozen import frozen

Function = TypeVar("Function", bound=Callable[..., object])
Place = Literal["path", "query", "header"]

SUPPLIED = ("context", "wake")  # arguments that do not come from the caller
HEADERS = {"last_event_id": "Last-Event-ID"}


@frozen(kw_only=True)
class Parameter:
    """One argument that comes from the path, the query or a header; ``default`` only counts if not ``required``."""

    argument: str
    name: str
    place: Place
    annotation: object
    required: bool
    default: object


@frozen(kw_only=True)
class Operation:
    """One method on one path."""

    method: Literal["GET", "POST"]
    path: str
    tag: str
    name: str
    summary: str
    description: str
    function: Callable[..., object]
    parameters: tuple[Parameter, ...]
    body: type | None
    takes_body: bool  # else only its form is checked
    answer: object
    raises: tuple[type[errors.RequestError], ...]
    is_stream: bool

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path; ``{x}`` stands for anything."""
        return tuple(self.path.strip("/").split("/"))


class Table:
    """All operations of one module, in the order of the manual."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self.operations: list[Operation] = []

    def get(self, path: str, *raises: type[errors.RequestError]) -> Callable[[Function], Function]:
        """Declare a resource."""
        return self._declare("GET", path, raises)

    def post(self, path: str, *raises: type[errors.RequestError]) -> Callable[[Function], Function]:
        """Declare an action.  Each may be refused while the daemon goes down."""
        return self._declare("POST", path, (errors.ShuttingDown, *raises))

    def _declare(
        self, method: Literal["GET", "POST"], path: str, raises: tuple[type[errors.RequestError], ...]
    ) -> Callable[[Function], Function]:
        def declare(function: Function) -> Function:
            self.operations.append(_operation(method, path, self._tag, function, raises))
            return function

        return declare


def _operation(
    method: Literal["GET", "POST"],
    path: str,
    tag: str,
    function: Callable[..., object],
    raises: tuple[type[errors.RequestError], ...],
) -> Operation:
    hints = typing.get_type_hints(function, include_extras=True)
    summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
    given = inspect.signature(function).parameters
    parameters = [
        _parameter(name, hints[name], parameter, path)
        for name, parameter in given.items()
        if name not in (*SUPPLIED, "body")
    ]
    body = hints.get("body", Nothing if method == "POST" else None)
    assert body is None or (isinstance(body, type) and is_dataclass(body))
    return Operation(
        method=method,
        path=path,
        tag=tag,
        name=function.__name__,
        summary=summary.rstrip("."),
        description=description.strip(),
        function=function,
        parameters=tuple(parameters),
        body=body,
        takes_body="body" in given,
        answer=hints["return"],
        raises=raises,
        is_stream="wake" in given,
    )


def _parameter(argument: str, annotation: object, parameter: inspect.Parameter, path: str) -> Parameter:
    place: Place = "path" if f"{{{argument}}}" in path else "header" if argument in HEADERS else "query"
    required = parameter.default is inspect.Parameter.empty
    return Parameter(
        argument=argument,
        name=HEADERS.get(argument, argument),
        place=place,
        annotation=annotation,
        required=required,
        default=None if required else parameter.default,
    )


class Router:
    """Finds the operation for a request."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._by_length: dict[int, list[Operation]] = {}
        # Fixed words win over placeholders.
        for operation in sorted(operations, key=lambda one: one.path.count("{")):
            self._by_length.setdefault(len(operation.segments), []).append(operation)

    def find(self, method: str, raw_path: str) -> tuple[Operation, Mapping[str, str]]:
        """Return the operation for a path (below the root of the API, still quoted) and what its placeholders are.

        Raises:
            HttpRefusal: there is no such path (404), or not with that method (405).
        """
        segments = [unquote(segment) for segment in raw_path.strip("/").split("/")]
        fitting = [one for one in self._by_length.get(len(segments), ()) if _fits(one.segments, segments)]
        if not fitting:
            raise HttpRefusal(404, f"there is nothing at {unquote(raw_path)}")
        for operation in fitting:
            if operation.method == method or (method == "HEAD" and operation.method == "GET"):
                return operation, {
                    name[1:-1]: value
                    for name, value in zip(operation.segments, segments, strict=True)
                    if name.startswith("{")
                }
        methods = {one.method for one in fitting}
        allowed = sorted({*methods, "HEAD"} if "GET" in methods else methods)
        raise HttpRefusal(405, f"{method} is not possible here", {"Allow": ", ".join(allowed)})


def _fits(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    pairs = zip(pattern, segments, strict=True)
    return all(part == segment or (part.startswith("{") and segment) for part, segment in pairs)
