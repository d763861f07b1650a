"""What a brain leaves behind is read in a time that grows with the number of groups, not with its square."""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Any

from warden.daemon.remains import Remains
from warden.runtime.kept import Found
from warden.runtime.slot import Slot


class _Counted(dict[str, Any]):
    """Counts how often somebody goes through all of it."""

    passes = 0

    def items(self) -> ItemsView[str, Any]:
        self.passes += 1
        return super().items()


def test_all_pools_are_found_in_one_pass() -> None:
    facts = _Counted({f"pool p{number} accepted": number for number in range(100)})
    slot = Slot()
    remains = Remains(Found(facts={}, held={"slot": slot.fd}, children=[], given={}), facts)

    accepted = [remains.pool(f"p{number}").accepted for number in range(100)]

    assert accepted == list(range(100))
    assert facts.passes == 1
