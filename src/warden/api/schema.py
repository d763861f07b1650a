"""Types to JSON Schema, and JSON or text from callers to values of those types.

Understood are bool, int, float, str, None, unions, Literal, ``list[X]``,
``dict[str, X]``, TypedDict (answers) and frozen dataclasses (bodies), each with
``Annotated[X, "what it means"]`` and ``Within`` where there are bounds.
"""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Literal, Union

from warden.errors import IncorrectParameters
from warden.frozen import frozen

Schema = dict[str, object]

_UNIONS = (Union, types.UnionType)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_SCALARS: dict[object, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    object: {},
    type(None): {"type": "null"},
}


@frozen
class Within:
    """Bounds of a number, both included; as a length for text and lists."""

    minimum: int
    maximum: int


_BOUNDS = {
    "integer": ("minimum", "maximum"),
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
}


def describe(annotation: object, components: dict[str, Schema]) -> Schema:
    """Return the schema of a type; named types go to ``components`` and are referred to."""
    inner, notes = _split(annotation)
    schema = dict(_describe(inner, components))
    for note in notes:
        if isinstance(note, str):
            schema["description"] = note
        elif isinstance(note, Within):
            low, high = _BOUNDS[str(schema["type"])]
            schema |= {low: note.minimum, high: note.maximum}
    return schema


def _describe(inner: object, components: dict[str, Schema]) -> Schema:
    if inner in _SCALARS:
        return _SCALARS[inner]
    origin, arguments = typing.get_origin(inner), typing.get_args(inner)
    if origin in _UNIONS:
        return {"anyOf": [describe(one, components) for one in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": describe(arguments[0], components)}
    if origin is dict:
        return {"type": "object", "additionalProperties": describe(arguments[1], components)}
    assert isinstance(inner, type), inner
    name = inner.__name__
    if name not in components:
        components[name] = {}  # a type may contain itself
        components[name] = _describe_record(inner, components)
    return {"$ref": f"#/components/schemas/{name}"}


def _describe_record(record: type, components: dict[str, Schema]) -> Schema:
    hints = hints_of(record)
    properties = {name: describe(hint, components) for name, hint in hints.items()}
    required = list(hints)
    if is_dataclass(record):
        for row in fields(record):
            if row.default is not MISSING:
                properties[row.name]["default"] = row.default
        required = [row.name for row in fields(record) if is_required(row)]
    schema: Schema = {"type": "object", "description": first_line(record), "properties": properties}
    if required:
        schema["required"] = required
    if is_dataclass(record):  # what a caller sends; answers may grow
        schema["additionalProperties"] = False
    return schema


def first_line(documented: object) -> str:
    """Return the first sentence of a docstring."""
    return (documented.__doc__ or "").strip().split("\n")[0]


@functools.cache
def hints_of(record: type) -> Mapping[str, object]:
    """Return the annotations of a class, resolved, by name of the field."""
    return typing.get_type_hints(record, include_extras=True)


def read(annotation: object, value: object, name: str) -> object:
    """Return ``value``, as JSON gave it, as a value of the type.

    Raises:
        IncorrectParameters: it is not of that type; ``name`` is named in the text.
    """
    inner, notes = _split(annotation)
    origin, arguments = typing.get_origin(inner), typing.get_args(inner)
    if origin in _UNIONS:
        result = _read_union(arguments, value, name)
    elif origin is Literal:
        result = _require(any(value == one and type(value) is type(one) for one in arguments), value, inner, name)
    elif origin is list:
        items = _require(isinstance(value, list), value, inner, name)
        assert isinstance(items, list)
        result = [read(arguments[0], item, f"{name}[{index}]") for index, item in enumerate(items)]
    elif isinstance(inner, type) and is_dataclass(inner):
        result = _read_record(inner, value, name)
    else:
        result = _require(type(value) is inner, value, inner, name)
    _check(result, notes, name)
    return result


def parse(annotation: object, text: str, name: str) -> object:
    """Return what a path, query or header parameter says.

    Raises:
        IncorrectParameters: it is not of that type.
    """
    inner, notes = _split(annotation)
    value: object = text
    if typing.get_origin(inner) in _UNIONS:  # None stands for a parameter that was left out
        (wanted,) = (one for one in typing.get_args(inner) if one is not type(None))
        value = parse(wanted, text, name)
        _check(value, notes, name)
        return value
    if inner is int and _WHOLE_NUMBER.fullmatch(text):
        value = int(text)
    elif inner is bool:
        value = _TRUTH.get(text.lower(), text)
    return read(annotation, value, name)


def _split(annotation: object) -> tuple[object, tuple[object, ...]]:
    if typing.get_origin(annotation) is Annotated:
        inner, *notes = typing.get_args(annotation)
        return inner, tuple(notes)
    return annotation, ()


def _read_union(choices: Sequence[object], value: object, name: str) -> object:
    refusals = []
    for choice in choices:
        try:
            return read(choice, value, name)
        except IncorrectParameters as refusal:
            refusals.append(str(refusal))
    raise IncorrectParameters("; or ".join(dict.fromkeys(refusals)))


def _read_record(record: type, value: object, name: str) -> object:
    _require(isinstance(value, dict), value, record, name)
    assert isinstance(value, dict)
    hints = hints_of(record)
    prefix = f"{name}." if name else ""
    if unknown := [key for key in value if key not in hints]:
        raise IncorrectParameters(f"{prefix}{unknown[0]}: there is no such member")
    assert is_dataclass(record)
    if missing := [row.name for row in fields(record) if is_required(row) and row.name not in value]:
        raise IncorrectParameters(f"{prefix}{missing[0]}: is missing")
    return record(**{key: read(hints[key], item, f"{prefix}{key}") for key, item in value.items()})


def is_required(row: Field[object]) -> bool:
    """Whether a member of a body may not be left out."""
    return row.default is MISSING and row.default_factory is MISSING


def _require(holds: bool, value: object, inner: object, name: str) -> object:
    if not holds:
        raise IncorrectParameters(f"{name or 'the body'}: must be {_spoken(inner)}")
    return value


def _spoken(inner: object) -> str:
    if typing.get_origin(inner) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(inner)))
    if typing.get_origin(inner) is list:
        return "a list"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "null"}
    return words.get(inner, "an object") if isinstance(inner, type) else "an object"


def _check(value: object, notes: tuple[object, ...], name: str) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise IncorrectParameters(f"{name}: half of a surrogate pair is no text") from None
    for note in notes:
        if isinstance(note, Within):
            size = value if isinstance(value, int) else len(value) if isinstance(value, str | list) else 0
            if not note.minimum <= size <= note.maximum:
                raise IncorrectParameters(f"{name}: must be within {note.minimum} and {note.maximum}")
