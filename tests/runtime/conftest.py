"""A keeper and the brain that it has started, for whoever tests what is between the two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.keeper_stage import FakeBrain, KeeperStage


@pytest.fixture(params=[1000, 0], ids=["at hand", "on the shelf"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeeperStage]:
    with closing(KeeperStage(tmp_path, request.param)) as stage:
        yield stage


@pytest.fixture
def brain(stage: KeeperStage) -> FakeBrain:
    return stage.brain_that_is_up()
