"""Find and read the configuration files: the main one and what it includes."""

from __future__ import annotations

import os
from collections.abc import Iterable

from warden.config import client_options
from warden.config.ini import Document
from warden.config.sections import Findings, Scope, SectionReader
from warden.errors import ConfigError, Place


def read_main(path: str, cwd: str) -> Document:
    """Read the main file; ``path`` is shown in messages as it is given.

    Raises:
        ConfigError: it does not exist, cannot be read, or is no INI text.
    """
    found = os.path.join(cwd, path)
    if not os.path.exists(found):
        raise ConfigError(f"could not find config file {path}", place=Place(file=path))
    document = Document()
    try:
        text = _read_text(found)
    except OSError as error:
        advice = error.strerror or ""
        raise ConfigError(f"could not read config file {path}", place=Place(file=path), advice=advice) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(error), place=Place(file=path), advice="save the file as UTF-8") from None
    document.add(text, path)
    return document


def read_includes(document: Document, main: str, scope: Scope, findings: Findings, *, into: Document) -> None:
    """Merge the files that ``[include]`` of ``document`` names.

    A file that is no INI text is an error; one that cannot be opened, and a
    pattern without a match, are worth a warning.
    """
    section = document.sections.get(client_options.INCLUDE.header)
    if section is None:
        return
    reader = SectionReader(section, scope, findings)
    if section.get(client_options.INCLUDE_FILES.name) is None:
        findings.error(
            ".ini file has [include] section, but no files setting",
            Place(file=section.file, line=section.line, section=section.name),
        )
    patterns = (reader.read(client_options.INCLUDE_FILES) or "").split()
    for path in _matches(patterns, scope.here(main), findings):
        findings.inform(f'Included extra file "{path}" during parsing')
        try:
            into.add(_read_text(path), path)
        except OSError as error:
            findings.warn(f'Included file "{path}" cannot be read: {error.strerror}')
        except UnicodeDecodeError as error:
            findings.error(str(error), Place(file=path), "save the file as UTF-8")
        except ConfigError as error:
            findings.error(str(error), error.place, error.advice)


def _matches(patterns: Iterable[str], base: str, findings: Findings) -> list[str]:
    import glob  # only for files that include others

    paths: list[str] = []
    for pattern in patterns:
        joined = os.path.join(base, pattern)
        found = sorted(glob.glob(joined))
        if not found:
            findings.warn(f'No file matches via include "{joined}"')
        paths += found
    return paths


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()
