"""The tree of processes under a child, with /proc as on Linux and without it as elsewhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from warden.runtime import tree as module
from warden.runtime.tree import resident_bytes, tree

FAMILY = "sleep 1000 & sh -c 'sleep 1000 & echo $!; wait' & wait"


@pytest.fixture(params=["with /proc", "without /proc"])
def proc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the module see a system that has no /proc; psutil looks for itself."""
    if request.param == "with /proc":
        return

    def missing(path: str, _mode: str = "") -> None:
        raise FileNotFoundError(path)

    nowhere = SimpleNamespace(isdir=lambda _path: False, exists=lambda _path: False)
    monkeypatch.setattr(module, "os", SimpleNamespace(listdir=missing, path=nowhere))
    monkeypatch.setattr(module, "open", missing, raising=False)


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A shell with three descendants: its pid, and that of the youngest."""
    with subprocess.Popen(["sh", "-c", FAMILY], stdout=subprocess.PIPE, process_group=0) as head:
        assert head.stdout is not None
        youngest = int(head.stdout.readline())
        yield head.pid, youngest
        os.killpg(head.pid, 9)


@pytest.mark.usefixtures("proc")
def test_a_tree_has_its_root_and_all_descendants_parents_first(family: tuple[int, int]) -> None:
    root, youngest = family

    pids = list(tree(root))

    assert (pids[0], pids[-1], len(pids)) == (root, youngest, 4)


@pytest.mark.usefixtures("proc")
def test_the_memory_of_a_tree_is_that_of_all_its_members(family: tuple[int, int]) -> None:
    root, youngest = family

    assert resident_bytes(root) > resident_bytes(youngest) > 0


@pytest.mark.usefixtures("proc")
def test_of_a_process_that_is_gone_only_its_pid_is_left() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()

    assert list(tree(gone.pid)) == [gone.pid]
    assert resident_bytes(gone.pid) == 0
