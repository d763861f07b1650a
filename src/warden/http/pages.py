"""The pages of the old web interface: which URL shows what, and which request may change something."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from aiohttp.web_request import BaseRequest

from warden.http.bodies import read_body
from warden.http.origin import Verdict, judge_form, judge_link
from warden.http.replies import Reply, error_reply
from warden.rpc.control import Control
from warden.web import actions
from warden.web.pages import Pages
from warden.words import Channel

MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 100

_HEADERS = {
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, no-store",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class PageRoutes:
    """Answers requests for pages; what is shown and done is decided in ``web``."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._pages = Pages(control)

    async def answer(self, request: BaseRequest, path: str) -> Reply:
        """Answer a request for one of ``routes.PAGES``."""
        match request.method:
            case "GET" | "HEAD":
                form = None
            case "POST":
                form = _fields(await read_body(request, MAX_FORM_BYTES))
            case "OPTIONS":
                return Reply(status=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
            case _:
                return error_reply(400, close=True)
        query = _fields(request.rel_url.raw_query_string.encode("utf-8", "replace"))
        if query is None or (form is None and request.method == "POST"):
            return error_reply(400)
        fields = {**query, **(form or {})}
        if path == "/ok.html":
            return Reply(content_type="text/plain", body=b"OK", headers={"X-Content-Type-Options": "nosniff"})
        if path == "/tail.html":
            return self._tail(fields)
        if "action" in fields and request.method != "HEAD":
            return await self._act(request, fields)
        return _page(self._pages.status(fields.get("message")))

    def _tail(self, fields: Mapping[str, str]) -> Reply:
        channel = Channel.STDERR if fields.get("channel") == "stderr" else Channel.STDOUT
        return _page(self._pages.tail(fields.get("processname"), fields.get("limit"), channel))

    async def _act(self, request: BaseRequest, fields: Mapping[str, str]) -> Reply:
        action, namespec = fields["action"], fields.get("processname")
        if not actions.is_known(action, namespec):
            return error_reply(400)
        match self._verdict(request, fields):
            case Verdict.REFUSE:
                return _page(self._pages.refusal(), status=403)
            case Verdict.CONFIRM:
                return _page(self._pages.confirmation(fields))
            case Verdict.EXECUTE:
                message = await actions.perform(self._control, action, namespec)
        location = f"./?message={quote(message, safe='', errors='replace')}"
        return Reply(status=303, headers={**_HEADERS, "Location": location})

    def _verdict(self, request: BaseRequest, fields: Mapping[str, str]) -> Verdict:
        if fields["action"] == "refresh":  # changes nothing
            return Verdict.EXECUTE
        if request.method == "POST":
            return judge_form(request.headers, fields.get("token", ""), self._pages.token)
        return judge_link(request.headers)


def _page(html: str, status: int = 200) -> Reply:
    return Reply(status=status, body=html.encode("utf-8", "replace"), headers=_HEADERS)


def _fields(encoded: bytes) -> dict[str, str] | None:
    """Return the first value of each field that has one, None if there are too many."""
    try:
        pairs = parse_qsl(encoded.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
