"""Split a command line into options and words, by the rules of getopt(3) for long options.

Our own, because the library's imports cost more than it does and its messages
change with the user's language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from warden.errors import ConfigError


class Flag(NamedTuple):
    """One option of a command line.

    ``short`` and ``long`` are without dashes; ``argument`` is what the usage
    text calls its argument, "" for a switch.  ``read`` turns the argument into
    a value.  ``is_new`` flags must be written in full, so that no abbreviation
    people have used before becomes ambiguous.
    """

    name: str
    long: str
    doc: str
    short: str = ""
    argument: str = ""
    read: Callable[[str], object] = str
    is_new: bool = False


class Given(NamedTuple):
    """An option that was given: ``spelling`` is ``-x`` or the full ``--name``."""

    flag: Flag
    spelling: str
    argument: str


def split(arguments: Sequence[str], flags: Sequence[Flag]) -> tuple[list[Given], list[str]]:
    """Return the options and the words behind them; the first word ends the options.

    Raises:
        ConfigError: an option is unknown or ambiguous, or has an argument too many or too few.
    """
    given: list[Given] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        argument = rest.pop(0)
        if argument == "--":
            break
        if argument.startswith("--"):
            given.append(_long(argument[2:], rest, flags))
        else:
            given += _short(argument[1:], rest, flags)
    return given, rest


def _long(text: str, rest: list[str], flags: Sequence[Flag]) -> Given:
    name, equals, argument = text.partition("=")
    flag = _find_long(name, flags)
    spelling = f"--{flag.long}"
    if not flag.argument:
        if equals:
            raise ConfigError(f"option {spelling} must not have an argument")
        return Given(flag, spelling, "")
    return Given(flag, spelling, argument if equals else _next_argument(spelling, rest))


def _find_long(name: str, flags: Sequence[Flag]) -> Flag:
    for flag in flags:
        if flag.long == name:
            return flag
    candidates = [flag for flag in flags if flag.long.startswith(name) and not flag.is_new]
    if len(candidates) > 1:
        raise ConfigError(f"option --{name} not a unique prefix")
    if not candidates:
        raise ConfigError(f"option --{name} not recognized")
    return candidates[0]


def _short(letters: str, rest: list[str], flags: Sequence[Flag]) -> list[Given]:
    """Take a bundle of letters; the first one with an argument takes what follows it."""
    given: list[Given] = []
    while letters:
        letter, letters = letters[0], letters[1:]
        spelling = f"-{letter}"
        flag = next((flag for flag in flags if letter in flag.short), None)
        if flag is None:
            raise ConfigError(f"option {spelling} not recognized")
        if flag.argument:
            given.append(Given(flag, spelling, letters or _next_argument(spelling, rest)))
            break
        given.append(Given(flag, spelling, ""))
    return given


def _next_argument(spelling: str, rest: list[str]) -> str:
    if not rest:
        raise ConfigError(f"option {spelling} requires argument")
    return rest.pop(0)


def read_values(given: Sequence[Given], stop_at: Sequence[str]) -> dict[str, object]:
    """Read the arguments from left to right: names of flags to values, True for switches.

    The reading ends at the first flag whose name is in ``stop_at``.

    Raises:
        ConfigError: an argument cannot be read, or an option was given twice.
    """
    values: dict[str, object] = {}
    for one in given:
        if one.flag.name in stop_at:
            values[one.flag.name] = True
            break
        try:
            value = one.flag.read(one.argument) if one.flag.argument else True
        except ValueError as error:
            raise ConfigError(f"invalid value for {one.spelling} {one.argument!r}: {error}") from None
        if one.flag.name in values:
            raise ConfigError(f"conflicting command line option {one.spelling!r}")
        values[one.flag.name] = value
    return values


def describe(flags: Sequence[Flag]) -> str:
    """Return one line per flag for a usage text."""
    return "".join(f"{_heading(flag)} -- {flag.doc}\n" for flag in flags)


def _heading(flag: Flag) -> str:
    spellings = [f"-{letter}" for letter in flag.short] + [f"--{flag.long}"]
    return "/".join(spellings) + (f" {flag.argument}" if flag.argument else "")
