"""Loads what a configuration names as ``module.path:attribute``."""

from __future__ import annotations

import importlib
from collections.abc import Collection

from warden.events import types

MAIN_INTERFACE = "supervisor.rpcinterface:make_main_rpcinterface"
DEFAULT_HANDLER = "supervisor.dispatchers:default_handler"


def resolve(reference: str) -> object:
    """Return the object that ``reference`` names.

    Raises:
        Exception: whatever the import of that module raises; AttributeError for
            a missing attribute, ValueError for a text of another form, TypeError
            for what cannot be called.
    """
    if reference in (MAIN_INTERFACE, DEFAULT_HANDLER):  # our own: nothing to load
        return reference
    module, colon, path = reference.partition(":")
    if not colon:
        raise ValueError(f"{reference!r} is not of the form module:attribute")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{reference} cannot be called")
    return found


def known_events() -> Collection[str]:
    """Return the wire names of all events, those of plugins included."""
    return types.NAMES
