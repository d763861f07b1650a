"""The files that pages load, as answers: unchanged since the browser last asked, compressed if it likes."""

from __future__ import annotations

from email.utils import formatdate

from aiohttp.web_request import BaseRequest

from warden.http.replies import Reply, error_reply
from warden.web.assets import Asset


def asset_reply(request: BaseRequest, asset: Asset) -> Reply:
    """Return a file that pages load, or that it has not changed."""
    if request.method not in ("GET", "HEAD"):
        return error_reply(400, close=True)
    modified = formatdate(asset.modified, usegmt=True)
    # Asked for each time: after an upgrade no browser mixes modules of two versions.
    headers = {
        "Last-Modified": modified,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("If-Modified-Since") == modified:
        return Reply(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Reply(content_type=asset.content_type, body=asset.zipped, headers=headers)
    return Reply(content_type=asset.content_type, body=asset.body, headers=headers)
