"""Bytes to calls and answers to bytes, with limits.

Reading refuses document type declarations, and with them every entity.
Writing is a direct serializer: a list of 2,000 processes is written in a
fraction of the time that ``xmlrpc.client`` needs.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable
from xml.parsers import expat

from warden.rpc.xmltext import LONG, LongText, is_harmless, safe

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64  # nested elements
MAX_ELEMENTS = 200_000  # per document
MAX_INT = 2**31 - 1

_FLAT: dict[type, str] = {str: "<string>%s</string>", int: "<int>%d</int>"}
_MEMBER_END = "</value>\n</member>\n"


class Malformed(Exception):
    """A body that is no XML-RPC call; the text says why in the reference's words."""

    def __init__(self, why: Literal["unmarshallable", "no method name"] = "unmarshallable") -> None:
        super().__init__(why)


class Unmarshallable(TypeError):
    """A value that XML-RPC has no type for."""


@runtime_checkable
class Written(Protocol):
    """A value that knows its own text."""

    def xml(self) -> Iterable[str]:
        """Return the pieces of what stands between ``<value>`` and ``</value>``."""
        ...


# --- reading


@dataclass(slots=True)
class _Element:
    tag: str
    children: list[_Element] = field(default_factory=list)
    text: str = ""

    def child(self, tag: str) -> _Element:
        """Return the first child with that tag.  Raises: Malformed."""
        for element in self.children:
            if element.tag == tag:
                return element
        raise Malformed


class _Builder:
    """Collects expat's events into a tree of bounded depth and size."""

    def __init__(self) -> None:
        self.root = _Element("")
        self._open = [self.root]
        self._count = 0

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Malformed
        element = _Element(tag)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text += text

    def doctype(self, *_declaration: object) -> None:
        raise Malformed


def parse(body: bytes) -> tuple[str, list[object]]:
    """Return the method's name and its parameters.

    Values: int, bool, str, float, ``datetime``, list, dict, None; base64 becomes
    text; an element nobody knows becomes its text.

    Raises:
        Malformed: no well-formed call, or one that is nested too deeply.
    """
    builder = _Builder()
    reader = expat.ParserCreate("utf-8")  # whatever the declaration says
    reader.buffer_text = True
    reader.buffer_size = 64 * 1024
    reader.StartElementHandler = builder.start
    reader.EndElementHandler = builder.end
    reader.CharacterDataHandler = builder.data
    reader.StartDoctypeDeclHandler = builder.doctype
    try:
        reader.Parse(body, True)
    except expat.ExpatError:
        raise Malformed from None
    call = builder.root.children[0]
    try:
        name = call.child("methodName").text
    except Malformed:
        name = ""
    if not name:
        raise Malformed("no method name")
    params = next((element.children for element in call.children if element.tag == "params"), [])
    try:
        return name, [_value(param.child("value")) for param in params]
    except (ValueError, binascii.Error):  # a number, date or base64 that is none
        raise Malformed from None


def _value(element: _Element) -> object:
    if not element.children:
        return element.text
    typed = element.children[0]
    return _READERS.get(typed.tag, _text)(typed)


def _text(element: _Element) -> str:
    return element.text


def _struct(element: _Element) -> dict[str, object]:
    return {member.child("name").text: _value(member.child("value")) for member in element.children}


def _array(element: _Element) -> list[object]:
    return [_value(value) for value in element.child("data").children]


_READERS: dict[str, Callable[[_Element], object]] = {
    "int": lambda element: int(element.text),
    "i4": lambda element: int(element.text),
    "boolean": lambda element: element.text.strip() == "1",
    "double": lambda element: float(element.text),
    "dateTime.iso8601": lambda element: datetime.datetime.fromisoformat(element.text.strip()),
    "base64": lambda element: base64.b64decode(element.text).decode("utf-8"),
    "nil": lambda _element: None,
    "struct": _struct,
    "array": _array,
}


# --- writing


_PARTS_IN_A_PIECE = 512  # about 128 KiB of a list of processes: the whole of it would be copied with each step


class Response:
    """The document that answers with ``value``: looked at when this is made, encoded by ``pieces``.

    Integers are clamped to 32 bits, None becomes an empty string.

    Raises:
        Unmarshallable: there is a value of another type inside.
    """

    def __init__(self, value: object) -> None:
        self._parts: list[_Part] = ["<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>"]
        _write(value, self._parts.append, 0)
        self._parts.append("</value>\n</param>\n</params>\n</methodResponse>\n")

    @property
    def is_long(self) -> bool:
        """Whether it has a text of more than ``LONG`` characters: to encode it takes its time."""
        return any(isinstance(part, LongText) and len(part) > LONG for part in self._parts)

    def pieces(self) -> Iterator[bytes]:
        """Encode the document; may be done in any thread."""
        texts: list[str] = []
        for part in self._parts:
            if isinstance(part, str):
                texts.append(part)
                if len(texts) == _PARTS_IN_A_PIECE:
                    yield "".join(texts).encode("utf-8")
                    texts.clear()
                continue
            yield "".join(texts).encode("utf-8")
            texts.clear()
            for text in part.pieces():
                yield text.encode("utf-8")
        yield "".join(texts).encode("utf-8")


def dump_response(value: object) -> bytes:
    """Return the whole document that answers with ``value``.  Raises: Unmarshallable."""
    return b"".join(Response(value).pieces())


