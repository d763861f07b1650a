"""Types to schemas, and what callers send to values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.api.schema import Schema, Within, describe, parse, read
from warden.errors import IncorrectParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted."""

    name: Annotated[str, "Whose", Within(1, 3)]
    count: Annotated[int, Within(0, 9)] = 1
    colour: Literal["red", "blue"] = "red"
    notes: list[str] | None = None


class Tree(TypedDict):
    """A tree."""

    branches: list[Tree]
    leaves: dict[str, int]


def test_a_body_lists_its_members_with_defaults_bounds_and_meaning() -> None:
    components: dict[str, Schema] = {}

    assert describe(Order, components) == {"$ref": "#/components/schemas/Order"}
    assert components["Order"] == {
        "type": "object",
        "description": "What is wanted.",
        "properties": {
            "name": {"type": "string", "description": "Whose", "minLength": 1, "maxLength": 3},
            "count": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
            "colour": {"enum": ["red", "blue"], "default": "red"},
            "notes": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}], "default": None},
        },
        "required": ["name"],
        "additionalProperties": False,
    }


def test_a_type_may_contain_itself() -> None:
    components: dict[str, Schema] = {}
    describe(Tree, components)

    assert components["Tree"]["properties"] == {
        "branches": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        "leaves": {"type": "object", "additionalProperties": {"type": "integer"}},
    }


def test_a_body_is_read_with_its_defaults() -> None:
    assert read(Order, {"name": "x", "notes": ["a"]}, "") == Order(name="x", notes=["a"])


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ([], "the body: must be an object"),
        ({}, "name: is missing"),
        ({"name": "x", "nmae": "y"}, "nmae: there is no such member"),
        ({"name": 1}, "name: must be text"),
        ({"name": ""}, "name: must be within 1 and 3"),
        ({"name": "\ud800"}, "name: half of a surrogate pair is no text"),
        ({"name": "x", "count": True}, "count: must be a whole number"),
        ({"name": "x", "count": 10}, "count: must be within 0 and 9"),
        ({"name": "x", "colour": "green"}, "colour: must be one of red, blue"),
        ({"name": "x", "notes": ["a", 1]}, "notes[1]: must be text; or notes: must be null"),
    ],
)
def test_a_wrong_body_is_refused_with_the_place(value: object, complaint: str) -> None:
    with pytest.raises(IncorrectParameters) as refusal:
        read(Order, value, "")

    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [(int, "-7", -7), (int | None, "7", 7), (bool, "1", True), (bool, "False", False), (str, "7", "7")],
)
def test_parameters_are_text(annotation: object, text: str, value: object) -> None:
    assert parse(annotation, text, "x") == value


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "a"),
        (int, "1.0"),
        (int, "٣"),
        (int, "9" * 5000),
        (bool, "yes"),
        (Annotated[int | None, Within(1, 2)], "3"),
    ],
)
def test_a_wrong_parameter_is_refused(annotation: object, text: str) -> None:
    with pytest.raises(IncorrectParameters, match=r"^x: must be"):
        parse(annotation, text, "x")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_whatever_is_sent_is_read_or_refused(value: object) -> None:
    try:
        found = read(Order, value, "")
    except IncorrectParameters:
        return

    assert isinstance(found, Order)
