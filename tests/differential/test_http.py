"""The edge of HTTP: credentials, methods, lengths, malformed requests, paths, the two log streams."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from differential.story import Plot, Story
from harness import rpc
from harness.daemon import SERVER

PROGRAMS = """
[program:web]
command = cat
[program:none]
command = cat
stdout_logfile = NONE
[program:off]
command = cat
autostart = false
stdout_logfile = %(here)s/off.log
"""
STATE = b"<?xml version='1.0'?><methodCall><methodName>supervisor.getState</methodName></methodCall>"
XML = {"Content-Type": "text/xml"}


def note(story: Story, key: str, reply: rpc.Reply, *headers: str) -> None:
    """Record status and the named headers; bodies only where a client reads them."""
    story.note(key, {"status": reply.status, **{name: reply.headers.get(name, "absent") for name in headers}})


def basic(credentials: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def with_credentials(password: str) -> Plot:
    """Make the plot of a server that wants bob's password, which is written in this form in the file."""

    def plot(story: Story) -> None:
        server = SERVER.replace("file = %(here)s/s", f"file = %(here)s/s\nusername = bob\npassword = {password}")
        with story.daemon(PROGRAMS, server=server) as daemon:
            attempts: dict[str, dict[str, str]] = {
                "none": {},
                "right": basic("bob:secret"),
                "wrong password": basic("bob:other"),
                "wrong user": basic("eve:secret"),
                "empty": basic(":"),
                "hash itself": basic(f"bob:{password}"),
                "longer": basic("bob:secretx"),
                "no colon": basic("bob"),
                "not base64": {"Authorization": "Basic !!!"},
                "no value": {"Authorization": "Basic"},
                "another scheme": {"Authorization": "Bearer x"},
                "scheme in lower case": {"Authorization": "basic " + basic("bob:secret")["Authorization"][6:]},
            }
            for name, headers in attempts.items():
                reply = rpc.exchange(daemon.socket, "POST", "/RPC2", STATE, {**XML, **headers})
                note(story, f"/RPC2 {name}", reply, "www-authenticate")
            for path in ("/", "/index.html", "/ok.html", "/tail.html", "/nope", "/stylesheets/supervisor.css"):
                note(story, f"{path} without", rpc.exchange(daemon.socket, "GET", path), "www-authenticate")
                note(story, f"{path} with", rpc.exchange(daemon.socket, "GET", path, None, basic("bob:secret")))
            for path in ("/logtail/web", "/mainlogtail", "/logtail/nope"):
                note(story, f"{path} without", rpc.exchange(daemon.socket, "GET", path), "www-authenticate")

    plot.__name__ = "sha_password" if password.startswith("{") else "plain_password"
    return plot


def methods_and_paths(story: Story) -> None:
    with story.daemon(PROGRAMS) as daemon:
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            for path in ("/RPC2", "/logtail/web", "/mainlogtail", "/", "/ok.html", "/nope"):
                if method == "GET" and path in ("/logtail/web", "/mainlogtail"):
                    continue  # never ends: told in the story of streams
                body = b"x" if method == "PUT" else None
                note(story, f"{method} {path}", rpc.exchange(daemon.socket, method, path, body))
        for path in ("/logtail/nope", "/logtail/none", "/logtail/off", "/logtail/web:*", "/logtail/web/nonsense"):
            note(story, f"GET {path}", rpc.exchange(daemon.socket, "GET", path))
        for path in ("/logtail", "/logtail/", "/nope.html", "/images/nope.gif", "/../../etc/passwd", "/%2e%2e/x", "//"):
            note(story, f"GET {path}", rpc.exchange(daemon.socket, "GET", path))
        for path in ("/index.html", "/tail.html?processname=web", "/tail.html", "/tail.html?processname=nope"):
            note(story, f"GET {path}", rpc.exchange(daemon.socket, "GET", path), "cache-control", "pragma")
        reply = rpc.exchange(daemon.socket, "GET", "/ok.html")
        story.note("/ok.html", [reply.status, reply.body.decode(), reply.headers["content-length"]])
        for path in ("/stylesheets/supervisor.css", "/images/icon.png"):
            reply = rpc.exchange(daemon.socket, "GET", path)
            note(story, f"GET {path}", reply, "content-type")
            later = rpc.exchange(
                daemon.socket, "GET", path, None, {"If-Modified-Since": reply.headers.get("last-modified", "")}
            )
            note(story, f"GET {path} again", later)


def calls(story: Story) -> None:
    """XML-RPC requests, right and wrong, as bytes of a body."""
    bodies = {
        "right": STATE,
        "no declaration": STATE.partition(b"?>")[2],
        "empty params": STATE.replace(b"</methodName>", b"</methodName><params></params>"),
        "not well-formed": b"<methodCall>",
        "not XML": b"hello",
        "no method name": b"<methodCall></methodCall>",
        "empty method name": b"<methodCall><methodName></methodName></methodCall>",
        "bare text value": STATE.replace(b"getState", b"getProcessInfo").replace(
            b"</methodName>", b"</methodName><params><param><value>web</value></param></params>"
        ),
        "i4": STATE.replace(b"getState", b"readLog").replace(
            b"</methodName>",
            b"</methodName><params><param><value><i4>0</i4></value></param>"
            b"<param><value><int>-1</int></value></param></params>",
        ),
        "base64": STATE.replace(b"getState", b"getProcessInfo").replace(
            b"</methodName>",
            b"</methodName><params><param><value><base64>d2Vi</base64></value></param></params>",
        ),
    }
    with story.daemon(PROGRAMS) as daemon:
        daemon.wait_line("success: ", 2)
        for name, body in bodies.items():
            reply = rpc.exchange(daemon.socket, "POST", "/RPC2", body, XML)
            note(story, name, reply, *(("content-type",) if reply.status == 200 else ()))
            if reply.status == 200:
                story.note(f"{name}: it is a fault", b"<fault>" in reply.body)
        for path in ("/RPC2/", "/RPC2?x=y"):
            note(story, f"POST {path}", rpc.exchange(daemon.socket, "POST", path, STATE, XML))
        for content_type in ("text/xml; charset=utf-8", "application/xml"):
            reply = rpc.exchange(daemon.socket, "POST", "/RPC2", STATE, {"Content-Type": content_type})
            note(story, f"content type {content_type}", reply)
        for level, message in daemon.log():
            if level == "ERRO":
                story.note(f"log: {message}", message)


