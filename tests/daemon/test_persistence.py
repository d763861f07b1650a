"""What outlives the daemon: the state file and what it costs when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.daemon.stage import Stage, alone, play, program
from warden.daemon import statefile
from warden.daemon.persistence import Persistence
from warden.daemon.statefile import Remembered
from warden.rpc.insight import Transition
from warden.words import Phase

STEP = Transition(at=1.5, phase=Phase.EXITED, previous=Phase.RUNNING, cause="ü", pid=7, exit="exit status 1")

names = st.text(min_size=1)
steps = st.builds(
    Transition,
    at=st.floats(0, 4e9),
    phase=st.sampled_from(Phase),
    previous=st.sampled_from(Phase),
    cause=st.text(),
    pid=st.integers(0, 2**22),
    exit=st.text(),
    sent=st.text(),
)


@given(
    st.frozensets(names),
    st.dictionaries(names, st.integers(0)),
    st.dictionaries(names, st.lists(steps)),
    st.dictionaries(names, st.floats(0, 1e11)),
)
def test_what_is_written_is_read(
    disabled: frozenset[str], scales: dict[str, int], history: dict[str, list[Transition]], due: dict[str, float]
) -> None:
    histories = {name: statefile.encode_steps(steps) for name, steps in history.items()}
    written = b"".join(statefile.encode(disabled, scales, histories, due))

    assert statefile.decode(written) == Remembered(
        disabled=disabled, scales=scales, history={name: tuple(steps) for name, steps in history.items()}, due=due
    )


@given(st.binary())
def test_nothing_but_a_state_file_is_read(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text differs
        statefile.decode(data)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"version":2}', "its version is 2, and only 1 is known"),
        ("[]", "it is not a state file"),
        ('{"version":1,"disabled":[],"scales":{"w":-1},"history":{}}', "-1 is not a number"),
        ('{"version":1,"disabled":[1],"scales":{},"history":{}}', "1 is not text"),
        ('{"version":1,"disabled":[],"scales":{},"history":{"w":[{"at":1,"phase":"X"}]}}', "'X' is not a phase"),
    ],
)
def test_a_broken_file_is_reported_and_set_aside(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "state"
    path.write_text(content)
    said: list[str] = []
    persistence = Persistence()

    persistence.open(str(path), said.append)

    assert said == [f"the state file {path} is broken and set aside as {path}.broken: {why}"]
    assert (tmp_path / "state.broken").read_text() == content
    assert not path.exists()


def later(path: Path) -> Persistence:
    """What the next daemon remembers."""
    persistence = Persistence()
    persistence.open(str(path), pytest.fail)
    return persistence


def remembering(folder: Path, scenario: Callable[[Persistence, list[str]], Awaitable[None]]) -> None:
    """Run ``scenario`` with a persistence that writes ``state`` below ``folder``."""

    async def run() -> None:
        persistence, said = Persistence(), list[str]()
        persistence.open(str(folder / "state"), said.append)
        await scenario(persistence, said)

    asyncio.run(run())


def test_orders_are_written_when_the_daemon_ends(tmp_path: Path) -> None:
    async def scenario(persistence: Persistence, said: list[str]) -> None:
        persistence.disable("web:a")
        persistence.disable("cron")
        persistence.enable("cron")
        persistence.scale("web", 8)
        persistence.scale("old", 2)
        persistence.scale("old", None)
        persistence.save()

    remembering(tmp_path, scenario)

    persistence = later(tmp_path / "state")
    assert [persistence.is_disabled(name) for name in ("web:a", "cron")] == [True, False]
    assert persistence.scales_of(str(tmp_path / "state")) == {"web": 8}
    assert Persistence().scales_of(str(tmp_path / "state")) == {"web": 8}
    assert os.stat(tmp_path / "state").st_mode & 0o777 == 0o600


def test_a_full_disk_costs_one_line_and_what_was_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "state"
    statefile.write(str(path), statefile.encode(["cron"], {}, {}, {}))
    (tmp_path / "state.new").mkdir()  # like a full disk: the new file cannot be written

    async def scenario(persistence: Persistence, said: list[str]) -> None:
        persistence.enable("cron")
        persistence.save()
        persistence.disable("x")
        persistence.save()

        assert said == [f"cannot write the state file {path}: Is a directory; it is tried again"]

    remembering(tmp_path, scenario)

    assert later(path).is_disabled("cron")


def test_what_nobody_has_heard_of_for_a_week_is_forgotten(tmp_path: Path) -> None:
    old = statefile.encode_steps([STEP])
    new = statefile.encode_steps([replace(STEP, at=time.time())])
    statefile.write(str(tmp_path / "state"), statefile.encode([], {}, {"old": old, "new": new}, {}))

    persistence = later(tmp_path / "state")

    assert len(persistence.history("new")) == 1
    assert persistence.history("old") == ()


def test_a_process_has_its_history_in_the_next_daemon(tmp_path: Path) -> None:
    async def first(stage: Stage) -> None:
        stage.supervisor.persistence.open(str(tmp_path / "state"), pytest.fail)
        await stage.control.start("web", wait=True)
        await stage.control.stop("web", wait=True)
        stage.supervisor.persistence.save()

    async def second(stage: Stage) -> None:
        stage.supervisor.persistence.open(str(tmp_path / "state"), pytest.fail)
        group = stage.supervisor.add_group(alone(program("web")))

        assert [step.phase.name for step in group.processes["web"].history] == [
            "STARTING",
            "RUNNING",
            "STOPPING",
            "STOPPED",
        ]
        assert group.processes["web"].history[-1].sent == "to stop it"
        assert group.processes["web"].history[-1].cause == "terminated by SIGTERM"

    play(tmp_path, first, alone(program("web", startsecs=0)))
    play(tmp_path, second)


def test_the_loop_goes_on_while_the_histories_of_many_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warden.daemon.persistence._SLICE_SECONDS", 0.0)  # as if each took its time
    many = [program(f"p{number}") for number in range(20)]
    path = tmp_path / "state"
    turns, turns_of_others = 0, list[int]()

    async def at_once(write: Callable[[], None]) -> None:
        turns_of_others.append(turns)
        write()

    monkeypatch.setattr("warden.daemon.persistence.in_thread", at_once)

    async def scenario(stage: Stage) -> None:
        persistence = stage.supervisor.persistence
        persistence.open(str(path), pytest.fail)
        for process in stage.supervisor.processes():
            process.history.append(replace(STEP, at=time.time()))
            persistence.note(process)
        persistence.disable("p0")  # an order: written at once
        nonlocal turns
        while not path.exists():
            await asyncio.sleep(0)
            turns += 1

    play(tmp_path, scenario, *(alone(one) for one in many))

    assert turns_of_others[0] >= len(many)
    assert [len(later(path).history(f"p{number}")) for number in range(20)] == [1] * 20


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give files away")
def test_in_a_directory_for_everybody_only_our_own_file_counts(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    path = folder / "state"
    statefile.write(str(path), statefile.encode(["cron"], {}, {}, {}))
    os.chown(path, 12345, 12345)

    assert statefile.load(str(path)).disabled == {"cron"}

    folder.chmod(0o1777)
    with pytest.raises(ValueError, match="it belongs to uid 12345, in a directory where everybody may make files"):
        statefile.load(str(path))


def test_a_file_that_waits_under_the_new_name_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "trap").write_text("untouched")
    (tmp_path / "state.new").symlink_to(tmp_path / "trap")

    statefile.write(str(tmp_path / "state"), [b"{}"])

    assert (tmp_path / "trap").read_text() == "untouched"
    assert not (tmp_path / "state").is_symlink()
