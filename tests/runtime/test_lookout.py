"""What a lookout sees and when it rings, on real directories."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from warden.config import globs
from warden.runtime import inotify
from warden.runtime.inotify import Inotify, News
from warden.runtime.lookout import Grow, Lookout, Tower, grow_ears, watch_limit, ways
from warden.runtime.observer import Observer

ALARM_SECONDS = 60


class Eye:
    """A lookout on a directory, and a way to wait for its bell."""

    def __init__(self, lookout: Lookout, rung: asyncio.Event, folder: Path) -> None:
        self.lookout = lookout
        self.rung = rung
        self.folder = folder

    async def changes(self, act: Callable[[], object]) -> list[str]:
        """Do something, wait for the bell, look, and return what has changed."""
        self.rung.clear()
        act()
        await self.rung.wait()
        return await self.news()

    async def news(self) -> list[str]:
        sight = await self.lookout.look()
        return [path.removeprefix(f"{self.folder}/") for path in sight.changed]

    def write(self, name: str, text: str = "new") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(params=[grow_ears, Observer], ids=["inotify", "watchdog"])
def grow(request: pytest.FixtureRequest) -> Grow:
    """Both ears, the second of which is for other systems."""
    assert callable(request.param)
    return request.param  # type: ignore[no-any-return]


def watch(folder: Path, story: Callable[[Eye], Awaitable[None]], *patterns: str, grow: Grow = grow_ears) -> None:
    async def run() -> None:
        tower = Tower(asyncio.get_running_loop(), grow)
        tower.open()
        rung = asyncio.Event()
        wanted = tuple(globs.absolute(one, str(folder)) for one in patterns if not one.startswith("!"))
        unwanted = tuple(globs.absolute(one[1:], str(folder)) for one in patterns if one.startswith("!"))
        lookout = tower.lookout(wanted, unwanted, rung.set)
        try:
            async with asyncio.timeout(ALARM_SECONDS):
                await lookout.look()
                await story(Eye(lookout, rung, folder))
        finally:
            tower.close()

    asyncio.run(run())


def test_files_that_are_written_come_and_go(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "a.py").write_text("old")

    async def story(eye: Eye) -> None:
        assert await eye.news() == []
        assert await eye.changes(lambda: eye.write("a.py", "newer")) == ["a.py"]
        assert await eye.changes(lambda: eye.write("b.py")) == ["b.py"]
        assert await eye.changes(lambda: os.unlink(tmp_path / "a.py")) == ["a.py"]
        assert await eye.changes(lambda: os.utime(tmp_path / "b.py", (1, 1))) == ["b.py"]

    watch(tmp_path, story, "*.py", grow=grow)


def test_an_editor_that_writes_by_renaming(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "a.py").write_text("old")

    def save() -> None:
        (tmp_path / ".a.py.swp").write_text("new")
        os.rename(tmp_path / "a.py", tmp_path / "a.py~")
        os.rename(tmp_path / ".a.py.swp", tmp_path / "a.py")
        os.unlink(tmp_path / "a.py~")

    async def story(eye: Eye) -> None:
        assert await eye.changes(save) == ["a.py"]

    watch(tmp_path, story, "*", grow=grow)


def test_what_is_as_it_was_in_the_end_has_not_changed(tmp_path: Path, grow: Grow) -> None:
    def come_and_go() -> None:
        (tmp_path / "4913").write_text("does writing work?")
        os.unlink(tmp_path / "4913")

    async def story(eye: Eye) -> None:
        assert await eye.changes(come_and_go) == []

    watch(tmp_path, story, "**", grow=grow)


def test_other_files_do_not_ring(tmp_path: Path, grow: Grow) -> None:
    async def story(eye: Eye) -> None:
        eye.rung.clear()
        eye.write("app.log")
        eye.write(".git/index")
        eye.write("build/a.py")
        eye.write("__pycache__/a.pyc")
        eye.write("a.py")  # the queue keeps its order: what came before has been heard
        await eye.rung.wait()
        assert await eye.news() == ["a.py"]

    (tmp_path / "build").mkdir()
    watch(tmp_path, story, "**/*.py", "!build", grow=grow)


def test_new_directories_with_what_is_in_them(tmp_path: Path, grow: Grow) -> None:
    async def story(eye: Eye) -> None:
        assert await eye.changes(lambda: eye.write("x/y/z/a.py")) == ["x/y/z/a.py"]
        assert await eye.changes(lambda: eye.write("x/y/z/b.py")) == ["x/y/z/b.py"]

    watch(tmp_path, story, "**/*.py", grow=grow)


def test_a_tree_that_is_moved_away_and_replaced(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("old")

    def replace() -> None:
        os.rename(tmp_path / "src", tmp_path / "src.old")
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / "b.py").write_text("new")

    async def story(eye: Eye) -> None:
        assert await eye.changes(replace) == ["src/a.py", "src/b.py"]
        assert await eye.changes(lambda: eye.write("src/b.py", "newer")) == ["src/b.py"]

    watch(tmp_path, story, "src/**", grow=grow)


def test_what_does_not_exist_yet(tmp_path: Path, grow: Grow) -> None:
    async def story(eye: Eye) -> None:
        assert await eye.changes(lambda: (tmp_path / "far").mkdir()) == []
        assert await eye.changes(lambda: eye.write("far/away/app.conf")) == ["far/away/app.conf"]

    watch(tmp_path, story, "far/away/app.conf", grow=grow)


def test_a_single_file_is_enough(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "app.conf").write_text("old")

    async def story(eye: Eye) -> None:
        eye.write("other.conf")
        assert await eye.changes(lambda: eye.write("app.conf", "newer")) == ["app.conf"]

    watch(tmp_path, story, "app.conf", grow=grow)


def test_a_file_behind_links_as_a_volume_of_kubernetes_has_it(tmp_path: Path, grow: Grow) -> None:
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.yaml").write_text(f"version {name}")
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "app.yaml").symlink_to("..data/app.yaml")

    def swap() -> None:
        (tmp_path / "..tmp").symlink_to("v2")
        os.rename(tmp_path / "..tmp", tmp_path / "..data")

    async def story(eye: Eye) -> None:
        assert await eye.changes(swap) == ["app.yaml"]
        assert await eye.changes(lambda: eye.write("v2/app.yaml", "written through")) == ["app.yaml"]

    watch(tmp_path, story, "*.yaml", grow=grow)


def test_a_release_that_is_switched_by_a_link(tmp_path: Path, grow: Grow) -> None:
    for name in ("r1", "r2"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "a.py").write_text(name)
    (tmp_path / "current").symlink_to(tmp_path / "r1")

    def switch() -> None:
        (tmp_path / "next").symlink_to(tmp_path / "r2")
        os.rename(tmp_path / "next", tmp_path / "current")

    async def story(eye: Eye) -> None:
        assert await eye.changes(switch) == ["current/src/a.py"]
        assert await eye.changes(lambda: eye.write("r2/src/a.py", "written")) == ["current/src/a.py"]

    watch(tmp_path, story, "current/src/**/*.py", grow=grow)


def test_a_circle_of_links_is_no_trap(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")

    async def story(eye: Eye) -> None:
        assert await eye.changes(lambda: eye.write("a/x.py")) == ["a/x.py"]

    watch(tmp_path, story, "**/*.py", "self", grow=grow)
    assert len(list(ways(str(tmp_path / "self")))) > 1


def test_a_lost_message_means_a_look_at_everything(tmp_path: Path) -> None:
    async def story(eye: Eye) -> None:
        eye.write("a.py", "unheard")
        assert await eye.changes(partial(eye.lookout._tower._hear, [News(-1, inotify.OVERFLOW, "")])) == ["a.py"]

    def deaf(_loop: object, _hear: object) -> Inotify:
        return Inotify(asyncio.get_running_loop(), lambda _news: None)

    watch(tmp_path, story, "*.py", grow=deaf)


def test_what_nobody_needs_is_not_listened_to(tmp_path: Path, grow: Grow) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)

    async def story(eye: Eye) -> None:
        tower = eye.lookout._tower
        before = len(tower._numbers)
        await eye.changes(lambda: os.rename(tmp_path / "x", tmp_path / ".x"))
        assert before - len(tower._numbers) == 2
        tower.dismiss(eye.lookout)
        assert tower._numbers == set()

    watch(tmp_path, story, "**/*.py", grow=grow)


@pytest.mark.parametrize(
    ("number", "limit"), [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")]
)
def test_a_limit_of_the_system_leaves_directories_out_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, limit: str
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.py").write_text("seen, but not listened to")
    add = Inotify.add

    def limited(self: Inotify, directory: str, mask: int) -> int:
        if directory.endswith("x"):
            raise OSError(number, os.strerror(number))
        return add(self, directory, mask)

    monkeypatch.setattr(Inotify, "add", limited)

    async def story(eye: Eye) -> None:
        assert eye.lookout.sight.limited == limit
        assert list(eye.lookout.sight.files) == [str(tmp_path / "x" / "a.py")]
        assert await eye.changes(lambda: eye.write("b.py")) == ["b.py"]

    watch(tmp_path, story, "**/*.py")
    assert watch_limit(limit).isdigit()
    assert watch_limit("nothing") == "?"
