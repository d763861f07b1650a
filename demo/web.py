"""A web server of a few lines: says who it is and counts its visitors."""

from __future__ import annotations

import http.server
import itertools
import os
import sys

PAGE = "<!doctype html><title>Demo</title><h1>Hello from {name}</h1><p>pid {pid}, visitor number {count}</p>\n"


class Hello(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the same page."""

    visitors = itertools.count(1)

    def do_GET(self) -> None:
        """Send the page."""
        name = os.environ.get("SUPERVISOR_PROCESS_NAME", "a program without supervisor")
        body = PAGE.format(name=name, pid=os.getpid(), count=next(self.visitors)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1])
    print(f"listening on http://127.0.0.1:{port}/")
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Hello).serve_forever()
