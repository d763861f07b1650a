"""Warn of sections and options that nobody reads: most of them are typing mistakes."""

from __future__ import annotations

from collections.abc import Collection

from warden.config.ini import Document, Section, Value
from warden.config.option import SectionKind
from warden.config.options import SECTION_KINDS
from warden.config.sections import Findings


def warn_of_unknown(document: Document, findings: Findings) -> None:
    """Leave a warning for each unknown section and option, with its place and a suggestion.

    Options of ``[DEFAULT]`` are meant for some sections only, so they are never unknown.
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
    known = {option.name for option in kind.options}
    for name, value in section.own.items():
        if name not in known:
            _warn(f"option {name} in section [{section.name}]", value, _closest(name, known), findings)


def _warn(what: str, where: Value, suggestion: str, findings: Findings) -> None:
    did_you_mean = f"; did you mean {suggestion}?" if suggestion else ""
    findings.warn(f"Unknown {what} (file: {where.file!r}, line: {where.line}) is ignored{did_you_mean}")


def _closest(word: str, known: Collection[str]) -> str:
    """Return the known word that ``word`` is a misspelling of, or ""."""
    import difflib  # costs several milliseconds and is needed by those who made a mistake only

    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.75)), "")
