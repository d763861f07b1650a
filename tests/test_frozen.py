"""Frozen values compare, hash and show themselves as a frozen dataclass of the standard library does."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace

import pytest

from warden.frozen import frozen


@frozen
class Point:
    x: int
    y: int = 0
    name: str = field(default="", compare=False)


@frozen
class Named(Point):
    label: str = "here"


@frozen(kw_only=True)
class Nothing:
    pass


@frozen
class AlsoNothing:
    pass


@frozen(kw_only=True)
class Holder:
    point: Point = Point(1)
    secret: str = field(default="s", repr=False)


@dataclass(frozen=True, slots=True)
class Standard:
    x: int
    y: int = 0


def test_equal_fields_are_equal_values_with_one_hash() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert Point(1, 2) != Point(2, 1)
    assert {Point(1): "found"}[Point(1)] == "found"


def test_a_field_that_is_not_compared_makes_no_difference() -> None:
    assert Point(1, name="a") == Point(1, name="b")
    assert hash(Point(1, name="a")) == hash(Point(1, name="b"))


@pytest.mark.parametrize("other", [Named(1), (1, 0), Standard(1), None, Nothing()])
def test_values_of_other_classes_are_never_equal(other: object) -> None:
    assert Point(1) != other
    assert other != Point(1)


def test_values_without_fields_are_told_apart_by_their_class() -> None:
    assert Nothing() == Nothing()
    assert Nothing() != AlsoNothing()
    assert hash(Nothing()) != hash(AlsoNothing())


def test_a_value_shows_its_fields_as_a_dataclass_does() -> None:
    assert repr(Standard(1, 2)) == "Standard(x=1, y=2)"
    assert repr(Point(1, 2, "a")) == "Point(x=1, y=2, name='a')"
    assert repr(Named(1)) == "Named(x=1, y=0, name='', label='here')"
    assert repr(Holder()) == "Holder(point=Point(x=1, y=0, name=''))"
    assert repr(Nothing()) == "Nothing()"


def test_a_value_is_a_dataclass_for_whoever_asks() -> None:
    assert is_dataclass(Point)
    assert [row.name for row in fields(Named)] == ["x", "y", "name", "label"]
    assert replace(Point(1, 2), y=3) == Point(1, 3)
    match Point(4, 5):
        case Point(x, y):
            assert (x, y) == (4, 5)


def test_a_value_has_no_room_for_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


def test_arguments_can_be_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        Holder(Point(1))  # type: ignore[misc]


def test_the_type_checker_and_nobody_else_refuses_an_assignment() -> None:
    point, standard = Point(1), Standard(1)
    point.x = 2  # type: ignore[misc]  # which mypy calls unused when it would let this pass
    assert point == Point(2)
    with pytest.raises(FrozenInstanceError):
        standard.x = 2  # type: ignore[misc]
