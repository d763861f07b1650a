"""The readable manual: a page made from the OpenAPI document."""

from __future__ import annotations

import json
import re

import jinja2
import markupsafe

from warden.api.app import OPERATIONS
from warden.api.openapi import document
from warden.api.schema import Schema

_CODE = re.compile(r"`([^`]+)`")
_TABLE_RULE = re.compile(r"[|\s-]+")


def render() -> str:
    """Return the page."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("warden.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["prose"] = prose
    templates.filters["kind"] = kind
    found = document(OPERATIONS)
    return templates.get_template("api.html").render(
        about=found["info"],
        sections={
            tag: [one for one in OPERATIONS if one.tag == tag] for tag in dict.fromkeys(o.tag for o in OPERATIONS)
        },
        document=json.loads(json.dumps(found)),
    )


def prose(text: str) -> markupsafe.Markup:
    """Return the few forms our docstrings use as HTML: paragraphs, tables and `code`."""
    blocks = [_block(block) for block in text.strip().split("\n\n") if block.strip()]
    return markupsafe.Markup("\n").join(blocks)


def _block(block: str) -> markupsafe.Markup:
    if not block.startswith("|"):
        return markupsafe.Markup("<p>{}</p>").format(_inline(block))
    rows = [line.strip("| ").split(" | ") for line in block.split("\n") if not _TABLE_RULE.fullmatch(line)]
    cells = [("th" if number == 0 else "td", row) for number, row in enumerate(rows)]
    return markupsafe.Markup("<table>{}</table>").format(
        markupsafe.Markup("").join(
            markupsafe.Markup("<tr>{}</tr>").format(
                markupsafe.Markup("").join(
                    markupsafe.Markup(f"<{tag}>{{}}</{tag}>").format(_inline(cell)) for cell in row
                )
            )
            for tag, row in cells
        )
    )


def _inline(text: str) -> markupsafe.Markup:
    return markupsafe.Markup(_CODE.sub(r"<code>\1</code>", str(markupsafe.escape(text))))


def kind(schema: Schema) -> str:
    """Say in a word or two what a schema admits."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"anyOf": list(choices)}:
            return " or ".join(kind(choice) for choice in choices)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"list of {kind(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {kind(values) or 'anything'}"
        case {"type": str(name)}:
            return name
        case _:
            return "anything"
