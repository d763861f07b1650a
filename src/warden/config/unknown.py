"""Warn of sections and options that nobody reads: most of them are typing mistakes."""

from __future__ import annotations

from collections.abc import Collection

from warden.config.ini import Document, Section
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
    headers = [kind.header.rstrip(":") for kind in SECTION_KINDS if not colon or kind.header.endswith(":")]
    suggestion = _suggest(head, headers, before="[", after=f"{colon}{tail}]")
    findings.warn(
        f"Unknown section [{section.name}] (file: {section.file!r}, line: {section.line}) is ignored{suggestion}"
    )


def _warn_of_options(section: Section, kind: SectionKind, findings: Findings) -> None:
    known = {option.name for option in kind.options}
    for name, value in section.own.items():
        if name not in known:
            findings.warn(
                f"Unknown option {name} in section [{section.name}] (file: {value.file!r}, line: {value.line}) "
                f"is ignored{_suggest(name, known)}"
            )


def _suggest(word: str, known: Collection[str], before: str = "", after: str = "") -> str:
    import difflib  # costs several milliseconds and is needed by those who made a mistake only

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    return f"; did you mean {before}{close[0]}{after}?" if close else ""
