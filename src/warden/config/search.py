"""Where the configuration file is looked for when nobody names it."""

from __future__ import annotations

import os

from warden.errors import ConfigError


def candidates(argv0: str) -> tuple[str, ...]:
    """Return the paths in the order in which they are tried; ``argv0`` is how the program was called."""
    above = os.path.dirname(os.path.dirname(argv0))
    return (
        os.path.join(above, "etc/supervisord.conf"),
        os.path.join(above, "supervisord.conf"),
        "supervisord.conf",
        "etc/supervisord.conf",
        "/etc/supervisord.conf",
        "/etc/supervisor/supervisord.conf",
    )


def find(argv0: str, cwd: str = "") -> str | None:
    """Return the first candidate that exists; relative ones are looked up in ``cwd``."""
    return next((path for path in candidates(argv0) if os.path.exists(os.path.join(cwd, path))), None)


def require(argv0: str, cwd: str = "") -> str:
    """Return what ``find`` does.

    Raises:
        ConfigError: no candidate exists.
    """
    path = find(argv0, cwd)
    if path is None:
        paths = ", ".join(candidates(argv0))
        raise ConfigError(
            f"No config file found at default paths ({paths}); "
            "use the -c option to specify a config file at a different path"
        )
    return path
