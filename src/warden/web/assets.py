"""The files that pages load: style sheets, modules, the icon."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from warden.frozen import frozen

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".gif": "image/gif",
}


@frozen(kw_only=True)
class Asset:
    """One file; ``modified`` in seconds since the epoch."""

    body: bytes
    zipped: bytes
    content_type: str
    modified: float


# Only what is listed here can be asked for, so no path of a request is ever a path of the file system.
_FILES = {f"/static/{file.name}": file for file in _FOLDER.iterdir() if file.suffix in _TYPES} | {
    # Where Supervisor has them; the pictures are for pages of others, and of the same sizes.
    "/stylesheets/supervisor.css": _FOLDER / "supervisor.css",
    **{f"/images/{file.name}": file for file in (_FOLDER / "images").iterdir() if file.suffix in _TYPES},
}


def find(path: str) -> Asset | None:
    """Return the file that a path of a URL stands for, None if there is none."""
    file = _FILES.get(path)
    if file is None:
        return None
    return _read(file, file.stat().st_mtime)


@lru_cache(maxsize=64)
def _read(file: Path, modified: float) -> Asset:
    import gzip  # with the first file that a page loads: many daemons never show one

    body = file.read_bytes()
    return Asset(body=body, zipped=gzip.compress(body), content_type=_TYPES[file.suffix], modified=modified)
