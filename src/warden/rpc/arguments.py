"""Reads the arguments of an RPC call: each function returns the value or raises IncorrectParameters."""

from __future__ import annotations

from warden.errors import IncorrectParameters

_LIMIT = 2**63  # what the operating system can take as an offset


def text(value: object) -> str:
    """Take a string."""
    if not isinstance(value, str):
        raise IncorrectParameters(f"{value!r:.80} is no string")
    return value


def whole(value: object) -> int:
    """Take an integer; a numeric string or a double counts as one."""
    try:
        number = int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or abs(number) >= _LIMIT:
        raise IncorrectParameters(f"{value!r:.80} is no integer")
    return number


def signal(value: object) -> str | int:
    """Take the name or the number of a signal; whether there is one of that name is seen later."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value)
    raise IncorrectParameters(f"{value!r:.80} is no signal")
