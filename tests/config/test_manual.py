"""The option reference says what the tables say."""

from __future__ import annotations

from pathlib import Path

from warden.config.manual import manual
from warden.config.options import SECTION_KINDS


def test_the_reference_in_docs_is_the_one_of_the_tables() -> None:
    written = Path(__file__).parents[2] / "docs" / "options.md"

    assert written.read_text() == manual(), "run: python -m warden.config.manual > docs/options.md"


def test_every_option_of_every_section_stands_in_it() -> None:
    text = manual()

    for kind in SECTION_KINDS:
        section = text.split(f"## `[{kind.header}")[1].split("\n## ")[0]
        assert all(f"| `{option.name}` |" in section for option in kind.options)
