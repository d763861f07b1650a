"""COMPATIBILITY.md says what the table of known differences says."""

from __future__ import annotations

from differential.known_differences import BEGIN, END, KNOWN, PAGE, page_section


def test_the_page_lists_exactly_the_known_differences() -> None:
    page = PAGE.read_text(encoding="utf-8")

    section = page[page.index(BEGIN) : page.index(END) + len(END)]

    assert section == page_section(), "run: PYTHONPATH=tests python -m differential.known_differences"


def test_no_observation_is_explained_twice() -> None:
    seen = [(story, key) for known in KNOWN for story, keys in known.seen.items() for key in keys]

    assert len(seen) == len(set(seen))


def test_every_difference_is_a_sentence() -> None:
    assert [known.sentence for known in KNOWN if not known.sentence.endswith(".")] == []
