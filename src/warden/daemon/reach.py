"""What of our own files the user that we are to become cannot read, and how to live with that.

Python and its packages often stand below root's home, which is closed to others.
"""

from __future__ import annotations

import encodings
import importlib
import os
import pkgutil
import sys
from contextlib import suppress

import warden
from warden.runtime.identity import acting_as

# What the standard library, and functions of ours, import when they need it.
_LATE = ("ctypes", "difflib", "psutil", "shlex", "ssl", "tempfile", "urllib.parse")


def hidden_from(uid: int) -> str | None:
    """Return the first of the paths from which we import and start ourselves that the user may not use; only root asks.

    Raises:
        StartupError: no such user.
    """
    if os.getuid() != 0:
        return None
    folders = (path for path in (*sys.path, *warden.__path__) if os.path.isdir(path))
    with acting_as(uid):
        if not os.access(sys.executable, os.X_OK, effective_ids=True):
            return sys.executable
        return next((path for path in folders if not os.access(f"{path}/.", os.R_OK, effective_ids=True)), None)


def import_all() -> None:
    """Import all that we may ever need: it cannot be read later."""
    found = [
        *pkgutil.walk_packages(warden.__path__, "warden."),
        *pkgutil.iter_modules(encodings.__path__, "encodings."),
    ]
    for name in (*(module.name for module in found), *_LATE):
        with suppress(ImportError):  # what is not here is not needed
            importlib.import_module(name)
