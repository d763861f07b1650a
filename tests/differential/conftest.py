"""The fixture that tells a story to both sides, and its count of comparisons."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from differential.story import Plot, differences, tell

ALARM = 400  # seconds; stories wait for the ancestor's one-second clock, and CI machines are slow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give stories more time than other tests."""
    for item in items:
        if "side_by_side" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(ALARM))


@pytest.fixture
def side_by_side(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> Callable[[Plot], str]:
    """Return the judge: it tells a plot to both sides, counts the observations and says how they differ, if they do."""

    def judge(plot: Plot) -> str:
        chapter = plot.__name__

        reference, ours = tell(plot, tmp_path_factory.mktemp("d"))

        record_property("comparisons", len(reference))
        assert reference, f"{chapter} observes nothing"
        wrong = differences(chapter, reference, ours)
        return f"{len(wrong)} of {len(reference)} observations differ:\n\n" + "\n\n".join(wrong) if wrong else ""

    return judge
