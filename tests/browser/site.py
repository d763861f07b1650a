"""A real daemon with a TCP port, and pages of a real browser that must behave in every test."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from harness.daemon import SERVER, Daemon
from harness.sides import WARDEN

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ALARM_MS = 40_000  # of a wait for a fact; never a measurement


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def daemon_with(home: Path, programs: str, http: str) -> tuple[Daemon, str]:
    """Return a daemon (not yet started) and the address of its page; ``http`` are more options of its server."""
    port = free_port()
    server = f"{SERVER}identifier = shop\n[inet_http_server]\nport = 127.0.0.1:{port}\n{http}"
    return Daemon(WARDEN, home, programs, server=server), f"http://127.0.0.1:{port}/"


class Visit:
    """One page, and whatever it did that it must not do."""

    def __init__(self, browser: Browser, **options: object) -> None:
        self.context = browser.new_context(**options)  # type: ignore[arg-type]
        self.context.set_default_timeout(ALARM_MS)
        self.page: Page = self.context.new_page()
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)
        self.page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def open(self, address: str) -> Page:
        """Show a page and wait until it is alive."""
        self.page.goto(address)
        self.page.locator("html[data-connection=live]").wait_for()
        return self.page

    def close(self) -> None:
        """Leave; fail if a script failed, the policy was broken, or another host was asked."""
        self.context.close()
        assert self.errors == []
        assert len(self.hosts) <= 1, self.hosts

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("blob:", "data:")):
            self.hosts.add(urlsplit(request.url).netloc.rpartition("@")[2])

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and "/api/" not in response.url:
            self.errors.append(f"{response.status}: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Refusals of the API and lost connections, which tests bring about, are errors to the browser.
        if (
            message.type == "error"
            and "Failed to load resource" not in message.text
            and "net::ERR_" not in message.text
        ):
            self.errors.append(message.text)
