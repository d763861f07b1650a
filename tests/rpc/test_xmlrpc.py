"""Marshalling: what XML-RPC says, within limits, whatever the bytes are."""

from __future__ import annotations

import datetime
import enum
import xmlrpc.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.rpc.xmlrpc import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_INT,
    Malformed,
    Unmarshallable,
    check,
    dump_fault,
    dump_response,
    parse,
)
from warden.rpc.xmltext import LONG, LongText, legal

legal_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
scalars = st.one_of(
    legal_text, st.booleans(), st.integers(-MAX_INT, MAX_INT), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(legal_text, inner, max_size=4))
)


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    YES = "yes"


def call(*params: str, name: str = "n.m") -> bytes:
    wrapped = "".join(f"<param><value>{param}</value></param>" for param in params)
    return f"<methodCall><methodName>{name}</methodName><params>{wrapped}</params></methodCall>".encode()


def answer(value: object) -> object:
    return xmlrpc.client.loads(dump_response(value), use_builtin_types=True)[0][0]


@given(values)
def test_what_is_written_reads_the_same(value: object) -> None:
    assert answer(value) == value


@given(st.lists(values, max_size=3))
def test_what_the_standard_client_writes_is_read(params: list[object]) -> None:
    body = xmlrpc.client.dumps(tuple(params), "supervisor.x").encode()

    assert parse(body) == ("supervisor.x", params)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_call_or_malformed(body: bytes) -> None:
    try:
        name, params = parse(body)
    except Malformed:
        return
    assert isinstance(name, str)
    assert isinstance(params, list)


chunks = st.sampled_from([b"x" * (LONG - 1), "\u00fc\U0001f600<&>\r".encode(), b"\xff\xf0\x9f", b"\x00\n"])


@given(st.lists(chunks, max_size=6))
def test_a_long_text_is_written_as_if_it_were_in_one_piece(parts: list[bytes]) -> None:
    data = b"".join(parts)
    text = data.decode("utf-8", "replace")

    for long in (LongText(data), LongText(text)):
        assert str(long) == text
        assert dump_response([long]) == dump_response([text])
        assert answer({"k": long}) == {"k": legal(text)}


@given(st.text())
def test_any_text_can_be_sent(text: str) -> None:
    expected = legal(text)

    assert answer(text) == expected
    assert answer({"k": [text]}) == {"k": [expected]}


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<int>-3</int>", -3),
        ("<i4>3</i4>", 3),
        ("<boolean>1</boolean>", True),
        ("<boolean>0</boolean>", False),
        ("<boolean>true</boolean>", False),
        ("<string> a b </string>", " a b "),
        ("<string></string>", ""),
        ("bare", "bare"),
        ("", ""),
        ("\n <int>1</int> \n", 1),
        ("<double>1.5</double>", 1.5),
        ("<base64>w6Q=</base64>", "ä"),
        ("<nil/>", None),
        ("<i8>77</i8>", "77"),
        ("<dateTime.iso8601>20261121T10:20:30</dateTime.iso8601>", datetime.datetime(2026, 11, 21, 10, 20, 30)),  # noqa: DTZ001
        ("<array><data><value>a</value><value><int>1</int></value></data></array>", ["a", 1]),
        ("<array><data/></array>", []),
        ("<struct><member><name>k</name><value>v</value></member></struct>", {"k": "v"}),
        ("<struct/>", {}),
        ("&lt;&#228;&gt;", "<ä>"),
    ],
)
def test_every_type_is_read(xml: str, value: object) -> None:
    assert parse(call(xml)) == ("n.m", [value])


@pytest.mark.parametrize("body", [b"<methodCall><methodName>n.m</methodName></methodCall>", call()])
def test_parameters_may_be_left_out(body: bytes) -> None:
    assert parse(body) == ("n.m", [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a",
        b"no xml",
        b"\xff\xfe<methodCall/>",
        b"<methodCall><methodName>\xe4</methodName></methodCall>",
        call("<int>x</int>"),
        call("<int></int>"),
        call("<double>x</double>"),
        call("<base64>a</base64>"),
        call("<base64>/w==</base64>"),
        call("<dateTime.iso8601>never</dateTime.iso8601>"),
        call("<array/>"),
        call("<struct><member><name>k</name></member></struct>"),
        b"<methodCall><methodName>m</methodName><params><param/></params></methodCall>",
        call("<array><data><value>" * MAX_DEPTH + "</value></data></array>" * MAX_DEPTH),
        call("<nil/>" * MAX_ELEMENTS),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + call("&a;"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + call(),
    ],
    ids=range(18),
)
def test_what_is_no_call_is_unmarshallable(body: bytes) -> None:
    with pytest.raises(Malformed, match="unmarshallable"):
        parse(body)


@pytest.mark.parametrize("body", [b"<a/>", call(name=""), b"<methodCall><params/></methodCall>"])
def test_a_call_needs_a_name(body: bytes) -> None:
    with pytest.raises(Malformed, match="no method name"):
        parse(body)


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (2**31, MAX_INT),
        (-(2**40), -MAX_INT),
        (None, ""),
        ((1, 2), [1, 2]),
        (Level.HIGH, 3),
        (Word.YES, "yes"),
        (b"\x00\xff", b"\x00\xff"),
        (datetime.datetime(2026, 11, 21, 10, 20, 30), datetime.datetime(2026, 11, 21, 10, 20, 30)),  # noqa: DTZ001
        ({"100%s": "a%d"}, {"100%s": "a%d"}),
        ({"a": {"b": None}}, {"a": {"b": ""}}),
        ("\x1b[1m\x00", "\ufffd[1m\ufffd"),
        ("\ud800", "\ufffd"),
        ("a\r\nb\rc", "a\r\nb\rc"),
    ],
)
def test_what_xmlrpc_cannot_say_is_said_in_the_nearest_way(value: object, received: object) -> None:
    assert answer(value) == received
    assert answer([value]) == [received]
    assert answer({"key": value}) == {"key": received}


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": object()}, [object()], {"a": [{2: 3}]}])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(Unmarshallable):
        dump_response(value)
    with pytest.raises(Unmarshallable):
        check(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(Unmarshallable):
        dump_response(endless)


def test_the_document_looks_as_supervisors() -> None:
    assert dump_response({"statecode": 1, "statename": "RUNNING"}) == (
        b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n"
        b"<member>\n<name>statecode</name>\n<value><int>1</int></value>\n</member>\n"
        b"<member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n</member>\n"
        b"</struct></value>\n</param>\n</params>\n</methodResponse>\n"
    )


def test_a_fault_carries_any_text() -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(dump_fault(10, "BAD_NAME: <ä&\x00>"))

    assert (caught.value.faultCode, caught.value.faultString) == (10, "BAD_NAME: <ä&\ufffd>")


def test_a_long_text_arrives_whole() -> None:
    text = "".join(f"{number}<&>\r\n\0ä" for number in range(50_000))

    ((answer,), _) = xmlrpc.client.loads(dump_response(text))

    assert answer == text.replace("\0", "\ufffd")
