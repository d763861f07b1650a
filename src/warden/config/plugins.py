"""Read the sections that name a plugin's factory."""

from __future__ import annotations

from collections.abc import Callable

from warden.config.ini import Document
from warden.config.option import Option, SectionKind, optional
from warden.config.readers import text
from warden.config.sections import Findings, Scope, SectionReader, sections_of
from warden.config.values import PluginConfig


def read_plugins(
    document: Document,
    kind: SectionKind,
    factory_option: Option[str | None],
    scope: Scope,
    findings: Findings,
    resolve: Callable[[str], object],
) -> tuple[PluginConfig, ...]:
    """Read the sections of one kind of plugin; a factory that cannot be loaded is an error."""
    plugins = []
    for section in sections_of(document, kind):
        reader = SectionReader(section, scope, findings)
        factory = reader.read(factory_option)
        if factory is None:
            reader.fail(f"section [{section.name}] does not specify a {factory_option.name}")
        else:
            check_loadable(reader, factory_option, factory, resolve)
        arguments = tuple(
            (name, reader.read(optional(name, text, factory_option.names, "An argument of the factory.")) or "")
            for name in section.items()
            if name != factory_option.name
        )
        name = section.name.partition(":")[2].strip()
        plugins.append(PluginConfig(name=name, factory=factory or "", options=arguments))
    return tuple(plugins)


def check_loadable(
    reader: SectionReader, option: Option[str | None] | Option[str], reference: str, resolve: Callable[[str], object]
) -> None:
    """Keep an error if ``resolve`` cannot load the ``module:attribute`` that an option names."""
    try:
        resolve(reference)
    except Exception as error:  # noqa: BLE001 - somebody else's module runs here and may raise anything
        reason = str(error) or type(error).__name__
        reader.fail(f"{reference} cannot be resolved within [{reader.section.name}]: {reason}", option)
