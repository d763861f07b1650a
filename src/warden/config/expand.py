"""Expand ``%(here)s``, ``%(ENV_X)s``, ``%(ENV_X:-default)s`` and ``%(process_num)02d`` in a value."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping

MAX_WIDTH_DIGITS = 4  # a width is for padding; more would only eat memory

_PERCENT = re.compile(
    r"%(?:%|\([^)]*\)[-+ 0#]*(?P<width>\d*)(?:\.(?P<precision>\d*))?|[-+ 0#\d.hlL]*(?P<dump>[sra]))", re.ASCII
)


class Names(enum.Flag):
    """Which names an option's value may use; the rows of the option tables say it."""

    ENV = enum.auto()
    HERE = enum.auto()
    HOST = enum.auto()
    PROGRAM = enum.auto()
    GROUP = enum.auto()
    INSTANCE = enum.auto()


_WORDS_OF = {
    Names.HERE: ("here",),
    Names.HOST: ("host_node_name",),
    Names.PROGRAM: ("program_name",),
    Names.GROUP: ("group_name",),
    Names.INSTANCE: ("process_num", "numprocs"),
}


@functools.cache
def words_of(names: Names) -> tuple[str, ...]:
    """Return the names beside the ``ENV_`` ones, in no special order."""
    return tuple(word for name, words in _WORDS_OF.items() if name in names for word in words)


class ExpansionError(ValueError):
    """A value whose percent signs make no sense; the text is the reference's message."""


class _WithDefaults(dict[str, str | int]):
    """Names, and for ``ENV_X:-default`` the default where the variable is missing or empty."""

    def __missing__(self, key: str) -> str | int:
        name, given, default = key.partition(":-")
        if not given or not name.startswith("ENV_"):
            raise KeyError(key)
        return self.get(name) or default


def environment_names(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the ``ENV_`` names that stand for the variables of ``environ``."""
    return {f"ENV_{name}": value for name, value in environ.items()}


def expand(value: str, names: Mapping[str, str | int], label: str, *, tell_names: bool = True) -> str:
    """Replace the names in ``value``; ``%%`` becomes one percent sign.

    ``label`` says in messages what the value is for.  Without ``tell_names``
    the message about an unknown name does not list the known ones.

    Raises:
        ExpansionError: an unknown name, or a percent sign that is none of ours.
    """
    if "%" not in value:
        return value
    try:
        _check(value)
        return value % (_WithDefaults(names) if ":-" in value else names)
    except KeyError as error:
        message = f"Format string {value!r} for {label!r} contains names ({error}) which cannot be expanded."
        if tell_names:
            message += f" Available names: {', '.join(sorted(names))}"
        raise ExpansionError(message) from None
    except (ValueError, TypeError) as error:
        raise ExpansionError(f"Format string {value!r} for {label!r} is badly formatted: {error}") from None


def _check(value: str) -> None:
    """Refuse what printf formatting would take, but nobody can mean.

    A ``%s`` without a name would be replaced by a dump of all names, and a
    width of a thousand million would be granted.
    """
    for found in _PERCENT.finditer(value):
        if found["dump"]:
            raise ValueError("not enough arguments for format string")
        if len(found["width"] or "") > MAX_WIDTH_DIGITS or len(found["precision"] or "") > MAX_WIDTH_DIGITS:
            raise ValueError("width too big")
