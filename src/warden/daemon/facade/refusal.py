"""What of Supervisor's inside Warden does not have: it can be imported, and says so when it is used."""

from __future__ import annotations


class NotSupported(NotImplementedError):
    """Something inside Supervisor that has no counterpart here; the text says what to do instead."""

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(f"Warden does not support {name}: {advice}")


def refused(name: str, advice: str) -> type:
    """Return a class of the last part of ``name`` that can be imported and patched, but not be made."""

    def refuse(_self: object, *_arguments: object, **_options: object) -> None:
        raise NotSupported(name, advice)

    module, _, last = name.rpartition(".")
    return type(last, (), {"__init__": refuse, "__module__": module, "__doc__": f"Not supported: {advice}."})
