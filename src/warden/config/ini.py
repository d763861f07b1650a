"""The INI dialect: text in, values out, each with the file and line where it stands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from warden.errors import ConfigError, Place

DEFAULTS = "DEFAULT"
BYTE_ORDER_MARK = "\ufeff"


class Value(NamedTuple):
    """One option as it was written, with its first line's number."""

    text: str
    file: str
    line: int


class Section:
    """One section, merged from all places where it is written; ``file`` and ``line`` are the first of them."""

    def __init__(self, name: str, file: str, line: int, defaults: Mapping[str, Value]) -> None:
        self.name = name
        self.file = file
        self.line = line
        self.defaults = defaults
        self.own: dict[str, Value] = {}

    def get(self, option: str) -> Value | None:
        """Return the section's own value, or that of ``[DEFAULT]``, or None."""
        return self.own.get(option) or self.defaults.get(option)

    def items(self) -> Mapping[str, Value]:
        """Return all values, those of ``[DEFAULT]`` first."""
        return {**self.defaults, **self.own}


class Document:
    """Sections of one or more files, in order of first appearance; later values win."""

    def __init__(self) -> None:
        self.sections: dict[str, Section] = {}
        self.defaults: dict[str, Value] = {}

    def add(self, text: str, file: str) -> None:
        """Merge the text of one file.

        Raises:
            ConfigError: the text has lines that cannot be understood; ``self`` is
                then merged with the lines that can.
        """
        _Reading(self, file).read(text)

    def open_section(self, name: str, file: str, line: int) -> dict[str, Value]:
        """Return the place where the values of a section go."""
        if name == DEFAULTS:
            return self.defaults
        section = self.sections.get(name)
        if section is None:
            section = self.sections[name] = Section(name, file, line, self.defaults)
        return section.own


class _Reading:
    """The reading of one file: where values go now, and the option that a deeper line continues."""

    def __init__(self, document: Document, file: str) -> None:
        self._document = document
        self._file = file
        self._values: dict[str, Value] | None = None
        self._option = ""
        self._option_line = 0
        self._parts: list[str] = []
        self._indent = 0
        self._bad: list[tuple[int, str]] = []

    def read(self, text: str) -> None:
        lines = text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        number = 0
        for number, line in enumerate(lines, 1):
            content, commented = without_comment(line)
            if content:
                self._take(number, line, content, is_last=number == len(lines))
            elif self._option and not commented:
                self._parts.append("")
        self._finish_option()
        if self._bad:
            raise self._parsing_errors()

    def _take(self, number: int, line: str, content: str, *, is_last: bool) -> None:
        indent = len(line) - len(line.lstrip())
        if self._option and indent > self._indent:
            self._parts.append(content)
            return
        self._indent = indent
        if content[0] == "[" and (end := content.rfind("]")) > 1:
            self._finish_option()
            self._values = self._document.open_section(sys.intern(content[1:end]), self._file, number)
            return
        shown = line if is_last else line + "\n"
        if self._values is None:
            message = f"File contains no section headers.\nfile: {self._file!r}, line: {number}\n{shown!r}"
            raise ConfigError(message, place=Place(file=self._file, line=number), advice="write [supervisord] above it")
        name, value = split_option(content)
        if value is None:  # the option above stays open, so that the lines below are judged as the reference does
            self._bad.append((number, shown))
            return
        self._finish_option()
        if not name:
            self._bad.append((number, shown))
            return
        self._option, self._option_line, self._parts = sys.intern(name.lower()), number, [value]

    def _finish_option(self) -> None:
        if self._option and self._values is not None:
            text = self._parts[0] if len(self._parts) == 1 else "\n".join(self._parts).rstrip()
            self._values[self._option] = Value(text, self._file, self._option_line)
        self._option = ""

    def _parsing_errors(self) -> ConfigError:
        lines = "".join(f"\n\t[line {number:2d}]: {line!r}" for number, line in self._bad)
        return ConfigError(
            f"Source contains parsing errors: {self._file!r}{lines}",
            place=Place(file=self._file, line=self._bad[0][0]),
            advice="write name = value, [section], or ; comment",
        )


def without_comment(line: str) -> tuple[str, bool]:
    """Return the content of a line without blanks around it, and whether a comment was cut off.

    A comment starts at a ``;`` or ``#`` at the beginning of the line or after white space.
    """
    if ";" in line or "#" in line:
        previous = " "
        for position, character in enumerate(line):
            if character in ";#" and previous.isspace():
                return line[:position].strip(), True
            previous = character
    return line.strip(), False


def split_option(content: str) -> tuple[str, str | None]:
    """Split at the first ``=`` or ``:``; the value is None when there is neither."""
    equals, colon = content.find("="), content.find(":")
    at = min(equals, colon) if equals >= 0 and colon >= 0 else max(equals, colon)
    if at < 0:
        return content, None
    return content[:at].rstrip(), content[at + 1 :].lstrip()
