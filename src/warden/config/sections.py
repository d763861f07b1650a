"""Read the options of one section, keep every mistake, and go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from warden.config.expand import ExpansionError, Names, expand, words_of
from warden.config.ini import Document, Section, Value
from warden.config.option import Option, SectionKind
from warden.config.values import Severity
from warden.errors import ConfigError, Place

T = TypeVar("T")


class Findings:
    """What the reading of a configuration brings to light: errors in the order of the checks, and messages."""

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []
        self.messages: list[tuple[Severity, str]] = []
        self._seen: set[tuple[Place, str]] = set()

    def error(self, message: str, place: Place, advice: str = "") -> None:
        """Keep an error, unless one about the same value is known."""
        key = (place, "" if place.option else message)
        if key not in self._seen:
            self._seen.add(key)
            self.errors.append(ConfigError(message, place=place, advice=advice))

    def warn(self, message: str) -> None:
        """Leave a warning for the activity log."""
        self.messages.append((Severity.WARNING, message))

    def inform(self, message: str) -> None:
        """Leave an information for the activity log."""
        self.messages.append((Severity.INFO, message))

    def raise_errors(self) -> None:
        """Raise the first error, which carries the others."""
        if self.errors:
            first, *others = self.errors
            raise ConfigError(str(first), place=first.place, advice=first.advice, others=tuple(others))


class Scope(NamedTuple):
    """The expansion names at one point of the reading.

    ``environment`` holds layers of ``ENV_`` names, later ones win; ``words`` the
    others but ``here``, which belongs to the file of each value.  ``directory``
    is what relative paths are relative to.
    """

    environment: tuple[Mapping[str, str], ...]
    directory: str
    words: Mapping[str, str | int]
    here_everywhere: bool = False  # the reference replaces it textually when there is an [include]
    tell_names: bool = True

    def expand(self, value: Value, allowed: Names, label: str) -> str:
        """Expand a value with the names that are allowed for it; raise ExpansionError."""
        if "%" not in value.text:
            return value.text
        words = self.words
        if self.here_everywhere or Names.HERE in allowed:
            words = {**words, "here": self.here(value.file)}
            allowed |= Names.HERE
        names: dict[str, str | int] = {}
        for layer in self.environment:
            names.update(layer)
        names.update((word, words[word]) for word in words_of(allowed))
        return expand(value.text, names, label, tell_names=self.tell_names)

    def here(self, file: str) -> str:
        """Return the directory of a file, absolute and without ``..``, by its name alone: links are not followed."""
        return os.path.dirname(os.path.normpath(os.path.join(self.directory, file)))

    def with_words(self, **words: str | int) -> Scope:
        """Add names, or give them other values."""
        return self._replace(words={**self.words, **words})

    def with_environment(self, environment: Mapping[str, str]) -> Scope:
        """Add variables, as ``ENV_`` names."""
        if not environment:
            return self
        layer = {f"ENV_{name}": value for name, value in environment.items()}
        return self._replace(environment=(*self.environment, layer))


def sections_of(document: Document, kind: SectionKind) -> list[Section]:
    """Return the sections of one kind, in the order of the file."""
    return [section for section in document.sections.values() if kind.fits(section.name)]


class SectionReader:
    """Reads the options of one section.

    A value that cannot be read becomes a finding and its default is used, so
    that all mistakes of a file come to light in one reading.
    """

    def __init__(self, section: Section, scope: Scope, findings: Findings, *, suffix: str = "") -> None:
        self.section = section
        self.scope = scope
        self.findings = findings
        self._suffix = suffix  # what the reference adds to messages about program sections

    def with_scope(self, scope: Scope) -> SectionReader:
        """Return a reader of the same section with other expansion names."""
        return SectionReader(self.section, scope, self.findings, suffix=self._suffix)

    def read(self, option: Option[T]) -> T:
        """Return the option's value, or its default when it is absent or wrong."""
        value = self.section.get(option.name)
        if value is None:
            return option.default
        text = value.text
        try:
            if "%" in text:
                text = self._expand(option, value)
            return option.read(text, self.scope.directory) if option.located else option.read(text)
        except ExpansionError as error:
            self.fail(str(error), option)
        except ValueError as error:
            message = option.complaint.format(error=error, value=text, section=self.section.name)
            self.fail(message, option, f"expected: {option.accepts}")
        return option.default

    def text(self, option: Option[T]) -> str | None:
        """Return the expanded text of an option, None when it is absent or wrong."""
        value = self.section.get(option.name)
        if value is None:
            return None
        try:
            return self._expand(option, value)
        except ExpansionError as error:
            self.fail(str(error), option)
            return None

    def _expand(self, option: Option[T], value: Value) -> str:
        label = option.name if option.bare else f"{self.section.name}.{option.name}"
        return self.scope.expand(value, option.names, label)

    def fail(self, message: str, option: Option[T] | None = None, advice: str = "") -> None:
        """Keep an error about an option, or about the section as a whole."""
        value = self.section.get(option.name) if option else None
        place = Place(
            file=value.file if value else self.section.file,
            line=value.line if value else self.section.line,
            section=self.section.name,
            option=option.name if option else None,
            value=value.text if value else None,
        )
        self.findings.error(message + self._suffix, place, advice)

    def warn(self, message: str) -> None:
        """Leave a warning about this section, in the reference's form."""
        self.findings.warn(f"For [{self.section.name}], {message}")
