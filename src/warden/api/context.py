"""What the operations work with; they have no state of their own."""

from __future__ import annotations

from warden.api.actions import Actions
from warden.api.feed import Feed
from warden.api.listing import Listing
from warden.api.operations import Operation
from warden.frozen import frozen
from warden.rpc.control import Control
from warden.rpc.insight import Insight


@frozen
class Context:
    """The daemon's verbs and facts, and what is made of them once for all callers."""

    control: Control
    insight: Insight
    listing: Listing
    actions: Actions
    feed: Feed
    operations: tuple[Operation, ...]


def make_context(control: Control, insight: Insight, operations: tuple[Operation, ...]) -> Context:
    """Set up what the operations share."""
    listing = Listing(control, insight)
    return Context(control, insight, listing, Actions(control), Feed(control, insight, listing), operations)
