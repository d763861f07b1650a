"""Names that are only imported when somebody asks for them: a listener must not pay for the daemon."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping


def late(module: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """Return a module's ``__getattr__`` for ``names``, each with where it is: ``package.module:attribute``."""

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, attribute = names[name].partition(":")
        return getattr(importlib.import_module(home), attribute)

    return find
