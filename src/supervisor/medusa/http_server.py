"""Helpers of the old HTTP server."""

from __future__ import annotations

import re
from collections.abc import Iterable

from supervisor.medusa import http_date
from warden.daemon.facade.refusal import refused

__all__ = ["get_header", "http_date", "http_request"]

http_request = refused("supervisor.medusa.http_server.http_request", "its HTTP server is another one")


def get_header(head_reg: re.Pattern[str], lines: Iterable[str], group: int = 1) -> str:
    """Return a group of the first line that matches completely, or nothing."""
    return next((match[group] for line in lines if (match := head_reg.fullmatch(line))), "")
