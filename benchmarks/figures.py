"""What was measured, and how it is shown: a table, JSON, a plot."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

LIMIT = "bare limit"
WARDEN = "Warden"
ANCESTOR = "Supervisor 4.3.0"


@dataclass(frozen=True)
class Work:
    """One row: what is done, in which unit, and what Warden must reach.

    ``at_most`` and ``at_least`` bound Warden's median; ``times_limit`` bounds its
    ratio to the bare limit of the same run.
    """

    title: str
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    times_limit: float | None = None

    def verdict(self, warden: float, limit: float | None) -> str:
        """Return yes, no, or nothing if there is no target."""
        kept = []
        if self.at_most is not None:
            kept.append(warden <= self.at_most)
        if self.at_least is not None:
            kept.append(warden >= self.at_least)
        if self.times_limit is not None and limit:
            fast = self.at_least is None and self.unit.endswith("/s")
            kept.append(warden >= limit * self.times_limit if fast else warden <= limit * self.times_limit)
        return "" if not kept else "yes" if all(kept) else "no"

    def target(self) -> str:
        """Return the target for people."""
        parts = []
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.times_limit is not None:
            parts.append(f"{self.times_limit:g} x limit")
        return ", ".join(parts)


@dataclass
class Figures:
    """All values by work and side, in the order of the repetitions."""

    values: dict[Work, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, work: Work, side: str, values: float | Iterable[float]) -> None:
        """Keep one value or several."""
        row = self.values.setdefault(work, {})
        row.setdefault(side, []).extend([values] if isinstance(values, int | float) else values)

    def median(self, work: Work, side: str) -> float | None:
        """Return the median, None if that side was not measured."""
        values = self.values.get(work, {}).get(side)
        return statistics.median(values) if values else None

    def ratio(self, work: Work, side: str, to: str) -> float | None:
        """Return the ratio of two medians, None if one is missing or zero."""
        one, other = self.median(work, side), self.median(work, to)
        return None if one is None or not other else one / other

    def sides(self) -> list[str]:
        """Return all sides, ours first and the limit last."""
        known = {side: None for row in self.values.values() for side in row}
        first = [side for side in (WARDEN, ANCESTOR) if side in known]
        return [*first, *(side for side in known if side not in (*first, LIMIT)), *([LIMIT] if LIMIT in known else [])]


def number(value: float | None) -> str:
    """Write a number with three digits that count."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 or value == 0 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def spread(values: list[float] | None) -> str:
    """Write median, least and most."""
    if not values:
        return "-"
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({number(min(values))}-{number(max(values))})"


def rows(figures: Figures) -> list[list[str]]:
    """Return the table, its head first."""
    sides = figures.sides()
    table = [["work", *sides, "Warden/limit", "target", "reached"]]
    for work, row in figures.values.items():
        warden = figures.median(work, WARDEN)
        verdict = "" if warden is None else work.verdict(warden, figures.median(work, LIMIT))
        ratio = figures.ratio(work, WARDEN, LIMIT)
        cells = [spread(row.get(side)) for side in sides]
        table.append([f"{work.title}, {work.unit}", *cells, number(ratio), work.target(), verdict])
    return table


def as_text(figures: Figures) -> str:
    """Lay the table out as Markdown: medians (least-most)."""
    table = rows(figures)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    table.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in table
    )


def as_data(figures: Figures) -> list[dict[str, object]]:
    """Return what JSON can hold."""
    return [
        {"work": work.title, "unit": work.unit, "target": work.target(), "values": row}
        for work, row in figures.values.items()
    ]
