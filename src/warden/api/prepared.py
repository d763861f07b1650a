"""An answer that is text already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Shape]):
    """The encoded JSON of a ``Shape`` and its entity tag."""

    body: bytes
    tag: str
