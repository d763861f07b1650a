"""The OpenAPI document, made from the route table."""

from __future__ import annotations

import functools
import typing
from dataclasses import fields

from warden import errors
from warden.api.context import Context
from warden.api.operations import Operation, Parameter, Table
from warden.api.prepared import Prepared
from warden.api.problems import PROBLEM_TYPE, STATUS_OF
from warden.api.schema import Schema, describe, first_line, is_required
from warden.api.shapes import Problem
from warden.api.sse import MEDIA_TYPE
from warden.rpc.faults import FAULT_OF, fault_name
from warden.words import VERSION

TABLE = Table("Manual")

_ABOUT = """\
What XML-RPC and the pages can do, as resources.

State is changed only by POST with a JSON body; requests that a browser sends for another site's page are refused.
Lists carry an ETag.  Refusals are problem documents (RFC 9457) with the code and the name of the XML-RPC fault.
Streams are server-sent events; a reader that does not read is dropped.  Where names and passwords are configured,
Basic authentication is needed."""


@TABLE.get("/openapi.json")
def get_openapi(context: Context) -> dict[str, object]:
    """Read this document."""
    return dict(document(context.operations))


@functools.cache
def document(operations: tuple[Operation, ...]) -> Schema:
    """Return the OpenAPI 3.1 document of the operations."""
    components: dict[str, Schema] = {}
    problem = describe(Problem, components)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, components, problem)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Warden", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": ".", "description": "This daemon"}],
        "security": [{}, {"basic": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": {name: components[name] for name in sorted(components)},
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(operation: Operation, components: dict[str, Schema], problem: Schema) -> Schema:
    found: Schema = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _responses(operation, components, problem),
    }
    if operation.description:
        found["description"] = operation.description
    if operation.parameters:
        found["parameters"] = [_parameter(one, components) for one in operation.parameters]
    if operation.body is not None:
        schema = describe(operation.body, components)
        needed = any(is_required(row) for row in fields(operation.body))
        found["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return found


def _parameter(parameter: Parameter, components: dict[str, Schema]) -> Schema:
    schema = _without_null(describe(parameter.annotation, components))
    if not parameter.required and parameter.default is not None:
        schema["default"] = parameter.default
    found: Schema = {"name": parameter.name, "in": parameter.place, "required": parameter.required}
    if description := schema.pop("description", ""):
        found["description"] = description
    return {**found, "schema": schema}


def _without_null(schema: Schema) -> Schema:
    """Return the schema of what may be sent: that a parameter may be left out is said elsewhere."""
    match schema:
        case {"anyOf": [dict() as wanted, {"type": "null"}], **rest}:
            return {**wanted, **rest}
        case _:
            return schema


def _responses(operation: Operation, components: dict[str, Schema], problem: Schema) -> Schema:
    found: Schema = {"200": _success(operation, components)}
    if operation.method == "GET" and not operation.is_stream:
        found["304"] = {"description": "Not changed since the answer with the ETag in If-None-Match"}
    found["401"] = {"description": "Name and password are needed"}
    for status, reasons in sorted(_refusals(operation).items()):
        found[str(status)] = _refusal("; ".join(reasons), problem)
    found["default"] = _refusal("Refused for its form", problem)
    return found


def _success(operation: Operation, components: dict[str, Schema]) -> Schema:
    if operation.is_stream:
        return {"description": "Events", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
    answer = (
        typing.get_args(operation.answer)[0] if typing.get_origin(operation.answer) is Prepared else operation.answer
    )
    schema = describe(answer, components)
    return {"description": _named(schema, components), "content": {"application/json": {"schema": schema}}}


def _named(schema: Schema, components: dict[str, Schema]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return str(components.get(name, {}).get("description", "An object"))


def _refusals(operation: Operation) -> dict[int, list[str]]:
    raised: list[type[errors.RequestError]] = [*operation.raises]
    if errors.IncorrectParameters not in raised and (operation.parameters or operation.body is not None):
        raised.append(errors.IncorrectParameters)
    if operation.is_stream:
        raised.append(errors.ShuttingDown)  # or there are too many streams
    found: dict[int, list[str]] = {}
    for error in raised:
        found.setdefault(STATUS_OF[error], []).append(f"{fault_name(FAULT_OF[error])}: {first_line(error).rstrip('.')}")
    return found


def _refusal(description: str, problem: Schema) -> Schema:
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": problem}}}
