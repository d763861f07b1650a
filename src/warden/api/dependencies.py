"""The operation on dependencies: who needs whom, and where the time of a start went."""

from __future__ import annotations

from warden.api import translate
from warden.api.context import Context
from warden.api.operations import Table
from warden.api.shapes import Dependencies

TABLE = Table("Dependencies")


@TABLE.get("/dependencies")
def list_dependencies(context: Context) -> Dependencies:
    """List dependencies.

    All processes in their order of start: whom each one needs, whether that is met, and how long the last start took.
    """
    return {"dependencies": [translate.tie(tie) for tie in context.insight.dependencies()]}
