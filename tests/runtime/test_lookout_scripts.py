"""Random scripts on a real tree: nothing that happens to it goes unheard, and a look sees what is there."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from warden.runtime.lookout import Tower

ALARM_SECONDS = 60
NAMES = ("a.py", "b.py", "x", "y", ".h")
Step = Callable[[Path], None]


def paths() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)


def write(path: str, text: str) -> Step:
    def act(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return act


def remove(path: str) -> Step:
    def act(root: Path) -> None:
        if (root / path).is_dir() and not (root / path).is_symlink():
            shutil.rmtree(root / path)
        else:
            os.unlink(root / path)

    return act


def move(old: str, new: str) -> Step:
    return lambda root: os.rename(root / old, root / new)


def link(old: str, new: str) -> Step:
    return lambda root: os.symlink(root / old, root / new)


STEPS = st.one_of(
    st.builds(write, paths(), st.text("ab", max_size=3)),
    st.builds(remove, paths()),
    st.builds(move, paths(), paths()),
    st.builds(link, paths(), paths()),
)


def files(root: Path) -> dict[str, tuple[int, int, int]]:
    """What ``**/*.py`` means, in the plainest words."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and os.path.isfile(path):
                stat = os.stat(path)
                found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def do(steps: list[Step], root: Path) -> None:
    for step in steps:
        with suppress(OSError):  # what is impossible now is left out
            step(root)


async def story(root: Path, acts: list[list[Step]]) -> dict[str, tuple[int, int, int]]:
    """Do what the acts say; return what was seen in the end."""
    rung = asyncio.Event()
    tower = Tower(asyncio.get_running_loop())
    tower.open()
    lookout = tower.lookout((f"{root}/**/*.py",), (), rung.set)
    try:
        await lookout.look()
        for steps in acts:
            before = files(root)
            assert lookout.sight.files == before
            await asyncio.sleep(0)  # what is old is heard: the kernel queues news at once
            await asyncio.sleep(0)
            rung.clear()
            do(steps, root)
            after = files(root)
            if after != before:
                await rung.wait()
            sight = await lookout.look()
            assert sight.files == after
            assert set(sight.changed) == {path for path, _ in before.items() ^ after.items()}
        return lookout.sight.files
    finally:
        tower.close()


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=8), st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_nothing_goes_unheard(first: list[Step], acts: list[list[Step]]) -> None:
    async def run(root: Path) -> dict[str, tuple[int, int, int]]:
        async with asyncio.timeout(ALARM_SECONDS):
            return await story(root, acts)

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        root.mkdir()
        do(first, root)
        seen = asyncio.run(run(root))

        assert seen == files(root)
