"""An answer that is text already."""

from __future__ import annotations

from typing import Generic, TypeVar

from warden.frozen import frozen

Shape = TypeVar("Shape")


@frozen
class Prepared(Generic[Shape]):
    """The encoded JSON of a ``Shape`` and its entity tag."""

    body: bytes
    tag: str