def dump_fault(code: int, text: str) -> bytes:
    """Return the document that answers with a fault."""
    struct = f"{_member('faultCode')}{_int(code)}{_MEMBER_END}{_member('faultString')}{_string(text)}{_MEMBER_END}"
    document = (
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n"
        f"<value><struct>\n{struct}</struct></value>\n</fault>\n</methodResponse>\n"
    )
    return document.encode("utf-8")


def check(value: object) -> None:
    """Raise Unmarshallable if ``value`` cannot be written."""
    _write(value, lambda _part: None, 0)


def write_scalar(value: str | int) -> str:
    """Return what stands between ``<value>`` and ``</value>`` for a text, a number or a boolean."""
    if isinstance(value, str):
        return _string(value)
    return _PLAIN[bool](value) if isinstance(value, bool) else _int(value)


def split_struct(struct: Mapping[str, str | int], apart: Sequence[str]) -> list[str]:
    """Write a struct without the values of the members ``apart``, in the order in which they stand in it.

    Returns one piece more than there are names: what is before, between and
    after those values, which ``write_scalar`` writes.
    """
    pieces = ["<struct>\n"]
    for name, value in struct.items():
        pieces[-1] += _member(name)
        if name in apart:
            pieces.append(_MEMBER_END)
        else:
            pieces[-1] += write_scalar(value) + _MEMBER_END
    pieces[-1] += "</struct>"
    return pieces


_Part = str | LongText
_Out = Callable[[_Part], None]


def _write(value: object, out: _Out, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Unmarshallable("nested too deeply")
    if isinstance(value, LongText) or (isinstance(value, str) and len(value) > LONG):
        out("<string>")
        out(value if isinstance(value, LongText) else LongText(value))
        out("</string>")
    elif (plain := _PLAIN.get(type(value))) is not None:
        out(plain(value))
    elif type(value) is dict or isinstance(value, Mapping):  # the first is faster
        if (written := _flat_struct(value)) is not None:
            out(written)
        else:
            _write_struct(value, out, depth)
    elif isinstance(value, list | tuple):
        out("<array><data>\n")
        for item in value:
            out("<value>")
            _write(item, out, depth + 1)
            out("</value>\n")
        out("</data></array>")
    elif isinstance(value, Written):
        for piece in value.xml():
            out(piece)
    else:
        out(_scalar(value))


def _write_struct(value: Mapping[object, object], out: _Out, depth: int) -> None:
    out("<struct>\n")
    for name, member in value.items():
        out(_member(name))
        _write(member, out, depth + 1)
        out(_MEMBER_END)
    out("</struct>")


def _flat_struct(value: Mapping[object, object]) -> str | None:
    """Write a struct of small numbers and harmless texts; None for any other.

    Nearly every struct is one, and lists of hundreds are asked for every second.
    """
    members = tuple(value.values())
    shape = _flat_shape(tuple(value), tuple(map(type, members)))
    if shape is None:
        return None
    texts, numbers = shape.texts(members), shape.numbers(members)
    if min(numbers) >= -MAX_INT and max(numbers) <= MAX_INT and is_harmless("".join(texts)):
        return shape.template % members
    return None


class _FlatShape(NamedTuple):
    """A %-template, and what picks the texts and the numbers out of the members."""

    template: str
    texts: Callable[[tuple[object, ...]], tuple[str, ...]]
    numbers: Callable[[tuple[object, ...]], tuple[int, ...]]


@functools.lru_cache(maxsize=64)
def _flat_shape(names: tuple[object, ...], kinds: tuple[type, ...]) -> _FlatShape | None:
    """Return the shape of a struct of texts and numbers, at least two of each; None for any other."""
    if set(kinds) != _FLAT.keys() or min(map(kinds.count, _FLAT)) < 2:  # itemgetter gives no tuple for one
        return None
    parts = zip(map(_member, names), kinds, strict=True)
    members = "".join(f"{name.replace('%', '%%')}{_FLAT[kind]}{_MEMBER_END}" for name, kind in parts)
    texts, numbers = ([at for at, kind in enumerate(kinds) if kind is wanted] for wanted in (str, int))
    return _FlatShape(f"<struct>\n{members}</struct>", itemgetter(*texts), itemgetter(*numbers))


def _member(name: object) -> str:
    if not isinstance(name, str):
        raise Unmarshallable("dictionary key must be string")
    return f"<member>\n<name>{safe(name)}</name>\n<value>"


def _scalar(value: object) -> str:
    for kind in type(value).__mro__:  # an enum is written as the number or text it is
        if (plain := _PLAIN.get(kind)) is not None:
            return plain(value)
    raise Unmarshallable(f"cannot marshal {type(value)!r} objects")


def _string(value: str) -> str:
    return f"<string>{value if is_harmless(value) else safe(value)}</string>"


def _int(value: int) -> str:
    return f"<int>{value}</int>" if -MAX_INT <= value <= MAX_INT else f"<int>{MAX_INT if value > 0 else -MAX_INT}</int>"


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: _string,
    int: _int,
    bool: lambda value: "<boolean>1</boolean>" if value else "<boolean>0</boolean>",
    float: lambda value: f"<double>{value!r}</double>",
    type(None): lambda _value: "<string></string>",
    bytes: lambda value: f"<base64>\n{base64.encodebytes(value).decode('ascii')}</base64>",
    datetime.datetime: lambda value: f"<dateTime.iso8601>{value:%Y%m%dT%H:%M:%S}</dateTime.iso8601>",
}
