"""An update on trial."""

from __future__ import annotations

import pytest

from warden.process.trial import Trial, objection
from warden.words import Phase


@pytest.mark.parametrize(
    ("now", "phases", "why"),
    [
        (0.0, [Phase.STARTING, Phase.BACKOFF, Phase.EXITED, Phase.STOPPED], ""),
        (59.9, [Phase.RUNNING, Phase.FATAL], "p1 is FATAL"),
        (60.0, [Phase.RUNNING], "nobody has confirmed it within 60 s"),
        (60.0, [], "nobody has confirmed it within 60 s"),
    ],
)
def test_an_update_is_taken_back_for_a_fatal_process_or_for_silence(now: float, phases: list[Phase], why: str) -> None:
    members = [(f"p{number}", phase) for number, phase in enumerate(phases)]

    assert objection(Trial(seconds=60.0, deadline=60.0), now, members) == why


def test_an_update_that_is_still_being_made_cannot_be_overdue() -> None:
    assert objection(Trial(seconds=60.0), 1000.0, []) == ""
