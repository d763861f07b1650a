"""A control group (version 2) of a test's own, where this machine lets us make one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.waiting import until


@contextmanager
def own_cgroup() -> Iterator[Path]:
    """Make a group, and in the end kill whoever is in it; the test is skipped where that is not possible."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    places = [mount[1] for mount in mounts if mount[2] == "cgroup2" and os.access(mount[1], os.W_OK)]
    if not places:
        pytest.skip("needs a cgroup v2 file system that we may write to")
    group = Path(places[0]) / f"test-{uuid.uuid4().hex}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made in {places[0]}: {error}")
    try:
        yield group
    finally:
        until(lambda: _clear(group), lambda: f"{group} is empty")


def _clear(group: Path) -> bool:
    for directory, _names, _files in os.walk(group, topdown=False):
        with suppress(OSError):
            (Path(directory) / "cgroup.kill").write_text("1")
        with suppress(OSError):
            Path(directory).rmdir()
    return not group.exists()
