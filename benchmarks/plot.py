"""A plot of all figures: one bar for each side, as multiples of Warden's median, on a logarithmic scale."""

from __future__ import annotations

import math
from html import escape

from benchmarks.figures import ANCESTOR, LIMIT, WARDEN, Figures, number

_COLOURS = {WARDEN: "#1b6e53", ANCESTOR: "#b5532a", LIMIT: "#8a8f98"}
_OTHERS = ("#4a6fa5", "#7a5195", "#bc5090", "#c79a2b", "#5f6b73")
_LEFT, _RIGHT, _BAR, _GAP = 330, 110, 11, 14
_WIDTH = 960
_DECADES = (-2, 4)  # of the ratio to Warden


def as_svg(figures: Figures) -> str:
    """Draw the plot."""
    sides = figures.sides()
    others = iter(_OTHERS * 3)
    colours = {side: _COLOURS.get(side) or next(others) for side in sides}
    parts, top = _legend(colours), 50
    for work, row in figures.values.items():
        if not figures.median(work, WARDEN) or len(row) < 2:
            continue
        parts.append(_text(_LEFT - 10, top + 10, f"{work.title}, {work.unit}", anchor="end"))
        for side in (side for side in sides if side in row):
            ratio, median = figures.ratio(work, side, WARDEN), figures.median(work, side)
            if ratio:
                x = _x(ratio)
                left, width = min(_x(1), x), max(abs(x - _x(1)), 2)
                box = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR - 2}"'
                parts.append(f'<rect {box} fill="{colours[side]}"/>')
                parts.append(_text(max(_x(1), x) + 4, top + 8, number(median), size=9))
                top += _BAR
        top += _GAP
    axis = [
        f'<line x1="{_x(10**at):.1f}" x2="{_x(10**at):.1f}" y1="40" y2="{top}" stroke="#d5d8dc"/>'
        + _text(_x(10**at), 36, f"{10.0**at:g} x", anchor="middle", size=9)
        for at in range(_DECADES[0], _DECADES[1] + 1)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" font-family="sans-serif">'
    ground = f'<rect width="{_WIDTH}" height="{top}" fill="#fff"/>'
    return "\n".join([head, ground, *axis, *parts, "</svg>\n"])


def _x(ratio: float) -> float:
    low, high = _DECADES
    at = min(max(math.log10(ratio), low), high)
    return _LEFT + (at - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _legend(colours: dict[str, str]) -> list[str]:
    parts, left = [], 20
    for side, colour in colours.items():
        parts.append(f'<rect x="{left}" y="8" width="10" height="10" fill="{colour}"/>' + _text(left + 15, 17, side))
        left += 30 + 7 * len(side)
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'
