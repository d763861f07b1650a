"""The deliberate differences between Warden and Supervisor 4.3.0: the only place where they are listed.

COMPATIBILITY.md shows this table (``python -m differential.known_differences`` in
``tests/`` writes it there); the differential suite fails when an entry is no longer true.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One observation that differs on purpose."""

    chapter: str  # name of the story
    observation: str  # its key in the story
    ours: str  # a piece of text that our side must show there
    reason: str  # name of the sentence in REASONS


# What differs and why, as COMPATIBILITY.md says it.
REASONS: dict[str, str] = {}

KNOWN: tuple[Difference, ...] = ()
