"""Warn of sections and options that nobody reads, most of them typing mistakes, and of options without effect."""

from __future__ import annotations

from collections.abc import Collection

from warden.config.ini import Document, Section, Value
from warden.config.option import Option, SectionKind
from warden.config.options import SECTION_KINDS
from warden.config.sections import Findings


def warn_of_idle(document: Document, findings: Findings) -> None:
    """Leave a warning for each section and option without effect, with its place and what would be right.

    Options of ``[DEFAULT]`` are meant for some sections only, so they are never warned of.
    """
    for section in document.sections.values():
        kind = next((kind for kind in SECTION_KINDS if kind.fits(section.name)), None)
        if kind is None:
            _warn_of_section(section, findings)
        elif not kind.open:
            _warn_of_options(section, kind, findings)


def _warn_of_section(section: Section, findings: Findings) -> None:
    head, colon, tail = section.name.partition(":")
    headers = [kind.header for kind in SECTION_KINDS if not colon or kind.header.endswith(":")]
    header = _closest(head + colon, headers)
    if header.endswith(":"):
        header += tail or "x"
    _warn(f"section [{section.name}]", Value("", section.file, section.line), header and f"[{header}]", findings)


def _warn_of_options(section: Section, kind: SectionKind, findings: Findings) -> None:
    known = {option.name: option for option in kind.options}
    for name, value in section.own.items():
        option = known.get(name)
        if option is None:
            _warn(f"option {name} in section [{section.name}]", value, _closest(name, known), findings)
        elif option.needs and not any(_is_set(section, known[other]) for other in option.needs):
            place = f"(file: {value.file!r}, line: {value.line})"
            others = " or ".join(option.needs)
            findings.warn(f"Option {name} in section [{section.name}] {place} has no effect without {others}")


def _is_set(section: Section, option: Option[object]) -> bool:
    value = section.get(option.name)
    return value is not None and value.text.strip() not in ("", option.default_text)


def _warn(what: str, where: Value, suggestion: str, findings: Findings) -> None:
    did_you_mean = f"; did you mean {suggestion}?" if suggestion else ""
    findings.warn(f"Unknown {what} (file: {where.file!r}, line: {where.line}) is ignored{did_you_mean}")


def _closest(word: str, known: Collection[str]) -> str:
    """Return the known word that ``word`` is a misspelling of, or ""."""
    import difflib  # costs several milliseconds and is needed by those who made a mistake only

    close = difflib.get_close_matches(word, known, n=5, cutoff=0.75)
    shortened = (one for one in close if _abbreviates(word, one))
    return next(shortened, next(iter(close), ""))


def _abbreviates(word: str, whole: str) -> bool:
    """Tell whether a word is another one with letters left out, as people shorten it."""
    letters = iter(whole)
    return all(letter in letters for letter in word)
