"""Bytes to the daemon and back: URLs, chunks, kept connections, XML-RPC values."""

from __future__ import annotations

import xmlrpc.client
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ctl.fake_daemon import FakeDaemon
from warden.ctl.client import Client, Fault
from warden.ctl.marshal import _load_any, _load_flat_structs, dump_call, load_response
from warden.ctl.wire import BrokenAnswer, ChunkDecoder, HttpStatus, Refused, parse_url, quote

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\n\t"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | TEXT | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("url", "host", "port", "header"),
    [
        ("http://localhost:9001", "localhost", 9001, "localhost:9001"),
        ("http://localhost", "localhost", 80, "localhost"),
        ("http://bob:se:cret@h:1/path:2?x", "h", 1, "h:1"),
        ("http://[::1]:9001/", "::1", 9001, "[::1]:9001"),
        ("https://h", "h", 443, "h"),
        ("https://[fe80::1]", "fe80::1", 443, "[fe80::1]"),
    ],
)
def test_http_urls(url: str, host: str, port: int, header: str) -> None:
    address = parse_url(url)

    assert (address.host, address.port, address.host_header) == (host, port, header)
    assert (address.path, address.tls) == (None, url.startswith("https"))


def test_unix_urls_are_taken_verbatim() -> None:
    assert parse_url("unix://~/a b").path == "~/a b"


@pytest.mark.parametrize("url", ["", "foo", "ftp://x", "HTTP://x", "unix:/x", "http://h:x", "http://h:-1"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="serverurl"):
        parse_url(url)


def test_quoting_keeps_the_namespec_readable() -> None:
    assert quote("g:p_1/é %") == "g:p_1/%C3%A9%20%25"


@given(st.lists(st.binary(min_size=1)), st.data())
def test_chunk_borders_do_not_matter(contents: list[bytes], data: st.DataObject) -> None:
    body = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(content), content) for content in contents) + b"0\r\n\r\n"
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, len(body))))), len(body)]
    chunks = ChunkDecoder()

    found = b"".join(chunks.feed(body[a:b]) for a, b in pairwise(edges))

    assert found == b"".join(contents)
    assert chunks.ended


def test_a_chunk_without_a_size_is_no_chunk() -> None:
    with pytest.raises(BrokenAnswer):
        ChunkDecoder().feed(b"hello\r\n")


@given(VALUES)
def test_values_are_read_as_the_standard_library_writes_them(value: object) -> None:
    document = xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True)  # type: ignore[arg-type]

    expected = xmlrpc.client.loads(document)[0][0]
    assert load_response(document.encode()) == expected


@given(st.lists(st.dictionaries(TEXT, TEXT | st.booleans() | st.integers(-(2**31), 2**31 - 1))), st.data())
def test_long_lists_are_read_alike_on_the_short_way(rows: list[dict[str, object]], data: st.DataObject) -> None:
    document = xmlrpc.client.dumps((rows,), methodresponse=True)
    at = data.draw(st.integers(0, len(document)))
    tags = ["<value><int>1</int></value>", "<nil/>", "<!-- -->", "&amp;", "<struct></struct>", "</value>", ""]
    changed = document[:at] + data.draw(st.sampled_from(tags)) + document[at:]

    assert load_response(document.encode()) == rows
    assert _load_flat_structs(changed.encode()) in (None, _load_any_or_nothing(changed.encode()))


def _load_any_or_nothing(document: bytes) -> object:
    try:
        return _load_any(document)
    except BrokenAnswer:
        return None


def test_the_short_way_is_taken() -> None:
    document = xmlrpc.client.dumps(([{"a": 1, "b": "x"}, {}],), methodresponse=True)

    assert _load_flat_structs(document.encode()) == [{"a": 1, "b": "x"}, {}]


@given(st.lists(TEXT | st.text(st.characters(codec="utf-8")) | st.booleans() | st.integers(-(2**31), 2**31 - 1)))
def test_calls_are_read_by_the_standard_library(params: list[str | int | bool]) -> None:
    read, method = xmlrpc.client.loads(dump_call("supervisor.x", tuple(params)))

    values = [value.data.decode() if isinstance(value, xmlrpc.client.Binary) else value for value in read]
    assert (method, values) == ("supervisor.x", params)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("<value>plain</value>", "plain"),
        ("<value/>", ""),
        ("<value> <int>\n5 </int> </value>", 5),
        ("<value><i8>5000000000</i8></value>", 5000000000),
        ("<value><base64>YQ==</base64></value>", b"a"),
        ("<value><array><data><value>a</value><value><array><data/></array></value></data></array></value>", ["a", []]),
        ("<value><string><![CDATA[<&]]></string></value>", "<&"),
    ],
)
def test_what_other_servers_write(body: str, value: object) -> None:
    document = f"<methodResponse><params><param>{body}</param></params></methodResponse>"

    assert load_response(document.encode()) == value


def test_a_struct_with_the_names_of_a_fault_is_none() -> None:
    struct = {"faultCode": 1, "faultString": "x"}

    assert load_response(xmlrpc.client.dumps((struct,), methodresponse=True).encode()) == struct


def test_a_fault_is_raised() -> None:
    document = xmlrpc.client.dumps(xmlrpc.client.Fault(10, "BAD_NAME: web"))

    with pytest.raises(Fault, match=r"^BAD_NAME: web$") as caught:
        load_response(document.encode())

    assert caught.value.code == 10


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"<a/>",
        b"<value>1</value><x/>",
        b"<value><int>x</int></value>",
        b"<value><base64>a</base64></value>",
    ],
)
def test_what_is_no_answer_is_told(document: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        load_response(document)


def test_the_connection_is_kept(tcp_daemon: FakeDaemon) -> None:
    client = Client(tcp_daemon.url)

    for _ in range(3):
        assert client.text("getVersion") == "3.0"
    client.close()

    assert (tcp_daemon.requests, tcp_daemon.connections) == (3, 1)


def test_a_connection_the_server_closed_is_replaced_once(tcp_daemon: FakeDaemon) -> None:
    tcp_daemon.hang_up = True
    client = Client(tcp_daemon.url)

    for _ in range(3):
        assert client.text("getVersion") == "3.0"
    client.close()

    assert tcp_daemon.connections == 3


def test_a_failed_request_leaves_the_client_usable(tcp_daemon: FakeDaemon) -> None:
    client = Client(tcp_daemon.url)
    tcp_daemon.status = 500
    with pytest.raises(HttpStatus):
        client.call("getVersion")
    tcp_daemon.status = 200

    assert client.text("getVersion") == "3.0"
    client.close()


@pytest.mark.parametrize("method", ["text", "struct", "structs"])
def test_an_answer_of_another_shape_is_told(tcp_daemon: FakeDaemon, method: str) -> None:
    tcp_daemon.answers["odd"] = 5
    client = Client(tcp_daemon.url)

    with pytest.raises(BrokenAnswer, match="odd answered something unexpected"):
        getattr(client, method)("odd")
    client.close()


def test_credentials_are_sent_even_if_empty(tcp_daemon: FakeDaemon) -> None:
    tcp_daemon.credentials = "Basic Og=="
    client = Client(tcp_daemon.url, "", "")

    assert client.text("getVersion") == "3.0"
    client.close()


def test_a_tcp_port_nobody_listens_on(unused_port: int) -> None:
    with pytest.raises(Refused, match=f"http://127.0.0.1:{unused_port} refused connection"):
        Client(f"http://127.0.0.1:{unused_port}").call("getVersion")
