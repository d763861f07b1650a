"""The OpenAPI document, the manual, and the tables they are made from."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from warden import errors
from warden.api import manual
from warden.api.app import OPERATIONS
from warden.api.openapi import document
from warden.api.operations import Operation, Router
from warden.api.problems import STATUS_OF, HttpRefusal
from warden.rpc.faults import FAULT_OF


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return dict(json.loads(json.dumps(document(OPERATIONS))))


def test_the_document_is_valid_openapi(found: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []


def test_operations_have_names_of_their_own() -> None:
    names = [operation.name for operation in OPERATIONS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_route_is_documented(found: dict[str, Any], operation: Operation) -> None:
    entry = found["paths"][operation.path][operation.method.lower()]
    parameters = {(one["name"], one["in"]) for one in entry.get("parameters", ())}

    assert entry["summary"]
    assert entry["responses"]["200"]["content"]
    assert parameters == {(one.name, one.place) for one in operation.parameters}
    assert {name for name, place in parameters if place == "path"} == set(re.findall(r"{(\w+)}", operation.path))
    assert ("requestBody" in entry) == (operation.method == "POST")
    for error in operation.raises:
        assert str(STATUS_OF[error]) in entry["responses"]


def test_every_route_is_found_and_nothing_else_is_documented(found: dict[str, Any]) -> None:
    router = Router(OPERATIONS)
    for operation in OPERATIONS:
        assert router.find(operation.method, re.sub(r"{\w+}", "x%2Fy", operation.path))[0] is operation

    assert sum(len(methods) for methods in found["paths"].values()) == len(OPERATIONS)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "nothing", 404), ("GET", "processes//log", 404), ("PUT", "plan", 405)]
)
def test_what_is_not_in_the_table_is_refused(method: str, path: str, status: int) -> None:
    with pytest.raises(HttpRefusal) as refusal:
        Router(OPERATIONS).find(method, path)

    assert refusal.value.status == status


def test_every_fault_has_a_status() -> None:
    assert STATUS_OF.keys() == FAULT_OF.keys()
    assert STATUS_OF.keys() == set(errors.RequestError.__subclasses__())


def test_the_manual_shows_every_operation_and_schema_and_needs_no_other_host(found: dict[str, Any]) -> None:
    page = manual.render()

    for operation in OPERATIONS:
        assert f'<article id="{operation.name}"' in page
    for name in found["components"]["schemas"]:
        assert f'<article id="schema-{name}"' in page
    for link in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{link}"' in page, link
    assert not re.findall(r'(?:src|href)="(?:\w+:)?//', page)
    assert "<script" not in page
    assert "style=" not in page


def test_the_prose_of_the_manual_escapes() -> None:
    assert manual.prose("a <b> `c<d`\n\n| x | y |\n|---|---|\n| `1` | <2> |") == (
        "<p>a &lt;b&gt; <code>c&lt;d</code></p>\n"
        "<table><tr><th>x</th><th>y</th></tr><tr><td><code>1</code></td><td>&lt;2&gt;</td></tr></table>"
    )
