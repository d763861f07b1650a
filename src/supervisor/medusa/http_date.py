"""Dates as HTTP writes them."""

from __future__ import annotations

import email.utils


def build_http_date(when: float) -> str:
    """Return a moment, in seconds since the epoch, in the form of HTTP headers."""
    return email.utils.formatdate(when, usegmt=True)


def parse_http_date(d: str) -> int:
    """Return the moment that a header names, in seconds since the epoch, 0 if it is none."""
    parsed = email.utils.parsedate_tz(d)
    return 0 if parsed is None else int(email.utils.mktime_tz(parsed))
