"""Read what program sections say about dependencies, readiness and health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from warden.config import vital_options as options
from warden.config.dependencies import CIRCLE, check
from warden.config.ini import Document
from warden.config.model import Dependency, GroupConfig, Healthcheck, ProcessConfig
from warden.config.sections import Findings, SectionReader
from warden.errors import Place

_WAY_OUT = "take one of these dependencies out: nobody in the circle could be the first to start"
_ADVICE = "write NAME, GROUP:NAME or GROUP:*, and after a further colon started, ready, healthy or finished"


def with_vitals(process: ProcessConfig, reader: SectionReader) -> ProcessConfig:
    """Return ``process`` with what its section says about these things."""
    read = reader.read
    probe = read(options.HEALTHCHECK)
    interval, timeout = read(options.HEALTHCHECK_INTERVAL), read(options.HEALTHCHECK_TIMEOUT)
    retries, start_period = read(options.HEALTHCHECK_RETRIES), read(options.HEALTHCHECK_START_PERIOD)
    healthcheck = None
    if probe is not None:
        healthcheck = Healthcheck(
            probe=probe, interval=interval, timeout=timeout, retries=retries, start_period=start_period
        )
    return replace(
        process,
        depends_on=read(options.DEPENDS_ON),
        ready=read(options.READY),
        ready_timeout=read(options.READY_TIMEOUT),
        healthcheck=healthcheck,
        watchdog_secs=read(options.WATCHDOG_SECS),
        unhealthy_action=read(options.UNHEALTHY_ACTION),
    )


def with_dependencies(process: ProcessConfig, shared: Sequence[Dependency]) -> ProcessConfig:
    """Return ``process`` with what its group says about dependencies, too."""
    return replace(process, depends_on=tuple(dict.fromkeys((*process.depends_on, *shared))))


def check_dependencies(groups: Sequence[GroupConfig], document: Document, findings: Findings) -> None:
    """Find names that mean nobody, conditions that can never hold, and circles.

    Only if all is well so far: a section that cannot be read is missing, and would be told twice.
    """
    if findings.errors:
        return

    sections = {
        tuple(part.strip() for part in section.name.split(":", 1)): section for section in document.sections.values()
    }

    def complain(group: str, process: ProcessConfig, written: str, message: str) -> None:
        section = sections[process.kind.value, process.program]
        value = section.get(options.DEPENDS_ON.name)
        if value is None or written not in value.text:  # then the group says it
            section = sections["group", group]
            value = section.get(options.DEPENDS_ON.name)
        assert value is not None  # somebody says it
        place = Place(
            file=value.file, line=value.line, section=section.name, option=options.DEPENDS_ON.name, value=value.text
        )
        findings.error(
            f"{message} in section {section.name!r} (file: {section.file!r})",
            place,
            _WAY_OUT if message.startswith(CIRCLE) else _ADVICE,
        )

    check(groups, complain, findings.warn)
