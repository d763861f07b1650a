"""Read what program sections say about dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from warden.config import vital_options as options
from warden.config.dependencies import check
from warden.config.ini import Document
from warden.config.model import GroupConfig, ProcessConfig
from warden.config.sections import Findings, SectionReader
from warden.errors import Place

_ADVICE = "write NAME, GROUP:NAME or GROUP:*, and after a further colon started, ready, healthy or finished"


def with_vitals(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with what its section says about these things."""
    return replace(process, depends_on=reader.read(options.DEPENDS_ON))


def check_dependencies(groups: Sequence[GroupConfig], document: Document, findings: Findings) -> None:
    """Find names that mean nobody, conditions that can never hold, and circles.

    Only if all is well so far: a section that cannot be read is missing, and would be told twice.
    """
    if findings.errors:
        return

    sections = {
        tuple(part.strip() for part in section.name.split(":", 1)): section for section in document.sections.values()
    }

    def complain(process: ProcessConfig, message: str) -> None:
        section = sections[process.kind.value, process.program]
        value = section.get(options.DEPENDS_ON.name)
        assert value is not None  # it has dependencies
        place = Place(
            file=value.file, line=value.line, section=section.name, option=options.DEPENDS_ON.name, value=value.text
        )
        findings.error(f"{message} in section {section.name!r} (file: {section.file!r})", place, _ADVICE)

    check(groups, complain, findings.warn)
