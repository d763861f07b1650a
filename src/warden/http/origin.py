"""Did a page of somebody else's make a browser send this?  Decided from the headers alone."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit


class Verdict(enum.Enum):
    """What to do with a request that changes something."""

    EXECUTE = enum.auto()
    CONFIRM = enum.auto()
    REFUSE = enum.auto()


def judge_link(headers: Mapping[str, str]) -> Verdict:
    """Judge a GET with an action, as old scripts and bookmarks send it.

    Programs (curl, cron jobs) may.  A browser may if it says that the link stands on our
    own page; if it does not say where it comes from, its user is asked.
    """
    if "prefetch" in headers.get("Sec-Purpose", headers.get("Purpose", "")).lower():
        return Verdict.REFUSE
    match headers.get("Sec-Fetch-Site", "").lower():
        case "same-origin":
            return Verdict.EXECUTE
        case "none":
            return Verdict.CONFIRM
        case "":
            return Verdict.CONFIRM if _is_browser(headers) else Verdict.EXECUTE
        case _:
            return Verdict.REFUSE


def judge_form(headers: Mapping[str, str], token: str, expected: str) -> Verdict:
    """Judge a POST of a form; ``token`` is what came with it."""
    site = headers.get("Sec-Fetch-Site", "").lower()
    if site not in ("", "none", "same-origin"):
        return Verdict.REFUSE
    if site == "same-origin" or hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode("ascii")):
        return Verdict.EXECUTE
    if "Origin" in headers:
        return Verdict.EXECUTE if _is_own_origin(headers) else Verdict.REFUSE
    return Verdict.CONFIRM if site == "none" or _is_browser(headers) else Verdict.EXECUTE


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser sent an RPC call for a page that is not ours.  Programs send none of these headers."""
    if site := headers.get("Sec-Fetch-Site", "").lower():
        return site not in ("same-origin", "none")
    return "Origin" in headers and not _is_own_origin(headers)


def _is_browser(headers: Mapping[str, str]) -> bool:
    return "Origin" in headers or "Referer" in headers or "text/html" in headers.get("Accept", "").lower()


def _is_own_origin(headers: Mapping[str, str]) -> bool:
    try:
        origin = urlsplit(headers["Origin"]).netloc
    except ValueError:
        return False
    return bool(origin) and origin.lower() == headers.get("Host", "").lower()
