"""Frozen facts to JSON and back, by their declared types.

Fields that have their default value are left out, so that a version which has a
field more, or one less that nobody uses, can read them.
"""

from __future__ import annotations

import base64
import enum
import functools
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from warden.config.values import AUTO, Auto

T = TypeVar("T")
_AUTO = {"auto": 1}


class Undecodable(ValueError):
    """This was not written by a version that this one understands."""


def encode(value: Any) -> Any:
    """Return what JSON has for a dataclass, a named tuple, an enum member, bytes, or what JSON knows itself."""
    kind: Any = type(value)
    return value if kind in _PLAIN else _encoder(kind)(value)


def encode_as(kind: Any, value: object) -> Any:
    """Return what ``encode`` makes of a dataclass ``kind`` whose fields are the attributes of ``value``."""
    return _encoder(kind)(value)


_PLAIN = frozenset({str, int, float, bool, types.NoneType})


@functools.cache
def _encoder(kind: Any) -> Callable[[Any], Any]:
    """Return what encodes a value of exactly that type; a step of a process needs several dozen of them."""
    if kind is Auto:
        return lambda _value: _AUTO
    if issubclass(kind, enum.Enum):
        return lambda value: value.value
    if issubclass(kind, tuple):
        return lambda value: list(map(encode, value))
    if kind is bytes:
        return lambda value: base64.b64encode(value).decode()
    rows = _defaults(kind)
    return lambda value: {
        name: item if type(item) in _PLAIN else encode(item)
        for name, default in rows
        if (item := getattr(value, name)) is not default and item != default
    }


def decode(kind: type[T], data: Any) -> T:
    """Return the value of type ``kind`` that ``encode`` made ``data`` of.

    Raises:
        Undecodable: it did not.
    """
    try:
        wanted: Any = kind
        decoded: T = _decoder(wanted)(data)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Undecodable(f"not a {kind.__name__}: {error}") from None
    return decoded


@functools.cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


@functools.cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union([arg for arg in get_args(kind) if arg is not types.NoneType])
    if origin is tuple:
        return _tuple(get_args(kind))
    if kind is bytes:
        return base64.b64decode
    if kind in (str, int, float, bool, Any):
        return lambda data: data
    make: Callable[..., Any] = kind
    if issubclass(kind, enum.Enum):
        return make
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        parts = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
        return lambda data: make(**{name: parts[name](item) for name, item in data.items()})
    row = [_decoder(hints[name]) for name in kind._fields]
    return lambda data: make(*(part(item) for part, item in zip(row, data, strict=False)))


def _union(kinds: list[Any]) -> Callable[[Any], Any]:
    plain = [_decoder(kind) for kind in kinds if kind is not Auto]

    def read(data: Any) -> Any:
        if data is None:
            return None
        return AUTO if data == _AUTO else plain[0](data)

    return read


def _tuple(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    if kinds[1:] == (...,):
        each = _decoder(kinds[0])
        return lambda data: tuple(each(item) for item in data)
    row = [_decoder(kind) for kind in kinds]
    return lambda data: tuple(part(item) for part, item in zip(row, data, strict=True))