def status_of(answer: bytes) -> str:
    return answer.partition(b"\r\n")[0].decode(errors="replace").partition(" ")[2][:3] or "closed"


def raw_requests(story: Story) -> None:
    length = f"Content-Length: {len(STATE)}\r\n".encode()
    close = b"Connection: close\r\n"
    requests = {
        "1.1 with close": b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n" + length + close + b"\r\n" + STATE,
        "1.0": b"POST /RPC2 HTTP/1.0\r\n" + length + b"\r\n" + STATE,
        "no length": b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n" + close + b"\r\n",
        "lower case header": b"POST /RPC2 HTTP/1.1\r\nhost: x\r\n" + length.lower() + close.lower() + b"\r\n" + STATE,
        "encoded path": b"POST /%52PC2 HTTP/1.1\r\nHost: x\r\n" + length + close + b"\r\n" + STATE,
        "no host": b"GET /ok.html HTTP/1.0\r\n\r\n",
        "leading empty line": b"\r\nGET /ok.html HTTP/1.0\r\n\r\n",
    }
    with story.daemon(PROGRAMS) as daemon:
        for name, request in requests.items():
            story.note(name, status_of(rpc.raw(daemon.socket, request)))


def keep_alive(story: Story) -> None:
    with story.daemon(PROGRAMS) as daemon:
        wire = rpc.connection(daemon.socket)
        for number in range(3):
            wire.request("POST", "/RPC2", STATE, XML)
            answer = wire.getresponse()
            story.note(f"call {number}", [answer.status, len(answer.read()) > 0, wire.sock is not None])
        wire.close()


def stream(address: Path, path: str, enough: Callable[[bytes], bool], act: Callable[[], None]) -> dict[str, object]:
    """Follow a log until enough has come; ``act`` runs when the first bytes are there."""
    wire = rpc.connection(address)
    try:
        wire.request("GET", path)
        answer = wire.getresponse()
        names = ("content-type", "transfer-encoding", "x-accel-buffering")
        head = {name: answer.headers.get(name, "absent") for name in names}
        data = answer.read1(65536) if not enough(b"") else b""
        act()
        while not enough(data):
            data += answer.read1(65536)
        return {"status": answer.status, **head, "data": data.decode()}
    finally:
        wire.close()


def streams(story: Story) -> None:
    config = "[program:p]\ncommand = sh -c 'echo one; exec cat'\nstdout_logfile = %(here)s/p.log\n"
    with story.daemon(config) as daemon:
        daemon.wait_line("success: p")
        story.wait_text("p.log", "one\n")

        def say(text: str) -> Callable[[], None]:
            return lambda: (daemon.rpc("supervisor.sendProcessStdin", "p", text), None)[1]

        def has(text: bytes) -> Callable[[bytes], bool]:
            return lambda data: text in data

        story.note("follow", stream(daemon.socket, "/logtail/p", has(b"two\n"), say("two\n")))
        story.note("stdout", stream(daemon.socket, "/logtail/p/stdout", has(b"three\n"), say("three\n")))

        def clear() -> None:
            daemon.rpc("supervisor.clearProcessLogs", "p")
            say("four\n")()

        story.note("across clear", stream(daemon.socket, "/logtail/p", has(b"four\n"), clear))
        say("x" * 2000 + "\n")()
        story.wait_text("p.log", "x\n")
        story.note("last kilobyte", stream(daemon.socket, "/logtail/p", has(b"end\n"), say("end\n")))


def stream_of_the_main_log(story: Story) -> None:
    with story.daemon("[program:p]\ncommand = cat\n") as daemon:
        daemon.wait_line("success: p")
        seen = stream(
            daemon.socket,
            "/mainlogtail",
            lambda data: b"stopped: p" in data,
            lambda: (daemon.rpc("supervisor.stopProcess", "p"), None)[1],
        )
        data = str(seen.pop("data"))
        story.note("head", {**seen, "x-accel-buffering": "not compared"})
        story.note("it ends with the news", data.rstrip().splitlines()[-1][24:])


def following_over_supervisorctl(story: Story) -> None:
    with story.daemon(PROGRAMS) as daemon:
        daemon.wait_line("success: ", 2)
        for words in (("tail", "-f", "nope"), ("tail", "-f", "none"), ("tail", "-f", "web:*")):
            story.ctl(daemon, *words)


PLOTS: tuple[Plot, ...] = (
    with_credentials("secret"),
    with_credentials("{SHA}" + hashlib.sha1(b"secret").hexdigest()),
    methods_and_paths,
    calls,
    raw_requests,
    keep_alive,
    streams,
    stream_of_the_main_log,
    following_over_supervisorctl,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_http_behaves_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
