"""The web: lists of processes over JSON and XML-RPC, what open pages cost, how big the page is."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from pathlib import Path

from benchmarks.figures import WARDEN, Figures, Work
from benchmarks.fleet import rate
from benchmarks.sides import Ini
from benchmarks.stage import Stage, cost_so_far, memory, stage, wait_until
from benchmarks.wire import Client, connect

SIZES = (100, 1000)
CHATTERERS = 500
PAGES, STREAMS = 20, 200
SECONDS = 5.0

CHATTY = """\
[program:p]
command=/bin/sh -c 'while :; do echo line of output; sleep 1; done'
process_name=%(program_name)s_%(process_num)04d
numprocs={count}
startsecs=0
redirect_stderr=true
stdout_logfile={home}/%(process_num)04d.log
"""

PAGE_SIZE = Work("web: page with scripts and styles, as sent", "KiB")
NO_PAGES = Work(f"web: CPU with {CHATTERERS} chatty programs, no page open", "% of a core")
OPEN_PAGES = Work(f"web: CPU with {CHATTERERS} chatty programs, {PAGES} pages open", "% of a core")
STREAM_MEMORY = Work(f"web: memory with {STREAMS} open streams", "MiB PSS")


def lists(count: int, how: str) -> Work:
    """The whole list of processes, asked again and again on one connection."""
    return Work(f"web: list of {count} processes over {how}", "/s")


def measure_lists(side: Ini, figures: Figures, count: int) -> None:
    """Ask both interfaces for the same list; the ancestor has only one."""
    with stage() as here:
        side.start(here, count)
        client = connect(here)
        for _ in range(count):
            here.births.next()
        figures.add(lists(count, "XML-RPC"), side.name, rate(client, "getAllProcessInfo"))
        if side.name == WARDEN:
            figures.add(lists(count, "JSON"), side.name, _get_rate(client, "/api/v1/processes"))
        client.close()


def measure_pages(side: Ini, figures: Figures) -> None:
    """Let programs talk, open pages, look at CPU and memory."""
    with stage() as here:
        side.start_with(here, CHATTY.format(count=CHATTERERS, home=here.home), CHATTERERS)
        connect(here).close()
        last = here.home / f"{CHATTERERS - 1:04}.log"
        wait_until(lambda: last.exists() and last.stat().st_size, "the last program's first line")
        figures.add(NO_PAGES, side.name, _cpu(here))
        with Readers(here, PAGES):
            figures.add(OPEN_PAGES, side.name, _cpu(here))
        with Readers(here, STREAMS):
            figures.add(STREAM_MEMORY, side.name, memory(here.daemon())[1])
        figures.add(PAGE_SIZE, side.name, _page_bytes(here.home / "sock") / 1024)


def _cpu(here: Stage) -> float:
    time.sleep(2)
    _, before = cost_so_far(here.daemon())
    time.sleep(SECONDS)
    _, after = cost_so_far(here.daemon())
    return 100 * (after - before) / SECONDS


def _get_rate(client: Client, path: str) -> float:
    whole = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    client.ask(whole)
    began, asked = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        client.ask(whole)
        asked += 1
    return asked / (time.monotonic() - began)


def _page_bytes(path: Path) -> int:
    """Fetch the page and all it names, as a browser that takes gzip; return the bytes of the bodies."""

    def fetch(name: str) -> bytes:
        client = Client(path)
        head = f"GET /{name} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\n"
        body = client.ask(f"{head}\r\n".encode())
        client.close()
        return body

    sizes: dict[str, int] = {}
    todo = [""]
    while todo:
        name = todo.pop()
        if name in sizes:
            continue
        body = fetch(name)
        sizes[name] = len(body)
        text = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode("utf-8", "replace")
        todo += re.findall(r'(?:href|src)="((?:static|stylesheets)/[^"]+)"', text)
        todo += [f"static/{module}" for module in re.findall(r'from "\./([^"]+)"', text)]
    return sum(sizes.values())


class Readers:
    """Open event streams, as many pages have; a thread reads and forgets what comes."""

    def __init__(self, here: Stage, count: int) -> None:
        self._sockets = []
        for _ in range(count):
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(here.home / "sock"))
            one.sendall(b"GET /api/v1/events?lines=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self._sockets.append(one)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Readers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def _read(self) -> None:
        for one in self._sockets:
            one.setblocking(False)
        while not self._over.wait(0.05):
            for one in self._sockets:
                try:
                    while one.recv(1024 * 1024):
                        pass
                except BlockingIOError:
                    continue
