"""Say in lines of text what is wrong with a configuration or a command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from warden.config.values import Severity
from warden.errors import ConfigError, Place
from warden.words import counted

_MASKED_OPTIONS = frozenset({"password", "environment"})  # their values may be secrets, and stderr ends up in logs


def render_error(error: ConfigError, argv0: str) -> str:
    """Return what a program prints on stderr before it exits with status 2.

    The first lines are the reference's; place and advice follow.
    """
    lines = [f"Error: {error}", f"For help, use {argv0} -h", *_details(error)]
    if error.others:
        count = len(error.others)
        lines.append(f"{counted(count, 'more problem')}: use supervisord --check to see all")
    return "".join(f"{line}\n" for line in lines)


def render_check(path: str, errors: Sequence[ConfigError], messages: Sequence[tuple[Severity, str]]) -> str:
    """Return what ``supervisord --check`` prints: all errors, then all warnings, then the sum."""
    lines = []
    for error in errors:
        lines += [f"Error: {error}", *_details(error)]
    warnings = [text for severity, text in messages if severity is not Severity.INFO]
    lines += [f"Warning: {text}" for text in warnings]
    lines.append(f"{path}: {_count(len(errors), 'error')}, {_count(len(warnings), 'warning')}")
    return "".join(f"{line}\n" for line in lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _details(error: ConfigError) -> Iterator[str]:
    if where := _where(error.place):
        yield f"  at {where}"
    if error.place.option and error.place.value is not None:
        masked = error.place.option in _MASKED_OPTIONS
        yield f"  {error.place.option} = {'(not shown)' if masked else _one_line(error.place.value)}"
    if error.advice:
        yield f"  {error.advice}"


def _where(place: Place) -> str:
    parts = []
    if place.file is not None:
        parts.append(place.file if place.line is None else f"{place.file}:{place.line}")
    if place.section is not None:
        parts.append(f"[{place.section}]")
    return ", ".join(parts)


def _one_line(value: str) -> str:
    return value.replace("\n", "\\n")
