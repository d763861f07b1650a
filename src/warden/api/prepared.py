"""An answer that is text already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Shape]):
    """The JSON text of a ``Shape`` and its entity tag."""

    text: str
    tag: str
